//! From what a log holds to what to do: matches ranked, causes ordered by what else the log shows, commands filled in.

use std::cmp::Reverse;

use lambark_rules::Severity;

use crate::entry::{Cause, Entry, Level};
use crate::knowledge::Knowledge;
use crate::limits::MAX_OCCURRENCES;
use crate::places::{self, Place};
use crate::scan::{Matched, Scan};
use crate::signals::{SIGNALS, Signal};
use crate::wrappers::Peeled;

/// What a log means.
#[derive(Clone, Debug)]
pub struct Diagnosis<'k> {
    /// What matched, the most telling first; entries that contradict each other side by side.
    pub matches: Vec<Explained<'k>>,
    /// What the log shows about who was at work.
    pub signals: Vec<Seen>,
    /// Images that the log names.
    pub images: Vec<Place>,
    /// Functions that the log names.
    pub functions: Vec<Place>,
    /// Lines that were read.
    pub lines: u64,
}

/// A signal that was seen.
#[derive(Clone, Debug)]
pub struct Seen {
    /// Which.
    pub signal: &'static Signal,
    /// The first line, counted from 1.
    pub line: u64,
    /// That line, cleaned.
    pub text: String,
}

/// An entry that matched.
#[derive(Clone, Debug)]
pub struct Explained<'k> {
    /// The entry.
    pub entry: &'k Entry,
    /// The first line that matched, counted from 1.
    pub line: u64,
    /// How often it matched.
    pub count: u32,
    /// Whether counting stopped there.
    pub at_least: bool,
    /// The message without its wrappers, and what they told.
    pub peeled: Peeled,
    /// The image that is meant, if the log names one.
    pub image: Option<String>,
    /// The function that is meant, if the log names one.
    pub function: Option<String>,
    /// The commands that settle it, filled in.
    pub settle: Vec<String>,
    /// The causes, likeliest first.
    pub causes: Vec<Ranked<'k>>,
    /// Entries that matched too and say less about the same thing, with their line.
    pub also: Vec<(&'k Entry, u64)>,
    /// Matching entries that claim something else.
    pub contradicts: Vec<&'k Entry>,
}

/// A cause, with what speaks for and against it.
#[derive(Clone, Debug)]
pub struct Ranked<'k> {
    /// The cause.
    pub cause: &'k Cause,
    /// What mends it, filled in.
    pub mend: Vec<String>,
    /// Signals in the log that speak for it.
    pub evidence: Vec<Seen>,
    /// Signals that speak against it.
    pub doubt: Vec<Seen>,
}

/// Ranks what a scan found.
#[must_use]
pub fn diagnose<'k>(knowledge: &'k Knowledge, scan: &Scan) -> Diagnosis<'k> {
    let signals: Vec<Seen> = scan
        .signals
        .iter()
        .map(|(index, line)| Seen { signal: &SIGNALS[*index], line: line.number, text: line.text.clone() })
        .collect();
    let mut matches: Vec<Explained<'k>> =
        scan.matches.iter().map(|matched| explain(knowledge, matched, scan, &signals)).collect();
    let explained: Vec<String> = matches
        .iter()
        .filter(|found| matches.iter().any(|telling| explains(telling, found)))
        .map(|found| found.entry.id.clone())
        .collect();
    matches.sort_by_key(|found| {
        (found.entry.level, explained.contains(&found.entry.id), Reverse(found.entry.severity), found.line)
    });
    let matches = side_by_side(fold(matches));
    Diagnosis { matches, signals, images: scan.images.clone(), functions: scan.functions.clone(), lines: scan.lines }
}

/// An entry on its own, with nothing known but its text.
#[must_use]
pub fn alone(entry: &Entry) -> Explained<'_> {
    Explained {
        entry,
        line: 0,
        count: 0,
        at_least: false,
        peeled: Peeled::default(),
        image: None,
        function: None,
        settle: entry.settle.iter().map(|command| fill(command, &[])).collect(),
        causes: rank(entry, &[], &[]),
        also: Vec::new(),
        contradicts: Vec::new(),
    }
}

fn explain<'k>(knowledge: &'k Knowledge, matched: &Matched, scan: &Scan, signals: &[Seen]) -> Explained<'k> {
    let entry = &knowledge.entries()[matched.entry];
    let name = |place: &Place| place.name.clone();
    let image = places::nearest(&scan.images, matched.line).map(name);
    let function = matched.peeled.function.clone().or_else(|| places::nearest(&scan.functions, matched.line).map(name));
    let mut values: Vec<(&str, &str)> = Vec::new();
    values.extend(image.as_deref().map(|image| ("image", image)));
    values.extend(function.as_deref().map(|function| ("function", function)));
    values.extend(matched.captures.iter().map(|(name, value)| (name.as_str(), value.as_str())));
    Explained {
        entry,
        line: matched.line,
        count: matched.count,
        at_least: matched.count >= MAX_OCCURRENCES,
        peeled: matched.peeled.clone(),
        settle: entry.settle.iter().map(|command| fill(command, &values)).collect(),
        causes: rank(entry, signals, &values),
        image,
        function,
        also: Vec::new(),
        contradicts: Vec::new(),
    }
}

