//! docker, podman, nerdctl, finch, buildah, depot: builds, pushes, tags, bake, compose.

use super::options::{Grammar, Parsed, parse};
use super::{Command, convert, verify};
use crate::shell::{Arg, Scope};
use crate::source::Span;
use crate::step::{Action, Build, Dialect, Insertion, Opt, Push, Tool, Value};

/// Options of `docker build`, `docker buildx build` and their likes that take a value.
const BUILD: Grammar = Grammar {
    valued: &[
        "add-host",
        "allow",
        "annotation",
        "arch",
        "attest",
        "build-arg",
        "build-arg-file",
        "build-context",
        "builder",
        "buildkit-host",
        "cache-from",
        "cache-to",
        "call",
        "cgroup-parent",
        "compression-format",
        "context",
        "cpu-period",
        "cpu-quota",
        "cpu-shares",
        "cpuset-cpus",
        "cpuset-mems",
        "env",
        "env-file",
        "file",
        "format",
        "from",
        "iidfile",
        "ignorefile",
        "isolation",
        "label",
        "manifest",
        "memory",
        "memory-swap",
        "metadata-file",
        "namespace",
        "network",
        "no-cache-filter",
        "oci-layout",
        "os",
        "output",
        "platform",
        "policy",
        "profile",
        "progress",
        "project",
        "project-directory",
        "project-name",
        "provenance",
        "resource",
        "save-metadata",
        "sbom",
        "secret",
        "security-opt",
        "set",
        "shm-size",
        "ssh",
        "tag",
        "target",
        "ulimit",
        "volume",
    ],
    short: &[
        ('t', "tag"),
        ('f', "file"),
        ('o', "output"),
        ('m', "memory"),
        ('c', "cpu-shares"),
        ('p', "project-name"),
        ('v', "volume"),
        ('H', "host"),
    ],
};

/// `docker push`, `docker tag` and the options in front of a subcommand.
const PLAIN: Grammar = Grammar {
    valued: &["platform", "context", "config", "host", "log-level", "namespace", "authfile", "creds", "format"],
    short: &[('c', "context"), ('H', "host"), ('l', "log-level"), ('f', "format")],
};

pub(super) fn actions(program: &str, command: &Command<'_>, scope: &Scope) -> Vec<Action> {
    let at = after_global_options(command.args, 1);
    let rest = command.args.get(at..).unwrap_or_default();
    let second = command.word(at + 1);
    match (program, command.word(at)) {
        ("docker-compose", _) => compose(command, at, scope),
        ("buildah", "bud" | "build") => build(Tool::Buildah, command, at, scope),
        ("depot", "build") => build(Tool::Depot, command, at, scope),
        ("podman", "build" | "buildx") if second == "build" || command.word(at) == "build" => {
            build(Tool::Podman, command, at + usize::from(command.word(at) == "buildx"), scope)
        }
        ("nerdctl", "build") => build(Tool::Nerdctl, command, at, scope),
        ("finch", "build") => build(Tool::Finch, command, at, scope),
        ("podman" | "nerdctl" | "finch", "image") if second == "build" => {
            let tool = if program == "podman" { Tool::Podman } else { Tool::Nerdctl };
            build(tool, command, at + 1, scope)
        }
        (_, "buildx") => buildx(command, at + 1, scope),
        (_, "build") => build(Tool::Docker, command, at, scope),
        (_, "builder") if second == "build" => build(Tool::Docker, command, at + 1, scope),
        (_, "image") if second == "build" => build(Tool::Docker, command, at + 1, scope),
        (_, "image") if second == "push" => push(rest.get(2..).unwrap_or_default()),
        (_, "image") if second == "tag" => tag(rest.get(2..).unwrap_or_default()),
        (_, "push") => push(rest.get(1..).unwrap_or_default()),
        (_, "tag") => tag(rest.get(1..).unwrap_or_default()),
        (_, "compose") => compose(command, at + 1, scope),
        (_, "manifest") if second == "inspect" => verify::docker(command, at + 2).into_iter().collect(),
        _ => Vec::new(),
    }
}

/// Where the subcommand stands: `docker --context x build`.
fn after_global_options(args: &[Arg], mut at: usize) -> usize {
    while let Some(option) = args.get(at).map(Arg::text).filter(|text| text.starts_with('-')) {
        let name = option.trim_start_matches('-');
        let long = PLAIN.valued.contains(&name) && option.starts_with("--");
        let short = PLAIN.short.iter().any(|(letter, _)| name.len() == 1 && name.starts_with(*letter));
        at += if long || short { 2 } else { 1 };
    }
    at
}

fn buildx(command: &Command<'_>, at: usize, scope: &Scope) -> Vec<Action> {
    let at = skip_builder(command.args, at);
    match command.word(at) {
        "build" | "b" => build(Tool::Buildx, command, at, scope),
        "bake" | "f" => bake(command, at, scope),
        "create" => {
            let rest = command.args.get(at + 1..).unwrap_or_default();
            vec![Action::Builder { options: parse(rest, &BUILD, 1).options }]
        }
        "imagetools" if command.word(at + 1) == "inspect" => verify::imagetools(command, at + 2).into_iter().collect(),
        "imagetools" if command.word(at + 1) == "create" => convert::imagetools(command, at + 2).into_iter().collect(),
        _ => Vec::new(),
    }
}

