//! Ledgers as their users see them.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::path::PathBuf;

use tempfile::TempDir;

use super::*;
use crate::entry::Outcome;
use crate::samples::{TIME, deploy, full, who};
use crate::{FaultKind, NOTHING_BEFORE};

const DAY: u64 = 24 * 60 * 60 * 1000;

/// A database and an artifact, each empty.
fn both() -> (TempDir, [Ledger; 2]) {
    let directory = tempfile::tempdir().unwrap();
    let database = Ledger::open(&directory.path().join("a/b/ledger.db")).unwrap();
    let artifact = Ledger::none(Some(&directory.path().join("ledger.jsonl"))).unwrap();
    (directory, [database, artifact])
}

fn database() -> (TempDir, PathBuf, Ledger) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("ledger.db");
    let ledger = Ledger::open(&path).unwrap();
    (directory, path, ledger)
}

fn ids(listing: &Listing) -> Vec<u64> {
    assert_eq!(listing.damaged, []);
    listing.entries.iter().map(|entry| entry.id).collect()
}

#[test]
fn entries_come_back_as_they_were_written() {
    let (_directory, ledgers) = both();
    for mut ledger in ledgers {
        assert_eq!(ledger.head().unwrap(), None);
        let first = ledger.append(&full()).unwrap();
        let second = ledger.append(&deploy(TIME, "f", Outcome::Failed)).unwrap();
        assert_eq!((first.id, first.previous.as_str()), (1, NOTHING_BEFORE));
        assert_eq!((second.id, &second.previous), (2, &first.hash));
        assert_eq!(first.hash, Digest::of(&first.canonical));
        assert_eq!(first.body, full());
        assert_eq!(ledger.show(1).unwrap(), first);
        assert_eq!(ledger.list(&Filter::default()).unwrap().entries, [first, second.clone()]);
        assert_eq!(ledger.head().unwrap(), Some(Head { id: 2, hash: second.hash.clone() }));
        let report = ledger.verify(Some(&second.hash)).unwrap();
        assert_eq!((report.entries, report.first, report.expected_at, report.faults.len()), (2, Some(1), Some(2), 0));
        assert!(matches!(ledger.show(3), Err(Error::Unknown { id: 3, .. })));
        assert!(matches!(ledger.show(u64::MAX), Err(Error::Unknown { .. })));
    }
}

#[test]
fn filters_find_what_they_say() {
    let (_directory, ledgers) = both();
    for mut ledger in ledgers {
        for (time, function) in [(10, "a"), (20, "b"), (30, "a"), (40, "b")] {
            ledger.append(&deploy(time, function, Outcome::Succeeded)).unwrap();
        }
        ledger
            .append(&Draft { service: Some("s".to_owned()), ..Draft::new(50, who(), "push", Outcome::Failed) })
            .unwrap();
        let filtered = |filter: Filter| ids(&ledger.list(&filter).unwrap());
        let text = |text: &str| Some(text.to_owned());
        assert_eq!(filtered(Filter::default()), [1, 2, 3, 4, 5]);
        assert_eq!(filtered(Filter { since: Some(20), until: Some(40), ..Filter::default() }), [2, 3]);
        assert_eq!(filtered(Filter { function: text("a"), ..Filter::default() }), [1, 3]);
        assert_eq!(filtered(Filter { function: text("b"), limit: Some(1), ..Filter::default() }), [4]);
        assert_eq!(filtered(Filter { service: text("s"), ..Filter::default() }), [5]);
        assert_eq!(filtered(Filter { verb: text("push"), ..Filter::default() }), [5]);
        assert_eq!(filtered(Filter { limit: Some(2), ..Filter::default() }), [4, 5]);
        assert_eq!(filtered(Filter { since: Some(u64::MAX), ..Filter::default() }), [] as [u64; 0]);
    }
}

#[test]
fn an_intent_is_open_until_an_entry_ends_it() {
    let (_directory, ledgers) = both();
    for mut ledger in ledgers {
        assert_eq!(ledger.open_intent("f", Some("live")).unwrap(), None);
        let intent = ledger.append(&deploy(1, "f", Outcome::Intended)).unwrap();
        ledger.append(&deploy(2, "g", Outcome::Intended)).unwrap();
        assert_eq!(ledger.open_intent("f", Some("live")).unwrap(), Some(intent.clone()));
        assert_eq!(ledger.open_intent("f", Some("other")).unwrap(), None);
        assert_eq!(ledger.open_intent("f", None).unwrap(), None);
        // Reading about it is no end.
        let read = Draft { of: Some(intent.id), ..Draft::new(3, who(), "record show", Outcome::Read) };
        ledger.append(&read).unwrap();
        assert!(ledger.open_intent("f", Some("live")).unwrap().is_some());
        ledger.append(&Draft::end(&intent, 4, Outcome::Abandoned)).unwrap();
        assert_eq!(ledger.open_intent("f", Some("live")).unwrap(), None);
        assert!(ledger.open_intent("g", Some("live")).unwrap().is_some());
    }
}

