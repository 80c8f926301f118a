//! Entries out of what people wrote after an incident: a record with front matter and the usual sections, or the block
//! of a "hot pattern".

use std::sync::LazyLock;

use lambark_rules::{Confidence, Severity};
use regex::Regex;

use crate::article::split;
use crate::clean;
use crate::diagnose::alone;
use crate::entry::{Cause, Date, Entry, Level, Origin, Stage, severity};
use crate::limits::MAX_ENTRY_BYTES;
use crate::pattern::Pattern;
use crate::yaml;

/// Why a file could not be made into entries.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ImportError {
    /// It is too long.
    #[error("it is longer than {MAX_ENTRY_BYTES} bytes")]
    TooLong,
    /// Its front matter cannot be read.
    #[error("line {line}: {reason}")]
    FrontMatter {
        /// The line, counted from 1.
        line: usize,
        /// What is wrong.
        reason: String,
    },
    /// It is neither form.
    #[error(
        "it is neither an incident record (a title, and sections such as `Symptom`, `Root Cause`, `Solution`) nor a hot \
         pattern (`Keywords:`, `Symptom:`, `Root Cause:`, `Solution:`)"
    )]
    Unknown,
    /// It quotes no message.
    #[error(
        "`{0}` quotes no message to recognise it by: put the error's own words into a code block, in backticks or behind \
         `>` in the symptom"
    )]
    NoMessage(String),
}

/// The parts of a record, whatever its form.
#[derive(Default)]
struct Record {
    title: String,
    keywords: Vec<String>,
    severity: Option<Severity>,
    date: Option<Date>,
    symptom: String,
    cause: String,
    solution: String,
    prevention: String,
    related: Vec<String>,
    sources: Vec<String>,
    hits: u64,
    last_used: Option<Date>,
}

/// An imported entry, and what the record told of its use.
#[derive(Clone, Debug)]
pub struct Imported {
    /// The entry.
    pub entry: Entry,
    /// How often it had helped.
    pub hits: u64,
    /// When it helped last.
    pub last_used: Option<Date>,
}

/// Makes entries out of `text`, which lay in `file`; they are to be reviewed by `review_by`.
///
/// # Errors
/// When it has neither form, or quotes no message.
pub fn import(text: &str, file: &str, review_by: &Date) -> Result<Vec<Imported>, ImportError> {
    if text.len() > MAX_ENTRY_BYTES {
        return Err(ImportError::TooLong);
    }
    let records = match hot_patterns(text) {
        records if records.is_empty() => vec![incident(text)?],
        records => records,
    };
    records.into_iter().map(|record| entry(record, file, review_by)).collect()
}

fn entry(record: Record, file: &str, review_by: &Date) -> Result<Imported, ImportError> {
    let messages = messages(&record.symptom);
    let patterns: Vec<String> = messages.iter().map(|message| pattern(message)).collect();
    let usable = |pattern: &&String| Pattern::new(pattern).and_then(|pattern| pattern.compile()).is_ok();
    let patterns: Vec<String> = patterns.iter().filter(usable).cloned().collect();
    if patterns.is_empty() {
        return Err(ImportError::NoMessage(record.title));
    }
    let cause = sentences(&record.cause);
    let (lead, detail) = cause.split_once(". ").unwrap_or((&cause, ""));
    let mend = [&record.solution, &record.prevention].map(|text| sentences(text));
    let entry = Entry {
        id: slug(&record.title),
        title: one_line(&record.title).trim_end_matches('.').chars().take(100).collect(),
        stage: stage(&record),
        severity: record.severity.unwrap_or(Severity::Error),
        confidence: Confidence::Reported(1),
        level: Level::Message,
        keywords: record.keywords,
        patterns,
        first_seen: record.date.clone(),
        last_seen: record.date,
        review_by: Some(review_by.clone()),
        related: record.related.iter().map(|name| slug(name)).filter(|id| crate::built_in::has(id)).collect(),
        contradicts: Vec::new(),
        rules: Vec::new(),
        sources: [vec![file.to_owned()], record.sources].concat(),
        matches: messages,
        misses: Vec::new(),
        meaning: without_headings(&record.symptom),
        settle: Vec::new(),
        causes: vec![Cause {
            lead: lead.replace("**", "").trim_end_matches('.').to_owned(),
            detail: detail.to_owned(),
            mend: mend.into_iter().filter(|mend| !mend.is_empty()).collect(),
            ..Cause::default()
        }],
        notes: String::new(),
        origin: Origin::File(file.to_owned()),
    };
    Ok(Imported { entry, hits: record.hits, last_used: record.last_used })
}

