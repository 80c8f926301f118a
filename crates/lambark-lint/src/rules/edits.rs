//! Edits that several rules make.

use crate::finding::Edit;
use crate::source::Span;
use crate::step::{Build, Dialect, Opt, Step, Value};

/// Puts something else in a value's place, if the file holds the value as it is.
pub(super) fn replace(step: &Step, value: &Value, text: impl Into<String>) -> Vec<Edit> {
    if step.unsound.is_some() || !value.literal {
        return Vec::new();
    }
    vec![Edit { span: value.span.clone(), text: text.into() }]
}

/// Says `provenance: false` where nothing is said.
pub(super) fn switch_off(step: &Step, build: &Build) -> Vec<Edit> {
    let Some(insertion) = build.insertion.as_ref().filter(|_| step.unsound.is_none()) else { return Vec::new() };
    let edit = match (insertion.dialect, build.option("attest"), build.option("provenance")) {
        // A second list of attestations would be an error: the one that there is gets another item.
        (Dialect::BakeHcl | Dialect::BakeJson, Some(last), _) => {
            last.value.literal.then(|| Edit { span: behind(&last.span), text: format!(", \"{PROVENANCE_OFF}\"") })
        }
        (Dialect::Terraform, ..) if !provider_knows(build) => None,
        // So would a second key; the first one says nothing.
        (dialect, _, Some(_)) if dialect != Dialect::CommandLine => None,
        _ => Some(Edit { span: insertion.at.clone(), text: insertion.without_attestations() }),
    };
    edit.into_iter().collect()
}

/// Whether the docker provider surely has the argument: from 4.3 on, and for a builder of buildx alone. Older ones
/// refuse the file.
fn provider_knows(build: &Build) -> bool {
    let version = build.version.as_ref().and_then(Value::known).unwrap_or_default();
    let mut numbers = version.trim_start_matches([' ', '~', '>', '=', 'v']).split('.').map(str::parse::<u32>);
    let lowest = (numbers.next().and_then(Result::ok), numbers.next().and_then(Result::ok));
    let new_enough = matches!(lowest, (Some(major), minor) if (major, minor.unwrap_or(0)) >= (4, 3));
    new_enough && !version.contains(',') && build.option("builder").is_some()
}

/// The item of a list of attestations that switches provenance off.
const PROVENANCE_OFF: &str = "type=provenance,disabled=true";

fn behind(span: &Span) -> Span {
    Span { start: span.end, ..span.clone() }
}

/// Asks for a platform where none is asked for.
pub(super) fn set_platform(step: &Step, build: &Build, platform: &str) -> Vec<Edit> {
    let Some(insertion) = build.insertion.as_ref().filter(|_| step.unsound.is_none()) else { return Vec::new() };
    vec![Edit { span: insertion.at.clone(), text: insertion.platform(platform) }]
}

/// Puts another option in an option's place, on a command line.
pub(super) fn rewrite(step: &Step, build: &Build, option: &Opt, text: &str) -> Vec<Edit> {
    let on_command_line = build.insertion.as_ref().is_some_and(|place| place.dialect == Dialect::CommandLine);
    if step.unsound.is_some() || !option.literal || !on_command_line {
        return Vec::new();
    }
    vec![Edit { span: option.span.clone(), text: text.to_owned() }]
}

/// Where the words of an option stand.
pub(super) fn place(option: &Opt) -> &Span {
    &option.span
}
