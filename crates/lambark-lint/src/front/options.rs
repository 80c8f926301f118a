//! From entries of YAML and JSON mappings to options of the model.

use crate::fragment::Fragment;
use crate::source::{Span, join};
use crate::step::{Opt, Value};
use crate::yaml::{Entry, Node};

/// Reads a scalar: each language has its own way to write what is not known.
pub(super) type Read<'a> = &'a dyn Fn(&Node<'_>) -> Option<Value>;

/// A scalar whose text is all there is, unless it holds one of the marks.
pub(super) fn scalar_without(node: &Node<'_>, marks: &[&str]) -> Option<Value> {
    let value = node.value()?;
    let known = !marks.iter().any(|mark| value.text.contains(mark));
    Some(if known { value } else { Value { known, ..value } })
}

/// The whole entry, from its key to the end of its value.
pub(super) fn entry_span(entry: &Entry<'_>) -> Span {
    entry.key.span().to(&entry.value.span())
}

/// An option that is one scalar.
pub(super) fn single(name: &str, entry: &Entry<'_>, read: Read<'_>) -> Option<Opt> {
    let value = read(&entry.value)?;
    Some(Opt { name: name.to_owned(), value, span: entry_span(entry), literal: !entry.value.is_shared() })
}

/// An option a list item; a scalar is a list of one. A single item of a list may be written over but not removed,
/// since commas and dashes belong to it.
pub(super) fn several(name: &str, entry: &Entry<'_>, read: Read<'_>) -> Vec<Opt> {
    if entry.value.as_str().is_some() {
        return single(name, entry, read).into_iter().collect();
    }
    let items = entry
        .value
        .items()
        .filter_map(|item| Some(Opt { name: name.to_owned(), value: read(&item)?, span: item.span(), literal: false }));
    items.collect()
}

/// Build arguments, be they a mapping or a list of `NAME=value`.
pub(super) fn build_arguments(arguments: &Node<'_>, read: Read<'_>) -> Vec<Opt> {
    let name = || "build-arg".to_owned();
    let from_mapping = arguments.merged_entries().into_iter().filter_map(|entry| {
        let value = read(&entry.value)?;
        let text = format!("{}={}", entry.key.as_str()?, value.text);
        let span = entry_span(&entry);
        let value = Value { text, known: value.known, span: span.clone(), literal: false };
        Some(Opt { name: name(), value, span, literal: !entry.value.is_shared() })
    });
    let from_list = arguments
        .items()
        .filter_map(|item| Some(Opt { name: name(), value: read(&item)?, span: item.span(), literal: false }));
    from_mapping.chain(from_list).collect()
}

/// A build context and the Dockerfile in it, both relative to the repository's root. `directory` is where relative
/// contexts begin.
pub(super) fn context_and_dockerfile(
    directory: &str,
    context: &Value,
    dockerfile: Option<&Value>,
) -> (Option<Value>, Option<Value>) {
    let place = |path: &Value, under: &str| {
        let joined = path.known().and_then(|path| join(under, path));
        joined.map(|joined| Value::derived(joined, path.span.clone()))
    };
    // A context at an address holds a Dockerfile of another repository.
    if context.text.contains("://") || context.text.starts_with("git@") {
        return (None, None);
    }
    let Some(resolved) = place(context, directory) else {
        return (None, dockerfile.map(|path| Value::unknown(path.text.clone(), path.span.clone())));
    };
    let default = Value::derived("Dockerfile", context.span.clone());
    let file = place(dockerfile.unwrap_or(&default), &resolved.text);
    (Some(resolved), file)
}
/// The parts of a text between line ends (and `also`), each with its own place; empty ones are left out.
pub(super) fn parts(fragment: &Fragment, known: impl Fn(&str) -> bool, also: &[char]) -> Vec<Value> {
    let text = fragment.text();
    let mut parts = Vec::new();
    for part in text.split(|letter| letter == '\n' || also.contains(&letter)) {
        let trimmed = part.trim();
        if trimmed.is_empty() {
            continue;
        }
        let start = trimmed.as_ptr() as usize - text.as_ptr() as usize;
        let range = start..start + trimmed.len();
        let known = known(trimmed);
        let literal = known && fragment.is_literal(range.clone());
        parts.push(Value { text: trimmed.to_owned(), known, span: fragment.span(range), literal });
    }
    parts
}
