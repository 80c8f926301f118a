//! `lint` as workflow commands of GitHub Actions: findings become annotations of the lines they are about.

use std::io::{self, Write};

use lambark_lint::Finding;

use super::ends;
use crate::operations::lint::Outcome;
use crate::render::github::{Annotation, Place, annotations};
use crate::words::count;

/// Writes the whole report: the gravest findings as annotations, then one line for the log.
///
/// # Errors
/// When `out` fails.
pub fn lint(out: &mut dyn Write, outcome: &Outcome) -> io::Result<()> {
    let findings = &outcome.report.findings;
    annotations(out, findings.iter().map(|finding| annotation(outcome, finding)).collect(), "lambark lint")?;
    writeln!(out, "lambark: {}, {}", count(outcome.files, "file"), count(findings.len(), "finding"))
}

fn annotation(outcome: &Outcome, finding: &Finding) -> Annotation {
    let (start, end) = ends(outcome, &finding.span);
    let mut message = finding.message.clone();
    for note in &finding.notes {
        message.push_str(&format!("\n{note}"));
    }
    if let Some(remedy) = super::remedy(finding) {
        message.push_str(&format!("\nremedy: {remedy}"));
    }
    let place =
        Place { file: finding.span.file.to_string(), line: start.line, column: start.column, end_line: end.line };
    let title = format!("lambark {}", finding.rule);
    Annotation { severity: finding.severity, title, message, place: Some(place) }
}
