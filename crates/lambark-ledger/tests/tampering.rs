//! Whatever is done to a ledger that was closed, `verify` names the entry.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use lambark_ledger::{Draft, Fault, FaultKind, Filter, Ledger, Outcome, Report, Who, WhoKind};
use lambark_oci::Digest;
use rusqlite::{Connection, params};
use tempfile::TempDir;

/// Entries of the ledgers here: a first, a last, and neighbours on both sides of one in the middle.
const ENTRIES: u64 = 5;

fn draft(time: u64) -> Draft {
    let who = Who { kind: WhoKind::Sts, name: "arn:aws:sts::123456789012:assumed-role/deploy/octo".to_owned() };
    let mut draft = Draft::new(time, who, "deploy", Outcome::Succeeded);
    draft.function = Some("backend-prod".to_owned());
    draft.alias = Some("live".to_owned());
    draft.reason = Some("a line\nand \"more\" \\ é".to_owned());
    draft.digest_after = Some(Digest::of(&time.to_be_bytes()));
    draft.facts.insert("weight".to_owned(), "0.1".to_owned());
    draft
}

/// A ledger on the disk, and its head's hash.
struct Closed {
    _directory: TempDir,
    path: PathBuf,
    head: Digest,
}

fn closed(open: impl Fn(&Path) -> Ledger) -> Closed {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("ledger");
    let mut ledger = open(&path);
    (0..ENTRIES).for_each(|time| drop(ledger.append(&draft(time)).unwrap()));
    let head = ledger.head().unwrap().unwrap().hash;
    Closed { _directory: directory, path, head }
}

fn database() -> Closed {
    closed(|path| Ledger::open(path).unwrap())
}

fn artifact() -> Closed {
    closed(|path| Ledger::none(Some(path)).unwrap())
}

fn verify(path: &Path, head: Option<&Digest>) -> Report {
    Ledger::open(path).unwrap().verify(head).unwrap()
}

/// Every entry that a report names.
fn named(report: &Report) -> BTreeSet<u64> {
    report.faults.iter().flat_map(|fault| fault.from.unwrap_or(0)..=fault.to.unwrap_or(0)).collect()
}

fn kinds(report: &Report) -> BTreeSet<&'static str> {
    report.faults.iter().map(|fault: &Fault| fault.kind.as_str()).collect()
}

/// A connection that does not wait for the disk: these tests change thousands of bytes, one at a time.
fn hasty(path: &Path) -> Connection {
    let raw = Connection::open(path).unwrap();
    raw.pragma_update(None, "synchronous", "OFF").unwrap();
    raw
}

fn canonical(connection: &Connection, id: u64) -> Vec<u8> {
    connection.query_row("SELECT canonical FROM entry WHERE id = ?1", [id as i64], |row| row.get(0)).unwrap()
}

fn set(connection: &Connection, id: u64, canonical: &[u8], hash: Option<&Digest>) {
    let sql = "UPDATE entry SET canonical = ?2, hash = coalesce(?3, hash) WHERE id = ?1";
    connection.execute(sql, params![id as i64, canonical, hash.map(Digest::as_str)]).unwrap();
}

#[test]
fn every_byte_of_every_entry_that_is_flipped_is_noticed() {
    let closed = database();
    let mut ledger = Ledger::open(&closed.path).unwrap();
    let raw = hasty(&closed.path);
    let mut flipped = 0;
    for id in 1..=ENTRIES {
        let before = canonical(&raw, id);
        for at in 0..before.len() {
            let mut after = before.clone();
            after[at] ^= 1 << (at % 8);
            set(&raw, id, &after, None);
            let report = ledger.verify(None).unwrap();
            assert_eq!(named(&report), BTreeSet::from([id]), "byte {at} of entry {id}: {:?}", report.faults);
            assert!(ledger.show(id).is_err() && ledger.list(&Filter::default()).unwrap().damaged.len() == 1);
            flipped += 1;
        }
        set(&raw, id, &before, None);
    }
    assert!(flipped > 1500, "only {flipped} bytes");
    assert_eq!(ledger.verify(Some(&closed.head)).unwrap().faults, []);
    ledger.append(&draft(ENTRIES)).unwrap();
}

