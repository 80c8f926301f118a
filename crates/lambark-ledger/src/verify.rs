//! Whether the chain holds, and which entries it names if not.

use std::collections::BTreeSet;

use lambark_oci::Digest;

use crate::entry::{Anchor, Entry, NOTHING_BEFORE};
use crate::row::{Columns, DIFFERENT, Row};

/// What a look at the whole chain found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// How many entries there are.
    pub entries: u64,
    /// The first entry's number.
    pub first: Option<u64>,
    /// The last entry's number and hash.
    pub head: Option<(u64, String)>,
    /// Up to which entry others were removed because they were old enough.
    pub pruned_to: Option<u64>,
    /// The entry that has the hash that was asked for.
    pub expected_at: Option<u64>,
    /// What is wrong.
    pub faults: Vec<Fault>,
}

/// Something that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// What kind of thing.
    pub kind: FaultKind,
    /// The entry, or the first of several; none if it concerns the whole file.
    pub from: Option<u64>,
    /// The last of several entries, or the same.
    pub to: Option<u64>,
    /// What was seen, in words that follow the entries' numbers, or stand alone.
    pub says: String,
}

/// The kinds of things that can be wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultKind {
    /// An entry is not what was written.
    Changed,
    /// Entries are not there.
    Removed,
    /// An entry stands elsewhere than it did.
    Reordered,
    /// An entry does not follow the one before: one of the two was changed, and its hash with it.
    Broken,
    /// No entry has the hash that was asked for: the end was cut off, or changed.
    Cut,
    /// The file itself is damaged, or holds what lambark did not make.
    File,
}

impl FaultKind {
    /// One word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            FaultKind::Changed => "changed",
            FaultKind::Removed => "removed",
            FaultKind::Reordered => "reordered",
            FaultKind::Broken => "broken",
            FaultKind::Cut => "cut",
            FaultKind::File => "file",
        }
    }
}

impl Fault {
    pub(crate) fn file(says: String) -> Fault {
        Fault { kind: FaultKind::File, from: None, to: None, says }
    }

    fn at(kind: FaultKind, from: u64, to: u64, says: String) -> Fault {
        Fault { kind, from: Some(from), to: Some(to), says }
    }
}

/// A walk along the chain, from the first entry to the last.
#[derive(Default)]
pub(crate) struct Walk {
    report: Report,
    expected: Option<Digest>,
    /// The row before this one.
    last: Option<Last>,
    /// Numbers of entries that are there, wherever they stand.
    there: BTreeSet<u64>,
    /// The lowest intact entry, and what it names as the one before.
    lowest: Option<(u64, Digest)>,
    anchors: Vec<Anchor>,
}

/// What the next row is held against.
struct Last {
    place: u64,
    /// The hash that the next entry has to name, if this row is one that can be believed.
    hash: Option<Digest>,
}

impl Walk {
    /// A walk that also looks for the entry with the hash `expected`.
    pub(crate) fn new(expected: Option<&Digest>) -> Walk {
        Walk { expected: expected.cloned(), ..Walk::default() }
    }

    fn fault(&mut self, kind: FaultKind, from: u64, to: u64, says: String) {
        self.report.faults.push(Fault::at(kind, from, to, says));
    }

    /// Looks at the next row.
    pub(crate) fn step(&mut self, row: &Row) {
        self.report.entries += 1;
        let intact = row.intact();
        let next = self.last.as_ref().map_or(1, |last| last.place + 1);
        let place = row.place.or(intact.as_ref().ok().map(|entry| entry.id)).unwrap_or(next);
        let hash = row.hash.clone().unwrap_or_else(|| Digest::of(&row.canonical).into());
        self.report.first.get_or_insert(place);
        self.report.head = Some((place, hash));
        let trusted = match intact {
            Ok(entry) => self.intact(place, &entry, row.columns.as_ref()).then_some(entry.hash),
            Err(reason) => {
                self.there.insert(place);
                self.fault(FaultKind::Changed, place, place, reason);
                None
            }
        };
        self.last = Some(Last { place, hash: trusted });
    }

