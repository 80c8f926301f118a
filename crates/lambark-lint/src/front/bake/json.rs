//! Bake files in JSON.

use super::super::options::{build_arguments, entry_span, scalar_without, several};
use super::{Bakefile, MAX_TARGETS, Target, option_name};
use crate::source::{Note, SourceFile};
use crate::step::{Dialect, Opt, Value};
use crate::yaml::{Document, Entry, Node, insertion};

pub(super) fn read(file: &SourceFile) -> (Bakefile, Vec<Note>) {
    let document = Document::json(file);
    let mut bakefile = Bakefile::default();
    if let Some(root) = document.root() {
        let names = |node: Option<Node<'_>>| {
            let items: Vec<String> =
                node.iter().flat_map(Node::items).filter_map(|it| it.as_str().map(str::to_owned)).collect();
            items
        };
        for group in root.get("group").iter().flat_map(Node::entries) {
            let name = group.key.as_str().unwrap_or_default().to_owned();
            bakefile.groups.insert(name, names(group.value.get("targets")));
        }
        for entry in root.get("target").iter().flat_map(Node::entries).take(MAX_TARGETS) {
            let options = entry.value.entries().flat_map(|attribute| options(&attribute)).collect();
            bakefile.targets.push(Target {
                name: entry.key.as_str().unwrap_or_default().to_owned(),
                span: entry.key.span(),
                inherits: names(entry.value.get("inherits")),
                context: entry.value.get("context").and_then(|node| scalar(&node)),
                dockerfile: entry.value.get("dockerfile").and_then(|node| scalar(&node)),
                options,
                insertion: insertion(&entry.value, Dialect::BakeJson),
            });
        }
    }
    (bakefile, document.stopped().into_iter().collect())
}

/// A scalar; bake puts variables and functions in where `${` stands.
fn scalar(node: &Node<'_>) -> Option<Value> {
    scalar_without(node, &["${"])
}

fn options(attribute: &Entry<'_>) -> Vec<Opt> {
    match attribute.key.as_str() {
        Some("args") => build_arguments(&attribute.value, &scalar),
        Some("inherits" | "context" | "dockerfile") | None => Vec::new(),
        Some(name) => {
            let mut options = several(option_name(name), attribute, &scalar);
            options.extend(attribute.value.items().filter(Node::is_mapping).map(|item| attributes(name, &item)));
            if attribute.value.is_mapping() {
                let value = Value::unknown("", attribute.value.span());
                options.push(Opt { name: name.to_owned(), value, span: entry_span(attribute), literal: false });
            }
            options
        }
    }
}

/// `{"type": "provenance", "disabled": "true"}` as the command line spells it.
fn attributes(name: &str, item: &Node<'_>) -> Opt {
    let entries = item.entries().filter_map(|entry| Some((entry.key.as_str()?, scalar(&entry.value)?)));
    let entries: Vec<(&str, Value)> = entries.collect();
    let text: Vec<String> = entries.iter().map(|(key, value)| format!("{key}={}", value.text)).collect();
    let known = entries.iter().all(|(_, value)| value.known);
    let value = Value { text: text.join(","), known, span: item.span(), literal: false };
    Opt { name: option_name(name).to_owned(), value, span: item.span(), literal: false }
}
