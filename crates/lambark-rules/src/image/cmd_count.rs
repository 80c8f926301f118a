//! AWS's own entry point wants one argument.

use lambark_oci::ImageConfig;

use super::start::Start;
use super::{evidence, words};
use crate::facts::ImageFacts;
use crate::finding::{Finding, Place, Safety};
use crate::rule::{Confidence, Gate, Needs, Rule, Severity, Skip};

/// The rule.
pub static RULE: Rule = Rule {
    name: "cmd-count",
    summary: "an AWS base image is started with no handler, or with more than one argument",
    severity: Severity::Error,
    confidence: Confidence::Reported(6),
    gate: Gate::Runtime,
    needs: Needs::Manifest,
    fix: Some(Safety::Unsafe),
    sources: &[
        "aws-samples/php-examples-for-aws-lambda#23",
        "brefphp/bref#1896",
        "terraform-aws-modules/terraform-aws-lambda#316",
        "rust-serverless/lambda-rust#25",
    ],
    doc: include_str!("cmd_count.md"),
    check,
};

fn check(facts: &ImageFacts) -> Result<Vec<Finding>, Skip> {
    let config = evidence::config(facts)?;
    let arguments = config.command().count().saturating_sub(1);
    if !Start::is_base_entrypoint(config) || arguments == 1 {
        return Ok(Vec::new());
    }
    let given = words::count(arguments, "argument");
    let finding = Finding::new(
        &RULE,
        Place::Config("/config/Cmd".into()),
        format!("`/lambda-entrypoint.sh` is started with {given}, and takes exactly one: the handler"),
    )
    .note("it ends with exit status 142: entrypoint requires the handler name to be the first argument")
    .note("Command in the function's ImageConfig may still give one");
    Ok(vec![match mended_cmd(config) {
        Some(cmd) => finding.fix(Safety::Unsafe, format!("set CMD to [{}]", words::quoted(&cmd))),
        None => finding.fix(Safety::Manual, "name the handler in CMD: CMD [\"app.handler\"]"),
    }])
}

/// The one handler that the command means, where it can be told: a shell form, or a handler and words after it.
#[must_use]
pub fn mended_cmd(config: &ImageConfig) -> Option<String> {
    let cmd: Vec<&str> = config.config.cmd.iter().map(String::as_str).collect();
    let handler = match cmd.as_slice() {
        ["/bin/sh", "-c", line] => line.trim(),
        [first, _, ..] => first,
        _ => return None,
    };
    let reads_like_one = handler.contains('.') && !handler.starts_with(['/', '.', '-']) && !handler.contains(' ');
    (config.config.entrypoint.len() == 1 && reads_like_one).then(|| handler.to_owned())
}
