//! Entries for people: a table, faults, what an import wrote.

use std::io::{self, Write};

use lambark_knowledge::{Fault, Origin};

use super::escape::plain;
use super::explain::unread;
use super::style::{self, BOLD, CODE, DIM};
use super::{Page, wrap};
use crate::operations::knowledge::Shelf;
use crate::operations::knowledge::import::Outcome as Imported;
use crate::operations::knowledge::lint::Outcome as Linted;
use crate::words::count;

/// Writes the table of all entries.
///
/// # Errors
/// When `out` fails.
pub fn table(out: &mut dyn Write, shelf: &Shelf, page: Page) -> io::Result<()> {
    unread(out, &shelf.unread)?;
    let entries = shelf.knowledge.entries();
    let ids = entries.iter().map(|entry| entry.id.chars().count()).max().unwrap_or(0);
    writeln!(out, "{BOLD}{:ids$}  gate        severity hits last used{BOLD:#}", "entry")?;
    for entry in entries {
        let (used, colour) = (shelf.usage.of(&entry.id), style::severity(entry.severity));
        writeln!(
            out,
            "{:ids$}  {:11} {colour}{:8}{colour:#} {:>4} {}",
            plain(&entry.id),
            entry.stage.to_string(),
            entry.severity.to_string(),
            used.hits,
            plain(used.last_used.as_deref().unwrap_or("never")),
        )?;
    }
    if page.quiet {
        Ok(())
    } else {
        writeln!(out, "\n`lambark knowledge show ENTRY` tells what one means and what helps.")
    }
}

/// Writes what is wrong with entries.
///
/// # Errors
/// When `out` fails.
pub fn faults(out: &mut dyn Write, outcome: &Linted, page: Page) -> io::Result<()> {
    for reason in &outcome.unread {
        writeln!(out, "{BOLD}{}{BOLD:#}", plain(reason))?;
    }
    for fault in &outcome.faults {
        let place = place(fault);
        let mark = if fault.overdue { "review" } else { "fault" };
        write!(out, "{BOLD}{place}{BOLD:#} {DIM}{mark}{DIM:#} ")?;
        wrap::write(out, &plain(&fault.message), place.chars().count() + mark.len() + 2, 4, page.width)?;
        writeln!(out)?;
    }
    let overdue = outcome.faults.iter().filter(|fault| fault.overdue).count();
    let faults = outcome.faults.len() - overdue + outcome.unread.len();
    writeln!(out, "{}: {}, {} to be looked at again", count(outcome.entries, "entry"), count(faults, "fault"), overdue)
}

fn place(fault: &Fault) -> String {
    match &fault.origin {
        Origin::BuiltIn => fault.id.clone(),
        Origin::File(file) => plain(file).into_owned(),
    }
}

/// Writes what an import wrote, or would write.
///
/// # Errors
/// When `out` fails.
pub fn imported(out: &mut dyn Write, outcome: &Imported, page: Page) -> io::Result<()> {
    for imported in &outcome.entries {
        let done = match (imported.unchanged, outcome.planned) {
            (true, _) => "unchanged",
            (false, true) => "would write",
            (false, false) => "wrote",
        };
        writeln!(out, "{done} {BOLD}{}{BOLD:#}", plain(&imported.path.display().to_string()))?;
        for pattern in &imported.entry.patterns {
            writeln!(out, "  {DIM}finds{DIM:#}  {}", plain(pattern))?;
        }
        if outcome.planned {
            imported.text.lines().try_for_each(|line| writeln!(out, "  {DIM}|{DIM:#} {}", plain(line)))?;
        }
    }
    let wrote = !outcome.planned && outcome.entries.iter().any(|imported| !imported.unchanged);
    if wrote && !page.quiet {
        writeln!(
            out,
            "\nRead it over, add a near miss under `misses:`, and see what is still missing:\n  {CODE}lambark knowledge lint{CODE:#}"
        )?;
    }
    Ok(())
}
