//! kaniko, SAM, Terraform, and lambark's own verbs.

use super::Command;
use super::docker::{insertion, located};
use super::options::{Grammar, parse, value};
use crate::shell::Scope;
use crate::step::{Action, Build, Call, CallKind, Convert, Opt, Tool, Value, Verifier, Verify};

const KANIKO: Grammar = Grammar {
    valued: &[
        "dockerfile",
        "context",
        "destination",
        "build-arg",
        "customPlatform",
        "custom-platform",
        "compression",
        "target",
        "cache-repo",
    ],
    short: &[('f', "dockerfile"), ('c', "context"), ('d', "destination")],
};
const SAM: Grammar = Grammar {
    valued: &[
        "template",
        "template-file",
        "config-env",
        "config-file",
        "region",
        "profile",
        "base-dir",
        "build-dir",
        "container-env-var",
        "parameter-overrides",
        "stack-name",
        "image-repository",
        "image-repositories",
        "s3-bucket",
    ],
    short: &[('t', "template"), ('b', "build-dir"), ('s', "base-dir"), ('m', "manifest")],
};
const LAMBARK: Grammar = Grammar {
    valued: &[
        "arch", "depth", "fail-on", "format", "output", "summary", "config", "to", "as", "function", "alias", "region",
        "profile",
    ],
    short: &[('o', "output")],
};

pub(super) fn kaniko(command: &Command<'_>, scope: &Scope) -> Vec<Action> {
    let parsed = parse(command.args.get(1..).unwrap_or_default(), &KANIKO, 0);
    let renamed = parsed.options.into_iter().map(|option| Opt {
        name: match option.name.as_str() {
            "destination" => "tag".to_owned(),
            "custom-platform" | "customPlatform" => "platform".to_owned(),
            "dockerfile" => "file".to_owned(),
            other => other.to_owned(),
        },
        ..option
    });
    let options: Vec<Opt> = renamed.collect();
    if !options.iter().any(|option| matches!(option.name.as_str(), "tag" | "file" | "context")) {
        return Vec::new();
    }
    let dockerfile = value(&options, "file").map(|file| located(&file, scope));
    let context = value(&options, "context").map(|context| located(&context, scope));
    vec![made(Tool::Kaniko, options, parsed.more, context, dockerfile, command, None)]
}

pub(super) fn actions(program: &str, command: &Command<'_>) -> Vec<Action> {
    let rest = command.args.get(2..).unwrap_or_default();
    match (program, command.word(1)) {
        ("sam", "build") => {
            let parsed = parse(rest, &SAM, 0);
            vec![made(Tool::Sam, parsed.options, parsed.more, None, None, command, Some(1))]
        }
        ("lambark", verb) => lambark(verb, rest, command),
        _ => Vec::new(),
    }
}

/// `terraform -chdir=infra apply`.
pub(super) fn terraform(command: &Command<'_>) -> Vec<Action> {
    let mut words = command.args.iter().skip(1).map(crate::shell::Arg::text);
    let applies = words.find(|word| !word.starts_with('-')).is_some_and(|verb| matches!(verb, "apply" | "run-all"));
    applies.then_some(Action::Apply).into_iter().collect()
}

fn made(
    tool: Tool,
    options: Vec<Opt>,
    more_options: bool,
    context: Option<Value>,
    dockerfile: Option<Value>,
    command: &Command<'_>,
    insertion_at: Option<usize>,
) -> Action {
    let insertion = insertion_at.and_then(|at| insertion(command, at));
    Action::Build(Build { tool, version: None, options, more_options, context, dockerfile, insertion })
}

fn lambark(verb: &str, rest: &[crate::shell::Arg], command: &Command<'_>) -> Vec<Action> {
    let parsed = parse(rest, &LAMBARK, 1);
    let first = parsed.positional.first().map(|arg| arg.value.clone());
    let captured_by = command.capture.map(str::to_owned);
    match verb {
        "check" | "resolve" | "doctor" => vec![Action::Verify(Verify {
            tool: Verifier::Lambark,
            by_digest: true,
            filtered: false,
            reference: first,
            options: parsed.options,
            captured_by,
        })],
        "fix" | "push" => vec![Action::Convert(Convert {
            tool: format!("lambark {verb}"),
            target: value(&parsed.options, "to").or_else(|| parsed.positional.last().map(|arg| arg.value.clone())),
            source: first,
            options: parsed.options,
            gives_one_manifest: Some(true),
        })],
        "deploy" | "ship" | "rollback" => vec![Action::Lambda(Call {
            kind: CallKind::Deploy,
            function: first,
            image: None,
            architecture: None,
            waits: true,
            overrides_command: false,
        })],
        _ => Vec::new(),
    }
}
