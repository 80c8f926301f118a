//! An entry as it is written: Markdown with front matter, read and written.

use crate::entry::{Cause, Date, Entry, Level, Origin, Stage, confidence, severity};
use crate::limits::MAX_ENTRY_BYTES;
use crate::yaml::{self, Value};

/// Why a file is no entry.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{file}:{line}: {reason}")]
pub struct EntryError {
    /// The file.
    pub file: String,
    /// The line, counted from 1.
    pub line: usize,
    /// What is wrong, and what is expected.
    pub reason: String,
}

/// Keys of the front matter, in the order in which they are written.
const KEYS: [&str; 17] = [
    "id",
    "title",
    "gate",
    "severity",
    "confidence",
    "level",
    "keywords",
    "patterns",
    "first-seen",
    "last-seen",
    "review-by",
    "related",
    "contradicts",
    "rules",
    "sources",
    "matches",
    "misses",
];

/// Splits a file into its front matter and the rest; with the line at which the rest begins.
pub(crate) fn split(text: &str) -> Option<(&str, &str, usize)> {
    let rest = text.strip_prefix('\u{feff}').unwrap_or(text);
    let rest = rest.strip_prefix("---\n").or_else(|| rest.strip_prefix("---\r\n"))?;
    let mut at = 0;
    for (index, line) in rest.split_inclusive('\n').enumerate() {
        if line.trim_end() == "---" {
            return Some((&rest[..at], &rest[at + line.len()..], index + 3));
        }
        at += line.len();
    }
    None
}

/// Reads an entry.
///
/// # Errors
/// With the line and what is expected there.
pub fn read(text: &str, origin: Origin) -> Result<Entry, EntryError> {
    let file = match &origin {
        Origin::BuiltIn => "built in".to_owned(),
        Origin::File(file) => file.clone(),
    };
    let fail = |line: usize, reason: String| EntryError { file: file.clone(), line, reason };
    if text.len() > MAX_ENTRY_BYTES {
        return Err(fail(1, format!("it is longer than {MAX_ENTRY_BYTES} bytes")));
    }
    let (front, body, body_line) = split(text)
        .ok_or_else(|| fail(1, "an entry begins with front matter between two lines of `---`".to_owned()))?;
    let map = yaml::read(front).map_err(|error| fail(error.line + 1, error.reason))?;
    if let Some((key, line, _)) = map.iter().find(|(key, ..)| !KEYS.contains(&key.as_str())) {
        return Err(fail(line + 1, format!("there is no key `{key}` (known: {})", KEYS.join(", "))));
    }
    let front = Front { map, fail: &fail };
    let body = Body::read(body, body_line).map_err(|(line, reason)| fail(line, reason))?;
    Ok(Entry {
        id: front.required("id", id)?,
        title: front.required("title", |text| Some(text.to_owned()))?,
        stage: front.required("gate", Stage::parse)?,
        severity: front.required("severity", severity)?,
        confidence: front.required("confidence", confidence)?,
        level: front.optional("level", Level::parse)?.unwrap_or(Level::Message),
        keywords: front.list("keywords"),
        patterns: front.list("patterns"),
        first_seen: front.optional("first-seen", Date::parse)?,
        last_seen: front.optional("last-seen", Date::parse)?,
        review_by: front.optional("review-by", Date::parse)?,
        related: front.list("related"),
        contradicts: front.list("contradicts"),
        rules: front.list("rules"),
        sources: front.list("sources"),
        matches: front.list("matches"),
        misses: front.list("misses"),
        meaning: body.meaning,
        settle: body.settle,
        causes: body.causes,
        notes: body.notes,
        origin,
    })
}

/// An id: small letters, digits and hyphens.
fn id(text: &str) -> Option<String> {
    let good = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    (!text.is_empty() && text.len() <= 80 && text.bytes().all(good) && !text.starts_with('-')).then(|| text.to_owned())
}

