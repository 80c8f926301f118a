//! `policy`: the least IAM policy that a verb needs, and the repository policy that a function's account needs.

mod document;
pub mod needs;

use lambark_oci::Reference;
use lambark_oci::reference::ReferenceError;
use serde_json::Value;

pub use needs::{Need, Subject};

/// Whose permissions, on what.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// The repository: a bare name, or a whole image name, which also tells account and Region.
    pub repository: Option<String>,
    /// The function.
    pub function: Option<String>,
    /// The Region, if the repository does not tell it.
    pub region: Option<String>,
    /// The account of the functions that are to run the images.
    pub function_account: Option<String>,
}

/// A policy, and why it is as it is.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// What it is for.
    pub subject: Subject,
    /// The policy, as IAM or ECR takes it.
    pub document: Value,
    /// What it allows, and why.
    pub needs: &'static [Need],
}

/// What a policy speaks of; what is not known is a `*`.
struct Scope {
    partition: &'static str,
    region: String,
    account: String,
    repository: String,
    function: String,
}

/// Puts the policy together. Nothing is asked of anybody.
///
/// # Errors
/// When the repository's name is malformed.
pub fn run(subject: Subject, settings: &Settings) -> Result<Outcome, ReferenceError> {
    let scope = scope(settings)?;
    let needs = needs::of(subject);
    let document = match subject {
        Subject::Repository => document::of_repository(&scope, settings.function_account.as_deref()),
        _ => document::of_caller(&scope, needs),
    };
    Ok(Outcome { subject, document, needs })
}

fn scope(settings: &Settings) -> Result<Scope, ReferenceError> {
    let any = || "*".to_owned();
    let mut scope = Scope {
        partition: "aws",
        region: settings.region.clone().unwrap_or_else(any),
        account: any(),
        repository: any(),
        function: settings.function.clone().unwrap_or_else(any),
    };
    if let Some(name) = &settings.repository {
        match name.parse::<Reference>() {
            Ok(reference) => {
                scope.repository = reference.repository().to_owned();
                if let Some(host) = reference.ecr() {
                    (scope.account, scope.region) = (host.account, host.region);
                }
            }
            Err(ReferenceError::NoHost(_)) => {
                // A bare repository; a host in front lends it the grammar.
                scope.repository = format!("localhost/{name}").parse::<Reference>()?.repository().to_owned();
            }
            Err(error) => return Err(error),
        }
    }
    scope.partition = partition(&scope.region);
    Ok(scope)
}

/// The partition of ARNs, by the Region.
pub(super) fn partition(region: &str) -> &'static str {
    const PREFIXES: [(&str, &str); 2] = [("cn-", "aws-cn"), ("us-gov-", "aws-us-gov")];
    PREFIXES.iter().find(|(prefix, _)| region.starts_with(prefix)).map_or("aws", |(_, partition)| partition)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn of(subject: Subject, repository: &str, account: Option<&str>) -> Value {
        let settings = Settings {
            repository: Some(repository.to_owned()),
            function: None,
            region: None,
            function_account: account.map(str::to_owned),
        };
        run(subject, &settings).unwrap().document
    }

    #[test]
    fn an_image_s_name_narrows_the_policy() {
        let document = of(Subject::Check, "123456789012.dkr.ecr.us-gov-west-1.amazonaws.com/team/app:v1", None);
        let resource = "arn:aws-us-gov:ecr:us-gov-west-1:123456789012:repository/team/app";
        assert_eq!(document["Statement"][1]["Resource"], resource);
        assert_eq!(of(Subject::Check, "app", None)["Statement"][1]["Resource"], "arn:aws:ecr:*:*:repository/app");
        let settings = Settings { repository: Some("UPPER".to_owned()), ..Settings::default() };
        assert!(run(Subject::Check, &settings).is_err());
    }

    #[test]
    fn a_function_s_name_narrows_it_with_all_its_versions() {
        let settings = Settings {
            repository: Some("123456789012.dkr.ecr.us-east-1.amazonaws.com/app".to_owned()),
            function: Some("app".to_owned()),
            ..Settings::default()
        };
        let document = run(Subject::Deploy, &settings).unwrap().document;
        let of =
            |sid: &str| document["Statement"].as_array().unwrap().iter().find(|it| it["Sid"] == sid).unwrap().clone();
        let arn = "arn:aws:lambda:us-east-1:123456789012:function:app";
        assert_eq!(of("ChangeFunctions")["Resource"], serde_json::json!([arn, format!("{arn}:*")]));
        assert_eq!(
            of("PassRoleToNewFunctions")["Condition"]["StringEquals"]["iam:PassedToService"],
            "lambda.amazonaws.com"
        );
    }

    #[test]
    fn a_repository_policy_for_another_account_names_it_twice() {
        let document = of(Subject::Repository, "app", Some("210987654321"));
        let statements = document["Statement"].as_array().unwrap();
        assert_eq!(statements.len(), 2);
        assert!(statements.iter().all(|statement| statement.to_string().contains("210987654321")), "{document}");
        assert!(!of(Subject::Repository, "app", None).to_string().contains("Condition"));
    }

    /// What `lambark policy repository` prints satisfies `lambark check`.
    #[test]
    fn the_repository_policy_satisfies_its_own_rule() {
        use lambark_rules::facts::{Asked, Evidence, ImageFacts, Location};
        for account in [None, Some("210987654321")] {
            let location = Location {
                reference: "123456789012.dkr.ecr.us-east-1.amazonaws.com/app:v1".parse().unwrap(),
                region: None,
                account: account.map(str::to_owned),
                stored: Evidence::NotLooked("".into()),
                policy: Evidence::Known(Some(of(Subject::Repository, "app", account).to_string())),
            };
            let facts = ImageFacts {
                top: Evidence::NotLooked("".into()),
                image: Evidence::NotLooked("".into()),
                config: Evidence::NotLooked("".into()),
                layers: Vec::new(),
                files: Evidence::NotLooked("".into()),
                init: Evidence::NotLooked("".into()),
                asked: Asked::default(),
                location: Some(location),
            };
            let rule = lambark_rules::rule("repository-policy").unwrap();
            assert_eq!((rule.check)(&facts).unwrap(), [], "{account:?}");
        }
    }
}
