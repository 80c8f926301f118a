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

/// The gravest findings of a rule, and a line that counts the rest.
fn capped(rule: &Rule, mut found: Vec<Finding>) -> Vec<Finding> {
    if found.len() > MAX_FINDINGS_PER_RULE {
        found.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
        let rest = found.split_off(MAX_FINDINGS_PER_RULE);
        // The gravest of the rest comes first.
        let (severity, confidence) =
            rest.first().map_or((rule.severity, rule.confidence), |finding| (finding.severity, finding.confidence));
        let plural = if rest.len() == 1 { "" } else { "s" };
        let message = format!("{} more finding{plural} of this rule", rest.len());
        found.push(Finding::new(rule, Place::Image, message).severity(severity).confidence(confidence));
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::{Asked, Evidence};
    use crate::rule::{Confidence, Needs};

    const fn rule(name: &'static str, gate: Gate, check: fn(&ImageFacts) -> Result<Vec<Finding>, Skip>) -> Rule {
        Rule {
            name,
            summary: "a rule of this test",
            severity: Severity::Error,
            confidence: Confidence::Documented,
            gate,
            needs: Needs::Manifest,
            fix: None,
            sources: &[],
            doc: "",
            check,
        }
    }

    static PASSES: Rule = rule("passes", Gate::MediaTypes, |_| Ok(Vec::new()));
    static BLIND: Rule = rule("blind", Gate::Unpacking, |_| Err(Skip::NotLooked("too dark".into())));
    static UNASKED: Rule = rule("unasked", Gate::Runtime, |_| Err(Skip::NotAsked("nobody asked".into())));
    static REFUSES: Rule = rule("refuses", Gate::Runtime, |_| Ok(vec![one(&REFUSES, Severity::Error)]));
    static WARNS: Rule = rule("warns", Gate::Unpacking, |_| Ok(vec![one(&WARNS, Severity::Warning)]));
    static ADVISES: Rule = rule("advises", Gate::MediaTypes, |_| Ok(vec![one(&ADVISES, Severity::Note)]));
    static MANY: Rule = rule("many", Gate::Runtime, |_| Ok(many(MAX_FINDINGS_PER_RULE + 5, Severity::Warning)));
    static JUST_MANY: Rule = rule("just-many", Gate::Runtime, |_| Ok(many(MAX_FINDINGS_PER_RULE, Severity::Note)));
    static MIXED: Rule = rule("mixed", Gate::Runtime, |_| {
        let mut found = many(MAX_FINDINGS_PER_RULE, Severity::Note);
        found.push(one(&MIXED, Severity::Error).confidence(Confidence::Inferred));
        Ok(found)
    });

    fn one(rule: &Rule, severity: Severity) -> Finding {
        Finding::new(rule, Place::Layer { layer: 0, digest: None }, "found").severity(severity)
    }

    fn many(count: usize, severity: Severity) -> Vec<Finding> {
        std::iter::repeat_with(|| one(&MANY, severity)).take(count).collect()
    }

    fn judged(rules: &[&'static Rule]) -> Judgement {
        fn nothing<T>() -> Evidence<T> {
            Evidence::NotLooked("nothing is looked at".into())
        }
        let facts = ImageFacts {
            top: nothing(),
            image: nothing(),
            config: nothing(),
            layers: Vec::new(),
            files: nothing(),
            init: nothing(),
            asked: Asked::default(),
            location: None,
        };
        judge_with(&facts, rules)
    }

    fn verdicts(rules: &[&'static Rule]) -> (Verdict, [GateVerdict; 3]) {
        let judgement = judged(rules);
        (judgement.verdict, judgement.gates.map(|(_, verdict)| verdict))
    }

    #[test]
    fn the_verdict_is_the_worst_gate_and_a_gate_its_worst_finding() {
        use GateVerdict::{Accepted, NotLooked, Rejected, Unknown};
        let table: &[(&[&'static Rule], Verdict, [GateVerdict; 3])] = &[
            (&[], Verdict::Accepted, [Accepted; 3]),
            (&[&PASSES], Verdict::Accepted, [Accepted; 3]),
            (&[&UNASKED], Verdict::Accepted, [Accepted; 3]),
            (&[&ADVISES], Verdict::Accepted, [Accepted; 3]),
            (&[&BLIND], Verdict::Incomplete, [Accepted, NotLooked, Accepted]),
            (&[&WARNS], Verdict::Unknown, [Accepted, Unknown, Accepted]),
            (&[&WARNS, &BLIND], Verdict::Unknown, [Accepted, Unknown, Accepted]),
            (&[&BLIND, &REFUSES], Verdict::Rejected, [Accepted, NotLooked, Rejected]),
            (&[&WARNS, &REFUSES, &ADVISES], Verdict::Rejected, [Accepted, Unknown, Rejected]),
        ];
        for (rules, verdict, gates) in table {
            let names: Vec<&str> = rules.iter().map(|rule| rule.name).collect();
            assert_eq!(verdicts(rules), (*verdict, *gates), "{names:?}");
        }
    }

    #[test]
    fn every_rule_is_told_in_its_place() {
        let judgement = judged(&[&PASSES, &BLIND, &UNASKED, &REFUSES, &WARNS]);
        assert_eq!(judgement.passed, ["passes"]);
        let skipped: Vec<_> = judgement.skipped.iter().map(|it| (it.rule, it.skip.reason())).collect();
        assert_eq!(skipped, [("blind", "too dark"), ("unasked", "nobody asked")]);
        assert_eq!(judgement.findings.iter().map(|it| it.rule).collect::<Vec<_>>(), ["refuses", "warns"]);
        assert_eq!((judgement.worst(), judgement.count(Severity::Warning)), (Some(Severity::Error), 1));
    }

    #[test]
    fn many_findings_are_counted_rather_than_listed() {
        let judgement = judged(&[&MANY]);
        assert_eq!(judgement.findings.len(), MAX_FINDINGS_PER_RULE + 1);
        let last = judgement.findings.last().map(|it| (it.message.as_str(), it.severity, it.place.clone()));
        assert_eq!(last, Some(("5 more findings of this rule", Severity::Warning, Place::Image)));
        assert_eq!(judged(&[&JUST_MANY]).findings.len(), MAX_FINDINGS_PER_RULE);
    }

    #[test]
    fn the_gravest_finding_is_never_among_those_that_are_only_counted() {
        let judgement = judged(&[&MIXED]);
        assert_eq!(judgement.findings.first().map(|it| it.severity), Some(Severity::Error));
        let last = judgement.findings.last().map(|it| (it.message.as_str(), it.severity));
        assert_eq!(last, Some(("1 more finding of this rule", Severity::Note)));
        assert_eq!(judgement.verdict, Verdict::Rejected);
    }
}
