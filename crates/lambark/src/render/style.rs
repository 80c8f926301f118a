//! The few styles of terminal output. Whoever writes strips them where there is no colour.

use anstyle::{AnsiColor, Effects, Style};
use lambark_ledger::Outcome;
use lambark_rules::{GateVerdict, Severity, Verdict};

/// Names and headings.
pub const BOLD: Style = Style::new().effects(Effects::BOLD);
/// What is there for completeness.
pub const DIM: Style = Style::new().effects(Effects::DIMMED);
/// Words of others.
pub const ITALIC: Style = Style::new().effects(Effects::ITALIC);
/// Commands and code.
pub const CODE: Style = AnsiColor::Cyan.on_default();
const RED: Style = AnsiColor::Red.on_default().effects(Effects::BOLD);
const YELLOW: Style = AnsiColor::Yellow.on_default().effects(Effects::BOLD);
const GREEN: Style = AnsiColor::Green.on_default().effects(Effects::BOLD);
const BLUE: Style = AnsiColor::Blue.on_default().effects(Effects::BOLD);

/// An error's headline.
pub const ERROR: Style = RED;
/// What was done.
pub const DONE: Style = GREEN;
/// A hint's label.
pub const HINT: Style = BLUE;

/// A severity's colour.
#[must_use]
pub fn severity(severity: Severity) -> Style {
    match severity {
        Severity::Error => RED,
        Severity::Warning => YELLOW,
        Severity::Note => BLUE,
    }
}

/// A verdict's colour.
#[must_use]
pub fn verdict(verdict: Verdict) -> Style {
    match verdict {
        Verdict::Accepted => GREEN,
        Verdict::Rejected => RED,
        Verdict::Unknown => YELLOW,
        Verdict::Incomplete => BOLD,
    }
}

/// An outcome's colour.
#[must_use]
pub fn outcome(outcome: Outcome) -> Style {
    match outcome {
        Outcome::Succeeded => GREEN,
        Outcome::Failed | Outcome::NotRolledBack => RED,
        Outcome::RolledBack | Outcome::Abandoned => YELLOW,
        Outcome::Intended | Outcome::Pruned => BOLD,
        Outcome::Read | Outcome::Exported => DIM,
    }
}

/// A gate's colour.
#[must_use]
pub fn gate(verdict: GateVerdict) -> Style {
    match verdict {
        GateVerdict::Accepted => GREEN,
        GateVerdict::Rejected => RED,
        GateVerdict::Unknown => YELLOW,
        GateVerdict::NotLooked => DIM,
    }
}