#[test]
fn both_are_continued_and_only_their_owner_s() {
    let directory = tempfile::tempdir().unwrap();
    let (database, artifact) = (directory.path().join("l.db"), directory.path().join("l.jsonl"));
    for round in 1..=3 {
        for mut ledger in [Ledger::open(&database).unwrap(), Ledger::none(Some(&artifact)).unwrap()] {
            assert!(ledger.is_kept());
            assert_eq!(ledger.append(&full()).unwrap().id, round);
            assert_eq!(ledger.verify(None).unwrap().faults, []);
            #[cfg(unix)]
            for found in std::fs::read_dir(directory.path()).unwrap() {
                use std::os::unix::fs::PermissionsExt;
                let found = found.unwrap();
                let mode = found.metadata().unwrap().permissions().mode() & 0o777;
                assert_eq!(mode, 0o600, "{}", found.path().display());
            }
        }
    }
    let lines = std::fs::read_to_string(&artifact).unwrap();
    assert_eq!(lines.lines().count(), 3);
    // By hand: the hash of a line is what the next one names.
    let (first, second) = (lines.lines().next().unwrap(), lines.lines().nth(1).unwrap());
    assert!(second.contains(&format!("\"previous\":\"{}\"", Digest::of(first.as_bytes()))), "{second}");
}

#[test]
fn without_database_and_artifact_entries_live_as_long_as_the_process() {
    let mut ledger = Ledger::none(None).unwrap();
    assert!(!ledger.is_kept());
    assert_eq!(ledger.path(), PathBuf::from("none"));
    assert_eq!(ledger.append(&full()).unwrap().id, 1);
    assert_eq!(ledger.append(&full()).unwrap().id, 2);
    assert_eq!(ledger.verify(None).unwrap().entries, 2);
}

#[test]
fn what_is_old_is_removed_and_the_chain_still_holds() {
    let (_directory, _, mut ledger) = database();
    let now = 4000 * DAY;
    for day in [100, 200, 1500, 150, 3000] {
        ledger.append(&deploy(day * DAY, "f", Outcome::Succeeded)).unwrap();
    }
    let heads: Vec<Digest> =
        ledger.list(&Filter::default()).unwrap().entries.into_iter().map(|entry| entry.hash).collect();
    let draft = Draft::new(now, who(), "record prune", Outcome::Pruned);
    let refused = ledger.prune(1444 * DAY, crate::limits::RETENTION_DAYS, &draft);
    assert!(matches!(refused, Err(Error::TooYoung { days: 2557, latest }) if latest == 1443 * DAY), "{refused:?}");
    assert_eq!(ledger.prunable(50 * DAY, 2557, now).unwrap(), None);
    assert_eq!(ledger.prune(50 * DAY, 2557, &draft).unwrap(), None);
    // Entry 4 is old as well, but stands behind one that is not.
    let planned = ledger.prunable(1000 * DAY, 2557, now).unwrap().unwrap();
    assert_eq!((planned.entries, planned.last.id, &planned.last.hash), (2, 2, &heads[1]));
    let (done, entry) = ledger.prune(1000 * DAY, 2557, &draft).unwrap().unwrap();
    assert_eq!(done, planned);
    assert_eq!(entry.body.anchor, Some(crate::Anchor { id: 2, hash: heads[1].clone() }));
    assert_eq!(ids(&ledger.list(&Filter::default()).unwrap()), [3, 4, 5, 6]);
    let report = ledger.verify(Some(&heads[1])).unwrap();
    assert_eq!((report.faults, report.pruned_to, report.expected_at), (vec![], Some(2), Some(2)));
    // Everything, with a retention that was given: the entry that tells of it stays.
    let (done, entry) = ledger.prune(now, 0, &Draft { time: now, ..draft }).unwrap().unwrap();
    assert_eq!((done.entries, done.last.id, entry.id), (3, 5, 7));
    assert_eq!(ids(&ledger.list(&Filter::default()).unwrap()), [6, 7]);
    assert_eq!(ledger.verify(None).unwrap().faults, []);
    let artifact = Ledger::none(None).unwrap();
    assert!(matches!(artifact.prunable(0, 0, now), Err(Error::NotPrunable { .. })));
}

#[test]
fn a_removal_that_no_entry_tells_of_is_named() {
    let (_directory, path, mut ledger) = database();
    (0..4).for_each(|time| drop(ledger.append(&deploy(time, "f", Outcome::Failed)).unwrap()));
    let raw = rusqlite::Connection::open(path).unwrap();
    raw.execute("DELETE FROM entry WHERE id <= 2", []).unwrap();
    let faults = ledger.verify(None).unwrap().faults;
    assert_eq!(faults.len(), 1);
    assert_eq!((faults[0].kind, faults[0].from, faults[0].to), (FaultKind::Removed, Some(1), Some(2)));
}

