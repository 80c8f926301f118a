//! Files that the function may not read.

use std::collections::BTreeSet;

use super::handler::{Module, handler, module};
use super::start::{MAX_FINDINGS, Start, about, elf, shown};
use crate::facts::filesystem::{Descend, Resolved};
use crate::facts::{ImageFacts, Node};
use crate::finding::{Finding, Safety};
use crate::rule::{Confidence, Gate, Needs, Rule, Severity, Skip};

/// The rule.
pub static RULE: Rule = Rule {
    name: "unreadable-file",
    summary: "a file or directory of the function lacks read permission for others",
    severity: Severity::Error,
    confidence: Confidence::Documented,
    gate: Gate::Runtime,
    needs: Needs::Files,
    fix: Some(Safety::Unsafe),
    sources: &[
        "https://docs.aws.amazon.com/lambda/latest/dg/troubleshooting-deployment.html",
        "terraform-aws-modules/terraform-aws-lambda#209",
    ],
    doc: include_str!("unreadable_file.md"),
    check,
};

/// Where working directories lie that belong to the system: closed files in them are usual, and no function reads them.
const SYSTEM: [&str; 12] = ["bin", "boot", "dev", "etc", "lib", "lib64", "proc", "root", "run", "sbin", "sys", "usr"];

fn check(facts: &ImageFacts) -> Result<Vec<Finding>, Skip> {
    let start = Start::of(facts)?;
    let mut told = Told { findings: Vec::new(), paths: BTreeSet::new() };
    // The kernel reads a program by itself; a script is read by its interpreter.
    for file in start.chain().files.iter().filter(|file| elf(file).is_none()) {
        told.file(file, Severity::Error);
    }
    if let Some(Module::Found(found)) = handler(&start).map(|handler| module(&start, &handler)) {
        told.file(&found, Severity::Error);
        for directory in start.files.searched("", &found.path) {
            told.file(&directory, Severity::Error);
        }
    }
    for root in roots(&start) {
        told.below(&start, &root);
    }
    Ok(told.findings)
}

/// The directories that belong to the function.
fn roots(start: &Start<'_>) -> Vec<String> {
    let mut roots = vec![start.task_root().to_owned(), "/opt".to_owned()];
    let cwd = start.cwd().trim_matches('/');
    let top = cwd.split('/').next().unwrap_or_default();
    if !cwd.is_empty() && !SYSTEM.contains(&top) && !cwd.split('/').any(|part| part == "..") {
        roots.push(format!("/{cwd}"));
    }
    roots
}

struct Told {
    findings: Vec<Finding>,
    paths: BTreeSet<String>,
}

impl Told {
    fn file(&mut self, file: &Resolved<'_>, severity: Severity) {
        self.one(&file.path, file.node, severity);
    }

    /// Whether it was told: then what lies below needs no word.
    fn one(&mut self, path: &str, node: &Node, severity: Severity) -> bool {
        let Some(what) = lack(node) else { return false };
        if self.findings.len() < MAX_FINDINGS && self.paths.insert(path.to_owned()) {
            let name = shown(path);
            let message = format!("{name} has mode {:04o}: others may not {what} it", node.mode);
            let mode = if node.is_directory() { "755" } else { "644" };
            self.findings.push(
                about(&RULE, node.layer, path, message)
                    .severity(severity)
                    .note("Lambda ignores USER: the function runs as a user who is neither owner nor in the group")
                    .note(format!("what opens it gets PermissionError: [Errno 13] Permission denied: {name}"))
                    .fix(Safety::Unsafe, format!("add the permissions of mode {mode} for others")),
            );
        }
        true
    }

    fn below(&mut self, start: &Start<'_>, root: &str) {
        let Ok(found) = start.files.resolve("", root) else { return };
        if self.one(&found.path, found.node, Severity::Warning) {
            return;
        }
        start.files.visit(&found.path, |path, node| {
            let told = self.one(path, node, Severity::Warning);
            if told { Descend::Skip } else { Descend::Into }
        });
    }
}

/// What others may not do with it and should.
fn lack(node: &Node) -> Option<&'static str> {
    let runs_as_it_is = node.others_execute() && node.notes.as_ref().is_some_and(|notes| notes.elf.is_some());
    match (node.is_file(), node.is_directory()) {
        (true, _) if !node.others_read() && !runs_as_it_is => Some("read"),
        (_, true) if !node.others_execute() => Some("enter"),
        (_, true) if !node.others_read() => Some("list"),
        _ => None,
    }
}
