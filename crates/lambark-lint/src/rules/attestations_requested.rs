//! A build that asks for provenance or an SBOM, and whose image Lambda gets under the same tag.

use lambark_rules::{Confidence, Safety, Severity};

use super::edits;
use crate::attestation::{self, Attestations, SWITCH};
use crate::finding::{Edit, Finding};
use crate::repository::{BuildSite, Repository};
use crate::rule::Rule;
use crate::step::{Opt, Value};

/// The rule.
pub static RULE: Rule = Rule {
    name: "attestations-requested",
    summary: "a build for Lambda asks for provenance or an SBOM, which makes an image index of it",
    severity: Severity::Error,
    confidence: Confidence::Documented,
    fix: Some(Safety::Unsafe),
    sources: &[
        "https://docs.aws.amazon.com/lambda/latest/dg/python-image.html",
        "docker/buildx#1533",
        "aws-samples/bedrock-chat#890",
        "esatterwhite/semantic-release-docker#64",
    ],
    doc: include_str!("attestations_requested.md"),
    check,
};

fn check(repository: &Repository<'_>, findings: &mut Vec<Finding>) {
    for site in repository.builds() {
        let Attestations::Requested(options) = attestation::of(&site, repository) else { continue };
        if site.is_mended() || !site.is_pushed(repository) {
            continue;
        }
        let Some(first) = options.first() else { continue };
        let message = format!("`{}` is asked for: the image becomes an index, which Lambda refuses", first.name);
        let mut finding = Finding::new(&RULE, edits::place(first), message).related(&site.tie.span, &site.tie.why);
        if site.step.variable(SWITCH).is_some_and(Value::is_true) {
            finding = finding.note(format!("{SWITCH} does not help: what is asked for explicitly wins"));
        }
        findings.push(
            finding
                .note("the attestation can stay if the image inside is deployed by its digest: `lambark resolve` prints it")
                .fix(Safety::Unsafe, "build without attestations", edits(&site, &options)),
        );
    }
}

/// All or none: half of them would leave an index.
fn edits(site: &BuildSite<'_>, options: &[Opt]) -> Vec<Edit> {
    let edit = |option: &Opt| edits::replace(site.step, &option.value, switched_off(option)?).into_iter().next();
    options.iter().map(edit).collect::<Option<Vec<Edit>>>().unwrap_or_default()
}

/// The value that switches off what the option asks for.
fn switched_off(option: &Opt) -> Option<String> {
    match option.name.as_str() {
        "provenance" | "sbom" => Some("false".to_owned()),
        "attest" | "attests" => {
            let kind = option.value.text.split(',').find(|part| part.starts_with("type="))?;
            (!option.value.text.contains('\n')).then(|| format!("{kind},disabled=true"))
        }
        _ => None,
    }
}
