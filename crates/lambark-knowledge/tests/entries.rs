//! Every built-in entry keeps its promises.
#![allow(clippy::unwrap_used, reason = "tests")]
#![allow(clippy::disallowed_methods, reason = "looks which files there are")]

use std::collections::BTreeSet;

use lambark_knowledge::{Date, Knowledge, Origin, SIGNALS, lint, read, write};

const ENTRIES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/entries");

fn files() -> Vec<(String, String)> {
    let mut files: Vec<(String, String)> = std::fs::read_dir(ENTRIES)
        .unwrap()
        .map(|file| file.unwrap().path())
        .map(|path| (path.file_stem().unwrap().to_str().unwrap().to_owned(), std::fs::read_to_string(&path).unwrap()))
        .collect();
    files.sort();
    files
}

#[test]
fn every_file_is_compiled_in_under_its_own_name() {
    let knowledge = Knowledge::built_in().unwrap();
    let files = files();
    for (name, text) in &files {
        let entry = read(text, Origin::File(format!("{name}.md"))).map_err(|error| error.to_string()).unwrap();
        assert_eq!(&entry.id, name);
        assert!(knowledge.entry(name).is_some(), "{name} is not in the list of built_in.rs");
    }
    assert_eq!(knowledge.entries().len(), files.len());
}

/// Patterns compile, examples match, near misses do not, links lead somewhere: for all of them.
#[test]
fn every_entry_is_without_fault() {
    let knowledge = Knowledge::built_in().unwrap();
    let faults = lint(knowledge.entries(), &Date::parse("2026-11-22").unwrap());
    let told: Vec<String> = faults.iter().map(|fault| format!("{}: {}", fault.id, fault.message)).collect();
    assert!(told.is_empty(), "{}", told.join("\n"));
}

#[test]
fn what_is_past_its_date_is_told() {
    let knowledge = Knowledge::built_in().unwrap();
    let faults = lint(knowledge.entries(), &Date::parse("2030-01-01").unwrap());
    assert_eq!(faults.iter().filter(|fault| fault.overdue).count(), knowledge.entries().len());
}

#[test]
fn every_signal_shifts_some_cause() {
    let knowledge = Knowledge::built_in().unwrap();
    let causes = knowledge.entries().iter().flat_map(|entry| &entry.causes);
    let used: BTreeSet<&String> = causes.flat_map(|cause| cause.likelier.iter().chain(&cause.unlikelier)).collect();
    for signal in SIGNALS {
        assert!(used.contains(&signal.name.to_owned()), "no cause asks for `{}`", signal.name);
    }
}

#[test]
fn entries_survive_being_written() {
    for (name, text) in files() {
        let entry = read(&text, Origin::BuiltIn).unwrap();
        let again = read(&write(&entry), Origin::BuiltIn).unwrap();
        assert_eq!(format!("{entry:?}"), format!("{again:?}"), "{name}");
    }
}
