//! A record of an incident: what the ledger knows, and marked gaps for what it does not.

use std::io::{self, Write};

use lambark_ledger::{Entry, Outcome};

use super::markdown::{scalar, text};
use super::{subject, whose_word};
use crate::operations::record::incident::Incident;
use crate::words::moment;

/// What stands where nobody has recorded anything.
const GAP: &str = "_not recorded: fill in_";

/// The same in front matter.
const GAP_IN_FRONT: &str = "not recorded";

/// The controls that such a record is evidence for. `docs/record.md` says how far.
const CONTROLS: [&str; 7] = [
    "SOC 2 CC7.3",
    "SOC 2 CC8.1",
    "HIPAA 164.308(a)(1)(ii)(D)",
    "HIPAA 164.312(a)(1)",
    "HIPAA 164.312(b)",
    "ISO 27001:2013 A.12.1.1",
    "ISO 27001:2013 A.18.1.3",
];

/// Writes the record.
///
/// # Errors
/// When `out` fails.
pub fn incident(out: &mut dyn Write, incident: &Incident) -> io::Result<()> {
    front_matter(out, incident)?;
    summary(out, incident)?;
    timeline(out, &incident.timeline)?;
    cause(out, incident)?;
    resolution(out, incident)?;
    writeln!(out, "\n## Prevention\n\n{GAP}")?;
    sign_off(out, incident)?;
    evidence(out, incident)
}

/// `deploy of backend-prod:live`
fn title(incident: &Incident) -> String {
    format!("{} of {}", incident.intent.body.verb, subject(&incident.intent))
}

/// How the change went, in the ledger's word.
fn outcome(incident: &Incident) -> String {
    let body = &incident.end.as_ref().unwrap_or(&incident.intent).body;
    match body.outcome {
        Outcome::Intended => "no entry tells how it ended".to_owned(),
        outcome => outcome.to_string(),
    }
}

fn front_matter(out: &mut dyn Write, incident: &Incident) -> io::Result<()> {
    let said = |words: &Option<String>| scalar(words.as_deref().unwrap_or(GAP_IN_FRONT));
    let day = moment(incident.intent.body.time);
    writeln!(out, "---")?;
    writeln!(out, "id: {}", scalar(&format!("ledger-{}", incident.intent.id)))?;
    writeln!(out, "title: {}", scalar(&title(incident)))?;
    writeln!(out, "date: {}", day.get(..10).unwrap_or(&day))?;
    writeln!(out, "severity: {}", said(&incident.words.severity))?;
    writeln!(out, "status: {}", said(&incident.words.status))?;
    writeln!(out, "impact: {}", said(&incident.words.impact))?;
    writeln!(out, "controls:")?;
    CONTROLS.iter().try_for_each(|control| writeln!(out, "  - {}", scalar(control)))?;
    writeln!(out, "---\n\n# Incident: {}", text(&title(incident)))
}

fn summary(out: &mut dyn Write, incident: &Incident) -> io::Result<()> {
    let body = &incident.intent.body;
    writeln!(out, "\n## Summary\n\n| | |\n| --- | --- |")?;
    let change = |before: Option<String>, after: Option<String>| match (before, after) {
        (None, None) => None,
        (before, after) => {
            let or_none = |value: Option<String>| value.unwrap_or_else(|| "not recorded".to_owned());
            Some(format!("{} → {}", or_none(before), or_none(after)))
        }
    };
    let digest = |digest: &Option<lambark_oci::Digest>| digest.as_ref().map(ToString::to_string);
    let end = incident.end.as_ref().map_or(body, |end| &end.body);
    let rows = [
        ("what", Some(title(incident))),
        ("who", Some(format!("{}, by the word of {}", body.who.name, whose_word(&incident.intent)))),
        ("outcome", Some(outcome(incident))),
        ("version", change(end.version_before.clone(), end.version_after.clone())),
        ("image", change(digest(&end.digest_before), digest(&end.digest_after))),
        ("verdict of the rules", end.verdict.clone()),
        ("commit", body.commit.clone()),
        ("run", body.run_url.clone()),
        ("reason given", body.reason.clone()),
        ("ticket", body.ticket.clone()),
        ("change approved by", body.approved_by.clone()),
    ];
    for (name, value) in rows {
        writeln!(out, "| {name} | {} |", value.as_deref().map_or_else(|| GAP.to_owned(), text))?;
    }
    writeln!(out, "\nImpact: {}", incident.words.impact.as_deref().map_or_else(|| GAP.to_owned(), text))
}

