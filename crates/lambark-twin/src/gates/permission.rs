//! May Lambda read an image of another account? The repository's policy says.

use crate::ecr::{Principal, allows};

/// What Lambda needs to do with an image.
const ACTIONS: [&str; 2] = ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"];

/// Whether a repository policy lets a function of another account have the image: both that account and the Lambda
/// service on the function's behalf must be allowed both actions.
pub(crate) fn may_read(policy: &str, account: &str, function_arn: &str) -> bool {
    let readers = [Principal::Account(account), Principal::Service("lambda.amazonaws.com", function_arn)];
    readers.iter().all(|reader| ACTIONS.iter().all(|action| allows(policy, reader, action)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn account() -> Value {
        json!({ "Effect": "Allow", "Principal": { "AWS": "arn:aws:iam::210987654321:root" }, "Action": ACTIONS })
    }

    fn service(pattern: &str) -> Value {
        json!({
            "Effect": "Allow",
            "Principal": { "Service": "lambda.amazonaws.com" },
            "Action": ACTIONS,
            "Condition": { "StringLike": { "aws:sourceARN": pattern } },
        })
    }

    fn is_allowed(statements: &[Value]) -> bool {
        let policy = json!({ "Version": "2012-10-17", "Statement": statements }).to_string();
        may_read(&policy, "210987654321", "arn:aws:lambda:us-east-1:210987654321:function:f")
    }

    #[test]
    fn account_and_service_must_both_be_allowed() {
        let here = service("arn:aws:lambda:us-east-1:210987654321:function:*");
        assert!(is_allowed(&[account(), here.clone()]));
        assert!(!is_allowed(&[account()]) && !is_allowed(std::slice::from_ref(&here)) && !is_allowed(&[]));
        let elsewhere = service("arn:aws:lambda:eu-west-1:210987654321:function:*");
        assert!(!is_allowed(&[account(), elsewhere]));
        let denied = json!({ "Effect": "Deny", "Principal": "*", "Action": "ecr:*" });
        assert!(!is_allowed(&[account(), here, denied]));
        assert!(!may_read("no JSON", "210987654321", "arn"));
    }
}
