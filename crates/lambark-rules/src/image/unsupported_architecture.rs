//! An image for a processor that Lambda does not have.

use super::{evidence, words};
use crate::facts::ImageFacts;
use crate::finding::{Finding, Place, Safety};
use crate::rule::{Confidence, Gate, Needs, Rule, Severity, Skip};

/// The rule.
pub static RULE: Rule = Rule {
    name: "unsupported-architecture",
    summary: "the image is for a processor that no function can be set to",
    severity: Severity::Error,
    confidence: Confidence::Inferred,
    gate: Gate::Runtime,
    needs: Needs::Manifest,
    fix: Some(Safety::Manual),
    sources: &["https://docs.aws.amazon.com/lambda/latest/dg/foundation-arch.html"],
    doc: include_str!("unsupported_architecture.md"),
    check,
};

/// How an image's processor suits Lambda.
#[derive(Debug, PartialEq, Eq)]
enum Suits {
    /// One of the two.
    Yes,
    /// One of the two, newer than AWS promises, or not named in the words of image configs.
    Perhaps(&'static str),
    /// Another one.
    No,
}

fn suits(architecture: &str, variant: Option<&str>) -> Suits {
    match (architecture, variant.unwrap_or_default()) {
        // AWS says nothing of levels: v2 (SSE4.2) is everywhere, v3 (AVX2) and v4 (AVX-512) need not be.
        ("amd64", "" | "v1" | "v2") | ("arm64", "" | "v8" | "8") => Suits::Yes,
        ("amd64" | "arm64", _) => Suits::Perhaps("AWS promises no such machine"),
        ("", _) => Suits::Perhaps("the config names no architecture"),
        ("x86_64" | "x86-64" | "aarch64", _) => Suits::Perhaps("image configs say amd64 and arm64"),
        _ => Suits::No,
    }
}

fn check(facts: &ImageFacts) -> Result<Vec<Finding>, Skip> {
    let platform = evidence::config(facts)?.platform();
    let variant = platform.variant.as_deref().filter(|variant| !variant.is_empty());
    let name = match variant {
        Some(variant) => format!("{}/{variant}", platform.architecture),
        None => platform.architecture.clone(),
    };
    let name = words::quoted(&name);
    let pointer = if suits(&platform.architecture, None) == Suits::Yes { "/variant" } else { "/architecture" };
    let place = Place::Config(pointer.into());
    Ok(match suits(&platform.architecture, variant) {
        Suits::Yes => Vec::new(),
        Suits::Perhaps(why) => vec![
            Finding::new(&RULE, place, format!("the image is for {name}, and {why}"))
                .severity(Severity::Warning)
                .note("that it runs on Lambda is not confirmed by AWS")
                .fix(Safety::Manual, "build the image for linux/amd64 or linux/arm64 without a newer variant"),
        ],
        Suits::No => vec![
            Finding::new(&RULE, place, format!("the image is for {name}, and Lambda has only x86_64 and arm64"))
                .note("the update call should take it, and the first invoke end with Runtime.InvalidEntrypoint: exec format error")
                .fix(Safety::Manual, "build the image for linux/amd64 or linux/arm64"),
        ],
    })
}
