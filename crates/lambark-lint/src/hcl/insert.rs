//! Where an attribute can be added to a block.

use hcl_edit::structure::{Block, Structure};

use super::Document;
use crate::step::{Dialect, Insertion};

/// The place behind the block's last attribute or block; `None` if it is written on one line.
#[must_use]
pub fn insertion(document: &Document<'_>, block: &Block, dialect: Dialect) -> Option<Insertion> {
    let text = document.file().text();
    let whole = document.range(block);
    let line_start = |at: usize| text[..at].rfind('\n').map_or(0, |newline| newline + 1);
    let indentation = |at: usize| {
        let line = &text[line_start(at)..];
        &line[..line.len() - line.trim_start_matches([' ', '\t']).len()]
    };
    let (end, indentation) = match block.body.iter().last() {
        Some(last) => {
            let range = match last {
                Structure::Attribute(attribute) => document.range(attribute),
                Structure::Block(block) => document.range(block),
            };
            (range.end, indentation(range.start).to_owned())
        }
        None => (document.header(block).end, format!("{}  ", indentation(whole.start))),
    };
    let line_end = end + text[end..].find('\n').filter(|length| end + length < whole.end)?;
    let has_return = text[..line_end].ends_with('\r');
    let at = line_end - usize::from(has_return);
    let line_break = if has_return { "\r\n" } else { "\n" };
    Some(Insertion {
        at: document.file().span(at..at),
        dialect,
        before: format!("{line_break}{indentation}"),
        after: String::new(),
    })
}
