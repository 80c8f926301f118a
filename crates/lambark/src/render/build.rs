//! `build` for people: the builder, its commands, and what became of the image.

use std::io::{self, Write};

use lambark_rules::Needs;

use super::escape::plain;
use super::style::{self, CODE, DIM};
use super::{Page, fix, text, wrap};
use crate::operations::build::Outcome;
use crate::operations::build::planner::{Plan, Step};
use crate::operations::check::{Checked, Looked};

/// Writes the commands that would be run.
///
/// # Errors
/// When `out` fails.
pub fn plan(out: &mut dyn Write, what: &str, plan: &Plan) -> io::Result<()> {
    writeln!(out, "{} by {}\n", plain(what), plain(&plan.described))?;
    for step in steps(plan) {
        writeln!(out, "    {CODE}{}{CODE:#}", plain(&step))?;
    }
    writeln!(out, "\n  {DIM}result{DIM:#}   only planned: nothing was run")?;
    for note in &plan.notes {
        writeln!(out, "  {DIM}note{DIM:#}     {}", plain(note))?;
    }
    Ok(())
}

/// The commands, in order.
pub(super) fn steps(plan: &Plan) -> Vec<String> {
    let steps = std::iter::once(&plan.build).chain(&plan.save).chain(&plan.clean);
    steps.map(Step::command_line).collect()
}

/// Writes what was built and what became of it.
///
/// # Errors
/// When `out` fails.
pub fn outcome(out: &mut dyn Write, outcome: &Outcome, page: Page) -> io::Result<()> {
    let plan = &outcome.plan;
    let stages = outcome.stages.iter().map(|(stage, took)| format!("{} {:.1} s", stage.as_str(), took.as_secs_f64()));
    writeln!(out, "{DIM}built by{DIM:#} {} ({})", plain(&plan.described), stages.collect::<Vec<_>>().join(", "))?;
    for note in plan.notes.iter().filter(|_| !page.quiet) {
        write!(out, "{DIM}note{DIM:#}     ")?;
        wrap::write(out, &plain(note), 9, 9, page.width)?;
        writeln!(out)?;
    }
    if outcome.written {
        return fix::outcome(out, &outcome.repair, page);
    }
    // The advice of a check names the image, and this one has no name yet.
    text::image(out, &checked(outcome), Page { quiet: true, ..page })?;
    writeln!(out)?;
    fix::steps(out, &outcome.repair, page)?;
    if !page.quiet {
        let hint = style::HINT;
        writeln!(
            out,
            "\n{hint}help{hint:#}: nothing was written; --output writes it, to HOST/REPOSITORY:TAG or oci-archive:FILE"
        )?;
    }
    Ok(())
}

/// What was built, as `check` would see it.
fn checked(outcome: &Outcome) -> Checked {
    let repair = &outcome.repair.repair;
    let looked = Looked {
        name: repair.target.clone(),
        depth: Needs::Files,
        facts: repair.facts.clone(),
        judgement: repair.judgement.clone(),
    };
    Checked { image: outcome.repair.image.clone(), result: Ok(looked) }
}
