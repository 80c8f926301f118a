//! `lambark.record/v1`, `lambark.record-verify/v1` and `lambark.record-prune/v1`.

use std::io::{self, Write};

use lambark_ledger::{Damage, Entry, Error, Fault, Head};
use serde_json::{Value, json};

use crate::operations::record::{List, Pruned, Read, Verified};
use crate::words::moment;

/// Writes entries.
///
/// # Errors
/// When `out` fails.
pub fn record_list(out: &mut dyn Write, read: &Read<List>) -> io::Result<()> {
    let List { listing, head, .. } = &read.what;
    document(out, &listing.entries, &listing.damaged, head.as_ref(), read.unrecorded.as_ref())
}

/// Writes one entry, in the form of a list of one.
///
/// # Errors
/// When `out` fails.
pub fn record_show(out: &mut dyn Write, read: &Read<Entry>) -> io::Result<()> {
    document(out, std::slice::from_ref(&read.what), &[], None, read.unrecorded.as_ref())
}

fn document(
    out: &mut dyn Write,
    entries: &[Entry],
    damaged: &[Damage],
    head: Option<&Head>,
    unrecorded: Option<&Error>,
) -> io::Result<()> {
    let damaged = damaged.iter().map(|damage| json!({ "id": damage.id, "reason": damage.reason }));
    super::document(
        out,
        &json!({
            "schema": "lambark.record/v1",
            "entries": entries.iter().map(entry).collect::<Vec<Value>>(),
            "damaged": damaged.collect::<Vec<Value>>(),
            "head": head.map(|head| json!({ "id": head.id, "hash": head.hash })),
            "readingNotRecorded": unrecorded.map(ToString::to_string),
        }),
    )
}

/// One entry. `canonical` is the text that `hash` is of.
fn entry(entry: &Entry) -> Value {
    let body = &entry.body;
    json!({
        "id": entry.id,
        "previous": entry.previous,
        "hash": entry.hash,
        "time": moment(body.time),
        "who": { "kind": body.who.kind.to_string(), "name": body.who.name },
        "verb": body.verb,
        "outcome": body.outcome.as_str(),
        "of": body.of,
        "service": body.service,
        "function": body.function,
        "alias": body.alias,
        "repository": body.repository,
        "tag": body.tag,
        "digestBefore": body.digest_before,
        "digestAfter": body.digest_after,
        "versionBefore": body.version_before,
        "versionAfter": body.version_after,
        "verdict": body.verdict,
        "rules": body.rules,
        "attestations": body.attestations,
        "commit": body.commit,
        "runUrl": body.run_url,
        "reason": body.reason,
        "ticket": body.ticket,
        "approvedBy": body.approved_by,
        "detail": body.detail,
        "facts": body.facts,
        "removedUpTo": body.anchor.as_ref().map(|anchor| json!({ "id": anchor.id, "hash": anchor.hash })),
        "canonical": String::from_utf8_lossy(&entry.canonical),
    })
}

/// Writes whether the chain holds.
///
/// # Errors
/// When `out` fails.
pub fn record_verify(out: &mut dyn Write, verified: &Verified) -> io::Result<()> {
    let report = &verified.report;
    let fault = |fault: &Fault| json!({ "kind": fault.kind.as_str(), "from": fault.from, "to": fault.to, "message": fault.says });
    super::document(
        out,
        &json!({
            "schema": "lambark.record-verify/v1",
            "ledger": verified.path,
            "holds": report.faults.is_empty(),
            "entries": report.entries,
            "first": report.first,
            "head": report.head.as_ref().map(|(id, hash)| json!({ "id": id, "hash": hash })),
            "removedUpTo": report.pruned_to,
            "expectedHead": verified.expected,
            "expectedHeadAt": report.expected_at,
            "faults": report.faults.iter().map(fault).collect::<Vec<Value>>(),
        }),
    )
}

/// Writes what went, or would go.
///
/// # Errors
/// When `out` fails.
pub fn record_prune(out: &mut dyn Write, pruned: &Pruned) -> io::Result<()> {
    let last = pruned.prunable.as_ref().map(|prunable| &prunable.last);
    super::document(
        out,
        &json!({
            "schema": "lambark.record-prune/v1",
            "planned": pruned.asked.plan,
            "before": moment(pruned.asked.before),
            "retentionDays": pruned.asked.retention_days,
            "entries": pruned.prunable.as_ref().map_or(0, |prunable| prunable.entries),
            "last": last.map(|last| json!({ "id": last.id, "hash": last.hash })),
            "recordedAs": pruned.entry.as_ref().map(|entry| entry.id),
        }),
    )
}
