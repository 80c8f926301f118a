//! Scripts for functions: what calls answer, how updates end.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::limits::MAX_FAULTS;

/// What an invocation answers.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct InvokeAnswer {
    /// The payload.
    pub payload: Value,
    /// `Unhandled` or `Handled` for a function that failed.
    pub function_error: Option<String>,
    /// What the function printed.
    pub log: String,
    /// For how many calls; for all from now on if nothing is said.
    pub times: Option<u32>,
}

/// How the next creation or update goes.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct NextUpdate {
    /// So many looks (GetFunction, GetFunctionConfiguration) find it under way, whatever the time.
    pub polls: u32,
    /// It fails.
    pub fail: Option<Failure>,
}

/// How an update fails.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Failure {
    /// One of Lambda's reason codes: `InvalidImage`, `ImageDeleted`, `ImageAccessDenied` …
    pub code: String,
    /// The text; for the codes named above one of Lambda's if nothing is said.
    #[serde(default)]
    pub reason: Option<String>,
}

impl Failure {
    /// The text, given or usual.
    pub(crate) fn text(&self) -> String {
        if let Some(reason) = &self.reason {
            return reason.clone();
        }
        match self.code.as_str() {
            "ImageDeleted" => "The function is trying to use a deleted image.",
            // Reported once (aws/aws-cdk#27007), its code inferred.
            "ImageAccessDenied" => "The function does not have permission to access the specified image.",
            "InvalidImage" => "SizeLimitExceeded: Uncompressed container image size exceeds 10 GiB limit",
            _ => "",
        }
        .to_owned()
    }
}

/// Scripts by function name.
#[derive(Debug, Default)]
pub(crate) struct Script {
    answers: Mutex<HashMap<String, InvokeAnswer>>,
    updates: Mutex<HashMap<String, VecDeque<NextUpdate>>>,
}

impl Script {
    pub(super) fn answer(&self, function: &str, answer: InvokeAnswer) {
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        if answers.len() < MAX_FAULTS || answers.contains_key(function) {
            answers.insert(function.to_owned(), answer);
        }
    }

    pub(super) fn next_update(&self, function: &str, next: NextUpdate) {
        let mut updates = self.updates.lock().unwrap_or_else(PoisonError::into_inner);
        if updates.values().map(VecDeque::len).sum::<usize>() < MAX_FAULTS {
            updates.entry(function.to_owned()).or_default().push_back(next);
        }
    }

    /// What this call answers, if it is scripted.
    pub(crate) fn take_answer(&self, function: &str) -> Option<InvokeAnswer> {
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        let answer = answers.get_mut(function)?;
        let taken = answer.clone();
        match &mut answer.times {
            Some(times) if *times <= 1 => {
                answers.remove(function);
            }
            Some(times) => *times -= 1,
            None => {}
        }
        Some(taken)
    }

    /// How this creation or update goes, if it is scripted.
    pub(crate) fn take_update(&self, function: &str) -> Option<NextUpdate> {
        let mut updates = self.updates.lock().unwrap_or_else(PoisonError::into_inner);
        let waiting = updates.get_mut(function)?;
        let next = waiting.pop_front();
        if waiting.is_empty() {
            updates.remove(function);
        }
        next
    }

    pub(super) fn clear(&self) {
        self.answers.lock().unwrap_or_else(PoisonError::into_inner).clear();
        self.updates.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_lasts_as_long_as_it_says() {
        let script = Script::default();
        script.answer("f", InvokeAnswer { times: Some(2), ..InvokeAnswer::default() });
        script.answer("g", InvokeAnswer::default());
        let lasts = |name: &str| (0..4).filter(|_| script.take_answer(name).is_some()).count();
        assert_eq!((lasts("f"), lasts("g"), lasts("h")), (2, 4, 0));
    }

    #[test]
    fn updates_are_scripted_one_by_one() {
        let script = Script::default();
        script.next_update("f", NextUpdate { polls: 1, fail: None });
        script.next_update("f", NextUpdate { polls: 2, fail: None });
        let taken: Vec<_> = (0..3).map(|_| script.take_update("f").map(|next| next.polls)).collect();
        assert_eq!(taken, [Some(1), Some(2), None]);
    }
}