/// An incident record: front matter, a title, sections.
fn incident(text: &str) -> Result<Record, ImportError> {
    let mut record = Record::default();
    let (front, body) = split(text).map_or(("", text), |(front, body, _)| (front, body));
    let map =
        yaml::read(front).map_err(|error| ImportError::FrontMatter { line: error.line + 1, reason: error.reason })?;
    for (key, _, value) in &map {
        let texts = value.texts();
        let Some(first) = texts.first() else { continue };
        match key.to_lowercase().replace(['_', ' '], "-").as_str() {
            "title" | "name" | "summary" if record.title.is_empty() => record.title.clone_from(first),
            "tags" | "keywords" | "labels" => {
                record.keywords.extend(texts.iter().flat_map(|text| list(text)));
            }
            "severity" | "priority" => record.severity = importance(first),
            "date" | "occurred" | "created" | "incident-date" => record.date = first.get(..10).and_then(Date::parse),
            "related" | "related-incidents" => record.related = texts,
            "sources" | "references" | "links" => record.sources = texts,
            _ => {}
        }
    }
    let mut field: Option<Field> = None;
    for line in body.lines() {
        if let Some(heading) = line.strip_prefix('#') {
            let title = heading.trim_start_matches('#').trim();
            if record.title.is_empty() && !heading.starts_with('#') {
                title.clone_into(&mut record.title);
            }
            // A deeper heading stays in the section that it belongs to.
            let deeper = heading.starts_with("##") && field.is_some() && Field::of(title).is_none();
            field = if deeper { field } else { Field::of(title) };
            continue;
        }
        if let Some(field) = field {
            add(field.of_record(&mut record), line);
        }
    }
    if record.title.is_empty() || record.symptom.is_empty() && record.cause.is_empty() {
        return Err(ImportError::Unknown);
    }
    if record.symptom.is_empty() {
        // The title is what the message was, then.
        record.symptom = format!("> {}", record.title);
    }
    Ok(record)
}

/// The parts that both forms have.
#[derive(Clone, Copy)]
enum Field {
    Symptom,
    Cause,
    Solution,
    Prevention,
}

impl Field {
    /// The field that a heading names.
    fn of(heading: &str) -> Option<Field> {
        let heading = heading.to_lowercase();
        let has = |words: &[&str]| words.iter().any(|word| heading.contains(word));
        match () {
            () if has(&["prevent", "lessons", "action item", "follow-up"]) => Some(Field::Prevention),
            () if has(&["root cause", "cause", "why it happened"]) => Some(Field::Cause),
            () if has(&["solution", "resolution", "remedy", "fix", "mitigation"]) => Some(Field::Solution),
            () if has(&["symptom", "problem", "error message", "what happened", "impact"]) => Some(Field::Symptom),
            () => None,
        }
    }

    fn of_record(self, record: &mut Record) -> &mut String {
        match self {
            Field::Symptom => &mut record.symptom,
            Field::Cause => &mut record.cause,
            Field::Solution => &mut record.solution,
            Field::Prevention => &mut record.prevention,
        }
    }
}

/// A line such as `**Root Cause**: text` or `- Hit Count: 3`.
static FIELD: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r"(?i)^\s*(?:[-*]\s+)?(?:\*\*|__)?(keywords?|symptoms?|root cause|solution|fix|related|hit count|hits|last used|prevention)(?:\*\*|__)?\s*:(?:\*\*|__)?\s*(.*)$",
    )
    .ok()
});

