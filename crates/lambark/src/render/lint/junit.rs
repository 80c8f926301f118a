//! `lint` as JUnit: one test suite a file, one test case a rule that found something, and one for the file itself.

use std::io::{self, Write};

use lambark_lint::Finding;
use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

use super::ends;
use crate::operations::check::FailOn;
use crate::operations::lint::Outcome;
use crate::render::escape::plain;

/// Writes the whole report. A finding below `fail_on` is kept as the output of a case that passed, so that the report
/// and the exit code never disagree.
///
/// # Errors
/// When `out` fails.
pub fn lint(out: &mut dyn Write, outcome: &Outcome, fail_on: FailOn) -> io::Result<()> {
    let mut report = Report::new("lambark lint");
    let findings = &outcome.report.findings;
    for of_file in findings.chunk_by(|one, other| one.span.file == other.span.file) {
        let mut suite = TestSuite::new(&*plain(&of_file[0].span.file));
        suite.add_test_cases(of_file.iter().map(|finding| case(outcome, finding, fail_on)));
        report.add_test_suite(suite);
    }
    if findings.is_empty() {
        // A report without a case looks as if nothing had run.
        let mut suite = TestSuite::new("repository");
        suite.add_test_case(TestCase::new("nothing found", TestCaseStatus::success()));
        report.add_test_suite(suite);
    }
    report.serialize(out).map_err(io::Error::other)
}

fn case(outcome: &Outcome, finding: &Finding, fail_on: FailOn) -> TestCase {
    let (start, _) = ends(outcome, &finding.span);
    let mut text =
        format!("{}:{}:{}: {}", plain(&finding.span.file), start.line, start.column, plain(&finding.message));
    for note in &finding.notes {
        text.push_str(&format!("; {}", plain(note)));
    }
    if let Some(remedy) = super::remedy(finding) {
        text.push_str(&format!("\nremedy: {}", plain(&remedy)));
    }
    let name = format!("{} (line {})", finding.rule, start.line);
    if !fail_on.met_by(finding.severity) {
        let mut case = TestCase::new(name, TestCaseStatus::success());
        case.set_system_out(text);
        return case;
    }
    let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
    status.set_type(finding.severity.to_string()).set_message(&*plain(&finding.message)).set_description(text);
    TestCase::new(name, status)
}
