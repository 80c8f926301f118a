//! justfiles.

use std::ops::Range;

use super::recipes::{self, Recipe, Recipes, Setting};
use super::{FrontEnd, FrontResult, script};
use crate::fragment::Fragment;
use crate::source::{SourceFile, Tree, name_of};
use crate::step::Value;

/// justfiles.
pub static FRONT_END: FrontEnd = FrontEnd { name: "justfile", recognises, words: script::WORDS, read };

fn recognises(path: &str) -> bool {
    let name = name_of(path);
    name.eq_ignore_ascii_case("justfile") || name == ".justfile" || name.ends_with(".just")
}

fn read(file: &SourceFile, tree: &dyn Tree) -> FrontResult {
    let mut result = FrontResult::default();
    recipes::sequences(&parse(file), file, tree, &mut result);
    result
}

fn parse(file: &SourceFile) -> Recipes {
    let mut made = Recipes::default();
    let mut body: Vec<Range<usize>> = Vec::new();
    let mut exports_all = false;
    for line in lines(file.text()) {
        let text = &file.text()[line.clone()];
        if text.starts_with([' ', '\t']) || (text.is_empty() && !body.is_empty()) {
            body.push(line);
            continue;
        }
        close(file, &mut made, &mut body);
        if text.starts_with("set export") && !text.contains("false") {
            exports_all = true;
        } else if let Some(setting) = setting(file, line.clone()) {
            made.settings.push(setting);
        } else if let Some(recipe) = heading(text) {
            made.recipes.push(recipe);
        }
    }
    close(file, &mut made, &mut body);
    made.settings.iter_mut().for_each(|setting| setting.exported |= exports_all);
    made
}

fn lines(text: &str) -> impl Iterator<Item = Range<usize>> {
    let mut at = 0;
    text.split_inclusive('\n').map(move |line| {
        let start = at;
        at += line.len();
        start..start + line.trim_end_matches(['\n', '\r']).len()
    })
}

/// `export NAME := "value"`
fn setting(file: &SourceFile, line: Range<usize>) -> Option<Setting> {
    let text = &file.text()[line.clone()];
    let (left, right) = text.split_once(":=")?;
    let exported = left.starts_with("export ");
    let name = left.strip_prefix("export ").unwrap_or(left).trim();
    if name.is_empty() || name.contains(char::is_whitespace) {
        return None;
    }
    let value = right.trim();
    let quote = value.chars().next().filter(|quote| matches!(quote, '"' | '\''));
    let inner = quote.and_then(|quote| value.strip_prefix(quote)?.strip_suffix(quote));
    let start = line.start + text.len() - right.trim_start().len();
    let (text, known, range) = match (inner, quote) {
        (Some(inner), Some(quote)) if !inner.contains(quote) && !inner.contains('\\') => {
            (inner.to_owned(), true, start + 1..start + 1 + inner.len())
        }
        // An expression: `env("X", "y")`, a name, backticks.
        _ => (format!("${{{name}}}"), false, start..start + value.len()),
    };
    let value = Value { text, known, span: file.span(range), literal: known };
    Some(Setting { name: name.to_owned(), value, exported, default: false })
}

/// `name parameters: needs`; attributes and comments are none.
fn heading(text: &str) -> Option<Recipe> {
    if text.starts_with(['#', '[', '}']) || text.starts_with("alias ") || text.starts_with("import ") {
        return None;
    }
    let (left, right) = text.split_once(':')?;
    let name = left.split_whitespace().next()?.trim_start_matches('@');
    let right = right.split('#').next().unwrap_or_default();
    // `needs && after`: what comes after is left out, as it stands behind the recipe.
    let needs = right.split("&&").next().unwrap_or_default();
    let needs = needs.split_whitespace().map(|need| need.trim_matches(['(', ')']).to_owned());
    Some(Recipe { name: name.to_owned(), needs: needs.filter(|need| !need.is_empty()).collect(), ..Recipe::default() })
}

/// Gives the lines so far to the last recipe: one script if they begin with `#!`, else one a line.
fn close(file: &SourceFile, made: &mut Recipes, body: &mut Vec<Range<usize>>) {
    let lines = std::mem::take(body);
    let Some(recipe) = made.recipes.last_mut().filter(|recipe| recipe.scripts.is_empty()) else { return };
    let first = lines.first().map_or("", |line| file.text()[line.clone()].trim_start());
    let whole = first.starts_with("#!");
    if whole && !first.contains("sh") {
        return;
    }
    let mut script = Fragment::new(file);
    for line in lines {
        let text = &file.text()[line.clone()];
        let start = line.end - text.trim_start_matches([' ', '\t', '@', '-']).len();
        shell_text(file, start..line.end, &mut script);
        script.push_as(line.end..line.end, "\n");
        if !whole && !text.ends_with('\\') {
            recipe.scripts.push(std::mem::replace(&mut script, Fragment::new(file)));
        }
    }
    if !script.text().is_empty() {
        recipe.scripts.push(script);
    }
}

/// The text that the shell gets: `{{ name }}` is a variable, any other expression is not known.
fn shell_text(file: &SourceFile, range: Range<usize>, script: &mut Fragment) {
    let mut at = range.start;
    while let Some(open) = file.text()[at..range.end].find("{{") {
        let start = at + open;
        let Some(length) = file.text()[start..range.end].find("}}") else { break };
        let inner = file.text()[start + 2..start + length].trim();
        script.push(file, at..start);
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
        let name = if !inner.is_empty() && inner.bytes().all(plain) { inner } else { "JUST_EXPRESSION" };
        script.push_as(start..start + length + 2, &format!("${{{name}}}"));
        at = start + length + 2;
    }
    script.push(file, at..range.end);
}
