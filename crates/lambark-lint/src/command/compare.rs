//! Commands that judge a text. Whether the text came from a registry is for the shell to say.

use super::Command;
use super::options::{Grammar, parse};
use crate::shell::Arg;
use crate::step::{Action, Compare, Value};

const GREP: Grammar = Grammar {
    valued: &["regexp", "file", "max-count", "context"],
    short: &[('e', "regexp"), ('m', "max-count"), ('A', "context"), ('B', "context")],
};
const JQ: Grammar = Grammar { valued: &["arg", "argjson", "indent"], short: &[] };

pub(super) fn actions(program: &str, command: &Command<'_>) -> Vec<Action> {
    match program {
        "grep" | "egrep" | "fgrep" | "rg" => grep(command),
        "jq" => jq(command),
        _ => test(command),
    }
}

fn made(pattern: Value, substring: bool) -> Action {
    Action::Compare(Compare { pattern, substring, variables: Vec::new(), piped: false, group: 0 })
}

fn grep(command: &Command<'_>) -> Vec<Action> {
    let parsed = parse(command.args.get(1..).unwrap_or_default(), &GREP, 1);
    let whole = parsed.options.iter().any(|option| matches!(option.name.as_str(), "x" | "line-regexp"));
    let named = parsed.options.iter().filter(|option| option.name == "regexp").map(|option| option.value.clone());
    let named: Vec<Value> = named.collect();
    let first = if named.is_empty() { parsed.positional.first().map(|arg| arg.value.clone()) } else { None };
    let patterns = named.into_iter().chain(first);
    patterns
        .map(|pattern| {
            let anchored = pattern.text.starts_with('^') && pattern.text.ends_with('$');
            made(pattern, !whole && !anchored)
        })
        .collect()
}

/// `jq '.mediaType == "…"'`: the strings that a filter compares with.
fn jq(command: &Command<'_>) -> Vec<Action> {
    let parsed = parse(command.args.get(1..).unwrap_or_default(), &JQ, 1);
    let Some(filter) = parsed.positional.first() else { return Vec::new() };
    let text = filter.text();
    let compares =
        ["==", "!=", "contains(", "test(", "startswith(", "endswith("].iter().any(|word| text.contains(word));
    if !compares {
        return Vec::new();
    }
    let substring = !text.contains("==") && !text.contains("!=");
    let strings = text.split('"').skip(1).step_by(2).filter(|string| string.contains('/') || string.contains('.'));
    strings
        .map(|string| made(Value { text: string.to_owned(), literal: false, ..filter.value.clone() }, substring))
        .collect()
}

/// `[ a = b ]`, `[[ a == *b* ]]`, `[[ a =~ b ]]`.
fn test(command: &Command<'_>) -> Vec<Action> {
    let operator = |arg: &Arg| matches!(arg.text(), "=" | "==" | "!=" | "=~");
    let mut actions = Vec::new();
    for (at, arg) in command.args.iter().enumerate().filter(|(_, arg)| operator(arg)) {
        let Some(right) = command.args.get(at + 1) else { continue };
        let left = at.checked_sub(1).and_then(|before| command.args.get(before));
        // The side that is known is what is compared with.
        let pattern = if right.value.known { Some(right) } else { left.filter(|left| left.value.known) };
        if let Some(pattern) = pattern {
            let substring = arg.text() == "=~" || pattern.text().contains('*');
            actions.push(made(pattern.value.clone(), substring));
        }
    }
    actions
}
