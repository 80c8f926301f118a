//! Commands that make one manifest of another, or mean to.

use super::Command;
use super::options::{Grammar, Parsed, parse};
use crate::step::{Action, Convert, Opt};

const COPY: Grammar = Grammar {
    valued: &[
        "platform",
        "override-os",
        "override-arch",
        "override-variant",
        "format",
        "multi-arch",
        "dest-compress-format",
        "src-creds",
        "dest-creds",
        "authfile",
        "annotation",
        "builder",
        "file",
        "tag",
        "metadata-file",
        "progress",
    ],
    short: &[('t', "tag"), ('f', "file"), ('p', "platform")],
};

pub(super) fn action(program: &str, command: &Command<'_>) -> Option<Action> {
    match (program, first_word(command)) {
        ("skopeo", Some((_, "copy"))) => {
            let parsed = parse(command.args.get(1..)?, &COPY, 3);
            let all = has(&parsed.options, "all") || has(&parsed.options, "a") || has(&parsed.options, "multi-arch");
            Some(made("skopeo copy", parsed, 1, Some(!all)))
        }
        ("crane" | "gcrane", Some((at, "copy" | "cp"))) => {
            let parsed = parse(command.args.get(at + 1..)?, &COPY, 2);
            let one = has(&parsed.options, "platform");
            Some(made("crane copy", parsed, 0, Some(one)))
        }
        ("regctl", Some((at, "image"))) if matches!(command.word(at + 1), "copy" | "mod") => {
            let parsed = parse(command.args.get(at + 2..)?, &COPY, 2);
            let one = has(&parsed.options, "platform") && command.word(at + 1) == "copy";
            let name = if command.word(at + 1) == "copy" { "regctl image copy" } else { "regctl image mod" };
            Some(made(name, parsed, 0, Some(one)))
        }
        ("oras", Some((at, "cp" | "copy"))) => {
            let parsed = parse(command.args.get(at + 1..)?, &COPY, 2);
            let one = has(&parsed.options, "platform");
            Some(made("oras cp", parsed, 0, Some(one)))
        }
        _ => None,
    }
}

/// `docker buildx imagetools create …`; its words begin at `at`.
pub(super) fn imagetools(command: &Command<'_>, at: usize) -> Option<Action> {
    let parsed = parse(command.args.get(at..)?, &COPY, 1);
    let prefers_no_index = parsed.options.iter().any(|option| option.name == "prefer-index" && option.value.is_false());
    // With `--prefer-index=false` and one source that is a manifest, a manifest comes out; what a tag names is not known.
    let by_digest = parsed.positional.first().is_some_and(|source| source.text().contains('@'));
    let one = if prefers_no_index && by_digest {
        Some(true)
    } else if prefers_no_index {
        None
    } else {
        Some(false)
    };
    let target = parsed.options.iter().find(|option| option.name == "tag").map(|option| option.value.clone());
    let source = parsed.positional.first().map(|arg| arg.value.clone());
    Some(Action::Convert(Convert {
        tool: "docker buildx imagetools create".to_owned(),
        options: parsed.options,
        source,
        target,
        gives_one_manifest: one,
    }))
}

/// The subcommand, behind options.
fn first_word<'a>(command: &'a Command<'_>) -> Option<(usize, &'a str)> {
    let mut at = 1;
    while command.word(at).starts_with('-') {
        let name = command.word(at).trim_start_matches('-');
        at += if COPY.valued.contains(&name) { 2 } else { 1 };
    }
    let word = command.word(at);
    (!word.is_empty()).then_some((at, word))
}

fn has(options: &[Opt], name: &str) -> bool {
    options.iter().any(|option| option.name == name)
}

fn made(tool: &str, parsed: Parsed, skip: usize, one: Option<bool>) -> Action {
    let mut words = parsed.positional.into_iter().skip(skip).map(|arg| arg.value);
    let (source, target) = (words.next(), words.next());
    Action::Convert(Convert {
        tool: tool.to_owned(),
        options: parsed.options,
        source,
        target,
        gives_one_manifest: if parsed.more { None } else { one },
    })
}
