//! `record`: the ledger, read. What is read is recorded too.

pub mod age;
mod export;
pub mod incident;
mod prune;

use lambark_ledger::{Entry, Error, Filter, Head, Ledger, Listing, Outcome, Report};
use lambark_oci::Digest;

use super::ledger::{Place, Settings};
use crate::exit;

pub use export::{Export, export};
pub use prune::{Prune, Pruned, prune};

/// A ledger that is open for a look.
struct Look<'a> {
    settings: &'a Settings,
    ledger: Ledger,
    /// Why nothing can be added to it.
    unwritable: Option<Error>,
}

/// What was read, and whether that it was read could be recorded.
#[derive(Debug)]
pub struct Read<T> {
    /// What was read.
    pub what: T,
    /// Why that could not be recorded: the disk is full, or the ledger may not be written.
    pub unrecorded: Option<Error>,
}

/// Entries, and what was left out of them.
#[derive(Debug)]
pub struct List {
    /// The entries.
    pub listing: Listing,
    /// How many entries of reading were left out.
    pub reads: usize,
    /// The head when they were read.
    pub head: Option<Head>,
}

/// Whether the chain holds.
#[derive(Debug)]
pub struct Verified {
    /// Where the ledger lies.
    pub path: String,
    /// What a look at every entry found.
    pub report: Report,
    /// The hash that some entry should have.
    pub expected: Option<Digest>,
}

impl Verified {
    /// The process's exit code.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        if self.report.faults.is_empty() { exit::FINE } else { exit::FINDINGS }
    }
}

impl<'a> Look<'a> {
    /// Opens a ledger that is there. Where it may not be written it is read all the same.
    fn open(settings: &'a Settings) -> Result<Look<'a>, Error> {
        if let Place::Database(path) = &settings.place
            && !path.exists()
        {
            // A look makes no ledger.
            let ledger = settings.open_read_only()?;
            return Ok(Look { settings, ledger, unwritable: None });
        }
        match settings.open() {
            Ok(ledger) => Ok(Look { settings, ledger, unwritable: None }),
            Err(error @ (Error::Unwritable { .. } | Error::Full { .. })) => {
                Ok(Look { settings, ledger: settings.open_read_only()?, unwritable: Some(error) })
            }
            Err(error) => Err(error),
        }
    }

    /// Records that `what` was read.
    fn read<T>(
        mut self,
        what: T,
        verb: &str,
        outcome: Outcome,
        of: Option<u64>,
        facts: &[(&str, String)],
    ) -> Result<Read<T>, Error> {
        if self.unwritable.is_some() {
            return Ok(Read { what, unrecorded: self.unwritable });
        }
        let mut draft = self.settings.draft(verb, outcome);
        draft.of = of;
        draft.facts = facts.iter().map(|(name, fact)| ((*name).to_owned(), fact.clone())).collect();
        match self.ledger.append(&draft) {
            Ok(_) => Ok(Read { what, unrecorded: None }),
            Err(error @ (Error::Unwritable { .. } | Error::Full { .. })) => Ok(Read { what, unrecorded: Some(error) }),
            Err(error) => Err(error),
        }
    }
}

/// Lists entries; those that tell of reading only if `reads` is asked.
///
/// # Errors
/// When the ledger cannot be read.
pub fn list(settings: &Settings, filter: &Filter, reads: bool) -> Result<Read<List>, Error> {
    let look = Look::open(settings)?;
    let head = look.ledger.head()?;
    // The limit counts what is shown.
    let mut listing = look.ledger.list(&Filter { limit: None, ..filter.clone() })?;
    let before = listing.entries.len();
    listing.entries.retain(|entry| reads || entry.body.outcome != Outcome::Read);
    let left_out = before - listing.entries.len();
    let too_many = listing.entries.len().saturating_sub(filter.limit.map_or(usize::MAX, |limit| limit as usize));
    listing.entries.drain(..too_many);
    let facts = [("entries", listing.entries.len().to_string()), ("filter", in_words(filter))];
    let list = List { listing, reads: left_out, head };
    look.read(list, "record list", Outcome::Read, None, &facts)
}

/// One entry.
///
/// # Errors
/// When the ledger cannot be read, has no such entry, or the entry was changed.
pub fn show(settings: &Settings, id: u64) -> Result<Read<Entry>, Error> {
    let look = Look::open(settings)?;
    let entry = look.ledger.show(id)?;
    look.read(entry, "record show", Outcome::Read, Some(id), &[])
}

/// Looks at every entry. Nothing of them is told, so that this is no reading that would be recorded.
///
/// # Errors
/// When the ledger cannot be read at all.
pub fn verify(settings: &Settings, expected: Option<Digest>) -> Result<Verified, Error> {
    let ledger = settings.open_read_only()?;
    let report = ledger.verify(expected.as_ref())?;
    Ok(Verified { path: ledger.path().display().to_string(), report, expected })
}

/// What was asked for.
fn in_words(filter: &Filter) -> String {
    let text = |name: &str, text: &Option<String>| text.as_ref().map(|text| format!("{name} {text}"));
    let time = |name: &str, time: Option<u64>| time.map(|time| format!("{name} {}", crate::words::moment(time)));
    let parts = [
        time("since", filter.since),
        time("until", filter.until),
        text("function", &filter.function),
        text("service", &filter.service),
        text("verb", &filter.verb),
        filter.limit.map(|limit| format!("the newest {limit}")),
    ];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    if parts.is_empty() { "all".to_owned() } else { parts.join(", ") }
}
