//! A step summary in Markdown, for the run's page of a CI service.

use std::io::{self, Write};

use lambark_rules::{Confidence, Finding};

use super::describe;
use super::escape::plain;
use super::text::sorted;
use crate::operations::advice;
use crate::operations::check::{Checked, Looked, Outcome};
use crate::words::count;

/// Writes the whole report.
///
/// # Errors
/// When `out` fails.
pub fn check(out: &mut dyn Write, outcome: &Outcome) -> io::Result<()> {
    writeln!(out, "### AWS Lambda image check\n")?;
    writeln!(out, "| image | what it is | media types | unpacking | runtime | verdict |")?;
    writeln!(out, "|---|---|---|---|---|---|")?;
    for checked in &outcome.images {
        row(out, checked)?;
    }
    writeln!(out)?;
    for checked in &outcome.images {
        details(out, checked)?;
    }
    Ok(())
}

fn row(out: &mut dyn Write, checked: &Checked) -> io::Result<()> {
    let name = code(&checked.image);
    let Ok(looked) = &checked.result else {
        return writeln!(out, "| {name} | | | | | **could not be looked at** |");
    };
    let [(_, first), (_, second), (_, third)] = looked.judgement.gates;
    let what = text(&describe::top(&looked.facts));
    writeln!(out, "| {name} | {what} | {first} | {second} | {third} | **{}** |", looked.judgement.verdict)
}

fn details(out: &mut dyn Write, checked: &Checked) -> io::Result<()> {
    match &checked.result {
        Err(failure) => {
            writeln!(out, "**{}**: {}", code(&checked.image), text(&failure.to_string()))?;
            match failure.hint() {
                Some(hint) => writeln!(out, "\n{}\n", text(&hint)),
                None => writeln!(out),
            }
        }
        Ok(looked) if looked.judgement.findings.is_empty() => Ok(()),
        Ok(looked) => findings(out, &checked.image, looked),
    }
}

fn findings(out: &mut dyn Write, image: &str, looked: &Looked) -> io::Result<()> {
    writeln!(out, "**{}**: {}\n", code(image), count(looked.judgement.findings.len(), "finding"))?;
    for found in sorted(&looked.judgement) {
        writeln!(out, "{}", line(found))?;
    }
    for advice in advice::advise(looked) {
        writeln!(out, "\n{}:\n\n```sh", advice.text)?;
        for line in &advice.command {
            writeln!(out, "{}", plain(line))?;
        }
        writeln!(out, "```")?;
    }
    writeln!(out)
}

fn line(finding: &Finding) -> String {
    let sure = match finding.confidence {
        Confidence::Documented => String::new(),
        other => format!(", {other}"),
    };
    let (rule, place) = (code(finding.rule), code(&finding.place.to_string()));
    format!("- {} {rule}: {} ({place}{sure})", finding.severity, text(&finding.message))
}

/// Text that Markdown and HTML leave alone, also inside a table.
pub(super) fn text(text: &str) -> String {
    let mut out = String::new();
    for c in plain(text).chars() {
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '#' | '!' | '~' | '@' => {
                out.push('\\');
                out.push(c);
            }
            c => out.push(c),
        }
    }
    out
}

/// A name as code. A backtick would end it and a bar would end a table's cell, so names with either are plain text.
pub(super) fn code(name: &str) -> String {
    let shown = plain(name);
    if shown.contains(['`', '|']) { text(name) } else { format!("`{shown}`") }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::render::samples;

    #[test]
    fn a_summary_has_a_row_an_image_and_the_cure() {
        let mut out = Vec::new();
        check(&mut out, &samples::outcome(vec![samples::attested(), samples::unreachable()])).unwrap();
        insta::assert_snapshot!(String::from_utf8(out).unwrap());
    }

    #[test]
    fn names_cannot_break_the_table() {
        assert_eq!(code("a|b`c"), "a\\|b\\`c");
        assert_eq!(text("<img src=x>\n| x |"), "&lt;img src=x&gt;\\\\n\\| x \\|");
    }
}