/// Whoever also writes the hash that belongs to the changed bytes is given away by the entry that follows, and at the
/// end by the head that somebody noted.
#[test]
fn every_byte_that_is_flipped_with_its_hash_is_noticed() {
    let closed = database();
    let ledger = Ledger::open(&closed.path).unwrap();
    let raw = hasty(&closed.path);
    for id in 1..=ENTRIES {
        let (before, hash) = (canonical(&raw, id), Digest::of(&canonical(&raw, id)));
        for at in 0..before.len() {
            let mut after = before.clone();
            after[at] ^= 1 << (at % 7);
            set(&raw, id, &after, Some(&Digest::of(&after)));
            let report = ledger.verify(Some(&closed.head)).unwrap();
            assert!(!report.faults.is_empty(), "byte {at} of entry {id}");
            let named = named(&report);
            let last = id == ENTRIES && kinds(&report) == BTreeSet::from(["cut"]);
            assert!(named.contains(&id) || last, "byte {at} of entry {id}: {:?}", report.faults);
        }
        set(&raw, id, &before, Some(&hash));
    }
    assert_eq!(ledger.verify(Some(&closed.head)).unwrap().faults, []);
}

#[test]
fn every_column_that_is_changed_is_noticed() {
    for (column, value) in [
        ("hash", "'sha256:0000000000000000000000000000000000000000000000000000000000000000'"),
        ("time", "77"),
        ("time", "-1"),
        ("verb", "'push'"),
        ("outcome", "'failed'"),
        ("ends", "1"),
        ("service", "'s'"),
        ("function", "NULL"),
        ("alias", "'other'"),
    ] {
        for id in 1..=ENTRIES {
            let closed = database();
            let raw = Connection::open(&closed.path).unwrap();
            raw.execute(&format!("UPDATE entry SET {column} = {value} WHERE id = {id}"), []).unwrap();
            let report = verify(&closed.path, None);
            assert_eq!(named(&report), BTreeSet::from([id]), "{column}: {:?}", report.faults);
            assert_eq!(kinds(&report), BTreeSet::from(["changed"]));
        }
    }
}

#[test]
fn every_entry_that_is_removed_is_named() {
    for id in 1..=ENTRIES {
        let closed = database();
        let raw = Connection::open(&closed.path).unwrap();
        raw.execute("DELETE FROM entry WHERE id = ?1", [id as i64]).unwrap();
        let report = verify(&closed.path, Some(&closed.head));
        if id == ENTRIES {
            assert_eq!(kinds(&report), BTreeSet::from(["cut"]));
            // Nothing in the file can tell that its end is missing.
            assert_eq!(verify(&closed.path, None).faults, []);
            continue;
        }
        assert_eq!((named(&report), kinds(&report)), (BTreeSet::from([id]), BTreeSet::from(["removed"])));
        // The others move up into its place.
        raw.execute("UPDATE entry SET id = id - 1 WHERE id > ?1", [id as i64]).unwrap();
        let report = verify(&closed.path, Some(&closed.head));
        let removed = report.faults.iter().find(|fault| fault.kind == FaultKind::Removed).unwrap();
        assert_eq!((removed.from, removed.to), (Some(id), Some(id)));
    }
}

#[test]
fn every_tail_that_is_cut_is_noticed_with_the_head_known() {
    for kept in 0..ENTRIES {
        let closed = database();
        let raw = Connection::open(&closed.path).unwrap();
        raw.execute("DELETE FROM entry WHERE id > ?1", [kept as i64]).unwrap();
        let report = verify(&closed.path, Some(&closed.head));
        assert_eq!((report.entries, kinds(&report)), (kept, BTreeSet::from(["cut"])));
        // The cut is not made good by what is written next.
        let mut ledger = Ledger::open(&closed.path).unwrap();
        (kept..ENTRIES).for_each(|time| drop(ledger.append(&draft(time + 100)).unwrap()));
        assert_eq!(kinds(&ledger.verify(Some(&closed.head)).unwrap()), BTreeSet::from(["cut"]));
    }
}

