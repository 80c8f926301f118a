//! Images above Lambda's limit.

use super::words;
use crate::facts::{Evidence, ImageFacts};
use crate::finding::{Finding, Place, Safety};
use crate::rule::{Confidence, Gate, Needs, Rule, Severity, Skip};

/// The rule.
pub static RULE: Rule = Rule {
    name: "image-too-large",
    summary: "the uncompressed layers exceed Lambda's 10 GB, or come near it",
    severity: Severity::Error,
    confidence: Confidence::Documented,
    gate: Gate::Unpacking,
    needs: Needs::Files,
    fix: Some(Safety::Manual),
    sources: &[
        "https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html",
        "https://docs.aws.amazon.com/lambda/latest/dg/images-create.html",
        "aws-samples/aws-genai-llm-chatbot#59",
    ],
    doc: include_str!("image_too_large.md"),
    check,
};

/// The limit that the error text names.
const LIMIT_GIB: u64 = 10 * 1024 * 1024 * 1024;
/// The limit that the documentation names.
const LIMIT_GB: u64 = 10_000_000_000;
/// From here on the next dependency may be one too many.
const NEAR: u64 = LIMIT_GB / 10 * 8;

fn check(facts: &ImageFacts) -> Result<Vec<Finding>, Skip> {
    let bytes = facts.files.known()?.plain_bytes();
    let size = format!("the layers have {} uncompressed", gigabytes(bytes));
    let about = |message: String| Finding::new(&RULE, Place::Image, message);
    let finding = if bytes > LIMIT_GIB {
        about(format!("{size}, and Lambda takes 10 GB"))
            .note("Lambda ends the update with InvalidImage: SizeLimitExceeded: Uncompressed container image size exceeds 10 GiB limit")
    } else if bytes > LIMIT_GB {
        about(format!("{size}: more than the 10 GB of the documentation, less than the 10 GiB of the error text"))
            .severity(Severity::Warning)
            .confidence(Confidence::Contradictory)
            .note("which of the two counts, and how, is not confirmed by AWS")
    } else if bytes > NEAR {
        about(format!("{size}, more than 80 % of the 10 GB that Lambda takes")).severity(Severity::Note)
    } else {
        return Ok(Vec::new());
    };
    let finding = match largest(facts) {
        Some((layer, size)) => finding.note(format!("the largest is layer {layer} with {}", gigabytes(size))),
        None => finding,
    };
    Ok(vec![finding.fix(Safety::Manual, "leave build tools, caches and unused models out of the final stage")])
}

fn largest(facts: &ImageFacts) -> Option<(usize, u64)> {
    let sizes = facts.layers.iter().enumerate().filter_map(|(index, layer)| match &layer.content {
        Evidence::Known(content) => Some((index, content.plain_size)),
        Evidence::NotLooked(_) => None,
    });
    sizes.max_by_key(|(_, size)| *size)
}

/// `10.74 GB (11534336000 bytes)`.
fn gigabytes(bytes: u64) -> String {
    let hundredths = bytes / 10_000_000;
    format!(
        "{}.{:02} GB ({})",
        hundredths / 100,
        hundredths % 100,
        words::count(usize::try_from(bytes).unwrap_or(usize::MAX), "byte")
    )
}