fn timeline(out: &mut dyn Write, entries: &[Entry]) -> io::Result<()> {
    writeln!(out, "\n## Timeline\n\n| time (UTC) | entry | who | what | detail |\n| --- | --- | --- | --- | --- |")?;
    entries.iter().try_for_each(|entry| {
        let body = &entry.body;
        writeln!(
            out,
            "| {} | {} | {} | {} {} | {} |",
            moment(body.time),
            entry.id,
            text(&body.who.name),
            text(&body.verb),
            body.outcome,
            body.detail.as_deref().map_or_else(String::new, text),
        )
    })?;
    writeln!(out, "\nWhen it was noticed, by whom, and what else was done: {GAP}")
}

fn cause(out: &mut dyn Write, incident: &Incident) -> io::Result<()> {
    writeln!(out, "\n## Cause\n")?;
    let bad = |entry: &&Entry| {
        matches!(
            entry.body.outcome,
            Outcome::Failed | Outcome::RolledBack | Outcome::NotRolledBack | Outcome::Abandoned
        )
    };
    for entry in incident.timeline.iter().filter(bad) {
        if let Some(detail) = &entry.body.detail {
            writeln!(out, "What lambark saw (entry {}): {}\n", entry.id, text(detail))?;
        }
        for (name, fact) in &entry.body.facts {
            writeln!(out, "- {}: {}", text(name), text(fact))?;
        }
        if !entry.body.facts.is_empty() {
            writeln!(out)?;
        }
    }
    writeln!(out, "Root cause: {GAP}")
}

fn resolution(out: &mut dyn Write, incident: &Incident) -> io::Result<()> {
    writeln!(out, "\n## Resolution\n")?;
    let mends = |entry: &&Entry| {
        entry.body.outcome == Outcome::RolledBack
            || (entry.body.verb == "rollback" && entry.body.outcome != Outcome::Intended)
    };
    for entry in incident.timeline.iter().filter(mends) {
        writeln!(
            out,
            "- {}: {} {} (entry {})",
            moment(entry.body.time),
            text(&entry.body.verb),
            entry.body.outcome,
            entry.id
        )?;
    }
    if let Some(next) = &incident.next {
        let end = incident.next_end.as_ref().unwrap_or(next);
        let (verb, time) = (text(&end.body.verb), moment(end.body.time));
        writeln!(out, "- {time}: the next change of the same, {verb} {} (entry {})", end.body.outcome, end.id)?;
    }
    writeln!(out, "\nWhat resolved it, and how that was verified: {GAP}")
}

fn sign_off(out: &mut dyn Write, incident: &Incident) -> io::Result<()> {
    writeln!(out, "\n## Sign-off\n\n| role | name | date | signature |\n| --- | --- | --- | --- |")?;
    for role in ["prepared by", "reviewed by", "approved by"] {
        writeln!(out, "| {role} | {GAP} | {GAP} | |")?;
    }
    let approved = incident.intent.body.approved_by.as_deref().map_or_else(|| GAP.to_owned(), text);
    writeln!(out, "\nWho approved the change itself, by the ledger: {approved}")
}

fn evidence(out: &mut dyn Write, incident: &Incident) -> io::Result<()> {
    writeln!(out, "\n## Evidence\n\n| entry | hash |\n| --- | --- |")?;
    incident.timeline.iter().try_for_each(|entry| writeln!(out, "| {} | `{}` |", entry.id, entry.hash))?;
    if let Some(head) = &incident.head {
        writeln!(
            out,
            "\nThe head of the ledger was entry {}. `lambark record verify --head {}` tells whether the entries still \
             stand as they did.",
            head.id,
            head.hash.hex()
        )?;
    }
    Ok(())
}
