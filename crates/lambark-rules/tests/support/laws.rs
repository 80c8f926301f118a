//! Laws that every answer of every rule obeys.

use lambark_rules::facts::ImageFacts;
use lambark_rules::{Confidence, Finding, Rule, Severity, Skip, rule};

/// What a case expects of a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Expect {
    /// No finding.
    Pass,
    /// Findings of these severities, in order.
    Find(&'static [Severity]),
    /// One finding, of that severity, whose message, notes or fix contain the text.
    Says(Severity, &'static str),
    /// Skipped: evidence is missing.
    NotLooked,
    /// Skipped: nobody asked.
    NotAsked,
}

/// One row of a table of cases.
pub(crate) type Case = (&'static str, ImageFacts, Expect);

/// Judges every case of a table by the rule that `name` names, and tells all that differ at once.
pub(crate) fn walk(name: &str, cases: &[Case]) {
    let rule = rule(name).unwrap_or_else(|| panic!("no rule is called {name}"));
    let wrong: Vec<String> =
        cases.iter().filter_map(|(title, facts, expect)| difference(rule, title, facts, *expect)).collect();
    assert!(wrong.is_empty(), "{name}:\n{}", wrong.join("\n"));
}

fn difference(rule: &Rule, title: &str, facts: &ImageFacts, expect: Expect) -> Option<String> {
    let answer = (rule.check)(facts);
    if let Ok(findings) = &answer {
        findings.iter().for_each(|finding| obeys(rule, finding));
    }
    let right = match (&answer, expect) {
        (Ok(findings), Expect::Pass) => findings.is_empty(),
        (Ok(findings), Expect::Find(severities)) => {
            findings.iter().map(|finding| finding.severity).eq(severities.iter().copied())
        }
        (Ok(findings), Expect::Says(severity, text)) => {
            findings.len() == 1 && findings[0].severity == severity && whole_text(&findings[0]).contains(text)
        }
        (Err(Skip::NotLooked(_)), Expect::NotLooked) | (Err(Skip::NotAsked(_)), Expect::NotAsked) => true,
        _ => false,
    };
    (!right).then(|| format!("  {title}: expected {expect:?}, got {answer:?}"))
}

/// Message, notes and remedy of a finding.
pub(crate) fn whole_text(finding: &Finding) -> String {
    let fix = finding.fix.as_ref().map(|fix| fix.summary.clone());
    [finding.message.clone()].into_iter().chain(finding.notes.clone()).chain(fix).collect::<Vec<_>>().join("\n")
}

/// The house's rules for a finding's words.
pub(crate) fn obeys(rule: &Rule, finding: &Finding) {
    let context = format!("{finding:?}");
    assert_eq!(finding.rule, rule.name, "{context}");
    assert_eq!(finding.gate, rule.gate, "a rule speaks of one gate: {context}");
    assert!(finding.severity <= rule.severity, "a finding is never graver than its rule: {context}");
    assert!(!finding.message.is_empty() && !finding.message.ends_with('.'), "no final full stop: {context}");
    let fix = finding.fix.as_ref().map(|fix| fix.summary.as_str());
    for line in std::iter::once(finding.message.as_str()).chain(finding.notes.iter().map(String::as_str)).chain(fix) {
        assert!(!line.chars().any(char::is_control), "every text is one printable line: {context}");
    }
    let sure = matches!(finding.confidence, Confidence::Documented | Confidence::Reported(2..));
    if finding.severity == Severity::Warning && !sure {
        assert!(whole_text(finding).contains("not confirmed by AWS"), "a warning says how little is known: {context}");
    }
    if let (Some(fix), Some(best)) = (&finding.fix, rule.fix) {
        assert!(fix.safety >= best, "a remedy is never safer than its rule says: {context}");
    }
}