struct Front<'a> {
    map: Vec<(String, usize, Value)>,
    fail: &'a dyn Fn(usize, String) -> EntryError,
}

impl Front<'_> {
    fn list(&self, key: &str) -> Vec<String> {
        self.map.iter().find(|(known, ..)| known == key).map(|(.., value)| value.texts()).unwrap_or_default()
    }

    fn optional<T>(&self, key: &str, read: impl Fn(&str) -> Option<T>) -> Result<Option<T>, EntryError> {
        let Some((_, line, value)) = self.map.iter().find(|(known, ..)| known == key) else { return Ok(None) };
        let Value::Text(text) = value else {
            return Err((self.fail)(line + 1, format!("`{key}` has to be one text")));
        };
        if text.is_empty() {
            return Ok(None);
        }
        read(text).map(Some).ok_or_else(|| (self.fail)(line + 1, format!("`{text}` is no {}", expected(key))))
    }

    fn required<T>(&self, key: &str, read: impl Fn(&str) -> Option<T>) -> Result<T, EntryError> {
        self.optional(key, read)?.ok_or_else(|| (self.fail)(1, format!("`{key}` is missing: {}", expected(key))))
    }
}

/// What a key wants, for error messages.
fn expected(key: &str) -> &'static str {
    match key {
        "id" => "id of small letters, digits and hyphens",
        "gate" => "gate: build, registry, call, media-types, unpacking, runtime or invoke",
        "severity" => "severity: error, warning or note",
        "confidence" => "confidence: documented, reported (N), inferred, contradictory or measured",
        "level" => "level: message, code or wrapper",
        "first-seen" | "last-seen" | "review-by" => "date: YYYY, YYYY-MM or YYYY-MM-DD",
        _ => "text in one line",
    }
}

/// The sections of the Markdown.
#[derive(Default)]
struct Body {
    meaning: String,
    settle: Vec<String>,
    causes: Vec<Cause>,
    notes: String,
}

impl Body {
    fn read(text: &str, first_line: usize) -> Result<Body, (usize, String)> {
        let mut body = Body::default();
        let mut section = "";
        let mut fenced = false;
        for (index, line) in text.lines().enumerate() {
            let line = line.trim_end();
            if !fenced && let Some(heading) = line.strip_prefix("## ") {
                section = heading.trim();
                if !matches!(section, "Meaning" | "Settle" | "Causes" | "Notes") {
                    let reason = format!("there is no section `{section}` (known: Meaning, Settle, Causes, Notes)");
                    return Err((first_line + index, reason));
                }
                continue;
            }
            let fence = line.trim_start().starts_with("```");
            fenced ^= fence;
            match section {
                "Meaning" => push_line(&mut body.meaning, line),
                "Notes" => push_line(&mut body.notes, line),
                "Settle" if fenced && !fence && !line.is_empty() => body.settle.push(line.to_owned()),
                "Causes" => cause_line(&mut body.causes, line).map_err(|reason| (first_line + index, reason))?,
                _ => {}
            }
        }
        for text in [&mut body.meaning, &mut body.notes] {
            text.truncate(text.trim_end().len());
        }
        Ok(body)
    }
}

fn push_line(text: &mut String, line: &str) {
    if !text.is_empty() || !line.is_empty() {
        text.push_str(line);
        text.push('\n');
    }
}

