//! `lambark.cache-list/v1` and `lambark.cache-prune/v1`.

use std::io::{self, Write};
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

use crate::operations::build::layouts::Kept;
use crate::operations::cache::{Entry, Listing, Pruned};

/// Writes what is kept.
///
/// # Errors
/// When `out` fails.
pub fn cache_list(out: &mut dyn Write, listing: &Listing) -> io::Result<()> {
    let seconds = |time: SystemTime| time.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let entry = |entry: &Entry| {
        let used = seconds(entry.last_used);
        json!({ "layer": entry.layer, "bytes": entry.bytes, "entries": entry.entries, "lastUsed": used })
    };
    let build = |kept: &Kept| {
        let directory = kept.path.display().to_string();
        json!({ "directory": directory, "bytes": kept.bytes, "lastUsed": seconds(kept.last_used) })
    };
    let entries: Vec<Value> = listing.entries.iter().map(entry).collect();
    let directory = listing.directory.display().to_string();
    let builds: Vec<Value> = listing.builds.iter().map(build).collect();
    let known = json!({
        "layers": listing.known.layers,
        "bytes": listing.known.bytes,
        "lastUsed": listing.known.last_used.map(seconds),
    });
    super::document(
        out,
        &json!({
            "schema": "lambark.cache-list/v1",
            "directory": directory,
            "entries": entries,
            "builds": builds,
            "known": known,
        }),
    )
}

/// Writes what was removed and what is left.
///
/// # Errors
/// When `out` fails.
pub fn cache_pruned(out: &mut dyn Write, pruned: &Pruned) -> io::Result<()> {
    super::document(
        out,
        &json!({
            "schema": "lambark.cache-prune/v1",
            "removedEntries": pruned.entries,
            "removedBytes": pruned.bytes,
            "leftBytes": pruned.left,
        }),
    )
}
