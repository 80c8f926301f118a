//! Settings that look as if they kept the index away, and do not.

use lambark_rules::{Confidence, Safety, Severity};

use super::edits;
use crate::attestation::{self, Attestations, SWITCH, attest_is_off, looks_switched_off};
use crate::dockerfile::{Arguments, Dockerfile};
use crate::finding::{Edit, Finding};
use crate::repository::{BuildSite, Repository};
use crate::rule::Rule;
use crate::step::{Action, Convert, Dialect, Opt};

/// The rule.
pub static RULE: Rule = Rule {
    name: "no-op-fix",
    summary: "a setting looks as if it kept Lambda's refusal away, and does nothing",
    severity: Severity::Warning,
    confidence: Confidence::Measured,
    fix: Some(Safety::Safe),
    sources: &[
        "docker/buildx#1533",
        "docker/buildx#3433",
        "docker/compose#14112",
        "moby/buildkit#6824",
        "terraform-aws-modules/terraform-aws-lambda#741",
    ],
    doc: include_str!("no_op_fix.md"),
    check,
};

fn check(repository: &Repository<'_>, findings: &mut Vec<Finding>) {
    for site in repository.builds() {
        let state = attestation::of(&site, repository);
        let switched_off = state == Attestations::Off;
        unknown_flag(&site, switched_off, findings);
        build_arguments(&site, switched_off, findings);
        misspelt(&site, findings);
        switch_value(&site, findings);
        if state == Attestations::Default {
            without_effect(&site, findings);
        }
    }
    for (file, _) in repository.lambda_dockerfiles() {
        inside_the_image(file, findings);
    }
    for sequence in repository.sequences.iter().filter(|_| repository.concerns_lambda()) {
        for step in &sequence.steps {
            if let Action::Convert(convert) = &step.action {
                conversion(&step.span, convert, findings);
            }
        }
    }
}

/// Whether the edits of this rule alone switch a build's default attestations off.
pub(super) fn mends(site: &BuildSite<'_>) -> bool {
    let mut own = Vec::new();
    unknown_flag(site, false, &mut own);
    build_arguments(site, false, &mut own);
    misspelt(site, &mut own);
    switch_value(site, &mut own);
    own.iter().filter_map(|finding| finding.fix.as_ref()).any(|fix| !fix.edits.is_empty())
}

/// `--oci-mediatypes=false`: no builder has that flag.
fn unknown_flag(site: &BuildSite<'_>, switched_off: bool, findings: &mut Vec<Finding>) {
    let on_command_line = site.build.insertion.as_ref().is_some_and(|place| place.dialect == Dialect::CommandLine);
    let Some(option) = site.build.option("oci-mediatypes").filter(|_| on_command_line) else { return };
    let finding = Finding::new(&RULE, edits::place(option), "there is no such flag: the build ends with exit code 125")
        .severity(Severity::Error)
        .note("the tool says: unknown flag: --oci-mediatypes; it is an attribute of --output")
        .related(&site.tie.span, &site.tie.why);
    findings.push(if switched_off {
        finding.help("take it away: --provenance=false is enough")
    } else {
        let edits = edits::rewrite(site.step, site.build, option, "--provenance=false");
        finding.fix(Safety::Safe, "say --provenance=false instead", edits)
    });
}

/// Options of the builder that are given as arguments of the Dockerfile.
fn build_arguments(site: &BuildSite<'_>, switched_off: bool, findings: &mut Vec<Finding>) {
    const OPTIONS: [&str; 5] = ["provenance", "sbom", "oci-mediatypes", SWITCH, "DOCKER_BUILDKIT"];
    for option in site.build.all("build-arg") {
        let name = option.value.text.split('=').next().unwrap_or_default().trim();
        if !OPTIONS.iter().any(|known| known.eq_ignore_ascii_case(name)) {
            continue;
        }
        let message = format!("`{name}` is given to the Dockerfile as an argument; the builder never sees it");
        let finding = Finding::new(&RULE, edits::place(option), message)
            .confidence(Confidence::Reported(2))
            .related(&site.tie.span, &site.tie.why);
        findings.push(if switched_off {
            finding.severity(Severity::Note).help("take it away: attestations are switched off already")
        } else {
            let edits = edits::rewrite(site.step, site.build, option, "--provenance=false");
            finding.fix(Safety::Safe, "say provenance=false to the builder itself", edits)
        });
    }
}