/// All hot patterns of a text: each has keywords and a symptom, under a heading that names it.
fn hot_patterns(text: &str) -> Vec<Record> {
    let Some(regex) = FIELD.as_ref() else { return Vec::new() };
    let (mut records, mut record, mut field): (Vec<Record>, Record, Option<Field>) =
        (Vec::new(), Record::default(), None);
    let mut seen_keywords = false;
    for line in text.lines() {
        if line.starts_with('#') {
            if seen_keywords && !record.symptom.is_empty() {
                records.push(std::mem::take(&mut record));
            }
            seen_keywords = false;
            let title = line.trim_start_matches('#').trim();
            let title = title.strip_prefix("Hot Pattern:").or_else(|| title.strip_prefix("Pattern:")).unwrap_or(title);
            record = Record { title: title.trim().to_owned(), ..Record::default() };
            field = None;
            continue;
        }
        let Some(captures) = regex.captures(line) else {
            if let Some(field) = field {
                add(field.of_record(&mut record), line);
            }
            continue;
        };
        let value = captures[2].trim();
        field = None;
        match captures[1].to_lowercase().as_str() {
            "keyword" | "keywords" => {
                seen_keywords = true;
                record.keywords = list(value);
            }
            "related" => record.related = list(value),
            "hit count" | "hits" => record.hits = value.parse().unwrap_or(0),
            "last used" => record.last_used = value.get(..10).and_then(Date::parse),
            name => {
                field = Field::of(name);
                if let Some(field) = field {
                    add(field.of_record(&mut record), value);
                }
            }
        }
    }
    if seen_keywords && !record.symptom.is_empty() {
        records.push(record);
    }
    for record in records.iter_mut().filter(|record| record.title.is_empty()) {
        record.title = record.keywords.first().cloned().unwrap_or_else(|| one_line(&record.symptom));
    }
    records
}

fn add(text: &mut String, line: &str) {
    if !text.is_empty() || !line.trim().is_empty() {
        text.push_str(line.trim_end());
        text.push('\n');
    }
}

fn list(text: &str) -> Vec<String> {
    let words = text.trim_matches(['[', ']']).split(',');
    words.map(|word| word.trim().trim_matches(['`', '"', '\'']).to_owned()).filter(|word| !word.is_empty()).collect()
}

fn importance(text: &str) -> Option<Severity> {
    match text.to_lowercase().as_str() {
        "critical" | "high" | "p0" | "p1" | "sev1" | "sev2" | "sev-1" | "sev-2" => Some(Severity::Error),
        "medium" | "p2" | "sev3" | "sev-3" => Some(Severity::Warning),
        "low" | "p3" | "p4" | "sev4" | "sev-4" => Some(Severity::Note),
        word => severity(word),
    }
}

/// Shortest quoted message: a shorter one is a name or a command's word.
const MIN_MESSAGE_CHARS: usize = 12;

/// Messages that one record gives at most.
const MAX_MESSAGES: usize = 8;

/// The error's own words in a symptom: code blocks, quotations, inline code; if there is none, a symptom of one line.
fn messages(symptom: &str) -> Vec<String> {
    let mut messages: Vec<String> = Vec::new();
    let mut fenced = false;
    for line in symptom.lines() {
        let text = line.trim();
        if text.starts_with("```") {
            fenced = !fenced;
        } else if fenced || text.starts_with('>') {
            messages.push(text.trim_start_matches('>').trim().to_owned());
        } else {
            messages.extend(text.split('`').skip(1).step_by(2).map(str::to_owned));
        }
    }
    messages = messages.iter().map(|message| crate::wrappers::peel(&clean::line(message.as_bytes())).message).collect();
    messages.retain(|message| message.chars().count() >= MIN_MESSAGE_CHARS && message.contains(' '));
    let whole = one_line(symptom);
    if messages.is_empty() && whole.chars().count() >= MIN_MESSAGE_CHARS && whole.chars().count() <= 200 {
        messages.push(whole.trim_matches(['"', '\'', '.', '*']).to_owned());
    }
    messages.truncate(MAX_MESSAGES);
    messages
}