/// `docker buildx --builder x build`.
fn skip_builder(args: &[Arg], mut at: usize) -> usize {
    while let Some(option) = args.get(at).map(Arg::text).filter(|text| text.starts_with("--")) {
        at += if option == "--builder" { 2 } else { 1 };
    }
    at
}

/// A build; the word `build` stands at `at`.
fn build(tool: Tool, command: &Command<'_>, at: usize, scope: &Scope) -> Vec<Action> {
    let rest = command.args.get(at + 1..).unwrap_or_default();
    let Parsed { options, positional, more } = parse(rest, &BUILD, 1);
    if options.iter().any(|option| matches!(option.name.as_str(), "help" | "version")) {
        return Vec::new();
    }
    let context = positional.first().map(|arg| located(&arg.value, scope));
    let dockerfile = dockerfile(&options, context.as_ref(), &command.span, scope);
    vec![Action::Build(Build {
        tool,
        version: None,
        more_options: more,
        context,
        dockerfile,
        insertion: insertion(command, at),
        options,
    })]
}

/// Where an option can be added: behind the word that names the subcommand.
pub(super) fn insertion(command: &Command<'_>, at: usize) -> Option<Insertion> {
    let word = command.args.get(at).filter(|word| word.constant)?;
    let end = Span { start: word.whole.end, ..word.whole.clone() };
    Some(Insertion { at: end, dialect: Dialect::CommandLine, before: " ".to_owned(), after: String::new() })
}

/// A path relative to the repository's root, if it is one in the repository.
pub(super) fn located(value: &Value, scope: &Scope) -> Value {
    match scope.locate(&value.text).filter(|_| value.known) {
        Some(path) => Value { literal: value.literal && path == value.text, text: path, ..value.clone() },
        None => Value { known: false, ..value.clone() },
    }
}

/// The Dockerfile: as told (relative to where the command runs), or the context's own.
fn dockerfile(options: &[Opt], context: Option<&Value>, span: &Span, scope: &Scope) -> Option<Value> {
    if let Some(file) = super::options::value(options, "file") {
        return (file.text != "-").then(|| located(&file, scope));
    }
    let context = context?;
    let remote = context.text == "-" || context.text.contains("://") || context.text.starts_with("git@");
    (!remote).then(|| {
        let directory = context.text.trim_end_matches('/');
        let text = if directory.is_empty() { "Dockerfile".to_owned() } else { format!("{directory}/Dockerfile") };
        Value { text, known: context.known, span: span.clone(), literal: false }
    })
}

/// `docker buildx bake`: the command's options count for every target.
fn bake(command: &Command<'_>, at: usize, scope: &Scope) -> Vec<Action> {
    let rest = command.args.get(at + 1..).unwrap_or_default();
    let Parsed { mut options, positional, more } = parse(rest, &BUILD, 0);
    options.extend(positional.iter().map(chosen));
    let context = scope.directory.as_ref().map(|_| located(&Value::derived(".", command.span.clone()), scope));
    vec![Action::Build(Build {
        tool: Tool::Bake,
        version: None,
        more_options: more,
        context,
        dockerfile: None,
        insertion: insertion(command, at),
        options,
    })]
}

/// `docker compose build`, `docker compose up --build`, `docker compose push`.
fn compose(command: &Command<'_>, at: usize, scope: &Scope) -> Vec<Action> {
    let mut at = at;
    let mut before = Vec::new();
    while command.word(at).starts_with('-') {
        let valued = matches!(command.word(at), "-f" | "--file" | "-p" | "--project-name" | "--profile" | "--env-file");
        let end = at + 1 + usize::from(valued);
        before.extend(command.args.get(at..end).unwrap_or_default().iter().cloned());
        at = end;
    }
    match command.word(at) {
        "build" => {
            let rest = command.args.get(at + 1..).unwrap_or_default();
            let Parsed { mut options, positional, more } = parse(rest, &BUILD, 0);
            options.extend(parse(&before, &BUILD, 0).options);
            options.extend(positional.iter().map(chosen));
            let context = scope.directory.as_ref().map(|_| located(&Value::derived(".", command.span.clone()), scope));
            vec![Action::Build(Build {
                tool: Tool::Compose,
                version: None,
                more_options: more,
                context,
                dockerfile: None,
                insertion: insertion(command, at),
                options,
            })]
        }
        "push" => vec![Action::Push(Push { reference: None, platform: None })],
        _ => Vec::new(),
    }
}

/// A target or service that is chosen.
fn chosen(arg: &Arg) -> Opt {
    Opt { name: "targets".to_owned(), value: arg.value.clone(), span: arg.whole.clone(), literal: arg.constant }
}

fn push(args: &[Arg]) -> Vec<Action> {
    let Parsed { options, positional, .. } = parse(args, &PLAIN, 1);
    // `podman push IMAGE docker://DESTINATION`
    let reference = positional.last().map(|arg| arg.value.clone());
    vec![Action::Push(Push { reference, platform: super::options::value(&options, "platform") })]
}

fn tag(args: &[Arg]) -> Vec<Action> {
    let Parsed { positional, .. } = parse(args, &PLAIN, 2);
    match positional.as_slice() {
        [from, to, ..] => vec![Action::Tag { from: from.value.clone(), to: to.value.clone() }],
        _ => Vec::new(),
    }
}
