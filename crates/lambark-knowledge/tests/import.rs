//! Incident records and hot patterns become entries.
#![allow(clippy::unwrap_used, reason = "tests")]

use lambark_knowledge::{Date, ImportError, Knowledge, Stage, hot_pattern, import, lint, read, scan, write};

const RECORD: &str = r#"---
title: "Login answers 502 after a deployment"
date: 2026-01-14T09:12:00Z
severity: high
tags: [lambda, docker]
related: [manifest-media-type, INC-7]
---

# Incident

## Symptom

The update failed:

```
An error occurred (InvalidParameterValueException) when calling the UpdateFunctionCode operation: The login image 123456789012.dkr.ecr.us-east-1.amazonaws.com/login:v17 has 3 stale parts
```

## Root Cause

The tag held an index. A runner was updated.

### Timeline

09:12 it began.

## Solution

- Deploy the image inside by its digest.

## Prevention

Run `lambark check` before the update.
"#;

const HOT: &str = "
# Hot patterns

### Pattern: Lambda image refused

**Keywords**: lambda, manifest, `buildx`
**Symptom**: `The frobnicated manifest of the image was refused by the gate`
**Root Cause**: The default of buildx
**Solution**: Build with --provenance=false
and push again
**Related**: manifest-media-type
**Hit Count**: 7
**Last Used**: 2026-02-17

### Another

- Keywords: cors
- Symptom: No 'Access-Control-Allow-Origin' header is present on the login answer
- Root Cause: The function did not start
- Solution: Look at the function first
- Hit Count: 1
";

fn date() -> Date {
    Date::parse("2027-05").unwrap()
}

#[test]
fn an_incident_record_becomes_an_entry() {
    let imported = import(RECORD, "docs/incident.md", &date()).unwrap();
    let entry = &imported[0].entry;
    assert_eq!(entry.id, "login-answers-502-after-a-deployment");
    assert_eq!(entry.patterns, [r"The login image \S+ has \d+ stale parts"]);
    assert_eq!(entry.keywords, ["lambda", "docker"]);
    assert_eq!(entry.related, ["manifest-media-type"]);
    assert_eq!(entry.first_seen.as_ref().unwrap().as_str(), "2026-01-14");
    assert_eq!(entry.causes[0].lead, "The tag held an index");
    assert_eq!(entry.causes[0].detail, "A runner was updated. 09:12 it began.");
    assert_eq!(
        entry.causes[0].mend,
        ["Deploy the image inside by its digest.", "Run `lambark check` before the update."]
    );
}

/// What was imported can be written, read again, searched with, and lacks nothing but a near miss.
#[test]
fn what_was_imported_works() {
    let entry = import(RECORD, "docs/incident.md", &date()).unwrap().remove(0).entry;
    let again = read(&write(&entry), entry.origin.clone()).unwrap();
    assert_eq!(format!("{entry:?}"), format!("{again:?}"));
    let faults = lint(std::slice::from_ref(&again), &Date::parse("2026-11-22").unwrap());
    let told: Vec<&str> = faults.iter().map(|fault| fault.message.as_str()).collect();
    assert_eq!(told, ["it has no text in `misses` that comes near without matching"]);
    let knowledge = Knowledge::with(vec![again]).unwrap();
    let found = scan(&knowledge, "12:00 ERROR The login image x:v99 has 12 stale parts, again");
    assert_eq!(lambark_knowledge::diagnose(&knowledge, &found).matches[0].entry.id, entry.id);
}

#[test]
fn hot_patterns_become_entries_with_their_use() {
    let imported = import(HOT, "patterns.md", &date()).unwrap();
    assert_eq!(imported.len(), 2);
    assert_eq!((imported[0].hits, imported[0].last_used.as_ref().unwrap().as_str()), (7, "2026-02-17"));
    let first = &imported[0].entry;
    assert_eq!((first.id.as_str(), first.stage), ("lambda-image-refused", Stage::MediaTypes));
    assert_eq!(first.keywords, ["lambda", "manifest", "buildx"]);
    assert_eq!(first.causes[0].mend, ["Build with --provenance=false and push again"]);
    assert_eq!(imported[1].entry.matches, ["No 'Access-Control-Allow-Origin' header is present on the login answer"]);
}

#[test]
fn an_entry_becomes_a_hot_pattern_and_comes_back() {
    let knowledge = Knowledge::built_in().unwrap();
    let entry = knowledge.entry("layer-parent-missing").unwrap();
    let text = hot_pattern(entry, 3, Some("2026-11-22"));
    let imported = import(&text, "x.md", &date()).unwrap();
    assert_eq!(imported[0].hits, 3);
    assert_eq!(imported[0].entry.title, entry.title);
    assert_eq!(imported[0].entry.keywords, entry.keywords);
}

#[test]
fn what_is_neither_is_refused() {
    for text in ["", "hello", "# Title\n\nText without sections.\n", "---\ntitle: x\n---\n"] {
        assert!(matches!(import(text, "x.md", &date()), Err(ImportError::Unknown)), "{text}");
    }
    let no_message = "# It failed\n\n## Symptom\n\n`x`\n\n## Root Cause\n\nNobody knows.\n";
    assert!(import(no_message, "x.md", &date()).is_err());
    assert!(matches!(import("---\na: [\n---\n", "x.md", &date()), Err(ImportError::FrontMatter { .. })));
}
