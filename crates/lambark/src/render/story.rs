//! A story told while it happens: a label, and what belongs to it beside.

use std::io::{self, Write};

use super::{Page, wrap};

/// Where the text beside the labels begins.
const COLUMN: usize = 12;

/// Writes a label; what follows stands beside it.
pub(super) fn label(out: &mut dyn Write, style: anstyle::Style, text: &str) -> io::Result<()> {
    let room = COLUMN - 2 - text.len().min(COLUMN - 2);
    write!(out, "  {style}{text}{style:#}{:room$}", "")
}

/// Writes what belongs to a label, each line below the one before.
pub(super) fn lines(out: &mut dyn Write, lines: &[String], page: Page) -> io::Result<()> {
    for (number, line) in lines.iter().enumerate() {
        if number > 0 {
            write!(out, "{:COLUMN$}", "")?;
        }
        wrap::write(out, line, COLUMN, COLUMN, page.width)?;
        writeln!(out)?;
    }
    Ok(())
}
