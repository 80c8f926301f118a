//! `fix` for people: what it was, what was done, what it cost, and the way back.

use std::io::{self, Write};

use lambark_registry::Traffic;

use super::escape::plain;
use super::style::{self, BOLD, CODE, DIM};
use super::{Page, describe, text, wrap};
use crate::operations::advice::update_command;
use crate::operations::fix::{Outcome, Undone};
use crate::words::{bytes, count};

/// The column behind the labels.
const LABELLED: usize = 11;

/// Writes what was done; the last line tells what it cost.
///
/// # Errors
/// When `out` fails.
pub fn outcome(out: &mut dyn Write, outcome: &Outcome, page: Page) -> io::Result<()> {
    let repair = &outcome.repair;
    let name = plain(&outcome.image);
    write!(out, "{BOLD}{name}{BOLD:#} → ")?;
    let what = describe::top_with_digest(&repair.facts);
    wrap::write(out, &plain(&what), name.chars().count() + 3, 4, page.width)?;
    writeln!(out, "\n")?;
    steps(out, outcome, page)?;
    text::remembered(out, &repair.facts, LABELLED, page)?;
    result(out, outcome, page)?;
    left(out, outcome, page)?;
    if !page.quiet {
        advise(out, outcome)?;
    }
    let written = outcome.repair.applied.as_ref().map(|applied| applied.blob_bytes);
    cost(out, &outcome.traffic, written)
}

pub(super) fn steps(out: &mut dyn Write, outcome: &Outcome, page: Page) -> io::Result<()> {
    let mut title = match &outcome.repair.applied {
        Some(applied) if applied.was_there => return Ok(()),
        Some(_) => "did",
        None => "plan",
    };
    for step in outcome.repair.plan.steps() {
        write!(out, "  {DIM}{title:8}{DIM:#} ")?;
        wrap::write(out, &plain(&step), 11, 11, page.width)?;
        writeln!(out)?;
        title = "";
    }
    Ok(())
}

fn result(out: &mut dyn Write, outcome: &Outcome, page: Page) -> io::Result<()> {
    let target = outcome.repair.target.to_string();
    let Some(applied) = &outcome.repair.applied else {
        let why =
            if outcome.repair.plan.changes_nothing() { "nothing to mend" } else { "only planned: nothing was changed" };
        return writeln!(out, "  {DIM}result{DIM:#}   {why}");
    };
    let green = style::DONE;
    let (target, image) = (plain(&target), &applied.image);
    write!(out, "  {DIM}result{DIM:#}   {green}{target}{green:#} → ")?;
    let already = if applied.was_there { ", which stood there already" } else { "" };
    let what = format!("{}, {}{already}", image.media_type().describe(), image.digest());
    wrap::write(out, &what, 11 + target.chars().count() + 3, 11, page.width)?;
    writeln!(out)?;
    for (old, new) in &applied.encoded {
        writeln!(out, "  {DIM}layer{DIM:#}    {} → {} ({})", old.short(), new.digest, bytes(new.size))?;
    }
    if applied.reused > 0 {
        writeln!(out, "  {DIM}reused{DIM:#}   {} encoded before", count(applied.reused, "layer"))?;
    }
    for referrer in &applied.referrers {
        writeln!(out, "  {DIM}referrer{DIM:#} {referrer}")?;
    }
    Ok(())
}

/// Errors that a repair cannot mend.
fn left(out: &mut dyn Write, outcome: &Outcome, page: Page) -> io::Result<()> {
    for finding in outcome.left() {
        let colour = style::severity(finding.severity);
        let title = format!("{}[{}]", finding.severity, finding.rule);
        write!(out, "\n{colour}{title}{colour:#}: ")?;
        wrap::write(out, &plain(&finding.message), title.len() + 2, 4, page.width)?;
        writeln!(out)?;
        if let Some(fix) = &finding.fix {
            write!(out, "   {DIM}={DIM:#} help: ")?;
            wrap::write(out, &plain(&fix.summary), 11, 11, page.width)?;
            writeln!(out)?;
        }
    }
    Ok(())
}

fn advise(out: &mut dyn Write, outcome: &Outcome) -> io::Result<()> {
    let hint = style::HINT;
    if let (Some(reference), Some(_)) = (outcome.repair.deployable(), &outcome.repair.applied) {
        writeln!(out, "\n{hint}help{hint:#}: deploy it by its digest\n")?;
        for line in update_command(&reference) {
            writeln!(out, "    {CODE}{line}{CODE:#}")?;
        }
    }
    if let Some(command) = outcome.undo_command() {
        writeln!(out, "\n{hint}help{hint:#}: take it back\n\n    {CODE}{}{CODE:#}", plain(&command))?;
    }
    Ok(())
}

fn cost(out: &mut dyn Write, traffic: &Traffic, blobs: Option<u64>) -> io::Result<()> {
    let requests = usize::try_from(traffic.requests).unwrap_or(usize::MAX);
    let (received, sent) = (bytes(traffic.bytes_received), bytes(traffic.bytes_sent));
    let written = blobs.map(|blobs| format!(", {} of blobs written", bytes(blobs))).unwrap_or_default();
    writeln!(out, "\n{}, {received} received, {sent} sent{written}", count(requests, "request"))
}

/// Writes what an undo brought back.
///
/// # Errors
/// When `out` fails.
pub fn undone(out: &mut dyn Write, undone: &Undone) -> io::Result<()> {
    let (name, green) = (undone.name.to_string(), style::DONE);
    let what = undone.restored.media_type().describe();
    writeln!(out, "{green}{}{green:#} → {what}, {} again", plain(&name), undone.restored.digest())?;
    cost(out, &undone.traffic, None)
}
