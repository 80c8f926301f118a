//! Policies in IAM's own form.

use serde_json::{Value, json};

use super::Scope;
use super::needs::{self, Need, Statement, Subject};

/// The only version of IAM's policy language that is not outdated.
const VERSION: &str = "2012-10-17";

/// What a caller's role needs.
pub(super) fn of_caller(scope: &Scope, needs: &[Need]) -> Value {
    let mut statements: Vec<Statement> = needs.iter().map(|need| need.statement).collect();
    statements.sort_unstable();
    statements.dedup();
    let statements: Vec<Value> = statements
        .into_iter()
        .map(|statement| {
            let actions = needs.iter().filter(|need| need.statement == statement).map(|need| need.action);
            let mut allowed = json!({
                "Sid": statement.sid(),
                "Effect": "Allow",
                "Action": actions.collect::<Vec<_>>(),
                "Resource": resource(scope, statement),
            });
            if statement == Statement::PassRole {
                allowed["Condition"] = json!({ "StringEquals": { "iam:PassedToService": "lambda.amazonaws.com" } });
            }
            allowed
        })
        .collect();
    json!({ "Version": VERSION, "Statement": statements })
}

fn resource(scope: &Scope, statement: Statement) -> Value {
    let Scope { partition, region, account, .. } = scope;
    match statement {
        // Signing in concerns no resource: IAM takes nothing else there.
        Statement::SignIn => json!("*"),
        Statement::ReadImages | Statement::WriteImages | Statement::Optional => {
            json!(format!("arn:{partition}:ecr:{region}:{account}:repository/{}", scope.repository))
        }
        // A qualifier is part of the ARN: without the second one no version and no alias could be asked about.
        Statement::ReadFunctions | Statement::ChangeFunctions => {
            let function = format!("arn:{partition}:lambda:{region}:{account}:function:{}", scope.function);
            if scope.function == "*" { json!(function) } else { json!([function, format!("{function}:*")]) }
        }
        Statement::PassRole => json!(format!("arn:{partition}:iam::{account}:role/*")),
    }
}

/// What a repository needs, so that Lambda may read its images: for functions of its own account, or of another.
pub(super) fn of_repository(scope: &Scope, function_account: Option<&str>) -> Value {
    let actions: Vec<&str> = needs::of(Subject::Repository).iter().map(|need| need.action).collect();
    let lambda = json!({ "Service": "lambda.amazonaws.com" });
    let statement = |sid: &str, principal: &Value| json!({ "Sid": sid, "Effect": "Allow", "Principal": principal, "Action": actions });
    let Some(account) = function_account else {
        return json!({ "Version": VERSION, "Statement": [statement("LambdaReadsImages", &lambda)] });
    };
    let partition = scope.partition;
    let caller = json!({ "AWS": format!("arn:{partition}:iam::{account}:root") });
    let mut service = statement("LambdaReadsImagesForThatAccount", &lambda);
    let functions = format!("arn:{partition}:lambda:{}:{account}:function:*", scope.region);
    service["Condition"] = json!({ "ArnLike": { "aws:SourceArn": functions } });
    json!({ "Version": VERSION, "Statement": [statement("AccountReadsImages", &caller), service] })
}
