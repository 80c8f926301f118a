//! A check that passes bad images, or refuses good ones.

use lambark_oci::media_type::{DOCKER_LIST, DOCKER_MANIFEST, OCI_INDEX, OCI_MANIFEST};
use lambark_rules::{Confidence, Severity};

use crate::finding::Finding;
use crate::flow::looked_at;
use crate::repository::Repository;
use crate::rule::Rule;
use crate::step::{Action, Compare, Sequence, Step, Verifier, Verify};

/// The rule.
pub static RULE: Rule = Rule {
    name: "wrong-verification",
    summary: "a check of the pushed image passes what Lambda refuses, or refuses what Lambda takes",
    severity: Severity::Warning,
    confidence: Confidence::Measured,
    fix: None,
    sources: &[
        "https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-manifest-formats.html",
        "https://docs.aws.amazon.com/lambda/latest/dg/images-create.html",
        "moby/buildkit#6824",
    ],
    doc: include_str!("wrong_verification.md"),
    check,
};

const HELP: &str = "let `lambark check IMAGE` judge: it reads by digest and knows every type that Lambda takes";

fn check(repository: &Repository<'_>, findings: &mut Vec<Finding>) {
    if !repository.concerns_lambda() {
        return;
    }
    for sequence in &repository.sequences {
        let mut done: Vec<usize> = Vec::new();
        for (index, step) in sequence.steps.iter().enumerate() {
            let Action::Compare(compare) = &step.action else { continue };
            let Some(verify) = looked_at(&sequence.steps, index).filter(|_| !done.contains(&compare.group)) else {
                continue;
            };
            let group = group(sequence, compare.group);
            if group.iter().any(|(_, compare)| is_about_types(compare)) {
                done.push(compare.group);
                findings.extend(judge(step, &group, verify));
            }
        }
    }
}

/// Comparisons that are alternatives to each other.
fn group(sequence: &Sequence, number: usize) -> Vec<(&Step, &Compare)> {
    let compares = sequence.steps.iter().filter_map(|step| match &step.action {
        Action::Compare(compare) if compare.group == number => Some((step, compare)),
        _ => None,
    });
    compares.collect()
}

fn is_about_types(compare: &Compare) -> bool {
    let text = pattern(compare);
    ["manifest", "index", "vnd."].iter().any(|word| text.contains(word))
}

/// The text that is looked for, without what marks it as a pattern.
fn pattern(compare: &Compare) -> String {
    compare.pattern.text.trim_matches(['*', '^', '$', '"', '\'', ' ']).replace('\\', "").to_ascii_lowercase()
}

/// The texts that a comparison looks for, and whether a part of the whole suffices: `a|b` are two.
fn parts(compare: &Compare) -> Vec<(String, bool)> {
    let pattern = pattern(compare);
    let parts = pattern.split('|').map(|part| part.trim_matches(['(', ')', ' ']).to_owned());
    parts.filter(|part| !part.is_empty()).map(|part| (part, compare.substring)).collect()
}

/// What a check of these comparisons lets through or holds up.
fn judge(step: &Step, group: &[(&Step, &Compare)], verify: &Verify) -> Option<Finding> {
    let finding = |message: &str| Finding::new(&RULE, &step.span, message).help(HELP);
    if group.iter().any(|(_, compare)| !compare.pattern.known) {
        return None;
    }
    if let Some(message) = reads_wrongly(verify) {
        return Some(finding(message).confidence(Confidence::Documented));
    }
    let parts: Vec<(String, bool)> = group.iter().flat_map(|(_, compare)| parts(compare)).collect();
    let matches = |part: &(String, bool), media_type: &str| {
        if part.1 { media_type.contains(&*part.0) } else { media_type == part.0 }
    };
    let names = |media_type: &str| parts.iter().any(|part| matches(part, media_type));
    let (list, index) = (names(DOCKER_LIST), names(OCI_INDEX));
    let (docker, oci) = (names(DOCKER_MANIFEST), names(OCI_MANIFEST));
    let substring = parts.iter().any(|part| part.1);
    let blurs = parts.iter().any(|part| {
        let (bad, good) = ([DOCKER_LIST, OCI_INDEX], [DOCKER_MANIFEST, OCI_MANIFEST]);
        bad.iter().any(|bad| matches(part, bad)) && good.iter().any(|good| matches(part, good))
    });
    if blurs {
        return Some(finding("the text that is looked for stands in the type of an index and of an image alike"));
    }
    match (docker, oci, list, index) {
        (true, _, false, false) | (_, true, false, false) if substring && !verify.filtered => {
            Some(finding("an index names the type of the image inside it, so this text is found in a bad one too"))
        }
        (true, false, false, false) => Some(
            finding("only Docker's manifest type passes; BuildKit 0.31 and newer write an OCI manifest, which Lambda takes as well")
                .confidence(Confidence::Documented),
        ),
        (false, true, false, false) => Some(
            finding("only the OCI manifest type passes; Docker's manifest, which Lambda takes as well, does not")
                .confidence(Confidence::Documented),
        ),
        (false, false, true, false) => {
            Some(finding("only a Docker manifest list is recognised; what BuildKit pushes by default is an OCI index"))
        }
        (false, false, false, true) => {
            Some(finding("only an OCI index is recognised; a Docker manifest list, which Lambda refuses too, is not"))
        }
        _ => None,
    }
}

/// Whether the look itself cannot show what was pushed.
fn reads_wrongly(verify: &Verify) -> Option<&'static str> {
    let has = |name: &str| verify.options.iter().any(|option| option.name == name);
    match verify.tool {
        Verifier::BatchGetImage if !verify.by_digest && !has("accepted-media-types") => {
            Some("ECR converts between Docker and OCI when it is asked by tag: this is not the type that was pushed")
        }
        Verifier::Skopeo if !has("raw") => {
            Some("skopeo without --raw looks through an index at the image inside, so a bad one looks good")
        }
        _ => None,
    }
}
