//! `status` for people.

use std::io::{self, Write};
use std::time::Duration;

use lambark_rules::Severity;

use super::Page;
use super::escape::plain;
use super::story::{label, lines};
use super::style::{BOLD, DONE, ERROR, HINT, verdict};
use crate::operations::deployment::back::short;
use crate::operations::deployment::presence::Presence;
use crate::operations::deployment::{Unfinished, Version};
use crate::operations::status::{Image, Outcome};
use crate::words::shell;

/// Writes what there is.
///
/// # Errors
/// When `out` fails.
pub fn outcome(out: &mut dyn Write, outcome: &Outcome, page: Page) -> io::Result<()> {
    label(out, BOLD, "function")?;
    lines(out, &[plain(&outcome.arn).into_owned(), plain(&outcome.state).into_owned()], page)?;
    for reason in &outcome.wrong {
        label(out, ERROR, "wrong")?;
        let meaning = reason.meaning.as_deref().map(|meaning| plain(meaning).into_owned());
        let told: Vec<String> = [plain(&reason.to_string()).into_owned()].into_iter().chain(meaning).collect();
        lines(out, &told, page)?;
    }
    label(out, if outcome.alias_missing { ERROR } else { BOLD }, "traffic")?;
    let traffic = if outcome.alias_missing { "the alias does not exist" } else { outcome.traffic.as_str() };
    lines(out, &[plain(traffic).into_owned(), format!("$LATEST has {}", short(outcome.latest.as_ref()))], page)?;
    if let Some(it) = &outcome.image {
        image(out, it, page)?;
    }
    if let Some(left) = &outcome.unfinished {
        unfinished(out, left, outcome, page)?;
    }
    let told: Vec<String> = outcome.versions.iter().map(version).collect();
    if !told.is_empty() {
        label(out, BOLD, "versions")?;
        lines(out, &told, page)?;
    }
    Ok(())
}

/// Writes why nobody goes on watching.
///
/// # Errors
/// When `out` fails.
pub fn left_behind(out: &mut dyn Write, still: Duration, page: Page) -> io::Result<()> {
    let told = format!(
        "the share has not changed for {}: its canary broke off, or waits longer than that (--still)",
        humantime::format_duration(still)
    );
    label(out, HINT, "half-done")?;
    lines(out, &[told], page)
}

fn image(out: &mut dyn Write, image: &Image, page: Page) -> io::Result<()> {
    let (style, there) = match &image.presence {
        Presence::There => (DONE, "it can be pulled".to_owned()),
        Presence::Gone(reason) => (ERROR, format!("GONE: {}", plain(reason))),
        Presence::NotLooked(reason) => (HINT, format!("not looked whether it is there: {}", plain(reason))),
    };
    let (style, looked) = match &image.verdict {
        Ok(told) => (verdict(*told), format!("verdict {told}")),
        Err(reason) => (style, format!("no verdict: {}", plain(reason))),
    };
    label(out, style, "image")?;
    let mut told = vec![plain(&image.reference.to_string()).into_owned(), format!("{there}; {looked}")];
    let errors = image.found.iter().filter(|it| it.severity == Severity::Error || page.verbose);
    told.extend(errors.map(|it| format!("{}[{}]: {}", it.severity, it.rule, plain(&it.message))));
    lines(out, &told, page)
}

fn unfinished(out: &mut dyn Write, left: &Unfinished, outcome: &Outcome, page: Page) -> io::Result<()> {
    let mut told = super::deploy::told_unfinished(left);
    let alias = outcome.traffic.split(' ').next().filter(|word| !word.starts_with('$'));
    let alias = alias.map_or_else(String::new, |alias| format!(" --alias {}", shell(alias)));
    let function = shell(&outcome.function);
    told.push(format!(
        "finish: the same `lambark deploy` again; undo: `lambark rollback --function {function}{alias}`"
    ));
    label(out, HINT, "half-done")?;
    lines(out, &told, page)
}

fn version(version: &Version) -> String {
    let digest = short(version.digest.as_ref());
    let made = version.made.as_deref().map_or_else(String::new, |made| format!("  {}", plain(made)));
    let note = version.note.as_ref().map_or_else(String::new, |note| {
        let from = note.from.as_ref().map(|from| format!("in place of {}", short(Some(from))));
        let told: Vec<String> = from.into_iter().chain(note.who()).collect();
        if told.is_empty() { String::new() } else { format!("  {}", plain(&told.join(", "))) }
    });
    format!("{:<4} {digest}{made}{note}", version.number)
}
