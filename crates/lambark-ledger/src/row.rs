//! An entry as it lies in its store, before anybody believes it.

use lambark_oci::Digest;

use crate::canonical;
use crate::entry::Entry;

/// An entry as it lies in its store.
pub(crate) struct Row {
    /// Its place; an artifact's lines have none but their order.
    pub(crate) place: Option<u64>,
    /// What should be its canonical form.
    pub(crate) canonical: Vec<u8>,
    /// The hash that was noted beside it; an artifact has none.
    pub(crate) hash: Option<String>,
    /// What a database repeats for its searches.
    pub(crate) columns: Option<Columns>,
}

/// What a database repeats of an entry, for its searches.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Columns {
    pub(crate) time: u64,
    pub(crate) verb: String,
    pub(crate) outcome: String,
    pub(crate) ends: Option<u64>,
    pub(crate) service: Option<String>,
    pub(crate) function: Option<String>,
    pub(crate) alias: Option<String>,
}

impl Columns {
    /// What has to stand beside `entry`.
    pub(crate) fn of(entry: &Entry) -> Columns {
        let body = &entry.body;
        Columns {
            time: body.time,
            verb: body.verb.clone(),
            outcome: body.outcome.as_str().to_owned(),
            ends: body.of.filter(|_| body.outcome.is_an_end()),
            service: body.service.clone(),
            function: body.function.clone(),
            alias: body.alias.clone(),
        }
    }
}

impl Row {
    /// The entry, if the bytes have their hash and are what an entry looks like.
    ///
    /// # Errors
    /// What is wrong, in words that follow "entry N".
    pub(crate) fn intact(&self) -> Result<Entry, String> {
        let computed = Digest::of(&self.canonical);
        if self.hash.as_ref().is_some_and(|noted| noted != computed.as_str()) {
            return Err("was changed: its bytes do not have the hash that was noted with them".to_owned());
        }
        canonical::read(&self.canonical)
    }

    /// The entry, if it also stands where it belongs and is found by what it says.
    ///
    /// # Errors
    /// What is wrong, in words that follow "entry N".
    pub(crate) fn entry(&self) -> Result<Entry, String> {
        let entry = self.intact()?;
        if self.place.is_some_and(|place| place != entry.id) {
            return Err(format!("says that it is entry {}", entry.id));
        }
        match &self.columns {
            Some(columns) if *columns != Columns::of(&entry) => Err(DIFFERENT.to_owned()),
            _ => Ok(entry),
        }
    }
}

/// What is wrong with an entry whose columns were changed.
pub(crate) const DIFFERENT: &str = "was changed: the columns that it is found by differ from what it says";
