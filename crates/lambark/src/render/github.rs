//! Workflow commands of GitHub Actions: findings become annotations of the run.

use std::io::{self, Write};

use lambark_rules::{Finding, Severity};

use super::escape::plain;
use super::text::{refusal, sorted};
use crate::operations::check::{Looked, Outcome};
use crate::words::count;

/// GitHub shows ten annotations of a kind for a step and drops the rest without a word.
const MAX_ANNOTATIONS: usize = 10;

/// One annotation.
pub(super) struct Annotation {
    pub(super) severity: Severity,
    pub(super) title: String,
    pub(super) message: String,
    /// The lines of a file that it is about.
    pub(super) place: Option<Place>,
}

/// Lines of a file; line and column count from 1.
pub(super) struct Place {
    pub(super) file: String,
    pub(super) line: usize,
    pub(super) column: usize,
    pub(super) end_line: usize,
}

/// Writes the whole report: the gravest findings as annotations, then one line an image for the log.
///
/// # Errors
/// When `out` fails.
pub fn check(out: &mut dyn Write, outcome: &Outcome) -> io::Result<()> {
    let mut annotations = Vec::new();
    for checked in &outcome.images {
        match &checked.result {
            Ok(looked) => annotations.extend(findings(&checked.image, looked)),
            Err(failure) => annotations.push(Annotation {
                severity: Severity::Error,
                title: format!("{} could not be looked at", checked.image),
                message: failure.to_string(),
                place: None,
            }),
        }
    }
    self::annotations(out, annotations, "lambark check")?;
    for checked in &outcome.images {
        let verdict = match &checked.result {
            Ok(looked) => looked.judgement.verdict.to_string(),
            Err(_) => "could not be looked at".to_owned(),
        };
        // The words in front keep an image's name from starting a workflow command.
        writeln!(out, "lambark: {}: {verdict}", plain(&checked.image))?;
    }
    Ok(())
}

/// Writes the gravest annotations, and how many more there are.
pub(super) fn annotations(out: &mut dyn Write, mut annotations: Vec<Annotation>, verb: &str) -> io::Result<()> {
    annotations.sort_by_key(|annotation| std::cmp::Reverse(annotation.severity));
    let shown = if annotations.len() > MAX_ANNOTATIONS { MAX_ANNOTATIONS - 1 } else { annotations.len() };
    for annotation in &annotations[..shown] {
        command(out, annotation)?;
    }
    if let Some(gravest) = annotations.get(shown) {
        let rest = count(annotations.len() - shown, "more finding");
        let message = format!("{rest} that GitHub would not show; the log of `{verb}` lists them");
        command(out, &Annotation { severity: gravest.severity, title: rest, message, place: None })?;
    }
    Ok(())
}

fn findings(image: &str, looked: &Looked) -> Vec<Annotation> {
    let annotation = |finding: &Finding| {
        let mut message = format!("{image}: {} ({})", finding.message, finding.place);
        for note in &finding.notes {
            message.push_str(&format!("\n{note}"));
        }
        let refused = refusal(finding.severity);
        message.push_str(&format!("\n{refused}: {} · {}", finding.gate.when(), finding.confidence));
        if let Some(fix) = &finding.fix {
            message.push_str(&format!("\nremedy: {}", fix.summary));
        }
        Annotation { severity: finding.severity, title: format!("lambark {}", finding.rule), message, place: None }
    };
    sorted(&looked.judgement).into_iter().map(annotation).collect()
}

fn command(out: &mut dyn Write, annotation: &Annotation) -> io::Result<()> {
    let name = match annotation.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "notice",
    };
    // Line breaks of ours survive as %0A; any other hidden character is written out first.
    let lines: Vec<String> = annotation.message.split('\n').map(|line| data(&plain(line))).collect();
    write!(out, "::{name} ")?;
    if let Some(place) = &annotation.place {
        let file = property(&plain(&place.file));
        write!(out, "file={file},line={},endLine={},col={},", place.line, place.end_line, place.column)?;
    }
    writeln!(out, "title={}::{}", property(&plain(&annotation.title)), lines.join("%0A"))
}

/// Escapes a command's message.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// Escapes a command's property, where a colon or a comma would end it.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use lambark_rules::Place;

    use super::*;
    use crate::render::samples;

    fn rendered(outcome: &Outcome) -> String {
        let mut out = Vec::new();
        check(&mut out, outcome).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn findings_are_annotations() {
        let text = rendered(&samples::outcome(vec![samples::attested(), samples::unreachable()]));
        let lines: Vec<&str> = text.lines().collect();
        assert!(lines[0].starts_with("::error title=lambark image-index::registry.example.com/app:v1: OCI index"));
        assert!(lines[1].starts_with("::error title="), "{}", lines[1]);
        assert_eq!(lines[2], "lambark: registry.example.com/app:v1: rejected");
    }

    #[test]
    fn an_image_cannot_write_a_command() {
        let mut checked = samples::attested();
        let looked = checked.result.as_mut().unwrap();
        let finding = &mut looked.judgement.findings[0];
        finding.message = "a%0A::error::forged\r\n::set-output name=x::y".to_owned();
        finding.place = Place::File { layer: 0, path: "x\n::error::path".to_owned() };
        checked.image = "::stop-commands::x".to_owned();
        let text = rendered(&samples::outcome(vec![checked]));
        let commands: Vec<&str> = text.lines().filter(|line| line.starts_with("::")).collect();
        assert_eq!(commands.len(), 1, "{text}");
        assert!(commands[0].contains("a%250A::error::forged\\r%0A::set-output"), "{text}");
    }

    #[test]
    fn what_github_would_drop_is_counted() {
        let mut checked = samples::attested();
        let findings = &mut checked.result.as_mut().unwrap().judgement.findings;
        let mut note = findings[0].clone();
        note.severity = Severity::Note;
        findings.insert(0, note.clone());
        findings.extend(std::iter::repeat_n(note, 12));
        let text = rendered(&samples::outcome(vec![checked]));
        let commands: Vec<&str> = text.lines().filter(|line| line.starts_with("::")).collect();
        assert_eq!(commands.len(), MAX_ANNOTATIONS);
        assert!(commands[0].starts_with("::error "), "{}", commands[0]);
        assert!(commands[9].starts_with("::notice title=5 more findings::"), "{}", commands[9]);
    }
}
