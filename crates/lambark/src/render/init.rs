//! `init` for people: what was found, what became of the scripts, the diff of every file, and what happened.

use std::io::{self, Write};

use similar::{ChangeTag, TextDiff};

use super::escape::plain;
use super::style::{BOLD, CODE, DIM, DONE, ERROR};
use super::{Page, wrap};
use crate::operations::init::Outcome;
use crate::operations::init::find::{Fact, Findings, Service};
use crate::operations::init::plan::{File, Status};
use crate::operations::init::script::{Became, Script};
use crate::words::count;

/// Lines around a change.
const CONTEXT: usize = 3;
/// Longest stretch of a script's line that is shown; the file has the rest.
const MAX_LINE: usize = 56;

/// Writes everything.
///
/// # Errors
/// When `out` fails.
pub fn init(out: &mut dyn Write, outcome: &Outcome, page: Page) -> io::Result<()> {
    found(out, &outcome.findings, page)?;
    if !page.quiet {
        outcome.scripts.iter().try_for_each(|script| self::script(out, script))?;
    }
    for file in outcome.files.iter().filter(|file| file.old.as_deref() != Some(&file.new)) {
        writeln!(out)?;
        diff(out, file)?;
    }
    writeln!(out)?;
    outcome.files.iter().try_for_each(|file| status(out, outcome, file))?;
    end(out, outcome)
}

fn found(out: &mut dyn Write, findings: &Findings, page: Page) -> io::Result<()> {
    let from = if findings.configured { " in lambark.toml" } else { "" };
    writeln!(out, "{BOLD}{}{BOLD:#}{from}", count(findings.services.len(), "service"))?;
    findings.services.iter().try_for_each(|service| self::service(out, service))?;
    for (name, fact) in [("Region", &findings.region), ("account", &findings.account)] {
        if let Some(Fact { value, from }) = fact {
            writeln!(out, "  {name:16}{} {DIM}({}){DIM:#}", plain(value), plain(from))?;
        }
    }
    for note in &findings.notes {
        write!(out, "  {DIM}note{DIM:#} ")?;
        wrap::write(out, &plain(note), 7, 7, page.width)?;
        writeln!(out)?;
    }
    Ok(())
}

fn service(out: &mut dyn Write, service: &Service) -> io::Result<()> {
    writeln!(out, "  {BOLD}{}{BOLD:#}", plain(&service.name))?;
    let architecture = service.architecture.as_ref().map(Fact::word);
    let facts = [
        ("dockerfile", &service.dockerfile),
        ("target", &service.target),
        ("context", &service.context),
        ("repository", &service.repository),
        ("function", &service.function),
        ("architecture", &architecture),
        ("alias", &service.alias),
    ];
    for (name, fact) in facts {
        match fact {
            Some(fact) => {
                writeln!(out, "    {name:14}{} {DIM}({}){DIM:#}", plain(&fact.value), plain(&fact.from))?;
            }
            None if matches!(name, "target" | "context") => {}
            None => writeln!(out, "    {name:14}{DIM}not known{DIM:#}")?,
        }
    }
    for contradiction in &service.contradictions {
        writeln!(out, "    {ERROR}contradiction{ERROR:#} {}", plain(contradiction))?;
    }
    Ok(())
}

fn script(out: &mut dyn Write, script: &Script) -> io::Result<()> {
    writeln!(out, "\n{BOLD}{}{BOLD:#}, line by line", plain(&script.path))?;
    for line in &script.lines {
        let mut text: String = line.text.chars().take(MAX_LINE).collect();
        if line.text.chars().nth(MAX_LINE).is_some() {
            text.push('…');
        }
        writeln!(out, "{DIM}{:5}{DIM:#}  {}", line.number, plain(&text))?;
        let (style, word, what) = match &line.became {
            Became::Lambark(what) => (DONE, "becomes", what),
            Became::NotNeeded(what) => (DIM, "not needed", what),
            Became::Yours(what) => (BOLD, "stays yours", what),
        };
        writeln!(out, "         {style}{word}{style:#}: {}", plain(what))?;
    }
    Ok(())
}

/// A unified diff.
fn diff(out: &mut dyn Write, file: &File) -> io::Result<()> {
    let old = file.old.as_deref().unwrap_or_default();
    let path = plain(&file.path);
    let before = if file.old.is_some() { format!("a/{path}") } else { "/dev/null".to_owned() };
    writeln!(out, "{BOLD}--- {before}{BOLD:#}\n{BOLD}+++ b/{path}{BOLD:#}")?;
    let diff = TextDiff::from_lines(old, &file.new);
    for hunk in diff.unified_diff().context_radius(CONTEXT).iter_hunks() {
        writeln!(out, "{CODE}{}{CODE:#}", hunk.header())?;
        for change in hunk.iter_changes() {
            let (sign, style) = match change.tag() {
                ChangeTag::Delete => ('-', ERROR),
                ChangeTag::Insert => ('+', DONE),
                ChangeTag::Equal => (' ', anstyle::Style::new()),
            };
            let line = change.value().trim_end_matches(['\n', '\r']);
            writeln!(out, "{style}{sign}{}{style:#}", plain(line))?;
        }
    }
    Ok(())
}

fn status(out: &mut dyn Write, outcome: &Outcome, file: &File) -> io::Result<()> {
    let (style, word) = match (&file.status, outcome.written) {
        (Status::New, true) => (DONE, "written"),
        (Status::Block | Status::Overwritten, true) => (DONE, "changed"),
        (Status::New, false) => (DONE, "new"),
        (Status::Block, false) => (DONE, "change"),
        (Status::Overwritten, false) => (ERROR, "overwrite"),
        (Status::Same, _) => (DIM, "same"),
        (Status::Kept, _) => (DIM, "kept"),
        (Status::Refused(_), _) => (ERROR, "refused"),
    };
    let path = plain(&file.path);
    write!(out, "{style}{word:10}{style:#}{path}")?;
    match &file.status {
        Status::Refused(reason) => writeln!(out, ": {}", plain(reason)),
        Status::Kept => writeln!(out, ": it is there and yours"),
        _ => writeln!(out, " {DIM}{}{DIM:#}", file.what),
    }
}

fn end(out: &mut dyn Write, outcome: &Outcome) -> io::Result<()> {
    writeln!(out)?;
    if outcome.is_refused() {
        let refused = outcome.files.iter().filter(|file| matches!(file.status, Status::Refused(_)));
        let flags: Vec<String> =
            refused.map(|file| format!("--overwrite {}", crate::words::shell(&file.path))).collect();
        return writeln!(
            out,
            "nothing was written: leave those parts out, move the files away, or say {CODE}{}{CODE:#}",
            plain(&flags.join(" "))
        );
    }
    match (outcome.has_work(), outcome.written) {
        (false, _) => writeln!(out, "nothing to do"),
        (true, true) => {
            let written = outcome.files.iter().filter(|file| file.status.writes()).count();
            writeln!(out, "{} written", count(written, "file"))
        }
        (true, false) => writeln!(out, "nothing was written: run again with {CODE}--write{CODE:#}"),
    }
}