    /// Looks at an entry whose bytes have their hash. Returns whether it stands where it belongs.
    fn intact(&mut self, place: u64, entry: &Entry, columns: Option<&Columns>) -> bool {
        let id = entry.id;
        if self.expected.as_ref() == Some(&entry.hash) {
            self.report.expected_at = Some(id);
        }
        if columns.is_some_and(|columns| *columns != Columns::of(entry)) {
            self.fault(FaultKind::Changed, id, id, DIFFERENT.to_owned());
        }
        if !self.there.insert(id) {
            self.fault(FaultKind::Reordered, id, id, "stands there a second time".to_owned());
            return false;
        }
        self.anchors.extend(entry.body.anchor.clone());
        if self.lowest.as_ref().is_none_or(|(lowest, _)| id < *lowest) {
            self.lowest = Some((id, entry.previous.clone()));
        }
        if place != id {
            self.fault(FaultKind::Reordered, id, id, format!("stands in the place of entry {place}"));
            return false;
        }
        match &self.last {
            Some(last) if place < last.place => {
                let says = format!("stands behind entry {}", last.place);
                self.fault(FaultKind::Reordered, id, id, says);
                false
            }
            // Entries in between are missing, or stand elsewhere: the end of the walk tells.
            Some(last) if place > last.place + 1 => true,
            Some(Last { place: before, hash: Some(hash) }) if *hash != entry.previous => {
                let says =
                    "do not hang together: one of the two was changed or replaced, and its hash with it".to_owned();
                let before = *before;
                self.fault(FaultKind::Broken, before, id, says);
                true
            }
            _ => true,
        }
    }

    /// What the walk found.
    pub(crate) fn end(mut self) -> Report {
        self.missing();
        self.beginning();
        let expected = self.expected.clone().filter(|_| self.report.expected_at.is_none());
        if let Some(expected) = expected {
            match self.anchors.iter().find(|anchor| anchor.hash == expected) {
                Some(anchor) => self.report.expected_at = Some(anchor.id),
                None => self.report.faults.push(Fault {
                    kind: FaultKind::Cut,
                    from: None,
                    to: None,
                    says: format!(
                        "no entry has the hash {expected}: the end was cut off or changed since that was the head"
                    ),
                }),
            }
        }
        self.report
    }

    /// Gaps between the lowest and the highest number.
    fn missing(&mut self) {
        let mut gaps = Vec::new();
        let mut before: Option<u64> = None;
        for &id in &self.there {
            if let Some(before) = before.filter(|before| id - before > 1) {
                gaps.push((before + 1, id - 1));
            }
            before = Some(id);
        }
        for (from, to) in gaps {
            let are = if from == to { "is" } else { "are" };
            self.fault(FaultKind::Removed, from, to, format!("{are} missing, and entries on both sides are there"));
        }
    }

    /// Whether the chain begins with the first entry, or where a removal says that it begins.
    fn beginning(&mut self) {
        let Some(&first) = self.there.first() else { return };
        let previous = self.lowest.clone().filter(|(id, _)| *id == first).map(|(_, previous)| previous);
        if first <= 1 {
            if previous.is_some_and(|previous| previous.as_str() != NOTHING_BEFORE) {
                self.fault(FaultKind::Changed, first, first, "is the first, and names an entry before it".to_owned());
            }
            return;
        }
        let fits = |anchor: &&Anchor| {
            anchor.id == first - 1 && previous.as_ref().is_none_or(|previous| *previous == anchor.hash)
        };
        if let Some(anchor) = self.anchors.iter().find(fits) {
            self.report.pruned_to = Some(anchor.id);
        } else {
            let are = if first == 2 { "is" } else { "are" };
            self.fault(FaultKind::Removed, 1, first - 1, format!("{are} missing, and no entry tells of a removal"));
        }
    }
}
