//! May Lambda read an image of another account? The repository's policy says.

use serde_json::Value;

/// What Lambda needs to do with an image.
const ACTIONS: [&str; 2] = ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"];

/// Who asks for another account's image.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Function<'a> {
    pub(crate) account: &'a str,
    pub(crate) arn: &'a str,
}

/// Who must be allowed to read.
#[derive(Clone, Copy, Debug)]
enum Reader {
    /// The account of whoever makes the function.
    Account,
    /// Lambda itself, on behalf of the function.
    Service,
}

/// Whether a repository policy lets a function of another account have the image: both the account and the Lambda
/// service must be allowed both actions, and nothing must deny them.
pub(crate) fn allows(policy: &str, function: Function<'_>) -> bool {
    let Ok(policy) = serde_json::from_str::<Value>(policy) else { return false };
    let statements = list(&policy["Statement"]);
    let says = |effect: &str, reader: Reader, action: &str| {
        statements.iter().any(|statement| statement["Effect"] == effect && applies(statement, reader, action, function))
    };
    let is_allowed = |reader: Reader, action: &str| says("Allow", reader, action) && !says("Deny", reader, action);
    ACTIONS.into_iter().all(|action| is_allowed(Reader::Account, action) && is_allowed(Reader::Service, action))
}

fn applies(statement: &Value, reader: Reader, action: &str, function: Function<'_>) -> bool {
    let principal = &statement["Principal"];
    names_action(&statement["Action"], action)
        && match reader {
            Reader::Account => is_account(principal, function),
            Reader::Service => is_service(principal) && holds(statement, function),
        }
}

fn list(value: &Value) -> Vec<&Value> {
    match value {
        Value::Array(all) => all.iter().collect(),
        Value::Null => Vec::new(),
        one => vec![one],
    }
}

fn names_action(actions: &Value, action: &str) -> bool {
    let matches = |pattern: &str| wildcard(&pattern.to_ascii_lowercase(), &action.to_ascii_lowercase());
    list(actions).into_iter().filter_map(Value::as_str).any(matches)
}

fn is_account(principal: &Value, function: Function<'_>) -> bool {
    let root = format!(":iam::{}:root", function.account);
    let names =
        |name: &str| name == "*" || name == function.account || (name.starts_with("arn:aws") && name.ends_with(&root));
    principal == "*" || list(&principal["AWS"]).into_iter().filter_map(Value::as_str).any(names)
}

fn is_service(principal: &Value) -> bool {
    principal == "*" || list(&principal["Service"]).into_iter().any(|name| name == "lambda.amazonaws.com")
}

/// Whether the conditions on the function's ARN hold. Conditions of other kinds are taken for true: the twin knows
/// nothing that they could ask about.
fn holds(statement: &Value, function: Function<'_>) -> bool {
    let Some(conditions) = statement["Condition"].as_object() else { return true };
    conditions.iter().filter(|(operator, _)| operator.ends_with("Like") || operator.ends_with("Equals")).all(
        |(_, keys)| {
            let Some(keys) = keys.as_object() else { return true };
            keys.iter().filter(|(key, _)| key.eq_ignore_ascii_case("aws:SourceArn")).all(|(_, patterns)| {
                list(patterns).into_iter().filter_map(Value::as_str).any(|pattern| wildcard(pattern, function.arn))
            })
        },
    )
}

/// `*` stands for any number of characters, `?` for one.
pub(crate) fn wildcard(pattern: &str, text: &str) -> bool {
    let (pattern, text) = (pattern.as_bytes(), text.as_bytes());
    let (mut at, mut pos) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while pos < text.len() {
        match pattern.get(at) {
            Some(b'*') => {
                star = Some((at, pos));
                at += 1;
            }
            Some(byte) if *byte == b'?' || *byte == text[pos] => {
                at += 1;
                pos += 1;
            }
            _ => match &mut star {
                // The last star takes one more.
                Some((star_at, taken)) => {
                    *taken += 1;
                    (at, pos) = (*star_at + 1, *taken);
                }
                None => return false,
            },
        }
    }
    pattern[at..].iter().all(|byte| *byte == b'*')
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const FUNCTION: Function<'_> =
        Function { account: "210987654321", arn: "arn:aws:lambda:us-east-1:210987654321:function:f" };

    fn account() -> Value {
        json!({ "Effect": "Allow", "Principal": { "AWS": "arn:aws:iam::210987654321:root" }, "Action": ACTIONS })
    }

    fn service(pattern: &str) -> Value {
        json!({
            "Effect": "Allow",
            "Principal": { "Service": "lambda.amazonaws.com" },
            "Action": ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
            "Condition": { "StringLike": { "aws:sourceARN": pattern } },
        })
    }

    fn allowed(statements: &[Value]) -> bool {
        allows(&json!({ "Version": "2012-10-17", "Statement": statements }).to_string(), FUNCTION)
    }

    #[test]
    fn account_and_service_must_both_be_allowed() {
        let here = service("arn:aws:lambda:us-east-1:210987654321:function:*");
        assert!(allowed(&[account(), here.clone()]));
        assert!(!allowed(&[account()]) && !allowed(std::slice::from_ref(&here)) && !allowed(&[]));
        let elsewhere = service("arn:aws:lambda:eu-west-1:210987654321:function:*");
        assert!(!allowed(&[account(), elsewhere]));
        let denied = json!({ "Effect": "Deny", "Principal": "*", "Action": "ecr:*" });
        assert!(!allowed(&[account(), here, denied]));
        assert!(!allows("no JSON", FUNCTION));
    }

    #[test]
    fn wildcards_match_as_iams_do() {
        for (pattern, text) in [("*", ""), ("a*c", "abbc"), ("a?c", "abc"), ("*b*", "abc"), ("ecr:*", "ecr:x")] {
            assert!(wildcard(pattern, text), "{pattern} {text}");
        }
        for (pattern, text) in [("", "a"), ("a?c", "ac"), ("a*c", "abb"), ("b", "abc")] {
            assert!(!wildcard(pattern, text), "{pattern} {text}");
        }
    }
}