#[test]
fn every_pair_that_is_swapped_is_named() {
    for id in 1..ENTRIES {
        let closed = database();
        let raw = Connection::open(&closed.path).unwrap();
        let swap = "UPDATE entry SET id = CASE id WHEN ?1 THEN -1 ELSE -2 END WHERE id IN (?1, ?1 + 1)";
        raw.execute(swap, [id as i64]).unwrap();
        raw.execute("UPDATE entry SET id = CASE id WHEN -1 THEN ?1 + 1 ELSE ?1 END WHERE id < 0", [id as i64]).unwrap();
        let report = verify(&closed.path, None);
        assert_eq!(named(&report), BTreeSet::from([id, id + 1]), "{:?}", report.faults);
        assert_eq!(kinds(&report), BTreeSet::from(["reordered"]));
        // The same, and each says the number of its new place, with the hash that belongs to that.
        for place in [id, id + 1] {
            let other = 2 * id + 1 - place;
            let text = String::from_utf8(canonical(&raw, place)).unwrap();
            let text = text.replacen(&format!("\"id\":{other},"), &format!("\"id\":{place},"), 1);
            set(&raw, place, text.as_bytes(), Some(&Digest::of(text.as_bytes())));
        }
        let report = verify(&closed.path, Some(&closed.head));
        let named = named(&report);
        assert!(named.contains(&id) && named.contains(&(id + 1)), "{:?}", report.faults);
    }
}

/// Whoever can write the whole file can write another history. The head that somebody noted elsewhere tells.
#[test]
fn a_history_that_is_written_anew_does_not_have_the_head() {
    let (closed, other) = (database(), database());
    let mut forged = Ledger::open(&other.path).unwrap();
    forged.append(&draft(99)).unwrap();
    let report = forged.verify(Some(&closed.head)).unwrap();
    assert_eq!(report.faults, [], "the same entries have the same hashes, at whatever place they were written");
    let directory = tempfile::tempdir().unwrap();
    let mut forged = Ledger::open(&directory.path().join("ledger.db")).unwrap();
    (0..ENTRIES).for_each(|time| drop(forged.append(&draft(time + 1)).unwrap()));
    assert_eq!(forged.verify(None).unwrap().faults, []);
    assert_eq!(kinds(&forged.verify(Some(&closed.head)).unwrap()), BTreeSet::from(["cut"]));
}

#[test]
fn lines_of_an_artifact_are_held_against_each_other() {
    let closed = artifact();
    let text = std::fs::read_to_string(&closed.path).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    let with = |lines: &[&str]| {
        std::fs::write(&closed.path, lines.iter().map(|line| format!("{line}\n")).collect::<String>()).unwrap();
        Ledger::none(Some(&closed.path)).unwrap().verify(Some(&closed.head)).unwrap()
    };
    assert_eq!(with(&lines).faults, []);
    for index in 0..lines.len() {
        let id = index as u64 + 1;
        let mut fewer = lines.clone();
        fewer.remove(index);
        let report = with(&fewer);
        let cut = index + 1 == lines.len() && kinds(&report) == BTreeSet::from(["cut"]);
        assert!(cut || named(&report) == BTreeSet::from([id]), "{:?}", report.faults);
        if let Some(next) = lines.get(index + 1) {
            let mut swapped = lines.clone();
            (swapped[index], swapped[index + 1]) = (next, lines[index]);
            let report = with(&swapped);
            assert!(named(&report).contains(&id) && kinds(&report).contains("reordered"), "{:?}", report.faults);
        }
        let changed = lines[index].replace("weight", "height");
        let mut other = lines.clone();
        other[index] = &changed;
        let report = with(&other);
        let last = index + 1 == lines.len() && kinds(&report) == BTreeSet::from(["cut"]);
        assert!(last || named(&report).contains(&id), "{:?}", report.faults);
    }
}

#[test]
fn a_torn_page_is_an_answer_and_no_panic() {
    let closed = database();
    // Everything into the one file, then zeros over its second half.
    Connection::open(&closed.path).unwrap().pragma_update(None, "journal_mode", "DELETE").unwrap();
    let mut bytes = std::fs::read(&closed.path).unwrap();
    for at in (4096..bytes.len()).step_by(4096) {
        let whole = bytes.clone();
        bytes[at..at + 2048].fill(0);
        std::fs::write(&closed.path, &bytes).unwrap();
        let found = Ledger::open(&closed.path).map(|ledger| ledger.verify(None));
        assert!(!matches!(&found, Ok(Ok(report)) if report.faults.is_empty()), "page at {at}");
        bytes = whole;
    }
}
