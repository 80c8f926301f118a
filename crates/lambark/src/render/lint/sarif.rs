//! `lint` as SARIF 2.1.0, with regions and fixes.

use std::io::{self, Write};

use lambark_lint::{CATALOGUE, Finding, Rule, Span};
use serde_json::{Value, json};

use crate::operations::lint::Outcome;
use crate::render::escape::plain;
use crate::render::json;
use crate::render::sarif::{level, uri};

/// Writes the whole report.
///
/// # Errors
/// When `out` fails.
pub fn lint(out: &mut dyn Write, outcome: &Outcome) -> io::Result<()> {
    let results: Vec<Value> = outcome.report.findings.iter().map(|finding| result(outcome, finding)).collect();
    let notes: Vec<Value> = outcome
        .report
        .notes
        .iter()
        .map(|note| {
            json!({
                "level": "note",
                "message": { "text": plain(&note.reason) },
                "locations": [location(outcome, &note.span)],
            })
        })
        .collect();
    let log = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "lambark lint",
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "informationUri": env!("CARGO_PKG_REPOSITORY"),
                "rules": CATALOGUE.iter().copied().map(rule).collect::<Vec<Value>>(),
            } },
            "invocations": [{ "executionSuccessful": true, "toolExecutionNotifications": notes }],
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    });
    json::document(out, &log)
}

fn rule(rule: &'static Rule) -> Value {
    json!({
        "id": rule.name,
        "shortDescription": { "text": rule.summary },
        "help": { "text": rule.summary, "markdown": rule.doc },
        "defaultConfiguration": { "level": level(rule.severity) },
        "properties": {
            "tags": ["aws-lambda", "container-image", "build"],
            "confidence": rule.confidence.to_string(),
            "sources": rule.sources,
        },
    })
}

fn result(outcome: &Outcome, finding: &Finding) -> Value {
    let mut message = plain(&finding.message).into_owned();
    for note in &finding.notes {
        message.push_str(&format!(". {}", plain(note)));
    }
    if let Some(remedy) = super::remedy(finding) {
        message.push_str(&format!(". Remedy: {}", plain(&remedy)));
    }
    let related: Vec<Value> = finding
        .related
        .iter()
        .map(|(span, words)| {
            let mut place = location(outcome, span);
            place["message"] = json!({ "text": plain(words) });
            place
        })
        .collect();
    json!({
        "ruleId": finding.rule,
        "ruleIndex": CATALOGUE.iter().position(|rule| rule.name == finding.rule),
        "level": level(finding.severity),
        "message": { "text": message },
        "locations": [location(outcome, &finding.span)],
        "relatedLocations": related,
        "fixes": fixes(outcome, finding),
        "properties": { "confidence": finding.confidence.to_string() },
    })
}

fn location(outcome: &Outcome, span: &Span) -> Value {
    json!({
        "physicalLocation": {
            "artifactLocation": { "uri": uri(&span.file) },
            "region": region(outcome, span),
        },
    })
}

fn region(outcome: &Outcome, span: &Span) -> Value {
    let (start, end) = super::ends(outcome, span);
    json!({
        "startLine": start.line,
        "startColumn": start.column,
        "endLine": end.line,
        "endColumn": end.column,
    })
}

fn fixes(outcome: &Outcome, finding: &Finding) -> Vec<Value> {
    let Some(fix) = finding.fix.as_ref().filter(|fix| !fix.edits.is_empty()) else { return Vec::new() };
    let changes: Vec<Value> = fix
        .edits
        .iter()
        .map(|edit| {
            json!({
                "artifactLocation": { "uri": uri(&edit.span.file) },
                "replacements": [{
                    "deletedRegion": region(outcome, &edit.span),
                    "insertedContent": { "text": edit.text },
                }],
            })
        })
        .collect();
    vec![json!({ "description": { "text": plain(&fix.summary) }, "artifactChanges": changes })]
}
