//! A hand-written build script, line by line: what became what, and what lambark does not take over.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::sync::Arc;

use lambark_lint::front::{self, ReadFile};
use lambark_lint::step::{Action, Call, CallKind, Step};
use lambark_lint::{SourceFile, Tree};

use super::find::{Findings, Service};

/// The front end's own word for scripts.
const KIND: &str = "shell script";

/// A script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Script {
    /// Its path, relative to the repository's root.
    pub path: Arc<str>,
    /// Its lines, without those that say nothing.
    pub lines: Vec<Line>,
}

/// A line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Its number, counted from 1.
    pub number: usize,
    /// As it stands there, without indentation.
    pub text: String,
    /// What became of it.
    pub became: Became,
}

/// What became of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Became {
    /// Lambark does it, or `lambark.toml` says it.
    Lambark(String),
    /// Nobody needs it any more.
    NotNeeded(String),
    /// It stays its owner's.
    Yours(String),
}

/// Every script that builds, pushes or deploys by hand.
pub(super) fn explain(files: &[ReadFile], tree: &dyn Tree, findings: &Findings) -> Vec<Script> {
    let is_script = |file: &&ReadFile| {
        findings.by_hand.contains(&file.path) && front::of(&file.path).is_some_and(|front| front.name == KIND)
    };
    let scripts = files.iter().filter(is_script).filter_map(|file| {
        let source = tree.read(&file.path)?;
        let steps = file.result.sequences.iter().flat_map(|sequence| &sequence.steps);
        Some(Script { path: Arc::clone(&file.path), lines: lines(&source, steps, findings) })
    });
    scripts.collect()
}

fn lines<'a>(source: &SourceFile, steps: impl Iterator<Item = &'a Step>, findings: &Findings) -> Vec<Line> {
    let mut known: BTreeMap<usize, (RangeInclusive<usize>, Became)> = BTreeMap::new();
    for step in steps.filter(|step| step.span.file == *source.path()) {
        let first = source.position(step.span.start).line;
        let last = source.position(step.span.end.saturating_sub(1).max(step.span.start)).line;
        let services: Vec<&Service> = findings.services.iter().filter(|it| is_from(it, source.path(), first)).collect();
        known.entry(first).or_insert_with(|| (first..=last, of_step(step, &services)));
    }
    let covered = |number: usize| known.values().any(|(range, _)| range.contains(&number));
    let mut shown = Vec::new();
    for (index, text) in source.text().lines().enumerate() {
        let number = index + 1;
        let text = text.trim();
        let became = match known.get(&number) {
            Some((_, became)) => Some(became.clone()),
            // The rest of a command that stands on several lines.
            None if covered(number) => None,
            None => of_text(text, findings),
        };
        shown.extend(became.map(|became| Line { number, text: text.to_owned(), became }));
    }
    shown
}

/// Whether a service's build stands on that line.
fn is_from(service: &Service, path: &str, line: usize) -> bool {
    let here = format!("{path}:{line}");
    let facts = [&service.dockerfile, &service.repository, &service.function, &service.context];
    facts
        .into_iter()
        .flatten()
        .any(|fact| fact.from.strip_prefix(&*here).is_some_and(|rest| !rest.starts_with(|c: char| c.is_ascii_digit())))
}

fn of_step(step: &Step, services: &[&Service]) -> Became {
    let names: Vec<String> = services.iter().map(|service| format!("[service.{}]", service.name)).collect();
    let names = names.join(", ");
    match &step.action {
        Action::Build(_) if names.is_empty() => Became::Yours(
            "no service was made of it: nothing ties it to Lambda, or its Dockerfile is not known".to_owned(),
        ),
        Action::Build(_) => Became::Lambark(format!("{names}: dockerfile, context; `lambark ship` builds it")),
        Action::Tag { .. } => Became::NotNeeded("the image gets its name when it is pushed".to_owned()),
        Action::Push(_) => Became::Lambark("`lambark ship` pushes, checked and mended on the way".to_owned()),
        Action::Convert(_) => Became::Lambark("`lambark ship` makes one manifest of what was built".to_owned()),
        Action::Verify(_) => Became::Lambark("`lambark ship` reads back what it pushed, by digest".to_owned()),
        Action::Compare(_) => {
            Became::Lambark("`lambark ship` judges by the bytes, not by a word in an answer".to_owned())
        }
        Action::Builder { .. } => Became::NotNeeded("`lambark ship` takes the builder that is there".to_owned()),
        Action::Apply => Became::Yours("lambark applies no Terraform".to_owned()),
        Action::Lambda(call) => of_call(call),
    }
}

