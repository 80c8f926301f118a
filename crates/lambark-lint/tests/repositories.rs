//! Whole repositories: good ones in which nothing may be found, bad ones with what is found and what the edits make of it.
//!
//! A repository is one text: a few words on it, then `-- PATH --` before each file.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "tests read their cases from files")]

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use lambark_lint::fix::{Level, MAX_PASSES, fix};
use lambark_lint::front::{self, ReadFile};
use lambark_lint::{MemoryTree, Report, Settings, SourceFile, Tree, lint};

fn tree_of(text: &str) -> MemoryTree {
    let mut tree = MemoryTree::default();
    let mut file: Option<(String, String)> = None;
    for line in text.split_inclusive('\n') {
        let heading = line.trim_end().strip_prefix("-- ").and_then(|rest| rest.strip_suffix(" --"));
        match (heading, &mut file) {
            (Some(path), _) => {
                if let Some((path, text)) = file.replace((path.to_owned(), String::new())) {
                    tree.insert(SourceFile::new(&path, text.into_bytes()).0);
                }
            }
            (None, Some((_, text))) => text.push_str(line),
            (None, None) => {}
        }
    }
    let (path, text) = file.unwrap();
    tree.insert(SourceFile::new(&path, text.into_bytes()).0);
    tree
}

fn report(tree: &MemoryTree) -> Report {
    let read: Vec<ReadFile> = tree.files().filter_map(|file| front::read(file, tree)).collect();
    lint(&read, tree, &Settings::default())
}

fn shown(report: &Report, tree: &MemoryTree) -> String {
    let mut out = String::new();
    let at = |span: &lambark_lint::Span| {
        let file = tree.read(&span.file).unwrap();
        let (start, text) = (file.position(span.start), &file.text()[span.start..span.end]);
        format!(
            "{}:{}:{} `{}`",
            span.file,
            start.line,
            start.column,
            text.split_whitespace().collect::<Vec<_>>().join(" ")
        )
    };
    for finding in &report.findings {
        writeln!(out, "{}[{}] {}", finding.severity, finding.rule, finding.message).unwrap();
        writeln!(out, "  at {}", at(&finding.span)).unwrap();
        if let Some(fix) = &finding.fix {
            writeln!(out, "  {:?}, {} edits: {}", fix.safety, fix.edits.len(), fix.summary).unwrap();
        }
    }
    for left in &report.not_judged {
        writeln!(out, "not judged: {} at {}", left.what, at(&left.span)).unwrap();
    }
    for note in &report.notes {
        let position = tree.read(&note.span.file).unwrap().position(note.span.start);
        writeln!(out, "note: {}:{}:{} {}", note.span.file, position.line, position.column, note.reason).unwrap();
    }
    out
}

/// Edits until nothing is left to edit, and tells the lines that changed.
fn edited(tree: &MemoryTree) -> String {
    let mut now = tree.clone();
    for pass in 0.. {
        let fixed = fix(&report(&now).findings, &now, Level::Unsafe);
        if fixed.files.is_empty() {
            break;
        }
        assert!(pass < MAX_PASSES, "the edits go round in circles");
        for (path, text) in fixed.files {
            now.insert(SourceFile::new(&path, text.into_bytes()).0);
        }
    }
    let mut out = String::new();
    for file in tree.files() {
        let new = now.read(file.path()).unwrap();
        let (old, new): (Vec<&str>, Vec<&str>) = (file.text().lines().collect(), new.text().lines().collect());
        for line in old.iter().filter(|line| !new.contains(line)) {
            writeln!(out, "- {line}").unwrap();
        }
        for line in new.iter().filter(|line| !old.contains(line)) {
            writeln!(out, "+ {line}").unwrap();
        }
    }
    out
}

fn each(directory: &str, mut run: impl FnMut(&str, &MemoryTree)) {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(directory);
    let mut paths: Vec<_> = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.is_file());
    paths.sort();
    assert!(paths.len() >= 10, "only {} repositories", paths.len());
    for path in paths {
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        run(&name, &tree_of(&fs::read_to_string(&path).unwrap()));
    }
}

#[test]
fn nothing_is_found_in_good_repositories() {
    let mut wrong = String::new();
    each("good", |name, tree| {
        let report = report(tree);
        if !report.findings.is_empty() {
            writeln!(wrong, "{name}:\n{}", shown(&report, tree)).unwrap();
        }
    });
    assert_eq!(wrong, "", "\n{wrong}");
}

/// A good repository proves nothing if nothing in it was looked at.
#[test]
fn builds_in_good_repositories_are_seen() {
    each("good", |name, tree| {
        let read: Vec<ReadFile> = tree.files().filter_map(|file| front::read(file, tree)).collect();
        let steps =
            read.iter().flat_map(|file| &file.result.sequences).map(|sequence| sequence.steps.len()).sum::<usize>();
        let dockerfiles = read.iter().filter(|file| file.result.dockerfile.is_some()).count();
        assert!(steps + dockerfiles > 0, "{name}");
    });
}

#[test]
fn what_is_found_in_bad_repositories() {
    each("bad", |name, tree| {
        let report = report(tree);
        assert!(!report.findings.is_empty() || !report.notes.is_empty(), "{name}: nothing found");
        let text = format!("{}\n{}", shown(&report, tree), edited(tree));
        insta::with_settings!({ prepend_module_to_snapshot => false, snapshot_path => "bad/snapshots", omit_expression => true }, {
            insta::assert_snapshot!(name, text);
        });
    });
}

/// Every rule has a repository in which it finds something.
#[test]
fn every_rule_is_seen_at_work() {
    let mut seen = std::collections::BTreeSet::new();
    each("bad", |_, tree| seen.extend(report(tree).findings.iter().map(|finding| finding.rule)));
    let unseen: Vec<&str> =
        lambark_lint::CATALOGUE.iter().map(|rule| rule.name).filter(|name| !seen.contains(name)).collect();
    assert_eq!(unseen, [""; 0]);
}
