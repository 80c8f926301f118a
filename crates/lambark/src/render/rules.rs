//! Rules for people: a table of all, a page of one.

use std::io::{self, Write};

use lambark_rules::{CATALOGUE, Confidence, Rule, Safety};

use super::style::{self, BOLD, DIM};
use super::{Page, markdown};

/// Writes the table of all rules.
///
/// # Errors
/// When `out` fails.
pub fn table(out: &mut dyn Write, page: Page) -> io::Result<()> {
    let names = CATALOGUE.iter().map(|rule| rule.name.len()).max().unwrap_or(0);
    writeln!(out, "{BOLD}{:names$}  severity confidence    gate        looks at fix{BOLD:#}", "rule")?;
    for rule in CATALOGUE {
        let colour = style::severity(rule.severity);
        writeln!(
            out,
            "{:names$}  {colour}{:8}{colour:#} {:13} {:11} {:8} {}",
            rule.name,
            rule.severity.to_string(),
            sure(rule.confidence),
            rule.gate.to_string(),
            rule.needs.to_string(),
            fix(rule.fix),
        )?;
    }
    let names = lambark_lint::CATALOGUE.iter().map(|rule| rule.name.len()).max().unwrap_or(0);
    writeln!(out, "\n{BOLD}{:names$}  severity confidence    fix{BOLD:#}", "rule of lint")?;
    for rule in lambark_lint::CATALOGUE {
        let colour = style::severity(rule.severity);
        let (severity, confidence) = (rule.severity.to_string(), sure(rule.confidence));
        let mends = fix(rule.fix);
        writeln!(out, "{:names$}  {colour}{severity:8}{colour:#} {confidence:13} {mends}", rule.name)?;
    }
    if page.quiet { Ok(()) } else { writeln!(out, "\n`lambark explain RULE` tells what one means and what helps.") }
}

/// Short enough for a column: `reported (6)` means six independent reports.
fn sure(confidence: Confidence) -> String {
    match confidence {
        Confidence::Reported(times) => format!("reported ({times})"),
        other => other.word().to_owned(),
    }
}

fn fix(safety: Option<Safety>) -> &'static str {
    match safety {
        Some(Safety::Safe) => "yes",
        Some(Safety::Unsafe) => "unsafe",
        Some(Safety::Manual) | None => "no",
    }
}

/// Writes a rule's page for a terminal.
///
/// # Errors
/// When `out` fails.
pub fn page(out: &mut dyn Write, rule: &Rule, page: Page) -> io::Result<()> {
    markdown::page(out, rule.doc, page.width)?;
    let colour = style::severity(rule.severity);
    writeln!(
        out,
        "\n{DIM}severity{DIM:#} {colour}{}{colour:#} · {DIM}confidence{DIM:#} {} · {DIM}gate{DIM:#} {} · {DIM}looks at{DIM:#} {}",
        rule.severity, rule.confidence, rule.gate, rule.needs
    )?;
    let mends = match rule.fix {
        Some(Safety::Safe) => "mends it; the files that the function sees stay the same",
        Some(Safety::Unsafe) => "mends it with --unsafe-fixes; files or the command change",
        Some(Safety::Manual) | None => "cannot mend it",
    };
    writeln!(out, "{DIM}lambark fix{DIM:#} {mends}")?;
    for source in rule.sources {
        writeln!(out, "{DIM}source{DIM:#} {source}")?;
    }
    Ok(())
}

/// Writes the page of a rule of `lint` for a terminal.
///
/// # Errors
/// When `out` fails.
pub fn lint_page(out: &mut dyn Write, rule: &lambark_lint::Rule, page: Page) -> io::Result<()> {
    markdown::page(out, rule.doc, page.width)?;
    let colour = style::severity(rule.severity);
    let (severity, confidence) = (rule.severity, rule.confidence);
    writeln!(out, "\n{DIM}severity{DIM:#} {colour}{severity}{colour:#} · {DIM}confidence{DIM:#} {confidence}")?;
    let mends = match rule.fix {
        Some(Safety::Safe) => "mends it with --fix safe, where the edit is sound",
        Some(Safety::Unsafe) => "mends it with --fix unsafe, where the edit is sound",
        Some(Safety::Manual) | None => "cannot mend it",
    };
    writeln!(out, "{DIM}lambark lint{DIM:#} {mends}")?;
    for source in rule.sources {
        writeln!(out, "{DIM}source{DIM:#} {source}")?;
    }
    Ok(())
}

/// Writes every rule's page as one Markdown document.
///
/// # Errors
/// When `out` fails.
pub fn all_pages(out: &mut dyn Write) -> io::Result<()> {
    writeln!(
        out,
        "# Rules\n\n<!-- Made by `cargo xtask generate` from crates/lambark-rules and crates/lambark-lint. -->\n"
    )?;
    writeln!(out, "| rule | severity | confidence | gate | looks at | `lambark fix` |\n|---|---|---|---|---|---|")?;
    for rule in CATALOGUE {
        let (name, needs, fix) = (rule.name, rule.needs.to_string(), fix(rule.fix));
        let Rule { severity, confidence, gate, .. } = rule;
        writeln!(out, "| [{name}](#{name}) | {severity} | {confidence} | {gate} | {needs} | {fix} |")?;
    }
    writeln!(out, "\n| rule of `lambark lint` | severity | confidence | `--fix` |\n|---|---|---|---|")?;
    for rule in lambark_lint::CATALOGUE {
        let (name, severity, confidence, fix) = (rule.name, rule.severity, rule.confidence, fix(rule.fix));
        writeln!(out, "| [{name}](#{name}) | {severity} | {confidence} | {fix} |")?;
    }
    let pages = CATALOGUE.iter().map(|rule| rule.doc).chain(lambark_lint::CATALOGUE.iter().map(|rule| rule.doc));
    for doc in pages {
        section(out, doc)?;
    }
    Ok(())
}

/// A page as a section of the document.
fn section(out: &mut dyn Write, doc: &str) -> io::Result<()> {
    writeln!(out)?;
    let mut fenced = false;
    for line in doc.lines() {
        fenced ^= line.starts_with("```");
        // Each page's own title becomes a section of this one.
        let deeper = if line.starts_with('#') && !fenced { "#" } else { "" };
        writeln!(out, "{deeper}{}", linked(line))?;
    }
    Ok(())
}

/// A link to another rule's page, made one to its section.
fn linked(line: &str) -> String {
    let mut line = line.to_owned();
    for rule in CATALOGUE {
        let page = format!("]({}.md)", rule.name.replace('-', "_"));
        line = line.replace(&page, &format!("](#{})", rule.name));
    }
    line
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn the_table_fits_80_columns() {
        let mut out = Vec::new();
        table(&mut out, Page::default()).unwrap();
        let text = anstream::adapter::strip_str(&String::from_utf8(out).unwrap()).to_string();
        assert_eq!(text.lines().find(|line| line.chars().count() > 80), None);
    }

    #[test]
    fn pages_link_to_each_other_by_section() {
        let mut out = Vec::new();
        all_pages(&mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert!(text.contains("[missing-blob](#missing-blob)"), "a rule that every page may link to");
        assert!(!text.contains(".md)"), "a link that leads nowhere");
    }
}
