//! All rules on all files.

use std::collections::BTreeMap;

use lambark_rules::Severity;

use crate::catalogue::CATALOGUE;
use crate::finding::Finding;
use crate::front::ReadFile;
use crate::ignores::Ignores;
use crate::limits::{MAX_FINDINGS_PER_RULE_AND_FILE, MAX_NOTES_PER_FILE};
use crate::repository::{Repository, Settings};
use crate::source::{Note, Span, Tree};

/// What was found in a repository.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// By file and place.
    pub findings: Vec<Finding>,
    /// Builds of which nothing says that they concern Lambda.
    pub not_judged: Vec<NotJudged>,
    /// Where reading stopped, and comments that ignore nothing.
    pub notes: Vec<Note>,
    /// How many findings were ignored by comments.
    pub ignored: usize,
}

/// A build that was not judged.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct NotJudged {
    /// Where.
    pub span: Span,
    /// What builds there.
    pub what: &'static str,
}

impl Report {
    /// The gravest finding's severity.
    #[must_use]
    pub fn worst(&self) -> Option<Severity> {
        self.findings.iter().map(|finding| finding.severity).max()
    }
}

/// Runs every rule of the catalogue on what the front ends read.
#[must_use]
pub fn lint(files: &[ReadFile], tree: &dyn Tree, settings: &Settings) -> Report {
    let repository = Repository::new(files, tree, settings);
    let mut found = Vec::new();
    for rule in CATALOGUE {
        (rule.check)(&repository, &mut found);
    }
    let few = |file: &ReadFile| file.result.notes.iter().take(MAX_NOTES_PER_FILE).cloned().collect::<Vec<Note>>();
    let mut notes: Vec<Note> = files.iter().flat_map(few).collect();
    let found = once_each(found);
    let (findings, ignored) = Ignores::new(tree).apply(found, &mut notes);
    notes.sort();
    notes.dedup();
    Report { findings: capped(findings), not_judged: not_judged(&repository), notes, ignored }
}

/// One place may be reached in several ways (a script that two workflows call): it is told once, and the gravest wins.
fn once_each(mut findings: Vec<Finding>) -> Vec<Finding> {
    findings.sort_by(|a, b| (&a.span, a.rule, b.severity).cmp(&(&b.span, b.rule, a.severity)));
    findings.dedup_by(|later, first| later.span == first.span && later.rule == first.rule);
    findings
}

fn capped(findings: Vec<Finding>) -> Vec<Finding> {
    let mut counts: BTreeMap<(String, &str), usize> = BTreeMap::new();
    let mut few = |finding: &Finding| {
        let count = counts.entry((finding.span.file.to_string(), finding.rule)).or_default();
        *count += 1;
        *count <= MAX_FINDINGS_PER_RULE_AND_FILE
    };
    findings.into_iter().filter(|finding| few(finding)).collect()
}

fn not_judged(repository: &Repository<'_>) -> Vec<NotJudged> {
    // What is judged where it is called from need not be judged again where it stands alone.
    let judged: std::collections::BTreeSet<&Span> = repository.builds().map(|site| &site.step.span).collect();
    let untied = repository.untied().filter(|(step, _)| !judged.contains(&step.span));
    let mut list: Vec<NotJudged> =
        untied.map(|(step, build)| NotJudged { span: step.span.clone(), what: build.tool.name() }).collect();
    list.sort();
    list.dedup();
    list
}
