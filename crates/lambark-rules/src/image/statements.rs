//! What a resource policy of IAM allows, as far as reading an image goes.

use serde::Deserialize;
use serde_json::Value;

/// What Lambda and the function's account need.
const READ: [&str; 2] = ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"];
/// Lambda, as IAM names it.
const LAMBDA: &str = "lambda.amazonaws.com";
/// Digits of an account's number.
const ACCOUNT_DIGITS: usize = 12;

/// Who wants to read.
#[derive(Clone, Copy)]
pub(super) enum Who<'a> {
    /// Lambda, on behalf of an account's functions.
    Lambda {
        /// The functions' account.
        account: &'a str,
    },
    /// The account itself.
    Account(&'a str),
}

/// A policy's statements.
#[derive(Default, Deserialize)]
pub(super) struct Policy {
    #[serde(rename = "Statement", default)]
    statements: OneOrMany<Statement>,
}

#[derive(Deserialize)]
struct Statement {
    #[serde(rename = "Effect", default)]
    effect: String,
    #[serde(rename = "Principal", default)]
    principal: Value,
    #[serde(rename = "Action", default)]
    actions: OneOrMany<String>,
    #[serde(rename = "Condition", default)]
    condition: Value,
}

/// IAM writes a list of one without the list.
#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMany<T> {
    Many(Vec<T>),
    One(T),
}

impl<T> Default for OneOrMany<T> {
    fn default() -> OneOrMany<T> {
        OneOrMany::Many(Vec::new())
    }
}

impl<T> OneOrMany<T> {
    fn as_slice(&self) -> &[T] {
        match self {
            OneOrMany::Many(many) => many,
            OneOrMany::One(one) => std::slice::from_ref(one),
        }
    }
}

impl Policy {
    /// Reads a policy; `None` if it is none.
    pub(super) fn parse(text: &str) -> Option<Policy> {
        serde_json::from_str(text).ok()
    }

    /// Whether every action that reading takes is allowed by some statement, and by none taken away unconditionally.
    pub(super) fn lets_read(&self, who: Who<'_>) -> bool {
        let concerns = |statement: &Statement, action: &str| {
            statement.actions.as_slice().iter().any(|pattern| is_like(pattern, action))
                && is_named(&statement.principal, who)
        };
        READ.into_iter().all(|action| {
            let mut statements = self.statements.as_slice().iter().filter(|statement| concerns(statement, action));
            let denied = statements.clone().any(|it| it.effect == "Deny" && it.condition.is_null());
            !denied && statements.any(|it| it.effect == "Allow" && fits(&it.condition, who))
        })
    }
}

/// Whether a `Principal` names who is asked about.
fn is_named(principal: &Value, who: Who<'_>) -> bool {
    let names = |key: &str| strings(&principal[key]);
    if principal == "*" || names("AWS").contains(&"*") {
        return true;
    }
    match who {
        Who::Lambda { .. } => names("Service").contains(&LAMBDA),
        Who::Account(account) => {
            names("AWS").iter().any(|name| *name == account || name.split(':').nth(4) == Some(account))
        }
    }
}

/// Whether a `Condition` may hold for Lambda on behalf of the account: what it demands of the caller's ARN or account
/// either names that account, or none.
fn fits(condition: &Value, who: Who<'_>) -> bool {
    let Who::Lambda { account } = who else { return true };
    let mut named = Vec::new();
    collect_accounts(condition, &mut named);
    named.is_empty() || named.iter().any(|name| name == account)
}

fn collect_accounts(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::String(text) => {
            let accounts = text.split(':').filter(|part| part.len() == ACCOUNT_DIGITS);
            found.extend(accounts.filter(|part| part.bytes().all(|b| b.is_ascii_digit())).map(str::to_owned));
        }
        Value::Array(values) => values.iter().for_each(|value| collect_accounts(value, found)),
        Value::Object(fields) => fields.values().for_each(|value| collect_accounts(value, found)),
        _ => {}
    }
}

fn strings(value: &Value) -> Vec<&str> {
    match value {
        Value::String(text) => vec![text],
        Value::Array(values) => values.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}

/// Whether `pattern`, in which `*` stands for anything, describes an action; actions know no case.
fn is_like(pattern: &str, action: &str) -> bool {
    let (pattern, action) = (pattern.to_ascii_lowercase(), action.to_ascii_lowercase());
    match pattern.split_once('*') {
        None => pattern == action,
        Some((start, "")) => action.starts_with(start),
        Some((start, end)) => {
            action.len() >= start.len() + end.len() && action.starts_with(start) && action.ends_with(end)
        }
    }
}
