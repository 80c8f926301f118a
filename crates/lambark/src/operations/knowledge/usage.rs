//! How often an entry helped, and when last: kept in the user's state directory.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use lambark_knowledge::Date;
use serde::{Deserialize, Serialize};

/// Bytes that are read at most: ten thousand entries take less.
const MAX_BYTES: u64 = 1024 * 1024;

/// The use of all entries.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(transparent)]
pub struct Usage(BTreeMap<String, Use>);

/// The use of one entry.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Use {
    /// How often it matched.
    pub hits: u64,
    /// The day when it matched last, `YYYY-MM-DD`.
    pub last_used: Option<String>,
}

impl Usage {
    /// Reads what was kept. What cannot be read counts as nothing: numbers are no reason to fail.
    #[must_use]
    pub fn load(state: &Path) -> Usage {
        let read = || -> io::Result<Usage> {
            let mut text = String::new();
            fs::File::open(file(state))?.take(MAX_BYTES).read_to_string(&mut text)?;
            Ok(serde_json::from_str(&text)?)
        };
        read().unwrap_or_default()
    }

    /// Writes it beside the old one and puts it in its place, so that it is never half written.
    pub(super) fn save(&self, state: &Path) -> io::Result<()> {
        fs::create_dir_all(state)?;
        let new = state.join(format!("knowledge.{}.tmp", std::process::id()));
        fs::write(&new, serde_json::to_vec(self)?)?;
        fs::rename(&new, file(state))
    }

    /// The use of an entry.
    #[must_use]
    pub fn of(&self, id: &str) -> Use {
        self.0.get(id).cloned().unwrap_or_default()
    }

    pub(super) fn count(&mut self, id: &str, today: &Date) {
        let entry = self.0.entry(id.to_owned()).or_default();
        entry.hits = entry.hits.saturating_add(1);
        entry.last_used = Some(today.to_string());
    }

    /// Takes over what a record says of its use, unless more is known already.
    pub(super) fn adopt(&mut self, id: &str, hits: u64, last_used: Option<&Date>) {
        let entry = self.0.entry(id.to_owned()).or_default();
        entry.hits = entry.hits.max(hits);
        entry.last_used = entry.last_used.take().max(last_used.map(ToString::to_string));
    }
}

fn file(state: &Path) -> PathBuf {
    state.join("knowledge.json")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn hits_are_counted_and_kept() {
        let state = tempfile::tempdir().unwrap();
        let mut usage = Usage::load(state.path());
        assert_eq!(usage.of("a"), Use::default());
        usage.adopt("a", 7, Date::parse("2026-02-17").as_ref());
        usage.count("a", &Date::parse("2026-11-22").unwrap());
        usage.save(state.path()).unwrap();
        let kept = Usage::load(state.path()).of("a");
        assert_eq!((kept.hits, kept.last_used.as_deref()), (8, Some("2026-11-22")));
    }

    #[test]
    fn what_cannot_be_read_counts_as_nothing() {
        let state = tempfile::tempdir().unwrap();
        for text in ["", "{", "[]", "{\"a\": 1}", "\u{0}"] {
            fs::write(file(state.path()), text).unwrap();
            assert_eq!(Usage::load(state.path()).of("a"), Use::default(), "{text}");
        }
    }
}
