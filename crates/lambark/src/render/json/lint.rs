//! `lambark.lint/v1`: a frozen copy, so that what is inside may change.

use std::io::{self, Write};

use lambark_lint::Span;
use schemars::JsonSchema;
use serde::Serialize;

use crate::operations::lint::Outcome;
use crate::render::lint::ends;

/// The report of `lambark lint --format json`.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(title = "lambark.lint/v1")]
pub(super) struct Report {
    /// `lambark.lint/v1`.
    schema: &'static str,
    /// Everything that was found, by file and place.
    findings: Vec<Finding>,
    /// Builds of which nothing says that they concern Lambda.
    not_judged: Vec<NotJudged>,
    /// Where reading stopped, and what could not be followed.
    notes: Vec<Note>,
    /// How many files were read.
    files: usize,
    /// How many findings were silenced by comments.
    ignored: usize,
    /// How many findings were mended by `--fix`.
    mended: usize,
}

/// One finding.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Finding {
    /// The rule's name.
    rule: &'static str,
    /// `error`, `warning` or `note`.
    severity: String,
    /// `documented`, `reported`, `inferred`, `contradictory` or `measured`.
    confidence: &'static str,
    /// What is wrong.
    message: String,
    /// Where.
    r#where: Place,
    /// Facts that help.
    notes: Vec<String>,
    /// Other places that matter.
    related: Vec<Related>,
    /// The remedy; null if there is none.
    fix: Option<Fix>,
}

/// A place in a file. Lines and columns count from 1, columns in characters; the end is exclusive.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Place {
    /// Relative to the repository's root.
    file: String,
    /// The first line.
    line: usize,
    /// The column in it.
    column: usize,
    /// The last line.
    end_line: usize,
    /// The column in it, exclusive.
    end_column: usize,
}

/// Another place that matters.
#[derive(Debug, Serialize, JsonSchema)]
struct Related {
    /// Where.
    r#where: Place,
    /// Why it matters.
    message: String,
}

/// A remedy.
#[derive(Debug, Serialize, JsonSchema)]
struct Fix {
    /// `safe`, `unsafe` or `manual`.
    safety: Safety,
    /// What is done.
    summary: String,
    /// The edits that `--fix` makes; empty if a person has to do it.
    edits: Vec<Edit>,
}

/// What a remedy costs the one who trusts it.
#[derive(Clone, Copy, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
enum Safety {
    /// `--fix safe` does it.
    Safe,
    /// `--fix unsafe` does it.
    Unsafe,
    /// A person has to do it.
    Manual,
}

/// A replacement in a file.
#[derive(Debug, Serialize, JsonSchema)]
struct Edit {
    /// What goes; empty to insert.
    r#where: Place,
    /// What comes.
    text: String,
}

/// A build that was not judged.
#[derive(Debug, Serialize, JsonSchema)]
struct NotJudged {
    /// Where.
    r#where: Place,
    /// What builds there.
    tool: &'static str,
}

/// Where reading stopped.
#[derive(Debug, Serialize, JsonSchema)]
struct Note {
    /// Where.
    r#where: Place,
    /// Why.
    reason: String,
}

/// Writes what was found.
///
/// # Errors
/// When `out` fails.
pub fn lint(out: &mut dyn Write, outcome: &Outcome) -> io::Result<()> {
    super::document(out, &report(outcome))
}

/// The JSON Schema of this format.
#[must_use]
pub fn schema() -> schemars::Schema {
    schemars::schema_for!(Report)
}

fn report(outcome: &Outcome) -> Report {
    let place = |span: &Span| {
        let (start, end) = ends(outcome, span);
        let file = span.file.to_string();
        Place { file, line: start.line, column: start.column, end_line: end.line, end_column: end.column }
    };
    let found = &outcome.report;
    let fix = |fix: &lambark_lint::Fix| Fix {
        safety: match fix.safety {
            lambark_rules::Safety::Safe => Safety::Safe,
            lambark_rules::Safety::Unsafe => Safety::Unsafe,
            lambark_rules::Safety::Manual => Safety::Manual,
        },
        summary: fix.summary.clone(),
        edits: fix.edits.iter().map(|edit| Edit { r#where: place(&edit.span), text: edit.text.clone() }).collect(),
    };
    let finding = |finding: &lambark_lint::Finding| Finding {
        rule: finding.rule,
        severity: finding.severity.to_string(),
        confidence: finding.confidence.word(),
        message: finding.message.clone(),
        r#where: place(&finding.span),
        notes: finding.notes.clone(),
        related: finding
            .related
            .iter()
            .map(|(span, words)| Related { r#where: place(span), message: words.clone() })
            .collect(),
        fix: finding.fix.as_ref().map(fix),
    };
    let left = found.not_judged.iter().map(|build| NotJudged { r#where: place(&build.span), tool: build.what });
    let notes = found.notes.iter().map(|note| Note { r#where: place(&note.span), reason: note.reason.clone() });
    Report {
        schema: "lambark.lint/v1",
        findings: found.findings.iter().map(finding).collect(),
        not_judged: left.collect(),
        notes: notes.collect(),
        files: outcome.files,
        ignored: found.ignored,
        mended: outcome.mended,
    }
}
