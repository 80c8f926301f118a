//! `lambark.fix/v1`, `lambark.push/v1`, `lambark.undo/v1` and `lambark.resolve/v1`.

use std::io::{self, Write};

use lambark_oci::RawDocument;
use lambark_registry::Traffic;
use serde_json::{Value, json};

use crate::operations::fix::{Outcome, Undone};
use crate::operations::{push, resolve};

/// Writes what a repair did.
///
/// # Errors
/// When `out` fails.
pub fn fix(out: &mut dyn Write, outcome: &Outcome) -> io::Result<()> {
    super::document(out, &repaired("lambark.fix/v1", outcome))
}

/// Writes what a push did.
///
/// # Errors
/// When `out` fails.
pub fn push(out: &mut dyn Write, outcome: &push::Outcome) -> io::Result<()> {
    let mut document = repaired("lambark.push/v1", &outcome.repair);
    document["createdRepository"] = outcome.created_repository.into();
    super::document(out, &document)
}

pub(super) fn repaired(schema: &str, outcome: &Outcome) -> Value {
    let repair = &outcome.repair;
    let applied = repair.applied.as_ref();
    let layers = applied.map(|applied| applied.encoded.iter());
    let layers: Vec<Value> = layers
        .into_iter()
        .flatten()
        .map(|(old, new)| json!({ "from": old, "to": new.digest, "size": new.size, "diffId": new.diff_id }))
        .collect();
    json!({
            "schema": schema,
            "image": outcome.image,
            "target": repair.target.to_string(),
            "before": repair.facts.top.known().ok().map(RawDocument::digest),
            "after": applied.map(|applied| applied.image.digest()),
            "applied": applied.is_some(),
            "alreadyThere": applied.is_some_and(|applied| applied.was_there),
            "nothingToMend": repair.plan.changes_nothing(),
            "steps": repair.plan.steps(),
            "layers": layers,
            "rememberedLayers": repair.facts.remembered(),
            "reusedLayers": applied.map_or(0, |applied| applied.reused),
            "blobBytesWritten": applied.map_or(0, |applied| applied.blob_bytes),
            "referrers": applied.map(|applied| &applied.referrers[..]).unwrap_or_default(),
            "left": outcome.left().map(|finding| finding.rule).collect::<Vec<_>>(),
            "deploy": repair.deployable().map(|reference| reference.to_string()),
            "undo": outcome.undo_command(),
            "traffic": traffic(&outcome.traffic),
    })
}

/// Writes what an undo brought back.
///
/// # Errors
/// When `out` fails.
pub fn undone(out: &mut dyn Write, undone: &Undone) -> io::Result<()> {
    super::document(
        out,
        &json!({
            "schema": "lambark.undo/v1",
            "image": undone.name.to_string(),
            "restored": undone.restored.digest(),
            "traffic": traffic(&undone.traffic),
        }),
    )
}

/// Writes what to deploy.
///
/// # Errors
/// When `out` fails.
pub fn resolve(out: &mut dyn Write, outcome: &resolve::Outcome) -> io::Result<()> {
    super::document(
        out,
        &json!({
            "schema": "lambark.resolve/v1",
            "image": outcome.image,
            "deploy": outcome.deployable.to_string(),
            "digest": outcome.digest,
            "platform": outcome.platform,
        }),
    )
}

fn traffic(traffic: &Traffic) -> Value {
    json!({
        "requests": traffic.requests,
        "manifestRequests": traffic.manifest_requests(),
        "bytesReceived": traffic.bytes_received,
        "bytesSent": traffic.bytes_sent,
        "blobBytesReceived": traffic.blob_bytes_received,
        "blobBytesSent": traffic.blob_bytes_sent,
    })
}
