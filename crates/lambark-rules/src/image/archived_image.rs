//! An image in ECR's archive.

use crate::facts::ImageFacts;
use crate::finding::{Finding, Place, Safety};
use crate::rule::{Confidence, Gate, Needs, Rule, Severity, Skip};

/// ECR's word for an image that can be pulled.
const ACTIVE: &str = "ACTIVE";

/// The rule.
pub static RULE: Rule = Rule {
    name: "archived-image",
    summary: "ECR keeps the image in its archive, where nobody can pull it",
    severity: Severity::Error,
    confidence: Confidence::Documented,
    gate: Gate::MediaTypes,
    needs: Needs::Bytes,
    fix: Some(Safety::Manual),
    sources: &["https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_ImageDetail.html"],
    doc: include_str!("archived_image.md"),
    check,
};

fn check(facts: &ImageFacts) -> Result<Vec<Finding>, Skip> {
    let location = facts.location()?;
    let host = location.ecr()?;
    let stored = location.stored.known()?;
    let objects = [&stored.top, &stored.image];
    let count = if stored.top.digest == stored.image.digest { 1 } else { 2 };
    let findings = objects.into_iter().take(count).filter_map(|object| {
        let status = object.status.as_deref().filter(|status| *status != ACTIVE)?;
        let what = if status == "ARCHIVED" { "lies in ECR's archive" } else { "cannot be pulled yet" };
        Some(
            Finding::new(&RULE, Place::Image, format!("{} {what} (imageStatus {status})", object.digest))
                .note("it is still listed, and every pull is answered as if it did not exist")
                .fix(
                    Safety::Manual,
                    format!(
                        "bring it back: aws ecr update-image-storage-class --registry-id {} --repository-name {} \
                         --image-id imageDigest={} --target-storage-class STANDARD",
                        host.account,
                        location.reference.repository(),
                        object.digest
                    ),
                ),
        )
    });
    Ok(findings.collect())
}
