//! `run` for people: the response, and what a failure means.

use std::io::{self, Write};

use lambark_sandbox::Outcome;

use super::escape::plain;
use super::style::{self, BOLD, DIM};
use super::wrap;
use crate::operations::run;

/// Writes a response as the function gave it, with a line end.
///
/// # Errors
/// When `out` fails.
pub fn response(out: &mut dyn Write, outcome: &Outcome) -> io::Result<()> {
    out.write_all(&outcome.payload)?;
    if outcome.payload.ends_with(b"\n") { Ok(()) } else { writeln!(out) }
}

/// Writes what the first failure means and what to do; nothing if all went well.
///
/// # Errors
/// When `out` fails.
pub fn explanation(out: &mut dyn Write, outcome: &run::Outcome, width: Option<usize>) -> io::Result<()> {
    let count = outcome.invocations.len();
    let failed: Vec<&Outcome> = outcome.invocations.iter().filter(|one| one.failure.is_some()).collect();
    for aftermath in outcome.invocations.iter().filter_map(|one| one.aftermath.as_ref()) {
        let yellow = style::severity(lambark_rules::Severity::Warning);
        let what = format!("after its answer the environment ended: {}", aftermath.message());
        write!(out, "\n{yellow}warning{yellow:#}: ")?;
        wrap::write(out, &plain(&what), 9, 9, width)?;
        writeln!(out)?;
    }
    fallback(out, outcome, width)?;
    let Some(failure) = failed.first().and_then(|one| one.failure.as_ref()) else { return Ok(()) };
    let red = style::ERROR;
    write!(out, "\n{red}error{red:#}: {BOLD}{}{BOLD:#}: ", plain(&failure.error_type()))?;
    let used = 9 + failure.error_type().chars().count();
    wrap::write(out, &plain(&failure.message()), used, 7, width)?;
    writeln!(out)?;
    if count > 1 {
        writeln!(out, "   {DIM}={DIM:#} {} of {count} invocations failed", failed.len())?;
    }
    let Some(advice) = &outcome.advice else { return Ok(()) };
    let lines = std::iter::once(("meaning", &advice.meaning)).chain(advice.help.iter().map(|line| ("help", line)));
    for (label, line) in lines {
        write!(out, "   {DIM}={DIM:#} {label}: ")?;
        wrap::write(out, &plain(line), 7 + label.len(), 7 + label.len(), width)?;
        writeln!(out)?;
    }
    Ok(())
}

/// Says that an engine was used, and why, unless it was asked for.
fn fallback(out: &mut dyn Write, outcome: &run::Outcome, width: Option<usize>) -> io::Result<()> {
    let Some((engine, (reason, advice))) =
        outcome.engine.as_ref().and_then(|by| Some((&by.engine, by.because.as_ref()?)))
    else {
        return Ok(());
    };
    write!(out, "\n{BOLD}note{BOLD:#}: ")?;
    wrap::write(out, &plain(&format!("it ran in a container of {engine}, for {reason}")), 6, 6, width)?;
    write!(out, "\n   {DIM}={DIM:#} help: ")?;
    wrap::write(out, &plain(advice), 11, 11, width)?;
    writeln!(out)
}

/// A function's log made safe for a terminal: line ends and tabs stay, every other hidden character is written out.
#[derive(Debug, Default)]
pub struct LogText {
    /// The beginning of a character whose other bytes have not come yet.
    cut: Vec<u8>,
}

impl LogText {
    /// What to show of the next piece.
    pub fn shown(&mut self, bytes: &[u8]) -> String {
        let mut all = std::mem::take(&mut self.cut);
        all.extend_from_slice(bytes);
        // A character has at most four bytes, so at most the last three may be the beginning of one.
        let end = match std::str::from_utf8(&all) {
            Err(error) if error.error_len().is_none() => error.valid_up_to(),
            _ => all.len(),
        };
        self.cut = all.split_off(end);
        // Python's runtime client parts the lines of a trace by carriage returns, so that they are one entry of the log.
        let text = String::from_utf8_lossy(&all).replace("\r\n", "\n").replace('\r', "\n");
        text.split_inclusive(['\n', '\t']).fold(String::new(), |mut shown, part| {
            let kept = part.strip_suffix(['\n', '\t']).unwrap_or(part);
            shown.push_str(&plain(kept));
            shown.push_str(&part[kept.len()..]);
            shown
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_terminal_sees_no_escapes_and_no_half_characters() {
        let mut text = LogText::default();
        assert_eq!(text.shown(b"a\tb\r\nc\x1b[2Jd\re\n"), "a\tb\nc\\u{1b}[2Jd\ne\n");
        assert_eq!(text.shown(&"é".as_bytes()[..1]), "");
        assert_eq!(text.shown(&"é".as_bytes()[1..]), "é");
        assert_eq!(text.shown(b"\xff."), "\u{fffd}.");
    }
}
