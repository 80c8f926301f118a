//! `rollback` for people.

use std::io::{self, Write};

use super::Page;
use super::deploy::{by_hand, plan};
use super::escape::plain;
use super::style::{DONE, ERROR};
use crate::operations::rollback::{End, Outcome, told};

/// Writes how it ended.
///
/// # Errors
/// When `out` fails.
pub fn end(out: &mut dyn Write, outcome: &Outcome, page: Page) -> io::Result<()> {
    let function = plain(&outcome.function);
    writeln!(out)?;
    match &outcome.end {
        End::Planned(calls) => plan(out, calls, page),
        End::Already => writeln!(out, "nothing to do: {function} runs it already"),
        End::Done => writeln!(out, "{DONE}rolled back{DONE:#}: {function} runs {}", told(outcome)),
        End::Unwell(reason) => {
            writeln!(out, "{DONE}rolled back{DONE:#}: {function} runs {}", told(outcome))?;
            writeln!(out, "{ERROR}and a test failed{ERROR:#}: {}", plain(&reason.to_string()))
        }
        End::Failed(reason, commands) => {
            writeln!(out, "{ERROR}NOT rolled back{ERROR:#}: {}", plain(&reason.to_string()))?;
            if let Some(meaning) = &reason.meaning {
                writeln!(out, "{}", plain(meaning))?;
            }
            by_hand(out, commands)
        }
        End::Overtaken => {
            writeln!(out, "{ERROR}not rolled back{ERROR:#}: {function} was changed since it was read; look again")
        }
    }
}