fn rank<'k>(entry: &'k Entry, signals: &[Seen], values: &[(&str, &str)]) -> Vec<Ranked<'k>> {
    let seen = |names: &[String]| -> Vec<Seen> {
        signals.iter().filter(|seen| names.iter().any(|name| name == seen.signal.name)).cloned().collect()
    };
    let mut ranked: Vec<Ranked<'k>> = entry
        .causes
        .iter()
        .map(|cause| Ranked {
            cause,
            mend: cause.mend.iter().map(|mend| fill(mend, values)).collect(),
            evidence: seen(&cause.likelier),
            doubt: seen(&cause.unlikelier),
        })
        .collect();
    // A stable sort: what nothing speaks for or against keeps the order of the entry.
    ranked.sort_by_key(|ranked| ranked.doubt.len().cmp(&ranked.evidence.len()));
    ranked
}

/// Whether one match says more about the same thing than another: a message more than any code in the log, and a
/// message in the same line more than another that frames it.
fn explains(telling: &Explained<'_>, found: &Explained<'_>) -> bool {
    telling.entry.related.contains(&found.entry.id)
        && (telling.entry.level < found.entry.level
            || telling.entry.level == found.entry.level && telling.line == found.line)
}

/// Puts what a more telling match explains already under that one.
fn fold(matches: Vec<Explained<'_>>) -> Vec<Explained<'_>> {
    let mut shown: Vec<Explained<'_>> = Vec::new();
    for found in matches {
        match shown.iter_mut().find(|telling| explains(telling, &found)) {
            Some(telling) => telling.also.push((found.entry, found.line)),
            None => shown.push(found),
        }
    }
    shown
}

/// Puts entries that contradict each other next to each other, and tells each of the other.
fn side_by_side(mut matches: Vec<Explained<'_>>) -> Vec<Explained<'_>> {
    let mut ordered: Vec<Explained<'_>> = Vec::with_capacity(matches.len());
    while !matches.is_empty() {
        let mut group = vec![matches.remove(0)];
        let mut index = 0;
        while index < matches.len() {
            if group.iter().any(|known| disagree(known.entry, matches[index].entry)) {
                group.push(matches.remove(index));
            } else {
                index += 1;
            }
        }
        let entries: Vec<&Entry> = group.iter().map(|found| found.entry).collect();
        for found in &mut group {
            found.contradicts = entries.iter().copied().filter(|other| disagree(found.entry, other)).collect();
        }
        ordered.extend(group);
    }
    ordered
}

fn disagree(one: &Entry, other: &Entry) -> bool {
    one.contradicts.contains(&other.id) || other.contradicts.contains(&one.id)
}

/// Fills `{image}` and the like with what is known. Whatever could be more than a word in a shell is not used: a log is
/// written by others, and the command is meant to be pasted.
fn fill(text: &str, values: &[(&str, &str)]) -> String {
    let mut filled = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        filled.push_str(before);
        let name = after.split_once('}').map(|(name, _)| name).filter(|name| is_placeholder(name));
        let Some(name) = name else {
            filled.push('{');
            rest = after;
            continue;
        };
        match values.iter().find(|(known, value)| *known == name && is_harmless(value)) {
            Some((_, value)) => filled.push_str(value),
            None => filled.push_str(&name.to_uppercase()),
        }
        rest = &after[name.len() + 1..];
    }
    filled + rest
}

fn is_placeholder(name: &str) -> bool {
    !name.is_empty() && name.len() <= 20 && name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_')
}

fn is_harmless(value: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-./:@%+,=".contains(c);
    !value.is_empty() && !value.starts_with('-') && value.len() <= 512 && value.chars().all(plain)
}

impl Explained<'_> {
    /// Whether it says by itself what went wrong.
    #[must_use]
    pub fn is_telling(&self) -> bool {
        self.entry.level == Level::Message && self.entry.severity >= Severity::Warning
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_filled_with_harmless_words_only() {
        let values = [("image", "r.example.com/a:v1"), ("path", "$(rm -rf /)"), ("module", "--help")];
        for (text, filled) in [
            ("lambark check {image}", "lambark check r.example.com/a:v1"),
            ("ls {path} {module} {other}", "ls PATH MODULE OTHER"),
            ("jq '{a: .b}' {", "jq '{a: .b}' {"),
            ("${HOME} {Image}", "${HOME} {Image}"),
        ] {
            assert_eq!(fill(text, &values), filled);
        }
    }
}
