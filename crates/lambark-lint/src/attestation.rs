//! What a build says about attestations, whichever way it says it.

use crate::repository::{BuildSite, Repository};
use crate::step::{Action, Build, Opt, Step, Tool, Value};

/// The variable that switches default attestations off.
pub(crate) const SWITCH: &str = "BUILDX_NO_DEFAULT_ATTESTATIONS";

/// What becomes of a build's attestations.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Attestations {
    /// Nothing is said: the tool adds its default provenance.
    Default,
    /// Switched off, or the tool makes none.
    Off,
    /// Asked for by these options.
    Requested(Vec<Opt>),
    /// Something decides that was not seen.
    Unknown,
}

/// Whether a tool builds with BuildKit and adds provenance by itself.
fn adds_by_default(tool: Tool) -> bool {
    match tool {
        Tool::Docker
        | Tool::Buildx
        | Tool::Bake
        | Tool::Compose
        | Tool::BuildPushAction
        | Tool::BakeAction
        | Tool::Nerdctl
        | Tool::Finch
        | Tool::Depot
        | Tool::TerraformDocker
        | Tool::TerraformLambda => true,
        // SAM decides by itself whether BuildKit is used, and with which options.
        Tool::Podman | Tool::Buildah | Tool::Kaniko | Tool::Sam | Tool::Other => false,
    }
}

/// What a build says, taken with the files and commands that belong to it.
pub(crate) fn of(site: &BuildSite<'_>, repository: &Repository<'_>) -> Attestations {
    let own = alone(site.step, site.build);
    if own == Attestations::Default && decided_elsewhere(site, repository) { Attestations::Unknown } else { own }
}

/// What a step says by itself.
pub(crate) fn alone(step: &Step, build: &Build) -> Attestations {
    if !adds_by_default(build.tool) || is_legacy(step, build) {
        return Attestations::Off;
    }
    let requested: Vec<Opt> = requests(build).cloned().collect();
    if !requested.is_empty() {
        return Attestations::Requested(requested);
    }
    match explicit(build) {
        Some(Some(false)) => Attestations::Off,
        Some(_) => Attestations::Unknown,
        None if build.more_options || !is_new_enough(build) => Attestations::Unknown,
        None if exports_elsewhere(build) => Attestations::Off,
        None => by_environment(step),
    }
}

fn by_environment(step: &Step) -> Attestations {
    match step.variable(SWITCH) {
        Some(value) if value.is_true() => Attestations::Off,
        Some(value) if !value.known => Attestations::Unknown,
        _ if step.open_environment => Attestations::Unknown,
        _ => Attestations::Default,
    }
}

/// Options that ask for an attestation.
fn requests(build: &Build) -> impl Iterator<Item = &Opt> {
    build.options.iter().filter(|option| match option.name.as_str() {
        // The last word counts; an empty input of an action is none.
        "provenance" | "sbom" => {
            let counts = build.option(&option.name).is_some_and(|last| last.span == option.span);
            let asked = option.value.known && !option.value.is_false() && !option.value.text.trim().is_empty();
            counts && asked
        }
        "attest" | "attests" => option.value.known && requests_by_attest(&option.value),
        _ => false,
    })
}

/// Whether one of several `type=…` lines asks for an attestation.
fn requests_by_attest(value: &Value) -> bool {
    let mut lines = value.text.lines().map(str::trim).filter(|line| line.starts_with("type="));
    lines.any(|line| !attest_is_off(line) && !looks_switched_off(line))
}

/// `type=…,disabled=true`: the only key that switches off.
pub(crate) fn attest_is_off(line: &str) -> bool {
    line.split(',').any(|part| {
        let (name, value) = part.split_once('=').unwrap_or((part, "true"));
        name.trim() == "disabled" && matches!(value.trim(), "1" | "t" | "T" | "true" | "TRUE" | "True")
    })
}

