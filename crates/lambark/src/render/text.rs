//! `check` for people, in the manner of rustc: what, where, which gate would refuse, how sure, what to run.

use std::io::{self, Write};

use lambark_oci::Document;
use lambark_rules::facts::{ConfigFacts, Evidence, ImageFacts};
use lambark_rules::{Finding, GateVerdict, Judgement, Place, Safety, Severity, Skip, Skipped, Verdict};

use super::escape::plain;
use super::style::{self, BOLD, CODE, DIM};
use super::{Page, describe, wrap};
use crate::failure::Failure;
use crate::operations::advice;
use crate::operations::check::{Checked, Looked, Outcome};
use crate::words::count;

/// The column behind the labels of the last lines.
const LABELLED: usize = 10;
/// Most characters of a build step that a finding repeats.
const MAX_STEP_CHARS: usize = 90;
/// Most reasons for skipped rules that are listed without `--verbose`.
const MAX_SKIP_REASONS: usize = 2;

/// Writes the whole report.
///
/// # Errors
/// When `out` fails.
pub fn check(out: &mut dyn Write, outcome: &Outcome, page: Page) -> io::Result<()> {
    for (index, checked) in outcome.images.iter().enumerate() {
        if index > 0 {
            writeln!(out)?;
        }
        image(out, checked, page)?;
    }
    if outcome.images.len() > 1 { tally(out, outcome) } else { Ok(()) }
}

/// Writes one image's report.
///
/// # Errors
/// When `out` fails.
pub(super) fn image(out: &mut dyn Write, checked: &Checked, page: Page) -> io::Result<()> {
    let name = plain(&checked.image);
    match &checked.result {
        Err(error) => {
            writeln!(out, "{BOLD}{name}{BOLD:#} → could not be looked at")?;
            failure(out, error, page)
        }
        Ok(looked) => {
            headline(out, &name, looked, page)?;
            for found in sorted(&looked.judgement) {
                finding(out, looked, found, page)?;
            }
            if !looked.judgement.findings.is_empty() {
                writeln!(out)?;
            }
            verdict(out, &looked.judgement, page)?;
            remembered(out, &looked.facts, LABELLED, page)?;
            if page.quiet { Ok(()) } else { advise(out, looked, page) }
        }
    }
}

/// The first line says what the thing is; for an index a second one says which image in it is judged.
fn headline(out: &mut dyn Write, name: &str, looked: &Looked, page: Page) -> io::Result<()> {
    let facts = &looked.facts;
    write!(out, "{BOLD}{name}{BOLD:#} → ")?;
    wrap::write(out, &plain(&describe::top_with_digest(facts)), name.chars().count() + 3, 4, page.width)?;
    writeln!(out)?;
    if let (Ok(Document::Index(_)), Evidence::Known(image)) = (facts.document(), &facts.image) {
        let mut what = image.media_type().describe().to_owned();
        if let Some(image) = describe::image(facts) {
            what.push_str(&format!(" ({})", plain(&image)));
        }
        what.push_str(&format!(", {}", image.digest()));
        write!(out, "  {DIM}image{DIM:#}   ")?;
        wrap::write(out, &what, LABELLED, LABELLED, page.width)?;
        writeln!(out)?;
    }
    Ok(())
}

/// The gravest first; the catalogue's order within one severity.
pub(super) fn sorted(judgement: &Judgement) -> Vec<&Finding> {
    let mut findings: Vec<&Finding> = judgement.findings.iter().collect();
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    findings
}

fn finding(out: &mut dyn Write, looked: &Looked, finding: &Finding, page: Page) -> io::Result<()> {
    let colour = style::severity(finding.severity);
    let title = format!("{}[{}]", finding.severity, finding.rule);
    write!(out, "\n{colour}{title}{colour:#}: {BOLD}")?;
    wrap::write(out, &plain(&finding.message), title.len() + 2, 4, page.width)?;
    writeln!(out, "{BOLD:#}")?;
    if finding.place != Place::Image {
        writeln!(out, "  {DIM}-->{DIM:#} {}", plain(&finding.place.to_string()))?;
    }
    if let Some(step) = step(looked, &finding.place) {
        label(out, "brought by", &step, page)?;
    }
    let refused = format!("{} (gate {}) · {}", finding.gate.when(), finding.gate, finding.confidence);
    label(out, refusal(finding.severity), &refused, page)?;
    for note in &finding.notes {
        label(out, "note", &plain(note), page)?;
    }
    let Some(fix) = &finding.fix else { return Ok(()) };
    let summary = plain(&fix.summary);
    match fix.safety {
        Safety::Safe => label(out, "fix", &format!("{summary} (lambark fix)"), page),
        Safety::Unsafe => label(out, "fix", &format!("{summary} (lambark fix --unsafe-fixes)"), page),
        Safety::Manual => label(out, "help", &summary, page),
    }
}

/// What a gate does with a finding of this severity.
pub(super) fn refusal(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "refused",
        Severity::Warning => "may be refused",
        Severity::Note => "concerns",
    }
}

