//! The ledger as a table for spreadsheets (RFC 4180).

use std::io::{self, Write};

use lambark_ledger::Entry;
use lambark_oci::Digest;

use crate::words::moment;

/// The columns, in their order. They only ever grow at the end.
const COLUMNS: [&str; 28] = [
    "id",
    "time",
    "who_kind",
    "who",
    "verb",
    "outcome",
    "of",
    "service",
    "function",
    "alias",
    "repository",
    "tag",
    "digest_before",
    "digest_after",
    "version_before",
    "version_after",
    "verdict",
    "rules",
    "attestations",
    "commit",
    "run_url",
    "reason",
    "ticket",
    "approved_by",
    "detail",
    "facts",
    "previous",
    "hash",
];

/// Writes a line of names and a line for each entry.
///
/// # Errors
/// When `out` fails.
pub fn csv(out: &mut dyn Write, entries: &[Entry]) -> io::Result<()> {
    write!(out, "{}\r\n", COLUMNS.join(","))?;
    entries.iter().try_for_each(|entry| {
        let cells: Vec<String> = cells(entry).iter().map(|cell| quoted(cell)).collect();
        write!(out, "{}\r\n", cells.join(","))
    })
}

fn cells(entry: &Entry) -> [String; COLUMNS.len()] {
    let body = &entry.body;
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    let digest = |digest: &Option<Digest>| digest.as_ref().map(ToString::to_string).unwrap_or_default();
    let attestations: Vec<&str> = body.attestations.iter().map(Digest::as_str).collect();
    let facts: Vec<String> = body.facts.iter().map(|(name, fact)| format!("{name}: {fact}")).collect();
    [
        entry.id.to_string(),
        moment(body.time),
        body.who.kind.to_string(),
        body.who.name.clone(),
        body.verb.clone(),
        body.outcome.to_string(),
        body.of.map(|id| id.to_string()).unwrap_or_default(),
        text(&body.service),
        text(&body.function),
        text(&body.alias),
        text(&body.repository),
        text(&body.tag),
        digest(&body.digest_before),
        digest(&body.digest_after),
        text(&body.version_before),
        text(&body.version_after),
        text(&body.verdict),
        text(&body.rules),
        attestations.join(" "),
        text(&body.commit),
        text(&body.run_url),
        text(&body.reason),
        text(&body.ticket),
        text(&body.approved_by),
        text(&body.detail),
        facts.join("\n"),
        entry.previous.to_string(),
        entry.hash.to_string(),
    ]
}

/// A cell that any reader of CSV reads as it is, and no spreadsheet as a formula.
fn quoted(cell: &str) -> String {
    // Spreadsheets calculate what begins so, quoted or not; an apostrophe makes it a text.
    let guard =
        if cell.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠']) { "'" } else { "" };
    if guard.is_empty() && !cell.contains(['"', ',', '\r', '\n', ';', '\t']) {
        return cell.to_owned();
    }
    format!("\"{guard}{}\"", cell.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_quoted_and_no_formulas() {
        for (cell, written) in [
            ("", ""),
            ("plain text", "plain text"),
            ("a,b", "\"a,b\""),
            ("say \"so\"", "\"say \"\"so\"\"\""),
            ("two\nlines", "\"two\nlines\""),
            ("=HYPERLINK(\"http://x\")", "\"'=HYPERLINK(\"\"http://x\"\")\""),
            ("+1", "\"'+1\""),
            ("-1", "\"'-1\""),
            ("@SUM(A1)", "\"'@SUM(A1)\""),
            ("\t=1", "\"'\t=1\""),
            ("a=1", "a=1"),
        ] {
            assert_eq!(quoted(cell), written);
        }
    }
}
