//! `DOCKER_BUILDKIT=0`.

use lambark_rules::{Confidence, Safety, Severity};

use super::edits;
use crate::attestation;
use crate::finding::Finding;
use crate::repository::Repository;
use crate::rule::Rule;

/// The rule.
pub static RULE: Rule = Rule {
    name: "legacy-builder",
    summary: "the legacy builder is selected: with the containerd image store it mixes OCI and Docker media types",
    severity: Severity::Warning,
    confidence: Confidence::Measured,
    fix: Some(Safety::Safe),
    sources: &["https://docs.docker.com/engine/deprecated/", "moby/moby#51532", "docker/build-push-action#1459"],
    doc: include_str!("legacy_builder.md"),
    check,
};

fn check(repository: &Repository<'_>, findings: &mut Vec<Finding>) {
    for site in repository.builds().filter(|site| attestation::is_legacy(site.step, site.build)) {
        let variables = ["DOCKER_BUILDKIT", "COMPOSE_DOCKER_CLI_BUILD"];
        let mut off = variables.iter().filter_map(|name| Some((*name, site.step.variable(name)?)));
        let Some((name, value)) = off.find(|(_, value)| value.is_false()) else { continue };
        let message = format!("`{name}={}` selects the deprecated builder to get rid of the index", value.text);
        let mut edits = edits::replace(site.step, value, "1");
        if !edits.is_empty() && site.build.option("provenance").is_none() {
            edits.extend(edits::switch_off(site.step, site.build));
        }
        // Half of the edit would bring the index back.
        let whole = edits.len() == 2 || site.build.option("provenance").is_some();
        findings.push(
            Finding::new(&RULE, &value.span, message)
                .related(&site.step.span, "this build is made by it")
                .related(&site.tie.span, &site.tie.why)
                .note("with the containerd image store it writes an OCI manifest with Docker layers; whether Lambda takes it is not established")
                .fix(Safety::Safe, "build with BuildKit and --provenance=false", if whole { edits } else { Vec::new() }),
        );
    }
}
