//! What a text means, for people who want to sleep: what it is, the command that settles it, the causes with what mends
//! each, and only then the words.

use std::io::{self, Write};

use lambark_knowledge::{Diagnosis, Entry, Explained, Ranked, Seen};

use super::escape::plain;
use super::style::{self, BOLD, CODE, DIM};
use super::{Page, markdown, wrap};
use crate::operations::explain::Log;
use crate::operations::knowledge::usage::Use;
use crate::words::count;

/// The column behind the labels.
const LABELLED: usize = 11;

/// Causes that are shown of a match that is not the first.
const MAX_SHORT_CAUSES: usize = 1;

/// Lines of the log that are told for or against a cause: one is enough to believe it.
const MAX_EVIDENCE: usize = 2;

/// Writes what a text or log means.
///
/// # Errors
/// When `out` fails.
pub fn log(out: &mut dyn Write, log: &Log, page: Page) -> io::Result<()> {
    let diagnosis = log.diagnosis();
    unread(out, &log.shelf.unread)?;
    if diagnosis.matches.is_empty() {
        return nothing(out, &diagnosis, page);
    }
    // Those that contradict each other are told side by side, in full.
    let whole = 1 + diagnosis.matches[0].contradicts.len();
    for (index, found) in diagnosis.matches.iter().enumerate() {
        if index > 0 {
            writeln!(out)?;
        }
        if index < whole || page.verbose { in_full(out, found, page)? } else { in_short(out, found, page)? }
    }
    let more = diagnosis.matches.len().saturating_sub(whole);
    if more > 0 && !page.verbose && !page.quiet {
        writeln!(out, "\n{DIM}{} told in short: --verbose tells all{DIM:#}", count(more, "other match"))?;
    }
    Ok(())
}

/// Writes files of entries that could not be read.
///
/// # Errors
/// When `out` fails.
pub(super) fn unread(out: &mut dyn Write, reasons: &[String]) -> io::Result<()> {
    reasons.iter().try_for_each(|reason| writeln!(out, "{DIM}not read: {}{DIM:#}", plain(reason)))
}

fn nothing(out: &mut dyn Write, diagnosis: &Diagnosis<'_>, page: Page) -> io::Result<()> {
    writeln!(out, "no known message in {}", count_lines(diagnosis.lines))?;
    signals(out, &diagnosis.signals, page)?;
    if page.quiet {
        return Ok(());
    }
    if let Some(image) = diagnosis.images.last() {
        writeln!(out, "\nlook at the image itself:\n  {CODE}lambark check {}{CODE:#}", plain(&image.name))?;
    }
    writeln!(
        out,
        "\nteach lambark this one: write down symptom, root cause and solution, with the error's own words in a code\n\
         block, and import it:\n  {CODE}lambark knowledge import RECORD.md{CODE:#}"
    )
}

fn count_lines(lines: u64) -> String {
    count(usize::try_from(lines).unwrap_or(usize::MAX), "line")
}

fn signals(out: &mut dyn Write, signals: &[Seen], page: Page) -> io::Result<()> {
    for seen in signals {
        label(out, "seen", &format!("{} (line {})", seen.signal.says, seen.line), page)?;
    }
    Ok(())
}

fn in_full(out: &mut dyn Write, found: &Explained<'_>, page: Page) -> io::Result<()> {
    head(out, found, page)?;
    whence(out, found, page)?;
    settle(out, &found.settle)?;
    causes(out, &found.causes, found.causes.len(), page)?;
    writeln!(out)?;
    meaning(out, found.entry, page)?;
    tail(out, found.entry, page)?;
    for other in &found.contradicts {
        let text = format!("`{}` claims something else ({}): both are told here", other.id, other.confidence);
        label(out, "however", &text, page)?;
    }
    also(out, found, page)
}

fn in_short(out: &mut dyn Write, found: &Explained<'_>, page: Page) -> io::Result<()> {
    head(out, found, page)?;
    causes(out, &found.causes, MAX_SHORT_CAUSES, page)?;
    writeln!(out, "  {DIM}more{DIM:#}     {CODE}lambark explain {}{CODE:#}", found.entry.id)
}

/// The title, and the line that matched.
fn head(out: &mut dyn Write, found: &Explained<'_>, page: Page) -> io::Result<()> {
    title(out, found.entry, page)?;
    let often = match (found.count, found.at_least) {
        (0 | 1, _) => String::new(),
        (times, false) => format!(" (and {} more)", times - 1),
        (times, true) => format!(" (at least {times} times)"),
    };
    if found.line > 0 {
        label(out, &format!("line {}", found.line), &format!("{}{often}", plain(&found.peeled.message)), page)?;
    }
    Ok(())
}

fn title(out: &mut dyn Write, entry: &Entry, page: Page) -> io::Result<()> {
    let colour = style::severity(entry.severity);
    write!(out, "{colour}{}{colour:#}: {BOLD}", entry.severity)?;
    wrap::write(out, &plain(&entry.title), entry.severity.to_string().len() + 2, 4, page.width)?;
    writeln!(out, "{BOLD:#}")
}

