//! Several platforms under one tag.

use lambark_rules::{Confidence, Safety, Severity};

use super::edits;
use crate::finding::Finding;
use crate::repository::Repository;
use crate::rule::Rule;

/// The rule.
pub static RULE: Rule = Rule {
    name: "multi-platform-build",
    summary: "a build for Lambda makes several platforms under one tag",
    severity: Severity::Error,
    confidence: Confidence::Documented,
    fix: Some(Safety::Unsafe),
    sources: &["https://docs.aws.amazon.com/lambda/latest/dg/images-create.html", "boto/boto3#3255"],
    doc: include_str!("multi_platform_build.md"),
    check,
};

fn check(repository: &Repository<'_>, findings: &mut Vec<Finding>) {
    for site in repository.builds() {
        let Some(platforms) = site.build.platforms().filter(|platforms| platforms.len() > 1) else { continue };
        if site.is_mended() || !site.is_pushed(repository) {
            continue;
        }
        let Some(option) = site.build.option("platform") else { continue };
        let message = format!("{} platforms under one tag are an index; Lambda wants one", platforms.len());
        let finding = Finding::new(&RULE, edits::place(option), message)
            .related(&site.tie.span, &site.tie.why)
            .note("--provenance=false does not change that: the tag still names a list");
        let one = site.build.all("platform").count() == 1;
        findings.push(match site.architecture(repository).filter(|_| one) {
            Some(wanted) => {
                let summary = format!("build {} alone, which the function runs", wanted.platform());
                finding.fix(Safety::Unsafe, summary, edits::replace(site.step, &option.value, wanted.platform()))
            }
            None => finding.help(
                "build the function's platform alone, or deploy that platform's digest (`lambark resolve --arch`)",
            ),
        });
    }
}
