//! Where an entry can be added to a mapping, so that comments and layout stay.

use super::{Node, Style, Syntax};
use crate::step::{Dialect, Insertion};

/// The place behind the mapping's last entry; `None` if several places share the mapping, or if the new entry would
/// change what stands before it.
#[must_use]
pub fn insertion(mapping: &Node<'_>, dialect: Dialect) -> Option<Insertion> {
    if !mapping.is_mapping() || mapping.is_shared() {
        return None;
    }
    let (at, before) = if mapping.is_flow() { in_brackets(mapping)? } else { in_block(mapping)? };
    Some(Insertion { at: mapping.document().file().span(at..at), dialect, before, after: String::new() })
}

fn in_brackets(mapping: &Node<'_>) -> Option<(usize, String)> {
    let text = mapping.document().text();
    let range = mapping.range();
    if !text.get(range.clone())?.ends_with('}') {
        // Reading stopped before the bracket.
        return None;
    }
    let Some(last) = mapping.entries().next_back() else { return Some((range.start + 1, String::new())) };
    // The span of a tagged or anchored value is whole, that of an empty one in brackets is not certain.
    let end = last.value.range().end;
    if last.value.as_str() == Some("") && last.value.range().is_empty() {
        return None;
    }
    let line = &text[line_start(text, last.key.range().start)..last.key.range().start];
    let own_line = line.trim_start_matches([' ', '\t']).is_empty() && mapping.document().syntax() == Syntax::Json;
    Some((end, if own_line { format!(",{}{line}", line_break(text)) } else { ", ".to_owned() }))
}

fn in_block(mapping: &Node<'_>) -> Option<(usize, String)> {
    let text = mapping.document().text();
    let first = mapping.entries().next()?.key;
    let line = &text[line_start(text, first.outer_start())..first.outer_start()];
    // The first entry may stand behind dashes; the others stand below it.
    if !line.trim_start_matches([' ', '-']).is_empty() {
        return None;
    }
    let last = last_leaf(mapping.entries().next_back()?.value);
    if has_open_end(&last) {
        return None;
    }
    let end = last.range().end;
    let line_end = text[end..].find('\n').map_or(text.len(), |newline| end + newline);
    let rest = &text[end..line_end];
    let at = line_end - usize::from(rest.ends_with('\r'));
    Some((at, format!("{}{}", line_break(text), " ".repeat(line.len()))))
}

/// The last scalar in a node, or the node itself if it is in brackets.
fn last_leaf(mut node: Node<'_>) -> Node<'_> {
    while !node.is_flow() {
        let below = node.items().next_back().or_else(|| node.entries().next_back().map(|entry| entry.value));
        match below {
            // What an alias stands for lies elsewhere.
            Some(child) if child.range().start >= node.range().start => node = child,
            _ => break,
        }
    }
    node
}

/// A block with all its line ends (`|+`), from which a line behind it would take one away, or an empty one, whose end
/// the parser does not tell.
fn has_open_end(node: &Node<'_>) -> bool {
    let is_block = matches!(node.style(), Some(Style::Literal | Style::Folded));
    is_block && node.as_str().is_some_and(|text| text.ends_with("\n\n") || text.trim().is_empty())
}

fn line_start(text: &str, at: usize) -> usize {
    text[..at].rfind('\n').map_or(0, |newline| newline + 1)
}

fn line_break(text: &str) -> &'static str {
    if text.contains("\r\n") { "\r\n" } else { "\n" }
}