/// Whether the line is meant to switch off and does not: `no-op-fix` speaks of it.
pub(crate) fn looks_switched_off(line: &str) -> bool {
    line.split(',').any(|part| {
        let (name, value) = part.split_once('=').unwrap_or((part, ""));
        let value = value.trim();
        match name.trim() {
            "disable" | "off" => true,
            "disabled" => matches!(value, "1" | "t" | "T" | "true" | "TRUE" | "True"),
            "enabled" | "enable" => matches!(value, "false" | "0"),
            "mode" => matches!(value, "none" | "off" | "false" | "disabled"),
            _ => false,
        }
    })
}

/// What is said about provenance in words: `Some(Some(false))` if it is switched off, `Some(None)` if the words are not
/// known, `None` if nothing is said.
fn explicit(build: &Build) -> Option<Option<bool>> {
    if let Some(option) =
        build.option("provenance").filter(|option| !(option.value.known && option.value.text.trim().is_empty()))
    {
        return Some(if option.value.is_false() { Some(false) } else { None });
    }
    let attests: Vec<&Opt> = build.all("attest").chain(build.all("attests")).collect();
    if attests.iter().any(|option| !option.value.known) {
        return Some(None);
    }
    let off = attests.iter().any(|option| {
        let mut lines = option.value.text.lines();
        lines.any(|line| line.trim().starts_with("type=provenance") && attest_is_off(line))
    });
    off.then_some(Some(false))
}

/// An old action does not pass the option on as the new ones do, and what its buildx does is not known.
fn is_new_enough(build: &Build) -> bool {
    let first_with_default = match build.tool {
        Tool::BuildPushAction => 4,
        Tool::BakeAction => 3,
        _ => return true,
    };
    let Some(version) = &build.version else { return true };
    let digits: String = version.text.trim_start_matches('v').chars().take_while(char::is_ascii_digit).collect();
    digits.parse::<u32>().map_or(true, |major| major >= first_with_default)
}

/// The default attestation comes with the image exporter alone: a file or a layout has none.
fn exports_elsewhere(build: &Build) -> bool {
    let outputs: Vec<&Opt> = build.all("output").chain(build.all("outputs")).collect();
    let is_file = |option: &&Opt| {
        let text = option.value.text.trim();
        option.value.known
            && (["type=oci", "type=docker", "type=local", "type=tar", "type=cacheonly"]
                .iter()
                .any(|kind| text.starts_with(kind))
                || !text.contains('='))
    };
    let action_loads =
        build.tool == Tool::BuildPushAction && build.option("load").is_some_and(|load| load.value.is_true());
    action_loads || (!outputs.is_empty() && outputs.iter().all(is_file))
}

/// Whether the legacy builder is selected.
pub(crate) fn is_legacy(step: &Step, build: &Build) -> bool {
    let off = |name: &str| step.variable(name).is_some_and(Value::is_false);
    match build.tool {
        Tool::Docker => off("DOCKER_BUILDKIT"),
        Tool::Compose => off("COMPOSE_DOCKER_CLI_BUILD") || off("DOCKER_BUILDKIT"),
        _ => false,
    }
}

/// A bake or compose file is built by commands, and a command builds what files say: if one of the two speaks, the
/// other is not asked. What Terraform builds sees the environment in which it is applied.
fn decided_elsewhere(site: &BuildSite<'_>, repository: &Repository<'_>) -> bool {
    if matches!(site.build.tool, Tool::TerraformDocker | Tool::TerraformLambda) {
        let steps = repository.sequences.iter().flat_map(|sequence| &sequence.steps);
        let mut applied = steps.filter(|step| matches!(step.action, Action::Apply));
        return applied.any(|step| by_environment(step) != Attestations::Default);
    }
    let kin = |tool: Tool| match site.build.tool {
        Tool::Bake | Tool::BakeAction => matches!(tool, Tool::Bake | Tool::BakeAction),
        Tool::Compose => tool == Tool::Compose,
        _ => false,
    };
    let others = repository.all_builds().filter(|(step, build)| kin(build.tool) && step.span != site.step.span);
    let mut others = others.filter(|(_, build)| build.is_declared() != site.build.is_declared());
    if site.build.is_declared() {
        others.any(|(step, build)| alone(step, build) != Attestations::Default)
    } else {
        others.next().is_some()
    }
}
