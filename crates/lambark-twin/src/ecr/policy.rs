//! Repository policies: kept, and asked whether somebody may.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::call::Call;
use super::check;
use super::refusal::{Kind, Refusal};
use super::repositories::change;

/// Longest policy that ECR takes, in characters.
const MAX_POLICY: usize = 10_240;

/// Who wants something.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Principal<'a> {
    /// Anybody of an account.
    Account(&'a str),
    /// A service, `lambda.amazonaws.com`, on behalf of the function with that ARN.
    Service(&'a str, &'a str),
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Policy {
    #[serde(deserialize_with = "one_or_many")]
    statement: Vec<Statement>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Statement {
    effect: Effect,
    principal: Value,
    #[serde(deserialize_with = "one_or_many")]
    action: Vec<String>,
    #[serde(default)]
    condition: Map<String, Value>,
}

#[derive(Clone, Copy, Deserialize, Eq, PartialEq)]
enum Effect {
    Allow,
    Deny,
}

/// A policy writes one thing without brackets.
fn one_or_many<'de, D, T>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: serde::Deserializer<'de>,
    T: serde::de::DeserializeOwned,
{
    let value = Value::deserialize(deserializer)?;
    let many = if value.is_array() { value } else { Value::Array(vec![value]) };
    serde_json::from_value(many).map_err(serde::de::Error::custom)
}

/// Whether a repository policy allows `who` the action (`ecr:BatchGetImage`): a statement allows it, and none denies it.
///
/// Of conditions only those on `aws:sourceArn` and `aws:SourceAccount` are understood. A statement with another one
/// allows nothing, and denies: the twin would rather refuse too much than too little.
pub(crate) fn allows(policy: &str, who: &Principal<'_>, action: &str) -> bool {
    let Ok(policy) = serde_json::from_str::<Policy>(policy) else { return false };
    let about = |statement: &&Statement| {
        statement.action.iter().any(|pattern| matches(pattern, action, true)) && names(&statement.principal, who)
    };
    let mut allowed = false;
    for statement in policy.statement.iter().filter(about) {
        match (statement.effect, holds(&statement.condition, who)) {
            (Effect::Deny, Some(true) | None) => return false,
            (Effect::Allow, Some(true)) => allowed = true,
            _ => {}
        }
    }
    allowed
}

fn names(principal: &Value, who: &Principal<'_>) -> bool {
    let any = |value: &Value, fits: &dyn Fn(&str) -> bool| match value {
        Value::String(one) => fits(one),
        Value::Array(many) => many.iter().filter_map(Value::as_str).any(fits),
        _ => false,
    };
    match (principal, who) {
        (Value::String(all), _) => all == "*",
        (Value::Object(kinds), Principal::Account(account)) => kinds.get("AWS").is_some_and(|value| {
            any(value, &|one| one == "*" || one == *account || one.split(':').nth(4) == Some(account))
        }),
        (Value::Object(kinds), Principal::Service(service, _)) => {
            kinds.get("Service").is_some_and(|value| any(value, &|one| one == *service))
        }
        _ => false,
    }
}

/// Whether the conditions hold; `None` where one of them is not understood.
fn holds(conditions: &Map<String, Value>, who: &Principal<'_>) -> Option<bool> {
    let mut all = true;
    for (operator, keys) in conditions {
        let wild = match operator.as_str() {
            "StringEquals" | "ArnEquals" => false,
            "StringLike" | "ArnLike" => true,
            _ => return None,
        };
        for (key, wanted) in keys.as_object()? {
            let Principal::Service(_, source) = who else { return None };
            let actual = match key.to_ascii_lowercase().as_str() {
                "aws:sourcearn" => *source,
                "aws:sourceaccount" => source.split(':').nth(4)?,
                _ => return None,
            };
            let wanted = if wanted.is_array() { wanted.clone() } else { json!([wanted]) };
            let fits = |one: &str| if wild { matches(one, actual, false) } else { one == actual };
            all &= wanted.as_array()?.iter().filter_map(Value::as_str).any(fits);
        }
    }
    Some(all)
}

/// `*` for any number of characters, `?` for one. Actions are compared without case, ARNs with it.
pub(crate) fn matches(pattern: &str, text: &str, without_case: bool) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) = (pattern.chars().collect(), text.chars().collect());
    let same = |a: char, b: char| a == b || (without_case && a.eq_ignore_ascii_case(&b));
    let (mut at, mut read, mut star) = (0, 0, None);
    while read < text.len() {
        match pattern.get(at) {
            Some('*') => {
                star = Some((at, read));
                at += 1;
            }
            Some(one) if *one == '?' || same(*one, text[read]) => (at, read) = (at + 1, read + 1),
            _ => {
                // Back to the last star, which takes one character more.
                let Some((place, taken)) = star else { return false };
                star = Some((place, taken + 1));
                (at, read) = (place + 1, taken + 1);
            }
        }
    }
    pattern[at..].iter().all(|one| *one == '*')
}

