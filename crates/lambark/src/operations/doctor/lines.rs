//! The three lines.

use lambark_knowledge::{Diagnosis, Explained, Level, Ranked, alone};
use lambark_rules::{Finding, Gate, Severity};

use super::Function;
use crate::failure::Failure;
use crate::operations::advice::{Advice, advise};
use crate::operations::check::{Checked, Looked};
use crate::operations::explain::Log;
use crate::words::shell;

/// Cause, cure and mend, each a line or a command of several.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lines {
    /// What is wrong.
    pub cause: String,
    /// The command that helps without a write anywhere, or why there is none.
    pub cure: Result<Vec<String>, String>,
    /// What makes it stay away: commands first, then what to change.
    pub mend: Vec<String>,
    /// Whether anything wrong was found.
    pub found: bool,
}

impl Lines {
    pub(super) fn of(log: &Log, image: Option<&Checked>, name: Option<&str>, function: Option<&Function>) -> Lines {
        let diagnosis = log.diagnosis();
        let looked = image.and_then(|checked| checked.result.as_ref().ok());
        let worst = looked.and_then(worst);
        let cause = cause(&diagnosis, worst, image, function);
        let cure = cure(&diagnosis, image, name);
        let mut mend: Vec<String> = Vec::new();
        let advice = looked.map(advise).unwrap_or_default();
        mend.extend(advice.iter().filter(|advice| !is_cure(advice)).flat_map(|advice| advice.command.clone()));
        let known = match (diagnosis.matches.first(), worst) {
            (Some(found), _) => lasting(&found.causes),
            // No message was given: what is known of the messages that this defect leads to.
            (None, Some(finding)) => known_mend(log, finding),
            (None, None) => Vec::new(),
        };
        // What needs no write is the cure, and what this very image needs was found by looking at it.
        let told =
            |mend: &&String| !mend.contains("`lambark resolve") && (looked.is_none() || !mend.contains("`lambark fix"));
        mend.extend(known.iter().filter(told).cloned());
        let found = worst.is_some() || diagnosis.matches.iter().any(|found| found.entry.severity > Severity::Note);
        Lines { cause, cure, mend, found }
    }
}

/// The gravest finding, if it is one that Lambda may refuse.
fn worst(looked: &Looked) -> Option<&Finding> {
    let findings = looked.judgement.findings.iter().filter(|finding| finding.severity >= Severity::Warning);
    findings.max_by_key(|finding| (finding.severity, std::cmp::Reverse(gate(finding.gate))))
}

/// The order in which an image meets the gates.
fn gate(gate: Gate) -> usize {
    Gate::ALL.iter().position(|known| *known == gate).unwrap_or(usize::MAX)
}

fn cause(
    diagnosis: &Diagnosis<'_>,
    worst: Option<&Finding>,
    image: Option<&Checked>,
    function: Option<&Function>,
) -> String {
    let told = diagnosis.matches.first().filter(|found| found.entry.level != Level::Wrapper);
    // The bytes know better than any text; what they only let suspect says more than a text if that speaks of it.
    let names = |found: &&Explained<'_>, finding: &Finding| found.entry.rules.iter().any(|rule| rule == finding.rule);
    let worst = worst.filter(|finding| {
        finding.severity == Severity::Error || told.as_ref().is_none_or(|found| names(found, finding))
    });
    match (worst, told, image) {
        (Some(finding), _, Some(checked)) => {
            format!("{}: {} ({}; {})", checked.image, finding.message, finding.gate.when(), finding.confidence)
        }
        (_, Some(found), _) => match found.causes.first() {
            Some(first) => format!("{}; likeliest: {}", found.entry.title, lower(&first.cause.lead)),
            None => found.entry.title.clone(),
        },
        (_, None, Some(Checked { image, result: Ok(_) })) => match diagnosis.matches.first() {
            Some(found) => format!("{}; nothing wrong was found with {image}", found.entry.title),
            None => format!("nothing wrong was found with {image}"),
        },
        (_, None, Some(Checked { image, result: Err(failure) })) => format!("not known: {image}: {failure}"),
        (_, None, None) => match (diagnosis.matches.first(), function) {
            (Some(found), _) => found.entry.title.clone(),
            (None, Some(Function { name, state: Ok(_) })) => format!("nothing wrong is known of the function {name}"),
            (None, Some(Function { name, state: Err(reason) })) => format!("not known: {name}: {reason}"),
            (None, None) => "not known: no known message, no image and no function in what was given".to_owned(),
        },
    }
}

/// A sentence inside another.
fn lower(sentence: &str) -> String {
    let mut chars = sentence.chars();
    let (first, second) = (chars.next(), sentence.chars().nth(1));
    match first {
        // `CMD is absent` keeps its name.
        Some(first) if second.is_none_or(|second| !second.is_uppercase()) => {
            first.to_lowercase().chain(chars).collect()
        }
        _ => sentence.to_owned(),
    }
}

/// The first advice, if it writes nothing; with the function's name in it where one is known.
fn cure(diagnosis: &Diagnosis<'_>, image: Option<&Checked>, name: Option<&str>) -> Result<Vec<String>, String> {
    match image {
        None if diagnosis.matches.is_empty() => Err("not known".to_owned()),
        None => Err("none is known: no image is named, so none was looked at".to_owned()),
        Some(Checked { image, result: Err(Failure::NotLooked(_)) }) => Err(format!(
            "not looked for: `lambark resolve {}` prints it where the registry can be reached",
            shell(image)
        )),
        Some(Checked { result: Err(failure), .. }) => Err(format!("not known: {failure}")),
        Some(Checked { result: Ok(looked), .. }) => {
            let none = match looked.name.reference() {
                Some(_) => "none: the image itself has to change",
                None => "none: only an image in a registry can be deployed by its digest",
            };
            let advice = advise(looked).into_iter().find(is_cure);
            let command = advice.map(|advice| advice.command).ok_or_else(|| none.to_owned());
            let fine = looked.judgement.findings.iter().all(|finding| finding.severity < Severity::Error);
            let told = diagnosis.matches.iter().any(|found| found.entry.severity > Severity::Note);
            match command {
                Err(_) if fine && told => Err("none is known: the image is fine as far as it was looked at".to_owned()),
                Err(_) if fine => Err("none needed: the image is fine as far as it was looked at".to_owned()),
                Ok(lines) => Ok(lines.into_iter().map(|line| with_function(&line, name)).collect()),
                Err(reason) => Err(reason),
            }
        }
    }
}

fn with_function(line: &str, name: Option<&str>) -> String {
    match name {
        Some(name) => line.replace("--function-name FUNCTION", &format!("--function-name {}", shell(name))),
        None => line.to_owned(),
    }
}

fn is_cure(advice: &Advice) -> bool {
    advice
        .command
        .iter()
        .any(|line| line.starts_with("aws lambda update-function-code") || line.starts_with("lambark resolve"))
}

/// What mends the likeliest cause for good.
fn lasting(causes: &[Ranked<'_>]) -> Vec<String> {
    causes.first().map(|ranked| ranked.mend.clone()).unwrap_or_default()
}

/// What mends the cause of a finding, from the first entry that names its rule.
fn known_mend(log: &Log, finding: &Finding) -> Vec<String> {
    let mut entries = log.shelf.knowledge.entries().iter();
    let entry = entries.find(|entry| entry.rules.iter().any(|rule| rule == finding.rule));
    entry.map(|entry| lasting(&alone(entry).causes)).unwrap_or_default()
}
