//! `doctor` for people: three lines, and more only if asked.

use std::io::{self, Write};

use super::escape::plain;
use super::style::{BOLD, CODE, DIM};
use super::{Page, explain, markdown, text, wrap};
use crate::operations::doctor::{Function, Outcome};

/// The column behind the labels.
const LABELLED: usize = 14;

/// Writes what was found.
///
/// # Errors
/// When `out` fails.
pub fn outcome(out: &mut dyn Write, outcome: &Outcome, page: Page) -> io::Result<()> {
    let lines = &outcome.lines;
    label(out, "cause")?;
    write!(out, "{BOLD}")?;
    wrap::write(out, &plain(&lines.cause), LABELLED, LABELLED, page.width)?;
    writeln!(out, "{BOLD:#}")?;
    label(out, "cure")?;
    match &lines.cure {
        // A command is never broken: it is there to be copied.
        Ok(commands) => commands_of(out, commands)?,
        Err(reason) => markdown::inline(out, &plain(reason), LABELLED, page.width)?,
    }
    label(out, "lasting mend")?;
    if lines.mend.is_empty() {
        writeln!(out, "none is known")?;
    }
    for (index, mend) in lines.mend.iter().enumerate() {
        if index > 0 {
            write!(out, "{:LABELLED$}", "")?;
        }
        if mend.starts_with("lambark ") && !mend.contains('`') {
            writeln!(out, "{CODE}{}{CODE:#}", plain(mend))?;
        } else {
            markdown::inline(out, &plain(mend), LABELLED, page.width)?;
        }
    }
    if page.verbose { details(out, outcome, page) } else { not_looked(out, outcome, page) }
}

fn label(out: &mut dyn Write, label: &str) -> io::Result<()> {
    let width = LABELLED - 1;
    write!(out, "{DIM}{label:width$}{DIM:#} ")
}

fn commands_of(out: &mut dyn Write, commands: &[String]) -> io::Result<()> {
    for (index, command) in commands.iter().enumerate() {
        if index > 0 {
            write!(out, "{:LABELLED$}", "")?;
        }
        writeln!(out, "{CODE}{}{CODE:#}", plain(command))?;
    }
    Ok(())
}

/// What could have told more.
fn not_looked(out: &mut dyn Write, outcome: &Outcome, page: Page) -> io::Result<()> {
    if page.quiet {
        return Ok(());
    }
    explain::unread(out, &outcome.log.shelf.unread)?;
    if let Some(Function { name, state: Err(reason) }) = &outcome.function {
        let name = plain(name);
        writeln!(out, "{DIM}function {name} not looked at: {}{DIM:#}", plain(reason))?;
    }
    if let Some(checked) = &outcome.image
        && let Err(failure) = &checked.result
        && outcome.lines.found
    {
        writeln!(out, "{DIM}image {}: {}{DIM:#}", plain(&checked.image), plain(&failure.to_string()))?;
    }
    Ok(())
}

fn details(out: &mut dyn Write, outcome: &Outcome, page: Page) -> io::Result<()> {
    if let Some(function) = &outcome.function {
        writeln!(out, "\n{BOLD}function {}{BOLD:#}", plain(&function.name))?;
        match &function.state {
            Ok(state) => state.lines().try_for_each(|line| writeln!(out, "  {}", plain(line)))?,
            Err(reason) => writeln!(out, "  not looked at: {}", plain(reason))?,
        }
    }
    if let Some(checked) = &outcome.image {
        writeln!(out)?;
        text::image(out, checked, page)?;
    }
    if !outcome.log.diagnosis().matches.is_empty() {
        writeln!(out)?;
        explain::log(out, &outcome.log, page)?;
    }
    Ok(())
}
