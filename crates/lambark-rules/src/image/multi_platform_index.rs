//! An index with several images where Lambda wants one.

use lambark_oci::{Architecture, Document, Index};

use super::words;
use crate::facts::ImageFacts;
use crate::finding::{Finding, Place, Safety};
use crate::rule::{Confidence, Gate, Needs, Rule, Severity, Skip};

/// The rule.
pub static RULE: Rule = Rule {
    name: "multi-platform-index",
    summary: "an image index or manifest list with several images stands where Lambda wants an image manifest",
    severity: Severity::Error,
    confidence: Confidence::Documented,
    gate: Gate::MediaTypes,
    needs: Needs::Manifest,
    fix: Some(Safety::Safe),
    sources: &[
        "https://docs.aws.amazon.com/lambda/latest/dg/images-create.html",
        "https://repost.aws/questions/QUIZjd2sL_TtCuoqtg5Q30LA",
        "boto/boto3#3255",
    ],
    doc: include_str!("multi_platform_index.md"),
    check,
};

/// How many platforms a message names; the rest is counted.
const NAMED_PLATFORMS: usize = 4;

fn check(facts: &ImageFacts) -> Result<Vec<Finding>, Skip> {
    let Document::Index(index) = facts.document()? else { return Ok(Vec::new()) };
    if index.images().count() < 2 {
        // `image-index` speaks of it.
        return Ok(Vec::new());
    }
    let kind = facts.top.known()?.media_type().describe();
    let message = format!("{kind} for {} where Lambda wants one image manifest", platforms(index));
    let finding = Finding::new(&RULE, Place::Manifest("/manifests".into()), message)
        .note(words::MEDIA_TYPE_REFUSED)
        .note("the function's Architectures setting does not choose a child: Lambda refuses the index as a whole");
    Ok(vec![with_remedy(finding, index, facts.asked.architecture)])
}

fn with_remedy(finding: Finding, index: &Index, wanted: Option<Architecture>) -> Finding {
    let other_tag = "put the image for the function's architecture under a tag of its own; this one serves others too";
    match (wanted, index.select(wanted)) {
        (Some(architecture), Ok(child)) => finding
            .note(format!(
                "the image for {architecture} is {}; deployed by that digest, the index does not matter",
                child.digest
            ))
            .fix(Safety::Safe, other_tag),
        (Some(architecture), Err(_)) => {
            let word = architecture.image_word();
            finding
                .fix(Safety::Manual, format!("build the image for linux/{word}: none of these is for {architecture}"))
        }
        (None, _) => {
            finding.note("say which image is meant with --arch x86_64 or --arch arm64").fix(Safety::Safe, other_tag)
        }
    }
}

/// `linux/amd64, linux/arm64 and 2 more`.
fn platforms(index: &Index) -> String {
    let names: Vec<String> = index
        .images()
        .map(|child| child.platform.as_ref().map_or_else(|| "no platform".to_owned(), ToString::to_string))
        .collect();
    let named = names.iter().take(NAMED_PLATFORMS).map(|name| words::quoted(name)).collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(NAMED_PLATFORMS) {
        0 => named,
        more => format!("{named} and {more} more"),
    }
}
