//! What AWS's words mean, by the knowledge that `explain` has.

use lambark_knowledge::{Level, diagnose, scan};

use super::Reason;
use crate::operations::knowledge::{Settings, Shelf};

/// A reason with its meaning, if the knowledge has one.
#[must_use]
pub fn reason(code: &str, words: &str, knowledge: &Settings) -> Reason {
    let meaning = Shelf::load(knowledge).ok().and_then(|shelf| {
        let text = format!("{code}: {words}");
        let found = scan(&shelf.knowledge, &text);
        let diagnosis = diagnose(&shelf.knowledge, &found);
        let told = diagnosis.matches.iter().find(|found| found.entry.level != Level::Wrapper)?;
        let cause = told.causes.first().map(|first| format!("; likeliest: {}", first.cause.lead));
        Some(format!("{}{}", told.entry.title, cause.unwrap_or_default()))
    });
    Reason { code: code.to_owned(), words: words.to_owned(), meaning }
}

/// The same for a call that failed.
#[must_use]
pub fn of(error: &lambark_aws::Error, knowledge: &Settings) -> Reason {
    match error.refusal() {
        Some(refusal) => reason(&refusal.code, &refusal.message, knowledge),
        None => Reason { words: error.to_string(), ..Reason::default() },
    }
}
