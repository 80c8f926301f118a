//! `lambark.explain/v1`, `lambark.entry/v1`, `lambark.knowledge/v1`.

use std::io::{self, Write};

use lambark_knowledge::{Entry, Explained, Ranked, Seen};
use serde_json::{Value, json};

use crate::operations::doctor::Outcome as Doctored;
use crate::operations::explain::Log;
use crate::operations::knowledge::Shelf;
use crate::operations::knowledge::import::Outcome as Imported;
use crate::operations::knowledge::lint::Outcome as Linted;
use crate::operations::knowledge::usage::Use;

/// Writes what a text or log means.
///
/// # Errors
/// When `out` fails.
pub fn log(out: &mut dyn Write, log: &Log) -> io::Result<()> {
    let diagnosis = log.diagnosis();
    super::document(
        out,
        &json!({
            "schema": "lambark.explain/v1",
            "lines": diagnosis.lines,
            "matches": diagnosis.matches.iter().map(explained).collect::<Vec<Value>>(),
            "signals": diagnosis.signals.iter().map(seen).collect::<Vec<Value>>(),
            "images": diagnosis.images,
            "functions": diagnosis.functions,
            "notRead": log.shelf.unread,
        }),
    )
}

/// One match.
fn explained(found: &Explained<'_>) -> Value {
    json!({
        "entry": found.entry.id,
        "title": found.entry.title,
        "gate": found.entry.stage,
        "severity": found.entry.severity,
        "confidence": found.entry.confidence.word(),
        "line": found.line,
        "count": found.count,
        "countIsAtLeast": found.at_least,
        "message": found.peeled.message,
        "wrappers": found.peeled,
        "image": found.image,
        "function": found.function,
        "settle": found.settle,
        "causes": found.causes.iter().map(cause).collect::<Vec<Value>>(),
        "also": found.also.iter().map(|(entry, line)| json!({ "entry": entry.id, "line": line })).collect::<Vec<Value>>(),
        "contradicts": found.contradicts.iter().map(|entry| &entry.id).collect::<Vec<&String>>(),
        "sources": found.entry.sources,
    })
}

fn cause(ranked: &Ranked<'_>) -> Value {
    json!({
        "cause": ranked.cause.lead,
        "detail": ranked.cause.detail,
        "mend": ranked.mend,
        "evidence": ranked.evidence.iter().map(seen).collect::<Vec<Value>>(),
        "doubt": ranked.doubt.iter().map(seen).collect::<Vec<Value>>(),
    })
}

fn seen(seen: &Seen) -> Value {
    json!({ "signal": seen.signal.name, "says": seen.signal.says, "line": seen.line, "text": seen.text })
}

/// Writes what is wrong, and what helps.
///
/// # Errors
/// When `out` fails.
pub fn doctor(out: &mut dyn Write, outcome: &Doctored) -> io::Result<()> {
    let lines = &outcome.lines;
    let diagnosis = outcome.log.diagnosis();
    let image = outcome.image.as_ref().map(|checked| {
        let failure = checked.result.as_ref().err();
        let rules = checked.result.as_ref().map(|looked| looked.judgement.findings.iter().map(|finding| finding.rule));
        json!({
            "name": checked.image,
            "lookedAt": failure.is_none(),
            "reason": failure.map(ToString::to_string),
            "rules": rules.map(Iterator::collect::<Vec<&str>>).unwrap_or_default(),
        })
    });
    let function = outcome.function.as_ref().map(|function| {
        json!({ "name": function.name, "lookedAt": function.state.is_ok(), "reason": function.state.as_ref().err() })
    });
    super::document(
        out,
        &json!({
            "schema": "lambark.doctor/v1",
            "cause": lines.cause,
            "cure": lines.cure.as_ref().ok(),
            "noCure": lines.cure.as_ref().err(),
            "mend": lines.mend,
            "found": lines.found,
            "image": image,
            "function": function,
            "matches": diagnosis.matches.iter().map(explained).collect::<Vec<Value>>(),
        }),
    )
}

/// Writes one entry with its use.
///
/// # Errors
/// When `out` fails.
pub fn entry(out: &mut dyn Write, entry: &Entry, used: &Use) -> io::Result<()> {
    let markdown = lambark_knowledge::write(entry);
    let mut described = describe(entry, used);
    described["meaning"] = json!(entry.meaning);
    described["settle"] = json!(entry.settle);
    described["causes"] = lambark_knowledge::alone(entry).causes.iter().map(cause).collect();
    super::document(out, &json!({ "schema": "lambark.entry/v1", "entry": described, "markdown": markdown }))
}

/// Writes every entry with its use.
///
/// # Errors
/// When `out` fails.
pub fn list(out: &mut dyn Write, shelf: &Shelf) -> io::Result<()> {
    let entries = shelf.knowledge.entries().iter();
    let entries: Vec<Value> = entries.map(|entry| describe(entry, &shelf.usage.of(&entry.id))).collect();
    super::document(out, &json!({ "schema": "lambark.knowledge/v1", "entries": entries, "notRead": shelf.unread }))
}

fn describe(entry: &Entry, used: &Use) -> Value {
    json!({
        "id": entry.id,
        "title": entry.title,
        "gate": entry.stage,
        "severity": entry.severity,
        "confidence": entry.confidence.word(),
        "level": entry.level,
        "keywords": entry.keywords,
        "patterns": entry.patterns,
        "firstSeen": entry.first_seen,
        "lastSeen": entry.last_seen,
        "reviewBy": entry.review_by,
        "related": entry.related,
        "contradicts": entry.contradicts,
        "rules": entry.rules,
        "sources": entry.sources,
        "origin": entry.origin,
        "hits": used.hits,
        "lastUsed": used.last_used,
    })
}

/// Writes what is wrong with entries.
///
/// # Errors
/// When `out` fails.
pub fn faults(out: &mut dyn Write, outcome: &Linted) -> io::Result<()> {
    super::document(
        out,
        &json!({
            "schema": "lambark.knowledge-lint/v1",
            "entries": outcome.entries,
            "faults": outcome.faults,
            "notRead": outcome.unread,
        }),
    )
}

/// Writes what an import wrote, or would write.
///
/// # Errors
/// When `out` fails.
pub fn imported(out: &mut dyn Write, outcome: &Imported) -> io::Result<()> {
    let entries = outcome.entries.iter().map(|imported| {
        json!({
            "id": imported.entry.id,
            "path": imported.path,
            "patterns": imported.entry.patterns,
            "unchanged": imported.unchanged,
            "text": imported.text,
        })
    });
    super::document(
        out,
        &json!({
            "schema": "lambark.knowledge-import/v1",
            "planned": outcome.planned,
            "entries": entries.collect::<Vec<Value>>(),
        }),
    )
}
