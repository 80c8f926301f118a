//! Whether entries keep their promises: patterns that work, examples that match, links that lead somewhere, dates that
//! have not passed.

use std::collections::BTreeSet;

use lambark_rules::rule;
use serde::Serialize;

use crate::entry::{Date, Entry, Level, Origin};
use crate::knowledge::Knowledge;
use crate::pattern::Pattern;
use crate::signals::signal;

/// One thing that is wrong with an entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Fault {
    /// The entry.
    pub id: String,
    /// Where it comes from.
    pub origin: Origin,
    /// What is wrong, in one line without a full stop.
    pub message: String,
    /// Whether it is only that somebody should look at it again.
    pub overdue: bool,
}

/// Everything that is wrong with these entries, on that day.
#[must_use]
pub fn lint(entries: &[Entry], today: &Date) -> Vec<Fault> {
    let ids: BTreeSet<&str> = entries.iter().map(|entry| entry.id.as_str()).collect();
    let alone = Knowledge::with(entries.to_vec());
    let mut faults = Vec::new();
    for entry in entries {
        let mut told = Vec::new();
        form(entry, &mut told);
        links(entry, &ids, &mut told);
        match &alone {
            Ok(knowledge) => examples(entry, knowledge, &mut told),
            Err(error) => told.push(error.to_string()),
        }
        let fault =
            |message: String, overdue| Fault { id: entry.id.clone(), origin: entry.origin.clone(), message, overdue };
        told.dedup();
        faults.extend(told.into_iter().map(|message| fault(message, false)));
        if let Some(date) = entry.review_by.as_ref().filter(|date| date.is_past(today)) {
            faults.push(fault(format!("its review was due by {date}: look whether it still holds"), true));
        }
    }
    faults
}

fn form(entry: &Entry, told: &mut Vec<String>) {
    let mut missing = |absent: bool, what: &str| {
        if absent {
            told.push(format!("it has no {what}"));
        }
    };
    missing(entry.patterns.is_empty(), "pattern, so nothing will ever find it");
    missing(entry.meaning.is_empty(), "section `Meaning`");
    missing(entry.causes.is_empty() && entry.level != Level::Wrapper, "section `Causes`");
    missing(entry.sources.is_empty(), "source, so nobody can look where it comes from");
    missing(entry.keywords.is_empty(), "keyword");
    missing(entry.matches.is_empty(), "text in `matches` that proves its patterns");
    missing(entry.misses.is_empty(), "text in `misses` that comes near without matching");
    missing(entry.review_by.is_none(), "date in `review-by`");
    if entry.title.ends_with('.') || entry.title.chars().count() > 100 {
        told.push("its title has to be one line of up to 100 characters without a full stop".to_owned());
    }
    for pattern in &entry.patterns {
        let checked = Pattern::new(pattern).and_then(|pattern| pattern.compile());
        told.extend(checked.err().map(|error| error.to_string()));
    }
    for cause in entry.causes.iter().filter(|cause| cause.mend.is_empty()) {
        told.push(format!("its cause `{}` has no `Mend`", cause.lead));
    }
}

fn links(entry: &Entry, ids: &BTreeSet<&str>, told: &mut Vec<String>) {
    let known = |id: &&String| ids.contains(id.as_str()) || crate::built_in::has(id);
    for id in entry.related.iter().chain(&entry.contradicts).filter(|id| !known(id)) {
        told.push(format!("there is no entry `{id}`"));
    }
    for name in entry.rules.iter().filter(|name| rule(name).is_none()) {
        told.push(format!("there is no rule `{name}`"));
    }
    let signals = entry.causes.iter().flat_map(|cause| cause.likelier.iter().chain(&cause.unlikelier));
    for name in signals.filter(|name| signal(name).is_none()) {
        told.push(format!("there is no signal `{name}`"));
    }
}

fn examples(entry: &Entry, knowledge: &Knowledge, told: &mut Vec<String>) {
    let matches = |text: &str| {
        let scan = crate::scan(knowledge, text);
        scan.matches.iter().any(|matched| knowledge.entries()[matched.entry].id == entry.id)
    };
    for text in entry.matches.iter().filter(|text| !matches(text)) {
        told.push(format!("its own example does not match: {text}"));
    }
    for text in entry.misses.iter().filter(|text| matches(text)) {
        told.push(format!("this was not meant to match: {text}"));
    }
}
