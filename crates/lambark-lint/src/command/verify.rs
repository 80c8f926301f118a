//! Commands that look at what lies in a registry.

use super::Command;
use super::aws;
use super::options::{Grammar, parse, value};
use crate::shell::Arg;
use crate::step::{Action, Opt, Value, Verifier, Verify};

const INSPECT: Grammar = Grammar {
    valued: &["format", "platform", "builder", "creds", "authfile", "override-os", "override-arch", "list", "head"],
    short: &[('f', "format"), ('H', "header"), ('X', "request"), ('u', "user"), ('o', "output")],
};

/// `docker manifest inspect …`; its words begin at `at`.
pub(super) fn docker(command: &Command<'_>, at: usize) -> Option<Action> {
    inspect(Verifier::DockerManifest, command, at)
}

/// `docker buildx imagetools inspect …`.
pub(super) fn imagetools(command: &Command<'_>, at: usize) -> Option<Action> {
    inspect(Verifier::Imagetools, command, at)
}

pub(super) fn action(program: &str, command: &Command<'_>) -> Option<Action> {
    match (program, command.word(1), command.word(2)) {
        ("skopeo", "inspect", _) => inspect(Verifier::Skopeo, command, 2),
        ("crane" | "gcrane", "manifest", _) => inspect(Verifier::Crane, command, 2),
        ("regctl", "manifest", "get" | "head") | ("regctl", "image", "inspect" | "manifest") => {
            inspect(Verifier::Regctl, command, 3)
        }
        ("oras", "manifest", "fetch") => inspect(Verifier::Oras, command, 3),
        ("curl" | "wget", _, _) => http(command),
        _ => None,
    }
}

fn inspect(tool: Verifier, command: &Command<'_>, at: usize) -> Option<Action> {
    let parsed = parse(command.args.get(at..)?, &INSPECT, 1);
    let reference = parsed.positional.first().map(|arg| arg.value.clone());
    Some(made(tool, reference, parsed.options, command))
}

fn made(tool: Verifier, reference: Option<Value>, options: Vec<Opt>, command: &Command<'_>) -> Action {
    let by_digest = reference.as_ref().is_some_and(|name| name.text.contains("@sha256:") || name.text.contains("@$"));
    let captured_by = command.capture.map(str::to_owned);
    Action::Verify(Verify { tool, reference, by_digest, filtered: picks(&options), options, captured_by })
}

/// `aws ecr batch-get-image`, `describe-images`.
pub(super) fn ecr(verb: &str, rest: &[Arg], command: &Command<'_>) -> Option<Action> {
    let tool = match verb {
        "batch-get-image" => Verifier::BatchGetImage,
        "describe-images" => Verifier::DescribeImages,
        _ => return None,
    };
    let options = aws::options(rest);
    let ids = value(&options, "image-ids");
    let by_digest = ids.as_ref().is_some_and(|ids| ids.text.contains("imageDigest"));
    let reference = value(&options, "repository-name");
    let captured_by = command.capture.map(str::to_owned);
    Some(Action::Verify(Verify { tool, reference, by_digest, filtered: picks(&options), options, captured_by }))
}

/// Whether the options themselves pick a part of the answer.
fn picks(options: &[Opt]) -> bool {
    options.iter().any(|option| matches!(option.name.as_str(), "format" | "query"))
}

/// A request for a manifest.
fn http(command: &Command<'_>) -> Option<Action> {
    let parsed = parse(command.args.get(1..)?, &INSPECT, 1);
    let address = parsed.positional.iter().find(|arg| arg.text().contains("/manifests/"))?;
    Some(made(Verifier::Http, Some(address.value.clone()), parsed.options, command))
}
