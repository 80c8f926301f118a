//! `lint` in every format.

pub mod github;
pub mod junit;
pub mod sarif;
pub mod text;

use lambark_lint::{Finding, Position, Span};
use lambark_rules::Safety;

use crate::operations::lint::Outcome;

/// Line and column of both ends; the beginning of the file if it cannot be read any more.
pub(crate) fn ends(outcome: &Outcome, span: &Span) -> (Position, Position) {
    let first = Position { line: 1, column: 1 };
    outcome.source(span).map_or((first, first), |file| (file.position(span.start), file.position(span.end)))
}

/// How a remedy is told: who can do it, and what it is.
pub(super) fn remedy(finding: &Finding) -> Option<String> {
    let fix = finding.fix.as_ref()?;
    Some(match fix.safety {
        Safety::Safe => format!("{} (lambark lint --fix safe)", fix.summary),
        Safety::Unsafe => format!("{} (lambark lint --fix unsafe)", fix.summary),
        Safety::Manual => fix.summary.clone(),
    })
}

#[cfg(test)]
mod tests;
