//! All entries together, and the one automaton that searches for all of them at once.

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};

use crate::entry::{Entry, Origin};
use crate::pattern::{Pattern, PatternError};
use crate::places::{self, Kind};
use crate::signals::SIGNALS;
use crate::{article, built_in};

/// What a pattern is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    /// An entry, by its index.
    Entry(usize),
    /// A signal, by its index.
    Signal(usize),
    /// A place.
    Place(Kind),
}

/// Every entry, ready to search with.
#[derive(Debug)]
pub struct Knowledge {
    entries: Vec<Entry>,
    pub(crate) patterns: Vec<(Target, Pattern)>,
    pub(crate) automaton: AhoCorasick,
    /// For each needle of the automaton, the patterns that have it.
    pub(crate) patterns_of: Vec<Vec<usize>>,
}

/// Why entries cannot be searched with.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KnowledgeError {
    /// A pattern of an entry.
    #[error("entry `{id}`: {source}")]
    Pattern {
        /// The entry.
        id: String,
        /// What is wrong with it.
        source: PatternError,
    },
    /// More needles than an automaton can hold.
    #[error("there are too many patterns: {0}")]
    TooMany(String),
}

impl Knowledge {
    /// What lambark knows by itself.
    ///
    /// # Errors
    /// Never with the entries as they are: a test reads each of them.
    pub fn built_in() -> Result<Knowledge, KnowledgeError> {
        Knowledge::with(Vec::new())
    }

    /// The same with entries of the user's and of the repository; one with a known id takes that one's place.
    ///
    /// # Errors
    /// When a pattern cannot be used.
    pub fn with(more: Vec<Entry>) -> Result<Knowledge, KnowledgeError> {
        let mut entries: Vec<Entry> = Vec::new();
        let ours = built_in::ARTICLES.iter().filter_map(|text| article::read(text, Origin::BuiltIn).ok());
        for entry in ours.chain(more) {
            match entries.iter_mut().find(|known| known.id == entry.id) {
                Some(known) => *known = entry,
                None => entries.push(entry),
            }
        }
        Knowledge::of(entries)
    }

    /// Whether an entry's patterns can be searched with.
    ///
    /// # Errors
    /// When one cannot.
    pub fn accepts(entry: &Entry) -> Result<(), KnowledgeError> {
        entry.patterns.iter().try_for_each(|source| {
            let checked = checked(source, &entry.origin);
            checked.map(|_| ()).map_err(|source| KnowledgeError::Pattern { id: entry.id.clone(), source })
        })
    }

    fn of(entries: Vec<Entry>) -> Result<Knowledge, KnowledgeError> {
        let mut patterns = Vec::new();
        for (index, entry) in entries.iter().enumerate() {
            for source in &entry.patterns {
                let pattern = checked(source, &entry.origin)
                    .map_err(|source| KnowledgeError::Pattern { id: entry.id.clone(), source })?;
                patterns.push((Target::Entry(index), pattern));
            }
        }
        let signals = SIGNALS.iter().enumerate();
        let signals = signals.flat_map(|(index, signal)| {
            signal.patterns.iter().map(move |source| (Target::Signal(index), signal.name, *source))
        });
        let places = places::PATTERNS.iter().map(|(kind, source)| (Target::Place(*kind), "a place", *source));
        for (target, id, source) in signals.chain(places) {
            let pattern = Pattern::new(source);
            patterns.push((target, pattern.map_err(|source| KnowledgeError::Pattern { id: id.to_owned(), source })?));
        }
        let (automaton, patterns_of) = automaton(&patterns)?;
        Ok(Knowledge { entries, patterns, automaton, patterns_of })
    }

    /// All entries: ours, then the user's.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The entry of that id.
    #[must_use]
    pub fn entry(&self, id: &str) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.id == id)
    }
}

/// A pattern; one from outside is compiled at once, so that its fault is told and does not merely never match.
fn checked(source: &str, origin: &Origin) -> Result<Pattern, PatternError> {
    let pattern = Pattern::new(source)?;
    if *origin != Origin::BuiltIn {
        pattern.compile()?;
    }
    Ok(pattern)
}

fn automaton(patterns: &[(Target, Pattern)]) -> Result<(AhoCorasick, Vec<Vec<usize>>), KnowledgeError> {
    let (mut needles, mut patterns_of): (Vec<&str>, Vec<Vec<usize>>) = (Vec::new(), Vec::new());
    for (index, (_, pattern)) in patterns.iter().enumerate() {
        for needle in pattern.needles() {
            match needles.iter().position(|known| known == needle) {
                Some(known) => patterns_of[known].push(index),
                None => {
                    needles.push(needle);
                    patterns_of.push(vec![index]);
                }
            }
        }
    }
    let automaton = AhoCorasick::builder()
        .kind(Some(AhoCorasickKind::DFA))
        .match_kind(MatchKind::Standard)
        .build(&needles)
        .map_err(|error| KnowledgeError::TooMany(error.to_string()))?;
    Ok((automaton, patterns_of))
}
