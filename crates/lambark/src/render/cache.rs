//! `cache` for people.

use std::io::{self, Write};
use std::time::{Duration, SystemTime};

use super::escape::plain;
use super::style::DIM;
use crate::operations::cache::{Listing, Pruned};
use crate::words::{bytes, count};

/// Writes what is kept, a line each, and the sum.
///
/// # Errors
/// When `out` fails.
pub fn list(out: &mut dyn Write, listing: &Listing) -> io::Result<()> {
    let now = SystemTime::now();
    for entry in &listing.entries {
        let name = entry.layer.as_ref().map_or_else(|| "laid flat".to_owned(), |digest| digest.short().to_string());
        let age = now.duration_since(entry.last_used).unwrap_or_default();
        writeln!(out, "{name:21} {:>10}  {:>7}  {DIM}used {}{DIM:#}", bytes(entry.bytes), entry.entries, ago(age))?;
    }
    let total = listing.entries.iter().map(|entry| entry.bytes).sum();
    let place = listing.directory.display().to_string();
    writeln!(out, "{}, {} in {}", count(listing.entries.len(), "entry"), bytes(total), plain(&place))?;
    for kept in &listing.builds {
        let age = now.duration_since(kept.last_used).unwrap_or_default();
        let place = kept.path.display().to_string();
        writeln!(
            out,
            "a build's layers {:>15}  {DIM}used {} in {}{DIM:#}",
            bytes(kept.bytes),
            ago(age),
            plain(&place)
        )?;
    }
    if let Some(last_used) = listing.known.last_used {
        let age = now.duration_since(last_used).unwrap_or_default();
        let of = count(listing.known.layers, "layer");
        writeln!(out, "the files of {of}, {}  {DIM}used {}{DIM:#}", bytes(listing.known.bytes), ago(age))?;
    }
    Ok(())
}

/// Writes what was removed and what is left.
///
/// # Errors
/// When `out` fails.
pub fn pruned(out: &mut dyn Write, pruned: &Pruned) -> io::Result<()> {
    let entries = usize::try_from(pruned.entries).unwrap_or(usize::MAX);
    let (removed, left) = (bytes(pruned.bytes), bytes(pruned.left));
    writeln!(out, "removed {}, {removed}; {left} left", count(entries, "entry"))
}

fn ago(age: Duration) -> String {
    let seconds = age.as_secs();
    let (number, unit) = match seconds {
        0..60 => return "just now".to_owned(),
        60..3600 => (seconds / 60, "minute"),
        3600..86_400 => (seconds / 3600, "hour"),
        _ => (seconds / 86_400, "day"),
    };
    format!("{} ago", count(usize::try_from(number).unwrap_or(usize::MAX), unit))
}