fn label(out: &mut dyn Write, label: &str, text: &str, page: Page) -> io::Result<()> {
    write!(out, "   {DIM}={DIM:#} {label}: ")?;
    let used = 5 + label.len() + 2;
    wrap::write(out, text, used, used, page.width)?;
    writeln!(out)
}

/// The build step that brought a file, shortened. Rules on layers name the step themselves.
fn step(looked: &Looked, place: &Place) -> Option<String> {
    let Place::File { layer, .. } = place else { return None };
    let Evidence::Known(ConfigFacts::Read { config, .. }) = &looked.facts.config else { return None };
    let step = config.step_of_layer(*layer).filter(|step| !step.is_empty())?;
    let mut short: String = step.chars().take(MAX_STEP_CHARS).collect();
    if short.len() < step.len() {
        short.push('…');
    }
    Some(plain(&short).into_owned())
}

fn verdict(out: &mut dyn Write, judgement: &Judgement, page: Page) -> io::Result<()> {
    write!(out, "  {DIM}gates{DIM:#}   ")?;
    for (index, (gate, verdict)) in judgement.gates.iter().enumerate() {
        let colour = style::gate(*verdict);
        let dot = if index > 0 { " · " } else { "" };
        write!(out, "{dot}{gate} {colour}{verdict}{colour:#}")?;
    }
    let colour = style::verdict(judgement.verdict);
    write!(out, "\n  {DIM}verdict{DIM:#} {colour}{}{colour:#}: ", judgement.verdict)?;
    let used = LABELLED + judgement.verdict.to_string().len() + 2;
    wrap::write(out, &reasons(judgement), used, LABELLED, page.width)?;
    writeln!(out)?;
    if page.verbose { every_skip(out, &judgement.skipped) } else { skips(out, &judgement.skipped, page) }
}

/// How many layers were not read now; labels are `width` columns wide.
pub(super) fn remembered(out: &mut dyn Write, facts: &ImageFacts, width: usize, page: Page) -> io::Result<()> {
    let (known, all) = (facts.remembered(), facts.layers.len());
    if known == 0 {
        return Ok(());
    }
    let how = if page.quiet { "" } else { " (--read-anew reads them again)" };
    let label = width - 3;
    write!(out, "  {DIM}{:label$}{DIM:#} ", "layers")?;
    wrap::write(out, &format!("{known} of {all} known from an earlier look{how}"), width, width, page.width)?;
    writeln!(out)
}

/// What led to the verdict, in one line.
fn reasons(judgement: &Judgement) -> String {
    let mut parts = Vec::new();
    for severity in [Severity::Error, Severity::Warning, Severity::Note] {
        let number = judgement.count(severity);
        if number > 0 {
            parts.push(count(number, &severity.to_string()));
        }
    }
    if parts.is_empty() {
        parts.push("nothing found".to_owned());
    }
    let passed = count(judgement.passed.len(), "rule");
    let dark = judgement.gates.iter().any(|(_, verdict)| *verdict == GateVerdict::NotLooked);
    let end = if judgement.verdict != Verdict::Rejected && dark { "; not everything was looked at" } else { "" };
    format!("{}, {passed} passed{end}", parts.join(", "))
}

/// Rules that could not be judged, summed up by reason: the most frequent first.
fn skips(out: &mut dyn Write, skipped: &[Skipped], page: Page) -> io::Result<()> {
    let mut by_reason: Vec<(&str, usize)> = Vec::new();
    // What was not asked says nothing about the image; it is listed with --verbose.
    for skip in skipped.iter().filter(|skipped| matches!(skipped.skip, Skip::NotLooked(_))) {
        let reason = skip.skip.reason();
        // Some rules tell more of the same reason in front of it.
        match by_reason.iter_mut().find(|(known, _)| known.ends_with(reason) || reason.ends_with(*known)) {
            Some((known, number)) => {
                *number += 1;
                *known = if reason.len() < known.len() { reason } else { known };
            }
            None => by_reason.push((reason, 1)),
        }
    }
    by_reason.sort_by_key(|(_, number)| std::cmp::Reverse(*number));
    let mut title = "skipped";
    for (reason, number) in by_reason.iter().take(MAX_SKIP_REASONS) {
        write!(out, "  {DIM}{title:7}{DIM:#} ")?;
        wrap::write(out, &format!("{}: {}", count(*number, "rule"), plain(reason)), LABELLED, LABELLED, page.width)?;
        writeln!(out)?;
        title = "";
    }
    let rest: usize = by_reason.iter().skip(MAX_SKIP_REASONS).map(|(_, number)| number).sum();
    if rest > 0 {
        writeln!(out, "          {} for other reasons (--verbose lists them)", count(rest, "rule"))?;
    }
    Ok(())
}

fn every_skip(out: &mut dyn Write, skipped: &[Skipped]) -> io::Result<()> {
    for skipped in skipped {
        writeln!(out, "  {DIM}skipped{DIM:#} {}: {}", skipped.rule, plain(skipped.skip.reason()))?;
    }
    Ok(())
}

