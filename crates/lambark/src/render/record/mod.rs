//! The ledger for people.

mod csv;
mod incident;
mod markdown;

use std::io::{self, Write};

use lambark_ledger::{Entry, Fault};

use super::escape::plain;
use super::style::{self, BOLD, CODE, DIM};
use super::{Page, wrap};
use crate::operations::record::{List, Pruned, Verified};
use crate::words::{count, moment};

pub use csv::csv;
pub use incident::incident;
pub use markdown::page as markdown;

/// Faults that are written out; a chain that was torn apart has thousands, which say no more.
const MAX_FAULTS: usize = 20;

/// Writes the table of entries.
///
/// # Errors
/// When `out` fails.
pub fn list(out: &mut dyn Write, list: &List, page: Page) -> io::Result<()> {
    let entries = &list.listing.entries;
    let verbs = entries.iter().map(|entry| entry.body.verb.chars().count()).max().unwrap_or(0).max(4);
    let names = entries.iter().map(|entry| plain(&subject(entry)).chars().count()).max().unwrap_or(0).max(4);
    if !entries.is_empty() {
        writeln!(
            out,
            "{BOLD}entry  time                  {:verbs$}  outcome          {:names$}  who{BOLD:#}",
            "verb", "what"
        )?;
    }
    for entry in entries {
        let (body, colour) = (&entry.body, style::outcome(entry.body.outcome));
        writeln!(
            out,
            "{:>5}  {}  {:verbs$}  {colour}{:15}{colour:#}  {:names$}  {}",
            entry.id,
            seconds(body.time),
            plain(&body.verb),
            body.outcome.as_str(),
            plain(&subject(entry)),
            plain(&body.who.name),
        )?;
    }
    for damage in &list.listing.damaged {
        writeln!(out, "{BOLD}entry {}{BOLD:#} {}", damage.id, plain(&damage.reason))?;
    }
    write!(out, "{}", count(entries.len(), "entry"))?;
    if list.reads > 0 {
        write!(out, "; {} of reading left out (--with-reads shows them)", count(list.reads, "entry"))?;
    }
    writeln!(out)?;
    match &list.head {
        Some(head) if !page.quiet => writeln!(out, "{DIM}head {} {}{DIM:#}", head.id, head.hash),
        _ => Ok(()),
    }
}

/// What an entry is about: a function and its alias, or else an image.
pub(super) fn subject(entry: &Entry) -> String {
    let body = &entry.body;
    let joined = |name: &Option<String>, detail: &Option<String>| match (name, detail) {
        (Some(name), Some(detail)) => Some(format!("{name}:{detail}")),
        (Some(name), None) => Some(name.clone()),
        (None, _) => None,
    };
    joined(&body.function, &body.alias)
        .or_else(|| joined(&body.repository, &body.tag))
        .or_else(|| body.service.clone())
        .or_else(|| body.of.map(|id| format!("entry {id}")))
        .unwrap_or_else(|| "-".to_owned())
}

/// A time without its milliseconds.
fn seconds(time: u64) -> String {
    moment(time - time % 1000).replace(".000", "")
}

/// Writes one entry, field by field.
///
/// # Errors
/// When `out` fails.
pub fn entry(out: &mut dyn Write, entry: &Entry, page: Page) -> io::Result<()> {
    for (name, value) in fields(entry) {
        write!(out, "{DIM}{name:15}{DIM:#} ")?;
        wrap::write(out, &plain(&value), 16, 16, page.width)?;
        writeln!(out)?;
    }
    Ok(())
}

/// The fields of an entry that are there, by name. The names are those of the CSV.
pub(super) fn fields(entry: &Entry) -> Vec<(String, String)> {
    let body = &entry.body;
    let digest = |digest: &Option<lambark_oci::Digest>| digest.as_ref().map(ToString::to_string);
    let list: Vec<&str> = body.attestations.iter().map(lambark_oci::Digest::as_str).collect();
    let fields = [
        ("entry", Some(entry.id.to_string())),
        ("time", Some(moment(body.time))),
        ("who", Some(format!("{} (by {})", body.who.name, whose_word(entry)))),
        ("verb", Some(body.verb.clone())),
        ("outcome", Some(body.outcome.to_string())),
        ("of entry", body.of.map(|id| id.to_string())),
        ("service", body.service.clone()),
        ("function", body.function.clone()),
        ("alias", body.alias.clone()),
        ("repository", body.repository.clone()),
        ("tag", body.tag.clone()),
        ("digest before", digest(&body.digest_before)),
        ("digest after", digest(&body.digest_after)),
        ("version before", body.version_before.clone()),
        ("version after", body.version_after.clone()),
        ("verdict", body.verdict.clone()),
        ("rules of", body.rules.as_ref().map(|rules| format!("lambark {rules}"))),
        ("attestations", Some(list.join(" ")).filter(|list| !list.is_empty())),
        ("commit", body.commit.clone()),
        ("run", body.run_url.clone()),
        ("reason", body.reason.clone()),
        ("ticket", body.ticket.clone()),
        ("approved by", body.approved_by.clone()),
        ("detail", body.detail.clone()),
        ("removed up to", body.anchor.as_ref().map(|anchor| format!("entry {}, {}", anchor.id, anchor.hash))),
    ];
    let mut shown: Vec<(String, String)> =
        fields.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect();
    // Their names are anybody's: none should look like a field.
    shown.extend(body.facts.iter().map(|(name, fact)| (format!("fact {name}"), fact.clone())));
    shown.push(("entry before".to_owned(), entry.previous.to_string()));
    shown.push(("hash".to_owned(), entry.hash.to_string()));
    shown
}

