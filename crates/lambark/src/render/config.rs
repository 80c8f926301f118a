//! `config` for people.

use std::io::{self, Write};

use super::escape::plain;
use super::style::{BOLD, DIM, DONE, ERROR};
use super::{Page, wrap};
use crate::operations::settings::Outcome;
use crate::words::count;

/// Writes what is wrong and what is lacking.
///
/// # Errors
/// When `out` fails.
pub fn check(out: &mut dyn Write, outcome: &Outcome, page: Page) -> io::Result<()> {
    let file = outcome.file.as_ref().map_or_else(|| "lambark.toml".to_owned(), |file| file.display().to_string());
    let services = count(outcome.config.service.len(), "service");
    let (style, word) = if outcome.exit_code() == 0 { (DONE, "fine") } else { (ERROR, "wrong") };
    writeln!(out, "{style}{word}{style:#}: {}, {services}", plain(&file))?;
    for remark in &outcome.remarks {
        let (style, word) = if remark.wrong { (ERROR, "error") } else { (DIM, "note") };
        write!(out, "  {style}{word:5}{style:#} {BOLD}{}{BOLD:#}: ", plain(&remark.service))?;
        wrap::write(out, &plain(&remark.text), 10 + remark.service.chars().count(), 8, page.width)?;
        writeln!(out)?;
    }
    Ok(())
}

/// Writes what the file says, as TOML.
///
/// # Errors
/// When `out` fails.
pub fn show(out: &mut dyn Write, outcome: &Outcome) -> io::Result<()> {
    let text = toml::to_string_pretty(&outcome.config).map_err(io::Error::other)?;
    write!(out, "{}", text.trim_start())
}
