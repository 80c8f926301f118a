//! Lambark's entry in a pre-commit configuration that may be there already.

use lambark_lint::SourceFile;
use lambark_lint::yaml::{Document, Node};

use super::block::{self, Marks};

/// A configuration that has nothing else.
const FRESH: &str = "repos:\n";

/// The configuration with the entry `body` (unindented) in its list.
pub(super) fn put(old: Option<&str>, body: &str) -> Result<String, String> {
    let Some(old) = old.filter(|old| !old.trim().is_empty()) else {
        return Ok(format!("{FRESH}{}\n", block::render(body, Marks::Hash, "  ", "\n")));
    };
    let line_end = block::line_end(old);
    if let Some(place) = block::find(old, Marks::Hash)? {
        let block = block::render(body, Marks::Hash, &place.indent, line_end);
        return Ok(format!("{}{block}{}", &old[..place.start], &old[place.end..]));
    }
    let (file, note) = SourceFile::new(".pre-commit-config.yaml", old.as_bytes().to_vec());
    let document = Document::yaml(&file);
    if note.is_some() || document.stopped().is_some() {
        return Err("it cannot be read as YAML".to_owned());
    }
    if has_hook(&document) {
        return Ok(old.to_owned());
    }
    let (at, indent) = behind_the_list(&document).ok_or("its `repos` is no list of the form `- repo: …`")?;
    let block = block::render(body, Marks::Hash, &indent, line_end);
    let new = format!("{}{line_end}{block}{}", &old[..at], &old[at..]);
    if count(&new) != count(old).map(|count| count + 1) {
        return Err("lambark cannot tell where its entry belongs".to_owned());
    }
    Ok(new)
}

/// Whether somebody put the hook in by hand.
fn has_hook(document: &Document<'_>) -> bool {
    let repos = document.root().and_then(|root| root.get("repos"));
    let hooks = repos.iter().flat_map(Node::items).filter_map(|repo| repo.get("hooks")).collect::<Vec<_>>();
    let mut ids = hooks.iter().flat_map(Node::items).filter_map(|hook| hook.get("id"));
    ids.any(|id| id.as_str() == Some("lambark-lint"))
}

/// The end of the line behind the last repository, and how far the list is indented.
fn behind_the_list(document: &Document<'_>) -> Option<(usize, String)> {
    let text = document.text();
    let repos = document.root()?.get("repos")?;
    if repos.is_flow() {
        return None;
    }
    let last = repos.items().next_back()?;
    let start = last.range().start;
    let line = text.get(text[..start].rfind('\n').map_or(0, |at| at + 1)..start)?;
    let indent = line.trim_end().strip_suffix('-')?;
    if !indent.trim().is_empty() {
        return None;
    }
    let end = text.get(..last.range().end)?.trim_end().len();
    let end = text[end..].find('\n').map_or(text.len(), |at| end + at);
    let end = if text[..end].ends_with('\r') { end - 1 } else { end };
    Some((end, indent.to_owned()))
}

fn count(text: &str) -> Option<usize> {
    let (file, _) = SourceFile::new("x.yaml", text.as_bytes().to_vec());
    let document = Document::yaml(&file);
    let repos = document.root().filter(|_| document.stopped().is_none())?.get("repos")?;
    Some(repos.items().count())
}
