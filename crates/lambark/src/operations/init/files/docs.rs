//! The pages: a deployment checklist, and what somebody new has to know.

use serde_json::json;

use super::{HOME, VERSION, plain_services, repositories};
use crate::operations::init::fill::{fill, one_line};
use crate::operations::init::find::{Fact, Findings, Service};
use crate::operations::init::plan::{Draft, Form};
use crate::operations::policy::{self, Subject};

const CHECKLIST: &str = include_str!("../templates/deployment-checklist.md");
const ONBOARDING: &str = include_str!("../templates/onboarding.md");

/// What a reader puts in. A script may tell the account, but only until it is replaced: the page has to stay the same.
const ACCOUNT: &str = "ACCOUNT";

pub(super) fn drafts(findings: &Findings) -> Vec<Draft> {
    let first = plain_services(findings).next();
    let service = first.map_or("SERVICE", |service| &service.name);
    let image = first.map_or_else(|| "IMAGE".to_owned(), |service| image(service, findings));
    let function = first.and_then(|service| service.function.as_ref()).map_or("FUNCTION", |fact| &fact.value);
    let architecture =
        first.and_then(|service| service.architecture.as_ref()).map_or("x86_64", |fact| fact.value.as_str());
    let policy = role_policy(findings);
    let table = table(findings);
    let values = [
        ("SERVICE", service),
        ("IMAGE", &image),
        ("FUNCTION", function),
        ("ARCHITECTURE", architecture),
        ("TABLE", &table),
        ("POLICY", &policy),
        ("HOME", HOME),
        ("VERSION", VERSION),
        ("BRANCH", &findings.branch),
    ];
    let page =
        |path: &str, what, template| Draft { path: path.to_owned(), what, form: Form::Whole(fill(template, &values)) };
    vec![
        page("docs/deployment-checklist.md", "what to look at before and behind a deployment", CHECKLIST),
        page("docs/lambark.md", "how images get to Lambda here, and the role that they need", ONBOARDING),
    ]
}

/// The image's name as somebody has to type it.
fn image(service: &Service, findings: &Findings) -> String {
    let known =
        |fact: &Option<Fact>, unknown: &str| fact.as_ref().map_or_else(|| unknown.to_owned(), |it| it.value.clone());
    let (account, region) = (ACCOUNT, known(&findings.region, "REGION"));
    format!("{account}.dkr.ecr.{region}.amazonaws.com/{}:TAG", known(&service.repository, "REPOSITORY"))
}

fn table(findings: &Findings) -> String {
    let cell = |text: Option<String>| text.map_or_else(|| "not known".to_owned(), |text| format!("`{}`", code(&text)));
    let value = |fact: &Option<Fact>| cell(fact.as_ref().map(|fact| fact.value.clone()));
    let rows = findings.services.iter().map(|service| {
        let architecture = cell(service.architecture.as_ref().map(|fact| fact.value.as_str().to_owned()));
        let name = cell(Some(service.name.clone()));
        let (file, repository, function) =
            (value(&service.dockerfile), value(&service.repository), value(&service.function));
        format!("| {name} | {file} | {repository} | {function} | {architecture} | {} |\n", value(&service.alias))
    });
    let rows: String = rows.collect();
    if rows.is_empty() { "| none yet | | | | | |\n".to_owned() } else { rows }
}

/// A text between backticks in a table.
fn code(text: &str) -> String {
    one_line(text).replace('`', "'").replace('|', "\\|")
}

/// What the role of the workflow may do: what `lambark ship` needs, on these repositories and functions alone.
fn role_policy(findings: &Findings) -> String {
    let region = findings.region.as_ref().map_or("*", |fact| &fact.value);
    let partition = policy::partition(region);
    let arn = |name: &str| format!("arn:{partition}:ecr:{region}:{ACCOUNT}:repository/{name}");
    let names = repositories(findings);
    let images: Vec<String> = if names.is_empty() { vec![arn("*")] } else { names.into_iter().map(arn).collect() };
    let settings = policy::Settings { region: Some(region.to_owned()), ..policy::Settings::default() };
    let ship = policy::run(Subject::Ship, &settings).map(|outcome| outcome.document);
    let mut statements = ship.ok().and_then(|ship| ship["Statement"].as_array().cloned()).unwrap_or_default();
    statements.retain(|statement| statement["Sid"] != "PassRoleToNewFunctions");
    for statement in &mut statements {
        match statement["Sid"].as_str() {
            Some("ReadFunctions" | "ChangeFunctions") => {
                statement["Resource"] = functions(findings, region, ACCOUNT).into();
                if let Some(actions) = statement["Action"].as_array_mut() {
                    actions.retain(|action| !MAKING.iter().any(|making| action == making));
                }
            }
            Some("ReadImages" | "WriteImages" | "OptionalQuestions") => statement["Resource"] = images.clone().into(),
            _ => {}
        }
    }
    statements.push(json!({
        "Sid": "CountFailures",
        "Effect": "Allow",
        "Action": "cloudwatch:PutMetricData",
        "Resource": "*",
        "Condition": { "StringEquals": { "cloudwatch:namespace": "lambark" } },
    }));
    let document = json!({ "Version": "2012-10-17", "Statement": statements });
    serde_json::to_string_pretty(&document).unwrap_or_default()
}

/// What only `lambark ship --create` needs, which the workflow does not give.
const MAKING: [&str; 2] = ["lambda:CreateFunction", "lambda:DeleteFunction"];

fn functions(findings: &Findings, region: &str, account: &str) -> Vec<String> {
    let partition = policy::partition(region);
    let mut arns: Vec<String> = Vec::new();
    for fact in findings.services.iter().filter_map(|service| service.function.as_ref()) {
        let arn = if fact.value.starts_with("arn:") {
            fact.value.clone()
        } else {
            format!("arn:{partition}:lambda:{region}:{account}:function:{}", fact.value)
        };
        // Versions and aliases are resources of their own.
        arns.extend([arn.clone(), format!("{arn}:*")]);
    }
    if arns.is_empty() {
        arns.push(format!("arn:{partition}:lambda:{region}:{account}:function:*"));
    }
    arns.sort();
    arns.dedup();
    arns
}
