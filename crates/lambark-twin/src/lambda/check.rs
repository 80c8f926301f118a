//! Constraints on parameters, told as AWS tells them: all at once.

use std::fmt::Display;

use super::error::{ApiError, Code};

/// Constraints that were broken.
#[derive(Debug, Default)]
pub(super) struct Constraints(Vec<String>);

impl Constraints {
    /// One broken constraint.
    pub(super) fn broken(&mut self, value: impl Display, at: &str, constraint: &str) {
        self.0.push(format!("Value '{value}' at '{at}' failed to satisfy constraint: {constraint}"));
    }

    pub(super) fn pattern(&mut self, value: &str, at: &str, pattern: &str) {
        self.broken(value, at, &format!("Member must satisfy regular expression pattern: {pattern}"));
    }

    /// A whole number within bounds.
    pub(super) fn range(&mut self, value: Option<i64>, at: &str, least: i64, most: i64) {
        match value {
            Some(value) if value < least => {
                self.broken(value, at, &format!("Member must have value greater than or equal to {least}"));
            }
            Some(value) if value > most => {
                self.broken(value, at, &format!("Member must have value less than or equal to {most}"));
            }
            _ => {}
        }
    }

    /// A text of at most so many characters.
    pub(super) fn length(&mut self, value: Option<&str>, at: &str, most: usize) {
        if let Some(value) = value.filter(|value| value.chars().count() > most) {
            self.broken(value, at, &format!("Member must have length less than or equal to {most}"));
        }
    }

    /// One of a few words.
    pub(super) fn one_of(&mut self, value: Option<&str>, at: &str, words: &[&str]) {
        if let Some(value) = value.filter(|value| !words.contains(value)) {
            self.broken(value, at, &format!("Member must satisfy enum value set: [{}]", words.join(", ")));
        }
    }

    /// Every broken one in one error, or none.
    pub(super) fn finish(self) -> Result<(), ApiError> {
        let plural = match self.0.len() {
            0 => return Ok(()),
            1 => "",
            _ => "s",
        };
        let text = format!("{} validation error{plural} detected: {}", self.0.len(), self.0.join("; "));
        Err(ApiError::new(Code::Validation, text))
    }
}
