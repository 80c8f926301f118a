//! `record export`: entries for somebody else.

use std::path::PathBuf;

use lambark_ledger::{Error, Filter, Outcome};

use super::age::Recipient;
use super::{List, Look, Read, in_words};
use crate::operations::ledger::Settings;

/// What is exported, for the entry that tells of it.
#[derive(Debug)]
pub struct Export {
    /// Which entries.
    pub filter: Filter,
    /// In which format.
    pub format: &'static str,
    /// Who may read it; everybody if nobody is named.
    pub encrypt_to: Vec<Recipient>,
    /// The file.
    pub output: Option<PathBuf>,
}

/// Every entry that is asked for, those of reading too, and an entry that this was exported.
///
/// # Errors
/// When the ledger cannot be read.
pub fn export(settings: &Settings, export: &Export) -> Result<Read<List>, Error> {
    let look = Look::open(settings)?;
    let (head, listing) = (look.ledger.head()?, look.ledger.list(&export.filter)?);
    let readers: Vec<&str> = export.encrypt_to.iter().map(Recipient::as_str).collect();
    let readers = if readers.is_empty() { "not encrypted".to_owned() } else { readers.join(" ") };
    let output = export.output.as_ref().map_or("standard output".to_owned(), |path| path.display().to_string());
    let facts = [
        ("entries", listing.entries.len().to_string()),
        ("filter", in_words(&export.filter)),
        ("format", export.format.to_owned()),
        ("encryption", readers),
        ("output", output),
    ];
    let list = List { listing, reads: 0, head };
    look.read(list, "record export", Outcome::Exported, None, &facts)
}