/// Who says who it was.
pub(super) fn whose_word(entry: &Entry) -> &'static str {
    use lambark_ledger::WhoKind;
    match entry.body.who.kind {
        WhoKind::Sts => "AWS STS",
        WhoKind::Github => "the environment of GitHub Actions",
        WhoKind::Gitlab => "the environment of GitLab CI",
        WhoKind::Codebuild => "the environment of CodeBuild",
        WhoKind::Local => "the machine's environment",
    }
}

/// Writes whether the chain holds.
///
/// # Errors
/// When `out` fails.
pub fn verified(out: &mut dyn Write, verified: &Verified, page: Page) -> io::Result<()> {
    let report = &verified.report;
    for fault in report.faults.iter().take(MAX_FAULTS) {
        let place = place(fault);
        write!(out, "{BOLD}{place}{BOLD:#}")?;
        wrap::write(out, &plain(&fault.says), place.chars().count(), 4, page.width)?;
        writeln!(out)?;
    }
    if report.faults.len() > MAX_FAULTS {
        writeln!(out, "… and {} more", report.faults.len() - MAX_FAULTS)?;
    }
    let state = if report.faults.is_empty() { "the chain holds" } else { "the chain does not hold" };
    writeln!(
        out,
        "{}: {}, {state}",
        plain(&verified.path),
        count(usize::try_from(report.entries).unwrap_or(usize::MAX), "entry")
    )?;
    if let Some(id) = report.pruned_to {
        writeln!(out, "entries up to {id} were removed because they were old enough, which an entry tells")?;
    }
    if let Some(id) = report.expected_at {
        writeln!(out, "the hash that was given is that of entry {id}")?;
    }
    if let Some((id, hash)) = &report.head {
        writeln!(out, "{DIM}head {id} {}{DIM:#}", plain(hash))?;
    }
    if verified.expected.is_none() && !page.quiet {
        writeln!(
            out,
            "\nThat nothing was cut off the end only a hash of the head can tell that was noted elsewhere:\n  {CODE}lambark record verify --head HASH{CODE:#}"
        )?;
    }
    Ok(())
}

fn place(fault: &Fault) -> String {
    match (fault.from, fault.to) {
        (Some(from), Some(to)) if from != to => format!("entries {from} to {to} "),
        (Some(from), _) => format!("entry {from} "),
        (None, _) => String::new(),
    }
}

/// Writes what went, or would go.
///
/// # Errors
/// When `out` fails.
pub fn pruned(out: &mut dyn Write, pruned: &Pruned) -> io::Result<()> {
    let before = seconds(pruned.asked.before);
    let Some(prunable) = &pruned.prunable else {
        return writeln!(out, "no entry is older than {before}: nothing to remove");
    };
    let (number, last) = (usize::try_from(prunable.entries).unwrap_or(usize::MAX), &prunable.last);
    let done = if pruned.asked.plan { "would remove" } else { "removed" };
    writeln!(out, "{done} {} older than {before}, up to entry {}", count(number, "entry"), last.id)?;
    match &pruned.entry {
        Some(entry) => writeln!(out, "entry {} tells of it and holds the hash {}", entry.id, last.hash),
        None => Ok(()),
    }
}

/// Writes that a reading could not be recorded.
///
/// # Errors
/// When `out` fails.
pub fn unrecorded(out: &mut dyn Write, error: &lambark_ledger::Error) -> io::Result<()> {
    let colour = style::severity(lambark_rules::Severity::Warning);
    writeln!(out, "{colour}warning{colour:#}: that this was read could not be recorded: {}", plain(&error.to_string()))
}

/// Writes that how something ended could not be recorded.
///
/// # Errors
/// When `out` fails.
pub fn end_unrecorded(out: &mut dyn Write, error: &lambark_ledger::Error) -> io::Result<()> {
    let colour = style::severity(lambark_rules::Severity::Warning);
    writeln!(out, "{colour}warning{colour:#}: how this ended could not be recorded: {}", plain(&error.to_string()))
}

/// Writes the last entry of a run: whoever notes its hash elsewhere can tell later whether it is still there.
///
/// # Errors
/// When `out` fails.
pub fn head(out: &mut dyn Write, head: Option<&str>, page: Page) -> io::Result<()> {
    match head {
        Some(head) if !page.quiet => writeln!(out, "{DIM}ledger:{DIM:#} head {}", plain(head)),
        _ => Ok(()),
    }
}