#[test]
fn other_files_are_refused_and_left_alone() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("file");
    let newer = {
        let path = directory.path().join("newer.db");
        drop(Ledger::open(&path).unwrap());
        let raw = rusqlite::Connection::open(&path).unwrap();
        raw.pragma_update(None, "user_version", 99).unwrap();
        raw.pragma_update(None, "journal_mode", "DELETE").unwrap();
        drop(raw);
        std::fs::read(&path).unwrap()
    };
    let other = {
        let path = directory.path().join("other.db");
        let raw = rusqlite::Connection::open(&path).unwrap();
        raw.execute_batch("CREATE TABLE entry (id)").unwrap();
        drop(raw);
        std::fs::read(&path).unwrap()
    };
    for (bytes, message) in [
        (b"notes of mine\n".to_vec(), "is not a ledger of lambark: it is no database"),
        (Vec::new(), "is not a ledger of lambark: it is empty; where no file is, a ledger is made"),
        (other, "is not a ledger of lambark: it is a database of another program"),
        (newer, "has format 99, and this lambark knows formats up to 1"),
        (b"SQLite format 3\0".to_vec(), "is not a ledger of lambark: it is a database of another program"),
    ] {
        std::fs::write(&path, &bytes).unwrap();
        for opened in [Ledger::open(&path), Ledger::open_read_only(&path)] {
            let error = opened.err().unwrap().to_string();
            assert!(error.ends_with(message), "{error}");
            assert_eq!(std::fs::read(&path).unwrap(), bytes);
        }
    }
    assert!(matches!(Ledger::open(directory.path()), Err(Error::NotALedger { .. })));
    assert!(matches!(Ledger::open(&path.join("below/l.db")), Err(Error::Unreadable { .. } | Error::Unwritable { .. })));
    assert!(matches!(Ledger::open_read_only(&directory.path().join("none")), Err(Error::Missing { .. })));
    std::fs::write(&path, "notes of mine\n").unwrap();
    assert!(matches!(Ledger::none(Some(&path)), Err(Error::NotALedger { .. })));
}

#[test]
fn what_lambark_did_not_make_in_the_database_is_named_and_does_nothing() {
    let (_directory, path, mut ledger) = database();
    let raw = rusqlite::Connection::open(path).unwrap();
    raw.execute_batch("CREATE TRIGGER t AFTER INSERT ON entry BEGIN UPDATE entry SET verb = 'x'; END").unwrap();
    ledger.append(&full()).unwrap();
    let faults = ledger.verify(None).unwrap().faults;
    assert_eq!(faults.len(), 1, "{faults:?}");
    assert_eq!(faults[0].says, "the database holds `t`, which lambark did not make");
}

#[test]
fn a_row_without_measure_is_a_fault_and_takes_no_memory() {
    let (_directory, path, mut ledger) = database();
    ledger.append(&full()).unwrap();
    let raw = rusqlite::Connection::open(path).unwrap();
    raw.execute("UPDATE entry SET canonical = zeroblob(100 * 1024 * 1024)", []).unwrap();
    let faults = ledger.verify(None).unwrap().faults;
    assert_eq!(faults[0].kind, FaultKind::File, "{faults:?}");
    assert!(faults[0].says.contains("too big"), "{faults:?}");
    assert!(matches!(ledger.list(&Filter::default()), Err(Error::Unreadable { .. })));
}

#[test]
fn a_damaged_entry_hides_no_other() {
    let (_directory, path, mut ledger) = database();
    (0..3).for_each(|time| drop(ledger.append(&deploy(time, "f", Outcome::Intended)).unwrap()));
    let raw = rusqlite::Connection::open(path).unwrap();
    raw.execute("UPDATE entry SET canonical = x'7b' WHERE id = 2", []).unwrap();
    let listing = ledger.list(&Filter::default()).unwrap();
    assert_eq!(listing.entries.iter().map(|entry| entry.id).collect::<Vec<u64>>(), [1, 3]);
    assert_eq!(listing.damaged.len(), 1);
    assert!(matches!(ledger.show(2), Err(Error::Damaged { id: 2, .. })));
    // What is found by a column that was changed is not believed either.
    raw.execute("UPDATE entry SET function = 'g' WHERE id = 3", []).unwrap();
    assert!(matches!(ledger.open_intent("g", Some("live")), Err(Error::Damaged { id: 3, .. })));
}

#[test]
fn a_full_disk_is_told_and_nothing_is_written() {
    let (_directory, _, mut ledger) = database();
    let kept = ledger.append(&full()).unwrap();
    let Store::Database(database) = &ledger.store else { panic!("a database") };
    database.limit_pages(12);
    let error = (0..64).find_map(|_| ledger.append(&full()).err()).unwrap();
    assert!(matches!(&error, Error::Full { .. }), "{error}");
    let report = ledger.verify(Some(&kept.hash)).unwrap();
    assert_eq!((report.faults, report.expected_at), (vec![], Some(1)));
}

#[test]
fn half_a_line_is_not_built_upon() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("l.jsonl");
    let mut ledger = Ledger::none(Some(&path)).unwrap();
    ledger.append(&full()).unwrap();
    let whole = std::fs::read(&path).unwrap();
    std::fs::write(&path, [&whole[..], &whole[..40]].concat()).unwrap();
    let mut ledger = Ledger::none(Some(&path)).unwrap();
    assert!(matches!(ledger.append(&full()), Err(Error::Damaged { id: 2, .. })));
    assert_eq!(ledger.verify(None).unwrap().faults.len(), 1);
}
