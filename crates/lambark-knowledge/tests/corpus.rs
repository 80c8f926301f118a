//! Messages as tools wrap them, each with the entries that have to be found.
#![allow(clippy::unwrap_used, reason = "tests")]

use lambark_knowledge::{Diagnosis, Knowledge, diagnose, scan};

const CORPUS: &str = include_str!("corpus.txt");

/// Each text with its expected entries.
fn corpus() -> Vec<(Vec<&'static str>, String)> {
    let mut corpus: Vec<(Vec<&str>, String)> = Vec::new();
    for line in CORPUS.lines() {
        if let Some(expected) = line.strip_prefix("== ") {
            corpus.push((expected.split(' ').filter(|id| *id != "nothing").collect(), String::new()));
        } else if let Some((_, text)) = corpus.last_mut() {
            text.push_str(line);
            text.push('\n');
        }
    }
    corpus
}

/// What was found, folded ones included.
fn found(diagnosis: &Diagnosis<'_>) -> Vec<String> {
    let of = |found: &lambark_knowledge::Explained<'_>| {
        let also = found.also.iter().map(|(entry, _)| entry.id.clone());
        std::iter::once(found.entry.id.clone()).chain(also).collect::<Vec<String>>()
    };
    diagnosis.matches.iter().flat_map(of).collect()
}

#[test]
fn wrapped_messages_are_recognised_and_others_are_not() {
    let knowledge = Knowledge::built_in().unwrap();
    let mut wrong = Vec::new();
    for (expected, text) in corpus() {
        let scan = scan(&knowledge, &text);
        let diagnosis = diagnose(&knowledge, &scan);
        let mut found = found(&diagnosis);
        let first = found.first().cloned();
        found.sort();
        let mut sorted = expected.clone();
        sorted.sort_unstable();
        if found != sorted || first.as_deref() != expected.first().copied() {
            wrong.push(format!("expected {expected:?}, found {found:?} with {first:?} first in\n{text}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_corpus_has_all_wrappers() {
    assert!(corpus().len() >= 50);
    assert!(corpus().iter().filter(|(expected, _)| expected.is_empty()).count() >= 5);
}
