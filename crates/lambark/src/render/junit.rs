//! JUnit: one test suite an image, one test case a rule.

use std::io::{self, Write};

use lambark_rules::{CATALOGUE, Finding, Severity};
use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

use super::escape::plain;
use crate::operations::check::{Checked, FailOn, Looked, Outcome};

/// Writes the whole report. A finding below `fail_on` is kept as the output of a case that passed, so that the report
/// and the exit code never disagree.
///
/// # Errors
/// When `out` fails.
pub fn check(out: &mut dyn Write, outcome: &Outcome, fail_on: FailOn) -> io::Result<()> {
    let mut report = Report::new("lambark check");
    report.add_test_suites(outcome.images.iter().map(|checked| suite(checked, fail_on)));
    report.serialize(out).map_err(io::Error::other)
}

fn suite(checked: &Checked, fail_on: FailOn) -> TestSuite {
    let mut suite = TestSuite::new(&*plain(&checked.image));
    match &checked.result {
        Ok(looked) => {
            suite.add_test_cases(CATALOGUE.iter().map(|rule| case(rule.name, looked, fail_on)));
        }
        Err(failure) => {
            let mut status = TestCaseStatus::non_success(NonSuccessKind::Error);
            status.set_type(failure.kind()).set_message(&*plain(&failure.to_string()));
            suite.add_test_case(TestCase::new("could be looked at", status));
        }
    }
    suite
}

fn case(rule: &'static str, looked: &Looked, fail_on: FailOn) -> TestCase {
    let findings: Vec<&Finding> = looked.judgement.findings.iter().filter(|finding| finding.rule == rule).collect();
    let worst = findings.iter().map(|finding| finding.severity).max();
    let text: Vec<String> = findings.iter().map(|finding| line(finding)).collect();
    if let Some(severity) = worst.filter(|worst| fail_on.met_by(*worst)) {
        return failed(rule, severity, &findings, &text);
    }
    let skipped = looked.judgement.skipped.iter().find(|skipped| skipped.rule == rule);
    let status = match skipped {
        Some(skipped) => {
            let mut status = TestCaseStatus::skipped();
            status.set_message(&*plain(skipped.skip.reason()));
            status
        }
        None => TestCaseStatus::success(),
    };
    let mut case = TestCase::new(rule, status);
    if !text.is_empty() {
        case.set_system_out(text.join("\n"));
    }
    case
}

fn failed(rule: &'static str, severity: Severity, findings: &[&Finding], text: &[String]) -> TestCase {
    let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
    status.set_type(severity.to_string());
    if let Some(first) = findings.first() {
        status.set_message(&*plain(&first.message));
    }
    status.set_description(text.join("\n"));
    TestCase::new(rule, status)
}

fn line(finding: &Finding) -> String {
    let place = finding.place.to_string();
    let mut line = format!("{}: {} ({})", finding.severity, plain(&finding.message), plain(&place));
    for note in &finding.notes {
        line.push_str(&format!("; {}", plain(note)));
    }
    line
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::render::samples;

    fn rendered(outcome: &Outcome, fail_on: FailOn) -> String {
        let mut out = Vec::new();
        check(&mut out, outcome, fail_on).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn one_suite_an_image_and_one_case_a_rule() {
        let text = rendered(&samples::outcome(vec![samples::attested(), samples::unreachable()]), FailOn::default());
        assert_eq!(text.matches("<testsuite ").count(), 2);
        assert_eq!(text.matches("<testcase ").count(), CATALOGUE.len() + 1);
        assert!(text.contains(r#"<failure message="OCI index where Lambda wants one image manifest" type="error">"#));
        assert!(text.contains("<error "), "{text}");
    }

    #[test]
    fn what_does_not_fail_the_command_does_not_fail_a_case() {
        let text = rendered(&samples::outcome(vec![samples::attested()]), FailOn::Never);
        assert!(!text.contains("<failure"), "{text}");
        assert!(text.contains("<system-out>error: OCI index"), "{text}");
    }

    #[test]
    fn hostile_text_stays_xml() {
        let mut checked = samples::attested();
        checked.result.as_mut().unwrap().judgement.findings[0].message = "</failure>\u{0}\u{1b}[2K&]]>".to_owned();
        let text = rendered(&samples::outcome(vec![checked]), FailOn::default());
        assert_eq!(text.matches("</failure>").count(), 1);
        assert!(text.contains("\\u{0}\\u{1b}[2K"), "{text}");
    }
}