/// One line of the list of causes: `1. **Lead.** detail`, and under it `- Mend: …`, `- Likelier with: a, b`,
/// `- Less likely with: c`.
fn cause_line(causes: &mut Vec<Cause>, line: &str) -> Result<(), String> {
    if line.trim().is_empty() {
        return Ok(());
    }
    let numbered = line.split_once(". ").filter(|(number, _)| number.bytes().all(|b| b.is_ascii_digit()));
    if let Some((_, text)) = numbered {
        let (lead, detail) = text
            .strip_prefix("**")
            .and_then(|text| text.split_once("**"))
            .ok_or("a cause begins with its one sentence in bold: `1. **Sentence.** more`")?;
        let cause =
            Cause { lead: lead.trim_end_matches('.').to_owned(), detail: detail.trim().to_owned(), ..Cause::default() };
        causes.push(cause);
        return Ok(());
    }
    let cause = causes.last_mut().ok_or("causes are a numbered list")?;
    let text = line.trim();
    let words = |text: &str| text.split(',').map(|word| word.trim().trim_matches('`').to_owned()).collect();
    match text.strip_prefix("- ").and_then(|item| item.split_once(": ")) {
        Some(("Mend", mend)) => cause.mend.push(mend.to_owned()),
        Some(("Likelier with", signals)) => cause.likelier = words(signals),
        Some(("Less likely with", signals)) => cause.unlikelier = words(signals),
        _ if text.starts_with("- ") => {
            return Err("under a cause come `- Mend:`, `- Likelier with:` or `- Less likely with:`".to_owned());
        }
        _ => {
            // The next line of whatever was last.
            let unfinished = cause.mend.last_mut().unwrap_or(&mut cause.detail);
            unfinished.push(' ');
            unfinished.push_str(text);
        }
    }
    Ok(())
}

/// Writes an entry in the form in which [`read`] reads it.
#[must_use]
pub fn write(entry: &Entry) -> String {
    let mut text = String::from("---\n");
    let date = |date: &Option<Date>| date.iter().map(ToString::to_string).collect::<Vec<String>>();
    let lists: [(&str, Vec<String>); 17] = [
        ("id", vec![entry.id.clone()]),
        ("title", vec![entry.title.clone()]),
        ("gate", vec![entry.stage.to_string()]),
        ("severity", vec![entry.severity.to_string()]),
        ("confidence", vec![confidence_word(entry)]),
        ("level", vec![entry.level.to_string()]),
        ("keywords", entry.keywords.clone()),
        ("patterns", entry.patterns.clone()),
        ("first-seen", date(&entry.first_seen)),
        ("last-seen", date(&entry.last_seen)),
        ("review-by", date(&entry.review_by)),
        ("related", entry.related.clone()),
        ("contradicts", entry.contradicts.clone()),
        ("rules", entry.rules.clone()),
        ("sources", entry.sources.clone()),
        ("matches", entry.matches.clone()),
        ("misses", entry.misses.clone()),
    ];
    for (key, values) in lists {
        let single = !matches!(
            key,
            "keywords" | "patterns" | "related" | "contradicts" | "rules" | "sources" | "matches" | "misses"
        );
        match values.as_slice() {
            [] => {}
            [value] if single => text.push_str(&format!("{key}: {}\n", scalar(value))),
            values => {
                text.push_str(&format!("{key}:\n"));
                values.iter().for_each(|value| text.push_str(&format!("  - {}\n", scalar(value))));
            }
        }
    }
    text.push_str(&format!("---\n\n## Meaning\n\n{}\n", entry.meaning));
    if !entry.settle.is_empty() {
        text.push_str(&format!("\n## Settle\n\n```sh\n{}\n```\n", entry.settle.join("\n")));
    }
    if !entry.causes.is_empty() {
        text.push_str("\n## Causes\n\n");
    }
    for (index, cause) in entry.causes.iter().enumerate() {
        let number = index + 1;
        text.push_str(format!("{number}. **{}.** {}", cause.lead, cause.detail).trim_end());
        text.push('\n');
        cause.mend.iter().for_each(|mend| text.push_str(&format!("   - Mend: {mend}\n")));
        for (title, signals) in [("Likelier with", &cause.likelier), ("Less likely with", &cause.unlikelier)] {
            if !signals.is_empty() {
                text.push_str(&format!("   - {title}: {}\n", signals.join(", ")));
            }
        }
    }
    if !entry.notes.is_empty() {
        text.push_str(&format!("\n## Notes\n\n{}\n", entry.notes));
    }
    text
}

