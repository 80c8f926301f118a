//! The ledger as a page, and the pieces of Markdown that records are made of.

use std::io::{self, Write};

use lambark_ledger::Entry;

use super::{fields, subject};
use crate::operations::record::List;
use crate::render::escape::plain;
use crate::words::{count, moment};

/// Writes a table of all entries, and each in full below it.
///
/// # Errors
/// When `out` fails.
pub fn page(out: &mut dyn Write, list: &List) -> io::Result<()> {
    let entries = &list.listing.entries;
    writeln!(out, "# Ledger\n\n{}.", count(entries.len(), "entry"))?;
    if let Some(head) = &list.head {
        writeln!(out, "The head when they were read was entry {}, `{}`.", head.id, head.hash)?;
    }
    for damage in &list.listing.damaged {
        writeln!(out, "\n**Entry {} {}.**", damage.id, text(&damage.reason))?;
    }
    writeln!(out, "\n| entry | time | who | verb | what | outcome | reason | ticket | approved by |")?;
    writeln!(out, "| --- | --- | --- | --- | --- | --- | --- | --- | --- |")?;
    for entry in entries {
        writeln!(out, "{}", row(entry))?;
    }
    for entry in entries {
        writeln!(out, "\n## Entry {}\n\n| field | value |\n| --- | --- |", entry.id)?;
        for (name, value) in fields(entry) {
            writeln!(out, "| {} | {} |", text(&name), text(&value))?;
        }
    }
    Ok(())
}

fn row(entry: &Entry) -> String {
    let body = &entry.body;
    let or_none = |value: &Option<String>| value.as_deref().map_or_else(String::new, text);
    format!(
        "| {} | {} | {} | {} | {} | {} | {} | {} | {} |",
        entry.id,
        moment(body.time),
        text(&body.who.name),
        text(&body.verb),
        text(&subject(entry)),
        body.outcome,
        or_none(&body.reason),
        or_none(&body.ticket),
        or_none(&body.approved_by),
    )
}

/// Somebody's words in a page or in a table's cell: what they hold is text, never markup.
pub(super) fn text(words: &str) -> String {
    let mut out = String::with_capacity(words.len());
    for c in plain(words.trim()).chars() {
        if "\\`*_[]<>|#~&".contains(c) {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

/// Somebody's words as a value of YAML, quoted: text whatever it looks like.
pub(super) fn scalar(words: &str) -> String {
    serde_json::Value::from(plain(words)).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_stay_words() {
        assert_eq!(text("a | b\n<script> [x](y) `c` *d*"), "a \\| b\\\\n\\<script\\> \\[x\\](y) \\`c\\` \\*d\\*");
        assert_eq!(scalar("yes: \"no\"\n---"), "\"yes: \\\"no\\\"\\\\n---\"");
    }
}
