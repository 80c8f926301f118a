//! What a script hands to later steps: lines written to `$GITHUB_ENV` and `$GITHUB_OUTPUT`, and the old `::set-output`.

use super::context::Context;
use crate::fragment::Fragment;
use crate::shell::Scope;
use crate::step::Value;

/// Takes over what the script writes. `inner` is its scope as the script left it, `id` the step's.
pub(super) fn take(script: &Fragment, inner: &Scope, id: Option<&str>, context: &mut Context) {
    let text = script.text();
    for line in text.lines() {
        let to_environment = line.contains("GITHUB_ENV");
        let is_output = line.contains("GITHUB_OUTPUT") || line.contains("::set-output name=");
        if !to_environment && !is_output {
            continue;
        }
        let start = line.as_ptr() as usize - text.as_ptr() as usize;
        let span = script.span(start..start + line.len());
        let Some((name, template)) = assignment(line) else {
            // Written in another way: by a here-document, by a program.
            context.scope.open |= to_environment;
            continue;
        };
        let (text, known) = expand(template, inner);
        let value = Value { text, known, span, literal: false };
        if to_environment {
            context.scope.export(name, value);
        } else if let Some(id) = id {
            context.set(format!("steps.{id}.outputs.{name}"), value);
        }
    }
}

/// `echo "NAME=value" >> …`, `echo "::set-output name=NAME::value"`.
fn assignment(line: &str) -> Option<(&str, &str)> {
    let (_, rest) = line.split_once("echo ")?;
    if let Some((_, output)) = rest.split_once("::set-output name=") {
        let (name, value) = output.split_once("::")?;
        return Some((name, value.trim().trim_matches(['"', '\''])));
    }
    let (written, _) = rest.rsplit_once(">>")?;
    let written = written.trim().trim_start_matches("-n ").trim();
    let quoted = ['"', '\''].iter().find_map(|quote| written.strip_prefix(*quote)?.strip_suffix(*quote));
    let (name, value) = quoted.unwrap_or(written).split_once('=')?;
    let plain = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte));
    plain.then(|| (name, value.trim_matches(['"', '\''])))
}

/// Puts variables in; whether everything is known.
fn expand(template: &str, scope: &Scope) -> (String, bool) {
    let mut text = String::new();
    let mut known = true;
    let mut rest = template;
    while let Some(at) = rest.find('$') {
        text.push_str(&rest[..at]);
        let after = &rest[at + 1..];
        let braced = after.strip_prefix('{').filter(|inner| !inner.starts_with('{'));
        let inner = braced.unwrap_or(after);
        let length = inner.bytes().take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'_').count();
        let (name, behind) = inner.split_at(length);
        let behind = if braced.is_some() { behind.strip_prefix('}') } else { Some(behind) };
        match behind.filter(|_| !name.is_empty()) {
            Some(behind) => {
                let value = scope.get(name);
                known &= value.is_some_and(|value| value.known);
                match value {
                    Some(value) => text.push_str(&value.text),
                    None => text.push_str(&format!("${{{name}}}")),
                }
                rest = behind;
            }
            None => {
                known = false;
                text.push('$');
                rest = after;
            }
        }
    }
    text.push_str(rest);
    (text, known && !template.contains('`'))
}