/// `GetRepositoryPolicy`
pub(super) fn get(call: &Call<'_>) -> Result<Value, Refusal> {
    let (scope, name) = call.place("GetRepositoryPolicy")?;
    let policy = call.twin.store.read(&scope, name, |stored| stored.policy.clone());
    let policy = policy.ok_or_else(|| Refusal::no_repository(&scope.account, name))?;
    let policy = policy.ok_or_else(|| no_policy(&scope.account, name))?;
    Ok(json!({ "registryId": scope.account, "repositoryName": name, "policyText": policy }))
}

/// `SetRepositoryPolicy`
pub(super) fn set(call: &Call<'_>) -> Result<Value, Refusal> {
    let (scope, name) = call.place("SetRepositoryPolicy")?;
    let text = call.needed_text("policyText")?;
    check::length("policyText", text.len(), 0, MAX_POLICY)?;
    if serde_json::from_str::<Policy>(text).is_err() {
        return Err(Refusal::parameter("PolicyText", "Invalid repository policy provided"));
    }
    change(call, &scope, name, |stored| stored.policy = Some(text.to_owned()))?;
    Ok(json!({ "registryId": scope.account, "repositoryName": name, "policyText": text }))
}

/// `DeleteRepositoryPolicy`
pub(super) fn delete(call: &Call<'_>) -> Result<Value, Refusal> {
    let (scope, name) = call.place("DeleteRepositoryPolicy")?;
    let policy = change(call, &scope, name, |stored| stored.policy.take())?;
    let policy = policy.ok_or_else(|| no_policy(&scope.account, name))?;
    Ok(json!({ "registryId": scope.account, "repositoryName": name, "policyText": policy }))
}

fn no_policy(account: &str, repository: &str) -> Refusal {
    let message = format!(
        "Repository policy does not exist for the repository with name '{repository}' in the registry with id \
         '{account}'"
    );
    Refusal::new(Kind::RepositoryPolicyNotFound, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FUNCTION: &str = "arn:aws:lambda:us-east-1:210987654321:function:f";

    fn lambda(policy: &Value) -> bool {
        allows(&policy.to_string(), &Principal::Service("lambda.amazonaws.com", FUNCTION), "ecr:BatchGetImage")
    }

    #[test]
    fn an_account_is_named_by_its_number_or_by_any_arn_of_it() {
        for principal in [
            json!("*"),
            json!({ "AWS": "*" }),
            json!({ "AWS": ["1", "210987654321"] }),
            json!({
                "AWS": "arn:aws:iam::210987654321:root"
            }),
        ] {
            let policy = json!({ "Statement": { "Effect": "Allow", "Principal": principal, "Action": "ecr:batch*" } });
            let policy = policy.to_string();
            assert!(allows(&policy, &Principal::Account("210987654321"), "ecr:BatchGetImage"), "{principal}");
            assert!(!allows(&policy, &Principal::Account("210987654321"), "ecr:PutImage"), "{principal}");
        }
        let other = json!({ "Statement": [{ "Effect": "Allow", "Principal": { "AWS": "1" }, "Action": "ecr:*" }] });
        assert!(!allows(&other.to_string(), &Principal::Account("210987654321"), "ecr:PutImage"));
    }

    #[test]
    fn a_denial_wins_and_a_foreign_condition_allows_nothing() {
        let allow = json!({ "Effect": "Allow", "Principal": "*", "Action": ["ecr:*"] });
        let deny = json!({ "Effect": "Deny", "Principal": "*", "Action": "ecr:BatchGetImage" });
        let odd = json!({ "Bool": { "aws:SecureTransport": "false" } });
        let with = |mut statement: Value| {
            statement["Condition"] = odd.clone();
            statement
        };
        assert!(lambda(&json!({ "Statement": [allow] })));
        assert!(!lambda(&json!({ "Statement": [allow, deny] })));
        assert!(!lambda(&json!({ "Statement": [with(allow.clone())] })));
        assert!(!lambda(&json!({ "Statement": [allow, with(deny)] })));
    }

    #[test]
    fn lambda_is_let_in_for_the_functions_that_the_condition_names() {
        let policy = |wanted: &str| {
            json!({ "Statement": [{
                "Effect": "Allow",
                "Principal": { "Service": "lambda.amazonaws.com" },
                "Action": ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
                "Condition": { "StringLike": { "aws:sourceArn": wanted } },
            }] })
        };
        assert!(lambda(&policy("arn:aws:lambda:us-east-1:210987654321:function:*")));
        assert!(!lambda(&policy("arn:aws:lambda:us-east-1:123456789012:function:*")));
    }

    #[test]
    fn patterns() {
        for (pattern, text) in [("*", ""), ("a*c", "abbc"), ("a?c", "abc"), ("*b*b", "abab"), ("ECR:*", "ecr:PutImage")]
        {
            assert!(matches(pattern, text, true), "{pattern} {text}");
        }
        for (pattern, text) in [("", "a"), ("a?", "a"), ("a*c", "abd"), ("b*", "ab")] {
            assert!(!matches(pattern, text, true), "{pattern} {text}");
        }
        assert!(!matches("A", "a", false));
    }
}