fn of_call(call: &Call) -> Became {
    let lambark = |text: &str| Became::Lambark(text.to_owned());
    let yours = |text: &str| Became::Yours(text.to_owned());
    match call.kind {
        CallKind::UpdateCode => lambark("`lambark ship` updates the function, by digest"),
        CallKind::Wait => lambark("`lambark ship` waits until Lambda has taken the image, and says why if it has not"),
        CallKind::Publish => lambark("`lambark ship` publishes a version"),
        CallKind::Alias => lambark("`lambark ship` moves the alias, and back if a test fails"),
        CallKind::Invoke => lambark("a test: `tests = [{ event = … }]` in lambark.toml"),
        CallKind::Deploy => lambark("it is lambark already"),
        CallKind::Create => yours("lambark makes no functions"),
        CallKind::UpdateConfiguration => yours("lambark changes no settings of a function"),
    }
}

/// What a line means that no build tool reads; `None` if it says nothing.
fn of_text(text: &str, findings: &Findings) -> Option<Became> {
    const FLOW: [&str; 18] = [
        "if", "then", "else", "elif", "fi", "for", "while", "until", "do", "done", "case", "esac", "function", "{",
        "}", "exit", "return", ";;",
    ];
    let first = text.split([' ', ';', '(']).next().unwrap_or_default();
    let is_flow =
        FLOW.contains(&first) || text.ends_with("() {") || (text.ends_with(')') && !text.contains(['=', '$']));
    if text.is_empty() || text.starts_with('#') || is_flow || matches!(first, "set" | "shift" | "trap") {
        return None;
    }
    if text.contains("get-login-password") || text.contains("docker login") {
        return Some(Became::NotNeeded("lambark signs in to ECR by itself".to_owned()));
    }
    if matches!(first, "echo" | "printf") {
        return Some(Became::NotNeeded("lambark tells what it does".to_owned()));
    }
    let assignment = text.strip_prefix("export ").or_else(|| text.strip_prefix("readonly ")).unwrap_or(text);
    if let Some((name, value)) = assignment.split_once('=').filter(|(name, _)| is_name(name)) {
        return Some(of_assignment(name, value, findings));
    }
    let what = match first {
        "curl" | "wget" => "a test of lambark.toml can ask the same: `tests = [{ url = … }]`",
        _ => "lambark does not take it over",
    };
    Some(Became::Yours(what.to_owned()))
}

fn of_assignment(name: &str, value: &str, findings: &Findings) -> Became {
    let value = value.trim_matches(['"', '\'']);
    let argument = value.strip_prefix("${").or_else(|| value.strip_prefix('$'));
    if argument.is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit())) {
        return Became::Lambark("an argument: `lambark ship SERVICE --tag TAG`".to_owned());
    }
    if value.contains(".dkr.ecr.") {
        return Became::NotNeeded("lambark.toml names the repository, and ECR its address".to_owned());
    }
    // `${NAME:-default}` is the default where nobody says otherwise.
    let value = value.split_once(":-").map_or(value, |(_, default)| default.trim_end_matches('}'));
    let is = |fact: &Option<super::find::Fact>| fact.as_ref().is_some_and(|fact| fact.value == value);
    if is(&findings.region) {
        return Became::Lambark("[aws] region".to_owned());
    }
    let key = |service: &Service| {
        let keys = [("repository", &service.repository), ("function", &service.function), ("alias", &service.alias)];
        let found = keys.into_iter().find(|(_, fact)| is(fact))?;
        Some(format!("[service.{}] {}", service.name, found.0))
    };
    match findings.services.iter().find_map(key) {
        Some(key) => Became::Lambark(key),
        None => Became::NotNeeded(format!("unless something that stays yours uses {name}")),
    }
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

#[cfg(test)]
mod tests;
