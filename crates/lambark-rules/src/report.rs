//! All findings at once, and the verdict.

use serde::Serialize;

use crate::CATALOGUE;
use crate::facts::ImageFacts;
use crate::finding::{Finding, Place};
use crate::rule::{Gate, Rule, Severity, Skip};

/// How many findings of one rule are listed; the rest is counted. A layer of unreadable files must not bury the rest.
pub const MAX_FINDINGS_PER_RULE: usize = 20;

/// What one gate would do with the image.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum GateVerdict {
    /// Everything was looked at, and nothing speaks against the image.
    Accepted,
    /// An error: it would be refused.
    Rejected,
    /// A warning: nobody knows.
    Unknown,
    /// Something was not looked at.
    NotLooked,
}

/// What Lambda would do with the image.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Every gate accepts, everything was looked at.
    Accepted,
    /// A gate refuses.
    Rejected,
    /// No gate refuses, but of one nobody knows.
    Unknown,
    /// Nothing speaks against it, but not everything was looked at.
    Incomplete,
}

impl std::fmt::Display for Verdict {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Verdict::Accepted => "accepted",
            Verdict::Rejected => "rejected",
            Verdict::Unknown => "unknown",
            Verdict::Incomplete => "incomplete",
        })
    }
}

impl std::fmt::Display for GateVerdict {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            GateVerdict::Accepted => "accepted",
            GateVerdict::Rejected => "rejected",
            GateVerdict::Unknown => "unknown",
            GateVerdict::NotLooked => "not looked at",
        })
    }
}

/// A rule that could not be judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Skipped {
    /// The rule.
    pub rule: &'static str,
    /// Why.
    pub skip: Skip,
}

/// The result of all rules on one image.
#[derive(Clone, Debug)]
pub struct Judgement {
    /// Everything that was found, in the catalogue's order.
    pub findings: Vec<Finding>,
    /// Rules that could not be judged.
    pub skipped: Vec<Skipped>,
    /// Rules that found nothing.
    pub passed: Vec<&'static str>,
    /// Each gate's verdict, in order.
    pub gates: [(Gate, GateVerdict); 3],
    /// The overall verdict.
    pub verdict: Verdict,
}

impl Judgement {
    /// The gravest finding's severity.
    #[must_use]
    pub fn worst(&self) -> Option<Severity> {
        self.findings.iter().map(|finding| finding.severity).max()
    }

    /// How many findings have this severity.
    #[must_use]
    pub fn count(&self, severity: Severity) -> usize {
        self.findings.iter().filter(|finding| finding.severity == severity).count()
    }
}

/// Runs every rule of the catalogue.
#[must_use]
pub fn judge(facts: &ImageFacts) -> Judgement {
    judge_with(facts, CATALOGUE)
}

fn judge_with(facts: &ImageFacts, rules: &[&'static Rule]) -> Judgement {
    let mut findings = Vec::new();
    let mut skipped = Vec::new();
    let mut passed = Vec::new();
    let mut blind = Vec::new();
    for rule in rules {
        match (rule.check)(facts) {
            Ok(found) if found.is_empty() => passed.push(rule.name),
            Ok(found) => findings.extend(capped(rule, found)),
            Err(skip) => {
                if matches!(skip, Skip::NotLooked(_)) {
                    blind.push(rule.gate);
                }
                skipped.push(Skipped { rule: rule.name, skip });
            }
        }
    }
    let gates = Gate::ALL.map(|gate| (gate, gate_verdict(gate, &findings, &blind)));
    Judgement { verdict: overall(&gates), findings, skipped, passed, gates }
}

/// The first findings of a rule, and a line that counts the rest.
fn capped(rule: &Rule, mut found: Vec<Finding>) -> Vec<Finding> {
    if found.len() > MAX_FINDINGS_PER_RULE {
        found.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
        let rest = found.len() - MAX_FINDINGS_PER_RULE;
        found.truncate(MAX_FINDINGS_PER_RULE);
        let severity = found.last().map_or(rule.severity, |finding| finding.severity);
        found.push(Finding::new(rule, Place::Image, format!("{rest} more findings of this rule")).severity(severity));
    }
    found
}

fn gate_verdict(gate: Gate, findings: &[Finding], blind: &[Gate]) -> GateVerdict {
    let worst = findings.iter().filter(|finding| finding.gate == gate).map(|finding| finding.severity).max();
    match worst {
        Some(Severity::Error) => GateVerdict::Rejected,
        Some(Severity::Warning) => GateVerdict::Unknown,
        _ if blind.contains(&gate) => GateVerdict::NotLooked,
        _ => GateVerdict::Accepted,
    }
}

fn overall(gates: &[(Gate, GateVerdict)]) -> Verdict {
    let any = |wanted| gates.iter().any(|(_, verdict)| *verdict == wanted);
    if any(GateVerdict::Rejected) {
        Verdict::Rejected
    } else if any(GateVerdict::Unknown) {
        Verdict::Unknown
    } else if any(GateVerdict::NotLooked) {
        Verdict::Incomplete
    } else {
        Verdict::Accepted
    }
}