/// At which gate, and who passed the message on.
fn whence(out: &mut dyn Write, found: &Explained<'_>, page: Page) -> io::Result<()> {
    let peeled = &found.peeled;
    let mut told = vec![found.entry.stage.when().to_owned()];
    told.extend(peeled.operation.clone());
    told.extend(peeled.reason.clone().or_else(|| peeled.code.clone()));
    told.extend(peeled.status.as_ref().map(|status| format!("HTTP {status}")));
    if !peeled.via.is_empty() {
        told.push(format!("through {}", peeled.via.join(", ")));
    }
    told.extend(peeled.request.as_ref().map(|request| format!("request {request}")));
    label(out, "where", &plain(&told.join(" · ")), page)?;
    let of = [("image", &found.image), ("function", &found.function)];
    for (title, name) in of {
        if let Some(name) = name {
            label(out, title, &plain(name), page)?;
        }
    }
    Ok(())
}

fn settle(out: &mut dyn Write, commands: &[String]) -> io::Result<()> {
    if commands.is_empty() {
        return Ok(());
    }
    writeln!(out, "\n{BOLD}settle it{BOLD:#}")?;
    commands.iter().try_for_each(|command| writeln!(out, "  {CODE}{}{CODE:#}", plain(command)))
}

fn causes(out: &mut dyn Write, causes: &[Ranked<'_>], most: usize, page: Page) -> io::Result<()> {
    let whole = most > MAX_SHORT_CAUSES || causes.len() <= most;
    if whole && !causes.is_empty() {
        let title = if causes.len() > 1 { "causes, likeliest first" } else { "cause" };
        writeln!(out, "\n{BOLD}{title}{BOLD:#}")?;
    }
    for (index, ranked) in causes.iter().take(most).enumerate() {
        let cause = ranked.cause;
        write!(out, "  {DIM}{}{DIM:#} ", index + 1)?;
        let text = format!("**{}.** {}", plain(&cause.lead), plain(&cause.detail));
        markdown::inline(out, text.trim_end(), 4, page.width)?;
        for seen in ranked.evidence.iter().take(MAX_EVIDENCE) {
            evidence(out, "so it seems", seen, page)?;
        }
        for seen in ranked.doubt.iter().take(MAX_EVIDENCE) {
            evidence(out, "against it", seen, page)?;
        }
        for mend in &ranked.mend {
            write!(out, "    {DIM}mend:{DIM:#} ")?;
            markdown::inline(out, &plain(mend), 10, page.width)?;
        }
    }
    Ok(())
}

fn evidence(out: &mut dyn Write, title: &str, seen: &Seen, page: Page) -> io::Result<()> {
    write!(out, "    {DIM}{title}:{DIM:#} ")?;
    wrap::write(out, &format!("{} (line {})", seen.signal.says, seen.line), title.len() + 6, 6, page.width)?;
    writeln!(out)
}

fn meaning(out: &mut dyn Write, entry: &Entry, page: Page) -> io::Result<()> {
    markdown::page(out, &visible(&entry.meaning), page.width)?;
    if !entry.notes.is_empty() {
        writeln!(out)?;
        markdown::page(out, &visible(&entry.notes), page.width)?;
    }
    writeln!(out)
}

/// Text of several lines, each made safe to print.
fn visible(text: &str) -> String {
    text.lines().map(plain).collect::<Vec<_>>().join("\n")
}

/// How sure, how old, where from.
fn tail(out: &mut dyn Write, entry: &Entry, page: Page) -> io::Result<()> {
    let mut sure = entry.confidence.to_string();
    match (&entry.first_seen, &entry.last_seen) {
        (Some(first), Some(last)) if first != last => sure.push_str(&format!(", seen {first} to {last}")),
        (Some(seen), _) | (None, Some(seen)) => sure.push_str(&format!(", seen {seen}")),
        (None, None) => {}
    }
    label(out, "sure", &sure, page)?;
    if !entry.rules.is_empty() {
        label(out, "rules", &entry.rules.join(", "), page)?;
    }
    label(out, "sources", &plain(&entry.sources.join(", ")), page)?;
    label(out, "entry", &plain(&entry.id), page)
}

fn also(out: &mut dyn Write, found: &Explained<'_>, page: Page) -> io::Result<()> {
    for (entry, line) in &found.also {
        label(out, "also", &format!("{} (line {line}): `lambark explain {}`", plain(&entry.title), entry.id), page)?;
    }
    Ok(())
}

fn label(out: &mut dyn Write, label: &str, text: &str, page: Page) -> io::Result<()> {
    write!(out, "  {DIM}{label:8}{DIM:#} ")?;
    wrap::write(out, text, LABELLED.max(label.len() + 3), LABELLED, page.width)?;
    writeln!(out)
}

/// Writes an entry by itself, with what is known of its use.
///
/// # Errors
/// When `out` fails.
pub fn entry(out: &mut dyn Write, entry: &Entry, used: &Use, page: Page) -> io::Result<()> {
    let alone = lambark_knowledge::alone(entry);
    title(out, entry, page)?;
    label(out, "where", entry.stage.when(), page)?;
    if let Some(example) = entry.matches.first() {
        label(out, "reads", &plain(example), page)?;
    }
    settle(out, &alone.settle)?;
    causes(out, &alone.causes, alone.causes.len(), page)?;
    writeln!(out)?;
    meaning(out, entry, page)?;
    tail(out, entry, page)?;
    if let Some(last) = &used.last_used {
        label(out, "helped", &format!("{}, last on {last}", times(used.hits)), page)?;
    }
    Ok(())
}

fn times(hits: u64) -> String {
    if hits == 1 { "once".to_owned() } else { format!("{hits} times") }
}
