//! An image that nobody in it connects to Lambda.

use super::start::Start;
use crate::facts::filesystem::Descend;
use crate::facts::{FileSystem, ImageFacts, Node};
use crate::finding::{Finding, Place, Safety};
use crate::rule::{Confidence, Gate, Needs, Rule, Severity, Skip};

/// The rule.
pub static RULE: Rule = Rule {
    name: "no-runtime-client",
    summary: "nothing in the image is known to speak to Lambda's Runtime API",
    severity: Severity::Warning,
    confidence: Confidence::Documented,
    gate: Gate::Runtime,
    needs: Needs::Files,
    fix: Some(Safety::Manual),
    sources: &["https://docs.aws.amazon.com/lambda/latest/dg/troubleshooting-images.html", "rebuy-de/aws-nuke#806"],
    doc: include_str!("no_runtime_client.md"),
    check,
};

/// Files that AWS's base images and the web adapter bring.
const KNOWN_FILES: [&str; 3] = ["/var/runtime/bootstrap", "/lambda-entrypoint.sh", "/opt/extensions/lambda-adapter"];

/// Beginnings of the names of runtime clients: Python, Node.js, Ruby, Java, .NET.
const KNOWN_NAMES: [&str; 5] = [
    "awslambdaric",
    "aws-lambda-ric",
    "aws_lambda_ric",
    "aws-lambda-java-runtime-interface-client",
    "Amazon.Lambda.RuntimeSupport",
];

fn check(facts: &ImageFacts) -> Result<Vec<Finding>, Skip> {
    let files = facts.files.known()?;
    if KNOWN_FILES.iter().any(|path| files.resolve("", path).is_ok()) || any(files, is_client) {
        return Ok(Vec::new());
    }
    if let Ok(start) = Start::of(facts)
        && starts_java(&start)
        && has_jar(files)
    {
        return Err(Skip::NotAsked("a jar may hold the runtime client, and jars are not opened".into()));
    }
    Ok(vec![
        Finding::new(&RULE, Place::Image, "no runtime client, web adapter or program that speaks to the Runtime API was found")
            .note("a program that only serves HTTP or runs to its end gives Runtime.ExitError: Runtime exited without providing a reason")
            .note("what is compressed or fetched at its start cannot be seen: that this image fails is not confirmed by AWS")
            .fix(Safety::Manual, "add the language's runtime interface client, or the Lambda Web Adapter for a web server"),
    ])
}

fn is_client(path: &str, node: &Node) -> bool {
    if node.notes.as_ref().is_some_and(|notes| notes.runtime_api) {
        return true;
    }
    let name = path.rsplit('/').next().unwrap_or(path);
    // Bref is PHP's client, and a word short enough to begin another's name.
    name == "bref" || KNOWN_NAMES.iter().any(|known| name.starts_with(known))
}

fn starts_java(start: &Start<'_>) -> bool {
    start.config.command().any(|word| word == "java" || word.ends_with("/java"))
}

fn has_jar(files: &FileSystem) -> bool {
    any(files, |path, node| node.is_file() && path.ends_with(".jar"))
}

fn any(files: &FileSystem, holds: impl Fn(&str, &Node) -> bool) -> bool {
    let mut found = false;
    files.visit("", |path, node| {
        found = found || holds(path, node);
        if found { Descend::Skip } else { Descend::Into }
    });
    found
}
