//! `lint` for people: the line as it stands, what is wrong with it, and the line as it should be.

use std::io::{self, Write};
use std::sync::Arc;

use annotate_snippets::{AnnotationKind, Group, Level, Patch, Renderer, Snippet};
use lambark_lint::{Finding, SourceFile, Span};
use lambark_rules::Severity;

use crate::operations::lint::Outcome;
use crate::render::Page;
use crate::render::escape::plain;
use crate::render::style::{DIM, DONE};
use crate::words::count;

/// Most builds that are listed as not judged without `--verbose`.
const MAX_NOT_JUDGED: usize = 3;
/// Most notes that are listed without `--verbose`.
const MAX_NOTES: usize = 5;

/// Writes the whole report.
///
/// # Errors
/// When `out` fails.
pub fn lint(out: &mut dyn Write, outcome: &Outcome, page: Page) -> io::Result<()> {
    let renderer = Renderer::styled().term_width(page.width.unwrap_or(usize::from(u16::MAX)));
    for finding in &outcome.report.findings {
        writeln!(out, "{}\n", shown(outcome, finding, &renderer, page))?;
    }
    notes(out, outcome, page)?;
    if page.verbose || !page.quiet {
        not_judged(out, outcome, page)?;
    }
    summary(out, outcome)
}

/// A finding with the lines that it speaks of.
fn shown(outcome: &Outcome, finding: &Finding, renderer: &Renderer, page: Page) -> String {
    let level = match finding.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Note => Level::NOTE,
    };
    let message = plain(&finding.message).into_owned();
    let mut place = Group::with_title(level.primary_title(message).id(finding.rule));
    for snippet in snippets(outcome, finding) {
        place = place.element(snippet);
    }
    for note in &finding.notes {
        place = place.element(Level::NOTE.message(plain(note).into_owned()));
    }
    place = place.element(Level::NOTE.with_name("sure").message(finding.confidence.to_string()));
    let mut groups = vec![place];
    if !page.quiet {
        groups.extend(remedy(outcome, finding));
    }
    renderer.render(&groups)
}

/// The finding's own lines, and those of other places that matter.
fn snippets<'a>(outcome: &Outcome, finding: &'a Finding) -> Vec<Snippet<'a, annotate_snippets::Annotation<'a>>> {
    let mut places: Vec<(&Span, AnnotationKind, &str)> = vec![(&finding.span, AnnotationKind::Primary, "")];
    places.extend(finding.related.iter().map(|(span, words)| (span, AnnotationKind::Context, words.as_str())));
    let mut files: Vec<(Arc<SourceFile>, Snippet<'a, annotate_snippets::Annotation<'a>>)> = Vec::new();
    for (index, (span, kind, words)) in places.iter().enumerate() {
        // The same stretch twice would only hide the first mark.
        if index > 0 && places[..index].iter().any(|(other, ..)| overlap(other, span)) {
            continue;
        }
        let Some(file) = outcome.source(span) else { continue };
        let known = files.iter().position(|(known, _)| known.path() == file.path());
        let at = known.unwrap_or_else(|| {
            let snippet = Snippet::source(file.text().to_owned()).path(plain(file.path()).into_owned());
            files.push((Arc::clone(&file), snippet));
            files.len() - 1
        });
        let range = clamp(&file, span);
        let mark = kind.span(range).label((!words.is_empty()).then(|| plain(words).into_owned()));
        let (file, snippet) = files.remove(at);
        files.insert(at, (file, snippet.annotation(mark)));
    }
    files.into_iter().map(|(_, snippet)| snippet).collect()
}

fn overlap(one: &Span, other: &Span) -> bool {
    one.file == other.file && one.start <= other.end && other.start <= one.end
}

/// A span that lies in the text, whatever happened to the file.
fn clamp(file: &SourceFile, span: &Span) -> std::ops::Range<usize> {
    let text = file.text();
    let inside = |at: usize| (0..=at.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    let start = inside(span.start);
    start..inside(span.end).max(start)
}

/// The remedy: as a changed line where there is an edit, else in words.
fn remedy<'a>(outcome: &Outcome, finding: &'a Finding) -> Option<Group<'a>> {
    let words = super::remedy(finding)?;
    let fix = finding.fix.as_ref()?;
    let mut group = Group::with_title(Level::HELP.secondary_title(plain(&words).into_owned()));
    let mut files: Vec<Arc<str>> = fix.edits.iter().map(|edit| Arc::clone(&edit.span.file)).collect();
    files.dedup();
    for path in files {
        let edits: Vec<&lambark_lint::Edit> = fix.edits.iter().filter(|edit| edit.span.file == path).collect();
        let Some(file) = edits.first().and_then(|edit| outcome.source(&edit.span)) else { continue };
        let patches = edits.iter().map(|edit| Patch::new(clamp(&file, &edit.span), edit.text.clone()));
        let snippet = Snippet::source(file.text().to_owned()).path(plain(&path).into_owned());
        group = group.element(snippet.patches(patches.collect::<Vec<_>>()));
    }
    Some(group)
}

fn notes(out: &mut dyn Write, outcome: &Outcome, page: Page) -> io::Result<()> {
    let notes = &outcome.report.notes;
    let listed = if page.verbose { notes.len() } else { notes.len().min(MAX_NOTES) };
    for note in &notes[..listed] {
        let (start, _) = super::ends(outcome, &note.span);
        let (file, reason) = (plain(&note.span.file), plain(&note.reason));
        writeln!(out, "{DIM}not read{DIM:#} {file}:{}:{}: {reason}", start.line, start.column)?;
    }
    if listed < notes.len() {
        writeln!(out, "{DIM}not read{DIM:#} {} (--verbose lists them)", count(notes.len() - listed, "more place"))?;
    }
    Ok(())
}

fn not_judged(out: &mut dyn Write, outcome: &Outcome, page: Page) -> io::Result<()> {
    let left = &outcome.report.not_judged;
    let listed = if page.verbose { left.len() } else { left.len().min(MAX_NOT_JUDGED) };
    for build in &left[..listed] {
        let (start, _) = super::ends(outcome, &build.span);
        let place = plain(&build.span.file);
        writeln!(
            out,
            "{DIM}not judged{DIM:#} {place}:{}:{}: {}: nothing ties it to Lambda",
            start.line, start.column, build.what
        )?;
    }
    if listed < left.len() {
        writeln!(out, "{DIM}not judged{DIM:#} {} (--verbose lists them)", count(left.len() - listed, "more build"))?;
    }
    if !left.is_empty() && !page.quiet {
        writeln!(out, "{DIM}           --assume-lambda judges them too{DIM:#}")?;
    }
    Ok(())
}

fn summary(out: &mut dyn Write, outcome: &Outcome) -> io::Result<()> {
    let findings = &outcome.report.findings;
    let mut parts = Vec::new();
    for severity in [Severity::Error, Severity::Warning, Severity::Note] {
        let number = findings.iter().filter(|finding| finding.severity == severity).count();
        if number > 0 {
            parts.push(count(number, &severity.to_string()));
        }
    }
    if parts.is_empty() {
        parts.push("nothing found".to_owned());
    }
    if outcome.report.ignored > 0 {
        parts.push(format!("{} ignored", outcome.report.ignored));
    }
    if outcome.mended > 0 {
        let files = count(outcome.written.len(), "file");
        writeln!(out, "{DONE}mended{DONE:#} {} in {files}", count(outcome.mended, "finding"))?;
    }
    writeln!(out, "{}: {}", count(outcome.files, "file"), parts.join(", "))
}
