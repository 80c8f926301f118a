//! A build that is pushed with the provenance that BuildKit adds unless it is told not to.

use lambark_rules::{Confidence, Safety, Severity};

use super::{edits, no_op_fix};
use crate::attestation::{self, Attestations};
use crate::finding::Finding;
use crate::repository::Repository;
use crate::rule::Rule;
use crate::step::{Insertion, Tool};

/// The rule.
pub static RULE: Rule = Rule {
    name: "default-attestations",
    summary: "a build is pushed with BuildKit's default provenance, which makes an image index of it",
    severity: Severity::Error,
    confidence: Confidence::Documented,
    fix: Some(Safety::Safe),
    sources: &[
        "https://docs.aws.amazon.com/lambda/latest/dg/python-image.html",
        "docker/buildx#1533",
        "docker/build-push-action#755",
        "docker/build-push-action#1459",
        "moby/moby#51532",
    ],
    doc: include_str!("default_attestations.md"),
    check,
};

fn check(repository: &Repository<'_>, findings: &mut Vec<Finding>) {
    for site in repository.builds() {
        let default = attestation::of(&site, repository) == Attestations::Default;
        if !default || site.is_mended() || !site.is_pushed(repository) {
            continue;
        }
        let tool = site.build.tool;
        let message = format!("what {} pushes here is an index with provenance, which Lambda refuses", tool.name());
        let finding = Finding::new(&RULE, &site.step.span, message).related(&site.tie.span, &site.tie.why);
        findings.push(match site.step.unsound {
            Some(why) => finding.note(format!("not edited: {why}")).help(help(tool)),
            // The edit of a setting that did nothing says it already.
            None if no_op_fix::mends(&site) => {
                finding.note(when(tool)).help("put right what does nothing: `no-op-fix` tells")
            }
            None => {
                let edits = edits::switch_off(site.step, site.build);
                let words = site.build.insertion.as_ref().filter(|_| !edits.is_empty());
                let words = words.map(Insertion::without_attestations);
                let summary = words.map_or_else(
                    || help(tool).to_owned(),
                    |words| format!("add `{}`", words.trim_start_matches(',').trim()),
                );
                finding.note(when(tool)).fix(Safety::Safe, summary, edits)
            }
        });
    }
}

/// Where the index comes from, and where it does not.
fn when(tool: Tool) -> &'static str {
    match tool {
        Tool::Docker | Tool::Compose | Tool::TerraformDocker | Tool::TerraformLambda => {
            "wherever Docker has the containerd image store: fresh Docker 29, Docker Desktop, GitHub's runners since \
             February 2026"
        }
        _ => "BuildKit adds the provenance since buildx 0.10 (January 2023) unless it is told not to",
    }
}

fn help(tool: Tool) -> &'static str {
    match tool {
        Tool::BuildPushAction | Tool::BakeAction => "add `provenance: false` to its inputs",
        Tool::TerraformLambda => {
            "set BUILDX_NO_DEFAULT_ATTESTATIONS=1 where Terraform runs: the module has no input for it"
        }
        Tool::TerraformDocker => {
            "set `builder = \"default\"` and `provenance = \"false\"` in the build block (provider 4.3.0 or newer)"
        }
        Tool::Bake => "add `type=provenance,disabled=true` to the target's `attest`",
        _ => "add --provenance=false",
    }
}