/// What differs from one occurrence to the next: references, digests, ids, paths with numbers, numbers.
static VOLATILE: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(concat!(
        r"\S+\.amazonaws\.com/\S*[\w]|sha256:[0-9a-f]{8,}|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f-]{22}|",
        r"\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d\S*|\bv\d[\w.-]*|\b\d+\b"
    ))
    .ok()
});

/// A message as a pattern: its words, with what differs each time left open.
fn pattern(message: &str) -> String {
    let Some(volatile) = VOLATILE.as_ref() else { return regex::escape(message) };
    let (mut pattern, mut at) = (String::new(), 0);
    for found in volatile.find_iter(message) {
        pattern.push_str(&regex::escape(&message[at..found.start()]));
        pattern.push_str(if found.as_str().bytes().all(|b| b.is_ascii_digit()) { r"\d+" } else { r"\S+" });
        at = found.end();
    }
    pattern + &regex::escape(&message[at..])
}

fn stage(record: &Record) -> Stage {
    let text = format!("{} {} {}", record.symptom, record.cause, record.keywords.join(" ")).to_lowercase();
    let has = |words: &[&str]| words.iter().any(|word| text.contains(word));
    match () {
        () if has(&["media type", "manifest"]) => Stage::MediaTypes,
        () if has(&["unsupportedimagelayer", "missingparent", "uncompressed"]) => Stage::Unpacking,
        () if has(&["runtime.", "import module", "modulenotfound", "entrypoint"]) => Stage::Runtime,
        () if has(&["docker build", "buildx", "dockerfile"]) => Stage::Build,
        () if has(&["push", "registry", "ecr"]) => Stage::Registry,
        () => Stage::Invoke,
    }
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<&str>>().join(" ")
}

/// Markdown as one paragraph: list marks and fences go, words stay.
fn sentences(text: &str) -> String {
    let lines = text.lines().map(str::trim).filter(|line| !line.starts_with("```"));
    let mark = |line: &'_ str| line.trim_start_matches(['-', '*', '>']).trim().to_owned();
    lines.map(mark).filter(|line| !line.is_empty()).collect::<Vec<String>>().join(" ")
}

/// Markdown that may stand in a section: headings would end it.
fn without_headings(text: &str) -> String {
    let lines = text.trim().lines().map(|line| line.trim_start_matches('#').trim_start_matches("---"));
    lines.collect::<Vec<&str>>().join("\n")
}

fn slug(text: &str) -> String {
    let words = text.to_lowercase();
    let words = words.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let mut slug = String::new();
    for word in words {
        if slug.len() + word.len() >= 60 {
            break;
        }
        if !slug.is_empty() {
            slug.push('-');
        }
        slug.push_str(word);
    }
    if slug.is_empty() { "incident".to_owned() } else { slug }
}

/// An entry as a "hot pattern" block, with what is known of its use.
#[must_use]
pub fn hot_pattern(entry: &Entry, hits: u64, last_used: Option<&str>) -> String {
    let ranked = alone(entry).causes;
    let cause: Vec<&str> = ranked.iter().map(|ranked| ranked.cause.lead.as_str()).collect();
    let solution: Vec<&str> = ranked.iter().filter_map(|ranked| ranked.mend.first()).map(String::as_str).collect();
    let symptom = entry.matches.first().map_or(entry.title.as_str(), String::as_str);
    let bullets = |texts: &[&str]| match texts {
        [one] => format!(" {one}\n"),
        several => several.iter().fold("\n".to_owned(), |all, text| format!("{all}- {text}\n")),
    };
    format!(
        "### {}\n\n**Keywords**: {}\n**Symptom**: `{}`\n**Root Cause**:{}**Solution**:{}**Related**: {}\n**Hit Count**: {hits}\n\
         **Last Used**: {}\n",
        entry.title,
        entry.keywords.join(", "),
        symptom.replace('`', "'"),
        bullets(&cause),
        bullets(&solution),
        entry.related.join(", "),
        last_used.unwrap_or("never"),
    )
}