/// `reported (7)`, as front matter has it.
fn confidence_word(entry: &Entry) -> String {
    match entry.confidence {
        lambark_rules::Confidence::Reported(times) => format!("reported ({times})"),
        other => other.word().to_owned(),
    }
}

/// A text in one line of YAML: bare if nothing in it could mean anything else, else in single quotes.
fn scalar(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<&str>>().join(" ");
    let bare = |c: char| c.is_ascii_alphanumeric() || "-_./()".contains(c);
    let safe = line.chars().all(|c| bare(c) || c == ' ') && line.starts_with(|c: char| c.is_ascii_alphanumeric());
    // What YAML takes for nothing is a text here.
    if safe && !matches!(line.as_str(), "null") { line } else { format!("'{}'", line.replace('\'', "''")) }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    const TEXT: &str = "---
id: a-b
title: It's wrong
gate: unpacking
severity: error
confidence: reported (3)
level: message
keywords:
  - one
patterns:
  - 'a \\(b\\): ''(\\S+)'''
first-seen: 2024-07
sources:
  - x/y#1
---

## Meaning

What it is.

## Settle

```sh
lambark check {image}
```

## Causes

1. **First.** More of it
   on a second line.
   - Mend: do `this`
     and that.
   - Likelier with: `one`, two
2. **Second.**
   - Less likely with: three

## Notes

A note.
";

    fn entry(text: &str) -> Result<Entry, EntryError> {
        read(text, Origin::File("f.md".to_owned()))
    }

    #[test]
    fn an_entry_is_read() {
        let entry = entry(TEXT).unwrap();
        assert_eq!(entry.title, "It's wrong");
        assert_eq!(entry.patterns, ["a \\(b\\): '(\\S+)'"]);
        assert_eq!(entry.settle, ["lambark check {image}"]);
        assert_eq!(entry.causes[0].detail, "More of it on a second line.");
        assert_eq!(entry.causes[0].mend, ["do `this` and that."]);
        assert_eq!(entry.causes[0].likelier, ["one", "two"]);
        assert_eq!(entry.causes[1].unlikelier, ["three"]);
        assert_eq!(entry.notes, "A note.");
    }

    #[test]
    fn what_is_written_is_read_again() {
        let once = write(&entry(TEXT).unwrap());
        assert_eq!(write(&entry(&once).unwrap()), once);
        assert!(once.contains("title: 'It''s wrong'\n"), "{once}");
    }

    #[test]
    fn what_is_wrong_names_its_line() {
        for (old, new, line, reason) in [
            ("id: a-b", "id: A b", 2, "small letters"),
            ("gate: unpacking", "gate: kitchen", 4, "media-types"),
            ("keywords:", "keyword:", 8, "no key `keyword`"),
            ("## Settle", "## Settled", 21, "no section `Settled`"),
            ("2. **Second.**", "2. Second", 34, "in bold"),
            ("   - Likelier with:", "   - Likely:", 33, "under a cause"),
            ("title: It's wrong\n", "", 1, "`title` is missing"),
            ("---\nid", "id", 1, "front matter"),
        ] {
            let error = entry(&TEXT.replacen(old, new, 1)).unwrap_err();
            assert!(error.reason.contains(reason), "{error}");
            assert_eq!(error.line, line, "{error}");
        }
    }

    #[test]
    fn hostile_texts_are_no_entries_and_no_panics() {
        for text in
            ["", "---", "---\n---", "---\n---\n", "---\n\u{0}\n---\n", "\u{feff}---\na: [\n---\n", "---\r\n---\r\n"]
        {
            assert!(entry(text).is_err(), "{text:?}");
        }
        assert!(entry(&"x".repeat(MAX_ENTRY_BYTES + 1)).is_err());
    }
}