fn advise(out: &mut dyn Write, looked: &Looked, page: Page) -> io::Result<()> {
    for advice in advice::advise(looked) {
        let hint = style::HINT;
        write!(out, "\n{hint}help{hint:#}: ")?;
        wrap::write(out, advice.text, 6, 6, page.width)?;
        writeln!(out, "\n")?;
        for line in &advice.command {
            writeln!(out, "    {CODE}{}{CODE:#}", plain(line))?;
        }
    }
    Ok(())
}

/// The last line of a report on several images.
fn tally(out: &mut dyn Write, outcome: &Outcome) -> io::Result<()> {
    let mut parts = Vec::new();
    for verdict in [Verdict::Rejected, Verdict::Unknown, Verdict::Incomplete, Verdict::Accepted] {
        let of = |checked: &&Checked| matches!(&checked.result, Ok(looked) if looked.judgement.verdict == verdict);
        let number = outcome.images.iter().filter(of).count();
        if number > 0 {
            parts.push(format!("{number} {verdict}"));
        }
    }
    let failed = outcome.images.iter().filter(|checked| checked.result.is_err()).count();
    if failed > 0 {
        parts.push(format!("{failed} could not be looked at"));
    }
    writeln!(out, "\n{}: {}", count(outcome.images.len(), "image"), parts.join(", "))
}

/// Writes an error and its hint.
///
/// # Errors
/// When `out` fails.
pub fn failure(out: &mut dyn Write, failure: &Failure, page: Page) -> io::Result<()> {
    let (red, blue) = (style::ERROR, style::HINT);
    write!(out, "{red}error{red:#}: ")?;
    wrap::write(out, &plain(&failure.to_string()), 7, 7, page.width)?;
    writeln!(out)?;
    let Some(hint) = failure.hint() else { return Ok(()) };
    write!(out, "\n{blue}hint{blue:#}: ")?;
    for (index, line) in hint.lines().enumerate() {
        if index > 0 {
            write!(out, "      ")?;
        }
        wrap::write(out, &plain(line), 6, 6, page.width)?;
        writeln!(out)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::render::samples;

    fn rendered(images: Vec<Checked>, page: Page) -> String {
        let mut out = Vec::new();
        check(&mut out, &samples::outcome(images), page).unwrap();
        anstream::adapter::strip_str(&String::from_utf8(out).unwrap()).to_string()
    }

    /// The same, however many rules there are.
    fn steady(text: &str) -> String {
        samples::without_counts(text)
    }

    fn columns(width: usize) -> Page {
        Page { width: Some(width), ..Page::default() }
    }

    #[test]
    fn an_attested_image_at_80_columns() {
        let text = rendered(vec![samples::attested()], columns(80));
        insta::assert_snapshot!(steady(&text));
        let breakable = |line: &&str| line.chars().count() > 80 && !line.contains("sha256:");
        assert_eq!(text.lines().find(breakable), None);
    }

    #[test]
    fn an_attested_image_at_120_columns() {
        insta::assert_snapshot!(steady(&rendered(vec![samples::attested()], columns(120))));
    }

    #[test]
    fn several_images_and_one_that_is_nowhere() {
        let images = vec![samples::plain(), samples::unreachable(), samples::attested()];
        insta::assert_snapshot!(steady(&rendered(images, Page { quiet: true, ..columns(100) })));
    }

    #[test]
    fn every_skip_is_listed_when_asked() {
        let text = rendered(vec![samples::plain()], Page { verbose: true, ..Page::default() });
        let looked = samples::plain().result.unwrap();
        assert_eq!(text.matches("  skipped ").count(), looked.judgement.skipped.len());
    }

    #[test]
    fn an_image_cannot_forge_a_verdict() {
        let mut checked = samples::attested();
        checked.image = "x\u{1b}[2K\nverdict  accepted".to_owned();
        let looked = checked.result.as_mut().unwrap();
        let finding = &mut looked.judgement.findings[0];
        finding.message = "a\u{1b}]0;title\u{7}b\nerror: forged".to_owned();
        finding.place = Place::File { layer: 0, path: "usr/\u{202e}gpj.exe".to_owned() };
        finding.notes = vec!["note\r\u{9b}2J".to_owned()];
        let mut out = Vec::new();
        check(&mut out, &samples::outcome(vec![checked]), Page::default()).unwrap();
        let text = String::from_utf8(out).unwrap();
        // The colours are ours; nothing else that a terminal would obey is left.
        let ours = text.replace("\u{1b}[", "");
        assert!(!ours.replace('\n', "").contains(crate::render::escape::is_hidden), "{text:?}");
        assert_eq!(text.lines().filter(|line| line.contains("forged")).count(), 1);
        assert!(text.contains("usr/\\u{202e}gpj.exe") && text.contains("brought by: COPY \\u{1b}[31m."), "{text}");
    }
}
