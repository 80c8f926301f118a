//! Shared libraries that are asked for and not there.

use std::collections::BTreeMap;

use super::linking::{Linker, Unmet, modules};
use super::start::{Start, about, shown};
use super::words;
use crate::facts::ImageFacts;
use crate::finding::{Finding, Safety};
use crate::rule::{Confidence, Gate, Needs, Rule, Severity, Skip};

/// The rule.
pub static RULE: Rule = Rule {
    name: "shared-library-missing",
    summary: "a program or a native module asks for a shared library that the image does not have",
    severity: Severity::Error,
    confidence: Confidence::Measured,
    gate: Gate::Runtime,
    needs: Needs::Files,
    fix: Some(Safety::Manual),
    sources: &["aws/aws-lambda-python-runtime-interface-client#29", "qdrant/fastembed#314"],
    doc: include_str!("shared_library_missing.md"),
    check,
};

fn check(facts: &ImageFacts) -> Result<Vec<Finding>, Skip> {
    let start = Start::of(facts)?;
    let mut linker = Linker::new(start);
    let mut missing = Missing::default();
    let chain = start.chain();
    // Without its loader nothing is loaded: `interpreter-missing` speaks of that.
    if chain.broken.is_none() {
        for file in chain.files {
            linker.load(file).unmet.into_iter().for_each(|unmet| missing.add(unmet, Severity::Error));
        }
    }
    for file in modules(&start) {
        linker.load(file).unmet.into_iter().for_each(|unmet| missing.add(unmet, Severity::Warning));
    }
    if missing.libraries.is_empty() {
        linker.followed_all()?;
    }
    Ok(missing.findings())
}

/// What is missing, by the library's name: a whole package of modules asks for the same.
#[derive(Default)]
struct Missing<'a> {
    libraries: BTreeMap<Box<str>, (Severity, Unmet<'a>, usize)>,
}

impl<'a> Missing<'a> {
    fn add(&mut self, unmet: Unmet<'a>, severity: Severity) {
        let severity = if unmet.elsewhere { Severity::Note } else { severity };
        match self.libraries.get_mut(&unmet.library) {
            Some((worst, _, times)) => {
                *worst = severity.max(*worst);
                *times += 1;
            }
            None => {
                self.libraries.insert(unmet.library.clone(), (severity, unmet, 1));
            }
        }
    }

    fn findings(self) -> Vec<Finding> {
        let mut findings: Vec<Finding> = self.libraries.into_values().map(finding).collect();
        findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
        findings
    }
}

fn finding((severity, unmet, times): (Severity, Unmet<'_>, usize)) -> Finding {
    let (file, library) = (shown(&unmet.by.path), words::quoted(&unmet.library));
    let others = if times > 1 { format!(" (as {} do)", words::count(times - 1, "other file")) } else { String::new() };
    let rest =
        if unmet.elsewhere { "which lies where a loader is not told to look" } else { "which the image does not have" };
    let message = format!("{file} asks for {library}{others}, {rest}");
    let finding = about(&RULE, unmet.by.node.layer, &unmet.by.path, message).severity(severity);
    let finding = match severity {
        Severity::Error => finding.note(format!(
            "the program ends at its start: error while loading shared libraries: {library}: cannot open shared object file"
        )),
        Severity::Warning => finding
            .note("importing it fails, perhaps without a word about the library; whether the function imports it is not confirmed by AWS or by its files"),
        Severity::Note => finding.note("it is found if the program loads it itself first, or with LD_LIBRARY_PATH"),
    };
    finding
        .note("run paths, LD_LIBRARY_PATH of the image and the usual directories were searched; /etc/ld.so.conf is not read")
        .fix(Safety::Manual, format!("install the package that has {library} in the final stage of the build"))
}
