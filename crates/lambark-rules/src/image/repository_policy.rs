//! A repository whose policy does not let Lambda in.

use lambark_oci::EcrHost;

use super::statements::{Policy, Who};
use crate::facts::{ImageFacts, location::Location};
use crate::finding::{Finding, Place, Safety};
use crate::rule::{Confidence, Gate, Needs, Rule, Severity, Skip};

/// The rule.
pub static RULE: Rule = Rule {
    name: "repository-policy",
    summary: "the repository's policy does not let Lambda read the image",
    severity: Severity::Error,
    confidence: Confidence::Documented,
    gate: Gate::MediaTypes,
    needs: Needs::Bytes,
    fix: Some(Safety::Manual),
    sources: &[
        "https://docs.aws.amazon.com/lambda/latest/dg/images-create.html",
        "aws-controllers-k8s/community#1886",
        "aws-controllers-k8s/community#1641",
    ],
    doc: include_str!("repository_policy.md"),
    check,
};

fn check(facts: &ImageFacts) -> Result<Vec<Finding>, Skip> {
    let location = facts.location()?;
    let host = location.ecr()?;
    let policy = match location.policy.known()? {
        None => Policy::default(),
        Some(text) => Policy::parse(text).ok_or(Skip::NotLooked("the repository's policy is malformed".into()))?,
    };
    match location.account.as_deref().filter(|account| *account != host.account) {
        Some(account) => Ok(other_account(&policy, location, account)),
        None => Ok(same_account(&policy, &host)),
    }
}

/// Whether the policy is needed there is contradictory: Lambda adds it itself if the caller may, and newer pages say
/// that the role's own policy does as well.
fn same_account(policy: &Policy, host: &EcrHost) -> Vec<Finding> {
    if policy.lets_read(Who::Lambda { account: &host.account }) {
        return Vec::new();
    }
    let finding = Finding::new(&RULE, Place::Image, "no statement of the repository's policy lets Lambda read images")
        .severity(Severity::Warning)
        .confidence(Confidence::Contradictory)
        .note(
            "not confirmed by AWS as a refusal: Lambda adds the statement itself if the caller has \
             ecr:GetRepositoryPolicy and ecr:SetRepositoryPolicy, and the execution role's own policy may do as well",
        )
        .note("without any of them the call ends with: Lambda does not have permission to access the ECR image.")
        .fix(Safety::Manual, "set the policy that `lambark policy repository` prints");
    vec![finding]
}

fn other_account(policy: &Policy, location: &Location, account: &str) -> Vec<Finding> {
    let mut missing = Vec::new();
    if !policy.lets_read(Who::Account(account)) {
        missing.push(format!("the account {account}"));
    }
    if !policy.lets_read(Who::Lambda { account }) {
        missing.push(format!("Lambda for functions of {account}"));
    }
    if missing.is_empty() {
        return Vec::new();
    }
    let message = format!("the repository's policy does not let {} read images", missing.join(", nor "));
    let finding = Finding::new(&RULE, Place::Image, message)
        .note("for a function of another account both have to be allowed")
        .note("the update call ends with: Lambda does not have permission to access the ECR image.")
        .fix(
            Safety::Manual,
            format!(
                "set the policy that `lambark policy repository --repository {} --function-account {account}` prints",
                location.reference.repository_name()
            ),
        );
    vec![finding]
}
