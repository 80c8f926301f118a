//! Who may call a function: its resource policy.

use serde::Deserialize;
use serde_json::{Value, json};

use super::arn::is_word;
use super::call::Call;
use super::check::Constraints;
use super::error::{ApiError, Code};
use super::input;
use super::machine::{Policy, Refusal, Revision};
use crate::http::Reply;
use crate::scope::is_account;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Input {
    #[serde(default)]
    statement_id: String,
    #[serde(default)]
    action: String,
    #[serde(default)]
    principal: String,
    source_arn: Option<String>,
    source_account: Option<String>,
    revision_id: Option<String>,
}

impl Input {
    fn statement(&self, resource: &str) -> Value {
        let principal = match &self.principal {
            all if all == "*" => json!("*"),
            service if service.ends_with(".amazonaws.com") => json!({ "Service": service }),
            account if is_account(account) => json!({ "AWS": format!("arn:aws:iam::{account}:root") }),
            other => json!({ "AWS": other }),
        };
        let mut statement = json!({
            "Sid": self.statement_id,
            "Effect": "Allow",
            "Principal": principal,
            "Action": self.action,
            "Resource": resource,
        });
        if let Some(account) = &self.source_account {
            statement["Condition"]["StringEquals"] = json!({ "AWS:SourceAccount": account });
        }
        if let Some(arn) = &self.source_arn {
            statement["Condition"]["ArnLike"] = json!({ "AWS:SourceArn": arn });
        }
        statement
    }
}

/// What there is no policy, or no statement, of that name.
fn none() -> ApiError {
    ApiError::not_found("The resource you requested does not exist.")
}

pub(super) fn get(call: &Call<'_>) -> Result<Reply, ApiError> {
    let named = call.named()?;
    call.look(&named.name, |function| {
        // A version or alias that is not there is told as such.
        function.pick(named.qualifier.as_deref(), 1.0)?;
        let policy = function.policies.get(&named.qualifier.unwrap_or_default()).ok_or_else(none)?;
        let document = json!({ "Version": "2012-10-17", "Id": "default", "Statement": policy.statements });
        Ok(Reply::json(200, &json!({ "Policy": document.to_string(), "RevisionId": policy.revision.to_string() })))
    })
}

pub(super) fn add(call: &Call<'_>) -> Result<Reply, ApiError> {
    let named = call.named()?;
    let input: Input = input::read(&call.body)?;
    let mut constraints = Constraints::default();
    if !is_word(&input.statement_id, b"") {
        constraints.pattern(&input.statement_id, "statementId", "([a-zA-Z0-9-_]+)");
    }
    if !(input.action == "*" || input.action.starts_with("lambda:")) {
        constraints.pattern(&input.action, "action", "(lambda:[*]|lambda:[a-zA-Z]+|[*])");
    }
    if input.principal.is_empty() || input.principal.contains(char::is_whitespace) {
        constraints.pattern(&input.principal, "principal", r"[^\s]+");
    }
    constraints.finish()?;
    call.change(&named.name, |function| {
        let picked = function.pick(named.qualifier.as_deref(), 1.0)?;
        let key = named.qualifier.unwrap_or_default();
        check_revision(function.policies.get(&key), input.revision_id.as_deref())?;
        let policy = function
            .policies
            .entry(key)
            .or_insert_with(|| Policy { revision: Revision::fresh(), statements: Vec::new() });
        if policy.statements.iter().any(|statement| statement["Sid"] == input.statement_id.as_str()) {
            let text = format!(
                "The statement id ({}) provided already exists. Please provide a new statement id, or remove the existing \
                 statement.",
                input.statement_id
            );
            return Err(ApiError::new(Code::ResourceConflict, text));
        }
        let statement = input.statement(&picked.arn);
        policy.statements.push(statement.clone());
        policy.revision = Revision::fresh();
        Ok(Reply::json(201, &json!({ "Statement": statement.to_string() })))
    })
}

pub(super) fn remove(call: &Call<'_>) -> Result<Reply, ApiError> {
    let named = call.named()?;
    let revision = call.parameter("RevisionId");
    call.change(&named.name, |function| {
        let key = named.qualifier.unwrap_or_default();
        check_revision(function.policies.get(&key), revision.as_deref())?;
        let policy = function.policies.get_mut(&key).ok_or_else(none)?;
        let at = policy.statements.iter().position(|statement| statement["Sid"] == call.detail.as_str());
        policy.statements.remove(at.ok_or_else(none)?);
        policy.revision = Revision::fresh();
        if policy.statements.is_empty() {
            function.policies.remove(&key);
        }
        Ok(Reply::new(204))
    })
}

fn check_revision(policy: Option<&Policy>, given: Option<&str>) -> Result<(), Refusal> {
    match (policy, given) {
        (Some(policy), Some(given)) if !policy.revision.is(given) => Err(Refusal::PolicyRevision),
        _ => Ok(()),
    }
}