/// `type=provenance,disable=true`: the key is `disabled`.
fn misspelt(site: &BuildSite<'_>, findings: &mut Vec<Finding>) {
    for option in site.build.all("attest").chain(site.build.all("attests")) {
        let mut lines = option.value.text.lines().filter(|line| line.trim().starts_with("type="));
        let Some(line) = lines.find(|line| looks_switched_off(line) && !attest_is_off(line)) else { continue };
        let kind = line.trim().split(',').next().unwrap_or_default();
        let right = format!("{kind},disabled=true");
        let message = "the only key that switches an attestation off is `disabled`; this line asks for one";
        let one = option.value.text.trim().lines().count() == 1;
        let edits = if one { edits::replace(site.step, &option.value, right.clone()) } else { Vec::new() };
        findings.push(
            Finding::new(&RULE, edits::place(option), message)
                .confidence(Confidence::Inferred)
                .related(&site.tie.span, &site.tie.why)
                .fix(Safety::Safe, format!("write {right}"), edits),
        );
    }
}

/// `BUILDX_NO_DEFAULT_ATTESTATIONS=yes`: not a Go boolean.
fn switch_value(site: &BuildSite<'_>, findings: &mut Vec<Finding>) {
    let Some(value) = site.step.variable(SWITCH) else { return };
    if !value.known || value.is_true() || value.is_false() || value.text.is_empty() {
        return;
    }
    let message = format!("`{}` is neither true nor false to buildx: the build ends with an error", value.text);
    findings.push(
        Finding::new(&RULE, &value.span, message)
            .severity(Severity::Error)
            .confidence(Confidence::Inferred)
            .note(format!("the tool says: invalid {SWITCH}"))
            .fix(Safety::Safe, "write 1", edits::replace(site.step, value, "1")),
    );
}

/// What is written to keep the index away, where nothing does.
fn without_effect(site: &BuildSite<'_>, findings: &mut Vec<Finding>) {
    let told = |option: &Opt, message: &str| {
        Finding::new(&RULE, edits::place(option), message)
            .related(&site.tie.span, &site.tie.why)
            .help("the provenance makes the index: add --provenance=false (provenance: false)")
    };
    let build = site.build;
    if let Some(option) = build.option("sbom").filter(|option| option.value.is_false()) {
        findings.push(told(option, "without an SBOM there still is provenance, and with it the index"));
    }
    for option in build.all("output").chain(build.all("outputs")) {
        if option.value.text.contains("oci-mediatypes=false") {
            findings.push(
                told(option, "an image with an attestation is an OCI index all the same: the attribute is overridden")
                    .note("BuildKit 0.31 and newer end with an error: cannot export attestations with \"oci-mediatypes=false\""),
            );
        } else if option.value.text.contains("oci-artifact=false") {
            findings.push(told(option, "this changes how the attestation is stored, not that there is one"));
        }
    }
    if let Some(value) = site.step.variable("BUILDX_NO_DEFAULT_OCI_ARTIFACT").filter(|value| value.is_true()) {
        let message = "this changes how the attestation is stored, not that there is one";
        findings.push(
            Finding::new(&RULE, &value.span, message)
                .confidence(Confidence::Inferred)
                .related(&site.step.span, "this build still makes an index")
                .help(format!("set {SWITCH}=1 instead")),
        );
    }
}

/// `ENV BUILDX_NO_DEFAULT_ATTESTATIONS=1` in a Dockerfile.
fn inside_the_image(file: &Dockerfile, findings: &mut Vec<Finding>) {
    let stages = file.stages.iter().flat_map(|stage| &stage.instructions);
    for instruction in stages.chain(&file.arguments) {
        let sets = matches!(instruction.keyword.as_str(), "ENV" | "ARG");
        let Arguments::Text(text) = &instruction.arguments else { continue };
        if sets && text.text.starts_with(SWITCH) {
            let message = "this is set inside the image; the builder that reads it runs outside";
            findings.push(Finding::new(&RULE, &instruction.span, message).confidence(Confidence::Inferred).fix(
                Safety::Unsafe,
                "take it away, and set it where the build runs",
                vec![Edit { span: instruction.span.clone(), text: String::new() }],
            ));
        }
    }
}

/// Conversions that leave a list where they are meant to leave one image.
fn conversion(span: &crate::source::Span, convert: &Convert, findings: &mut Vec<Finding>) {
    let has = |name: &str| convert.options.iter().any(|option| option.name == name);
    let (message, help) = match convert.tool.as_str() {
        "docker buildx imagetools create" if has("platform") && convert.gives_one_manifest == Some(false) => (
            "imagetools create keeps an index with the attestation, whatever platform it is asked for",
            "name the image by its digest and add --prefer-index=false, or use `lambark fix`",
        ),
        "regctl image mod" if has("to-docker") && !has("platform") => (
            "of an index this makes a Docker manifest list that still holds the attestation",
            "first `regctl image copy --platform …`, then mod --to-docker; or use `lambark fix`",
        ),
        _ => return,
    };
    findings.push(Finding::new(&RULE, span, message).help(help));
}
