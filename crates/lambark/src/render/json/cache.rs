//! `lambark.cache-list/v1` and `lambark.cache-prune/v1`.

use std::io::{self, Write};
use std::time::UNIX_EPOCH;

use lambark_sandbox::rootfs::{Entry, Pruned};
use serde_json::{Value, json};

use crate::operations::cache::Listing;

/// Writes the unpacked layers.
///
/// # Errors
/// When `out` fails.
pub fn cache_list(out: &mut dyn Write, listing: &Listing) -> io::Result<()> {
    let entry = |entry: &Entry| {
        let used = entry.last_used.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        json!({ "layer": entry.layer, "bytes": entry.bytes, "entries": entry.entries, "lastUsed": used })
    };
    let entries: Vec<Value> = listing.entries.iter().map(entry).collect();
    let directory = listing.directory.display().to_string();
    super::document(out, &json!({ "schema": "lambark.cache-list/v1", "directory": directory, "entries": entries }))
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
