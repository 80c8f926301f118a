//! An entry: what one message means, its causes, what settles it and what mends it.

use std::fmt;

use lambark_rules::{Confidence, Severity};
use serde::Serialize;

/// One message, or one family of codes, and what is known of it.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Public and stable.
    pub id: String,
    /// What went wrong, in one line without a full stop.
    pub title: String,
    /// Where it goes wrong.
    pub stage: Stage,
    /// How bad.
    pub severity: Severity,
    /// How sure.
    pub confidence: Confidence,
    /// How much the text says by itself.
    pub level: Level,
    /// Words to find it by.
    pub keywords: Vec<String>,
    /// What the message looks like: regular expressions over cleaned text, blind to upper and lower case.
    pub patterns: Vec<String>,
    /// The oldest public report found.
    pub first_seen: Option<Date>,
    /// The newest public report found.
    pub last_seen: Option<Date>,
    /// When somebody should look whether it still holds.
    pub review_by: Option<Date>,
    /// Entries that are seen together with this one and say less.
    pub related: Vec<String>,
    /// Entries that claim something else about the same message.
    pub contradicts: Vec<String>,
    /// Rules of `lambark check` that find the cause in the image.
    pub rules: Vec<String>,
    /// Where the facts come from.
    pub sources: Vec<String>,
    /// Texts that have to match.
    pub matches: Vec<String>,
    /// Texts that come near and must not match.
    pub misses: Vec<String>,
    /// What it means, in Markdown.
    pub meaning: String,
    /// The commands that settle which cause it is; `{image}` and the like stand for what the log shows.
    pub settle: Vec<String>,
    /// The causes, likeliest first when nothing else is known.
    pub causes: Vec<Cause>,
    /// What else is worth knowing, in Markdown.
    pub notes: String,
    /// Where it comes from.
    pub origin: Origin,
}

/// One cause.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cause {
    /// The cause in one sentence.
    pub lead: String,
    /// More about it.
    pub detail: String,
    /// What mends it, the best first.
    pub mend: Vec<String>,
    /// Signals that make it likelier.
    pub likelier: Vec<String>,
    /// Signals that make it less likely.
    pub unlikelier: Vec<String>,
}

/// Where an entry comes from.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Origin {
    /// Part of lambark.
    BuiltIn,
    /// A file of the user's or of the repository.
    File(String),
}

/// A year, a month or a day.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Date(String);

impl Date {
    /// Reads `YYYY`, `YYYY-MM` or `YYYY-MM-DD`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Date> {
        const RANGES: [(usize, std::ops::RangeInclusive<u16>); 3] = [(4, 1990..=9999), (2, 1..=12), (2, 1..=31)];
        let parts: Vec<&str> = text.split('-').collect();
        let good = |(part, (digits, range)): (&&str, &(usize, std::ops::RangeInclusive<u16>))| {
            let digits = part.len() == *digits && part.bytes().all(|b| b.is_ascii_digit());
            digits && part.parse().is_ok_and(|number| range.contains(&number))
        };
        (parts.len() <= 3 && parts.iter().zip(&RANGES).all(good)).then(|| Date(text.to_owned()))
    }

    /// The text as written; it sorts by time.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the month or day is over on `today`.
    #[must_use]
    pub fn is_past(&self, today: &Date) -> bool {
        today.0.get(..self.0.len()).unwrap_or(&today.0) > self.0.as_str()
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Where on the way from a Dockerfile to a running function something goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stage {
    /// While the image is built.
    Build,
    /// While it is pushed or read.
    Registry,
    /// The call that gives a function its image, for another reason than the image's form.
    Call,
    /// Lambda's first gate: media types, in that same call.
    MediaTypes,
    /// Lambda's second gate: the layers' contents, after the call.
    Unpacking,
    /// Lambda's third gate: the first start.
    Runtime,
    /// Later: an invocation, or a function's state.
    Invoke,
}

impl Stage {
    const ALL: [(Stage, &str, &str); 7] = [
        (Stage::Build, "build", "while the image is built"),
        (Stage::Registry, "registry", "between client and registry"),
        (Stage::Call, "call", "in the call that names the image"),
        (Stage::MediaTypes, "media-types", "gate 1 of 3: media types, at the update call"),
        (Stage::Unpacking, "unpacking", "gate 2 of 3: unpacking, after the call"),
        (Stage::Runtime, "runtime", "gate 3 of 3: the function's start"),
        (Stage::Invoke, "invoke", "when the function is invoked, or later"),
    ];

    pub(crate) fn parse(word: &str) -> Option<Stage> {
        Stage::ALL.iter().find(|(_, known, _)| *known == word).map(|(stage, ..)| *stage)
    }

    fn row(self) -> (Stage, &'static str, &'static str) {
        Stage::ALL.into_iter().find(|(stage, ..)| *stage == self).unwrap_or(Stage::ALL[0])
    }

    /// When that is, for people.
    #[must_use]
    pub fn when(self) -> &'static str {
        self.row().2
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.row().1)
    }
}

/// How much a text says by itself: what says more is shown first, and may make the rest superfluous.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// A whole message with a cause in it.
    Message,
    /// A bare code or type, which several messages share.
    Code,
    /// Only that something failed; the cause is told elsewhere.
    Wrapper,
}

impl Level {
    const ALL: [(Level, &str); 3] = [(Level::Message, "message"), (Level::Code, "code"), (Level::Wrapper, "wrapper")];

    pub(crate) fn parse(word: &str) -> Option<Level> {
        Level::ALL.iter().find(|(_, known)| *known == word).map(|(level, _)| *level)
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(Level::ALL.iter().find(|(level, _)| level == self).map_or("message", |(_, word)| word))
    }
}

/// Reads `documented`, `reported (7)`, `inferred`, `contradictory` or `measured`.
pub(crate) fn confidence(text: &str) -> Option<Confidence> {
    match text {
        "documented" => Some(Confidence::Documented),
        "inferred" => Some(Confidence::Inferred),
        "contradictory" => Some(Confidence::Contradictory),
        "measured" => Some(Confidence::Measured),
        _ => {
            let times = text.strip_prefix("reported (")?.strip_suffix(')')?;
            times.parse().ok().filter(|times| *times > 0).map(Confidence::Reported)
        }
    }
}

/// Reads a severity's word.
pub(crate) fn severity(word: &str) -> Option<Severity> {
    [Severity::Note, Severity::Warning, Severity::Error].into_iter().find(|severity| severity.to_string() == word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_years_months_or_days() {
        for good in ["2026", "2026-05", "2026-05-31"] {
            assert_eq!(Date::parse(good).map(|date| date.to_string()).as_deref(), Some(good));
        }
        for bad in ["", "2026-5", "2026-13", "2026-05-32", "2026-05-1", "26-05", "2026-05-01-01", "2026-05-", "x"] {
            assert_eq!(Date::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_month_is_past_when_it_is_over() {
        let date = |text: &str| Date::parse(text).unwrap_or_else(|| Date(String::new()));
        assert!(!date("2026-05").is_past(&date("2026-05-31")));
        assert!(date("2026-05").is_past(&date("2026-06-01")));
        assert!(date("2026-05-30").is_past(&date("2026-05-31")));
        assert!(!date("2026-05-31").is_past(&date("2026-05-31")));
    }

    #[test]
    fn confidences_are_words() {
        assert_eq!(confidence("reported (7)"), Some(Confidence::Reported(7)));
        assert_eq!(confidence("documented"), Some(Confidence::Documented));
        for bad in ["reported", "reported (0)", "reported (x)", "sure"] {
            assert_eq!(confidence(bad), None, "{bad}");
        }
    }
}
