//! A function that does not even initialise.

use crate::facts::ImageFacts;
use crate::facts::init::InitFailure;
use crate::finding::{Finding, Place, Safety};
use crate::rule::{Confidence, Gate, Needs, Rule, Severity, Skip};

/// The rule.
pub static RULE: Rule = Rule {
    name: "init-fails",
    summary: "the function, started in a sandbox on this machine, does not get as far as its first event",
    severity: Severity::Error,
    confidence: Confidence::Documented,
    gate: Gate::Runtime,
    needs: Needs::Run,
    fix: Some(Safety::Manual),
    sources: &["https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html"],
    doc: include_str!("init_fails.md"),
    check,
};

/// Failures that neither variables, nor a role, nor a network can cure: the image alone decides them.
const OF_THE_IMAGE: [&str; 7] = [
    "Runtime.ImportModuleError",
    "Runtime.HandlerNotFound",
    "Runtime.MalformedHandlerName",
    "Runtime.UserCodeSyntaxError",
    "Runtime.InvalidEntrypoint",
    "Runtime.InvalidWorkingDir",
    "Extension.LaunchError",
];

/// Characters of a message that are told: a language may put a whole trace there.
const MAX_MESSAGE: usize = 300;

fn check(facts: &ImageFacts) -> Result<Vec<Finding>, Skip> {
    if !facts.asked.run {
        return Err(Skip::NotAsked("the function was not run: `--depth run` starts it".into()));
    }
    let Some(failure) = &facts.init.known()?.failure else { return Ok(Vec::new()) };
    Ok(vec![finding(failure)])
}

fn finding(failure: &InitFailure) -> Finding {
    let (error_type, message) = (one_line(&failure.error_type), one_line(&failure.message));
    let mut finding = Finding::new(&RULE, Place::Image, format!("its init fails: {error_type}: {message}"))
        .fix(Safety::Manual, "`lambark run` shows the function's log, and takes variables, memory and a network");
    if failure.wants_network {
        finding = finding.note("it asked for a network, which the sandbox does not have");
    }
    if OF_THE_IMAGE.contains(&failure.error_type.as_str()) && !failure.wants_network {
        return finding;
    }
    finding.severity(Severity::Warning).confidence(Confidence::Inferred).note(
        "it ran without the function's variables, role and network: that it fails on Lambda is not confirmed by AWS",
    )
}

/// A text of the function's as one printable line.
fn one_line(text: &str) -> String {
    let plain: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(MAX_MESSAGE).collect();
    plain.trim().trim_end_matches('.').to_owned()
}
