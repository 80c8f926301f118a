//! Makefiles.

use std::ops::Range;

use super::recipes::{self, Recipe, Recipes, Setting};
use super::{FrontEnd, FrontResult, script};
use crate::fragment::Fragment;
use crate::limits::{MAX_DEPTH, MAX_VALUE_BYTES};
use crate::shell::Scope;
use crate::source::{SourceFile, Tree, name_of};
use crate::step::{Step, Value};

/// Makefiles.
pub static FRONT_END: FrontEnd = FrontEnd { name: "Makefile", recognises, words: script::WORDS, read };

fn recognises(path: &str) -> bool {
    let name = name_of(path);
    matches!(name, "Makefile" | "makefile" | "GNUmakefile") || name.ends_with(".mk") || name.starts_with("Makefile.")
}

fn read(file: &SourceFile, tree: &dyn Tree) -> FrontResult {
    let mut result = FrontResult::default();
    recipes::sequences(&parse(file), file, tree, &mut result);
    result
}

/// What targets do, for a script that calls `make`.
pub(crate) fn steps_of(
    file: &SourceFile,
    targets: &[String],
    scope: &Scope,
    tree: &dyn Tree,
    result: &mut FrontResult,
    depth: usize,
) -> Vec<Step> {
    recipes::steps(&parse(file), file, targets, scope, tree, result, depth)
}

struct Reader<'a> {
    file: &'a SourceFile,
    made: Recipes,
    /// The recipes that lines with a tab belong to, by position.
    open: Range<usize>,
    /// How many `ifeq` and their like are open.
    conditions: usize,
    one_shell: bool,
    exports_all: bool,
}

fn parse(file: &SourceFile) -> Recipes {
    let one_shell = file.text().contains(".ONESHELL");
    let mut reader =
        Reader { file, made: Recipes::default(), open: 0..0, conditions: 0, one_shell, exports_all: false };
    reader.read();
    if reader.exports_all {
        reader.made.settings.iter_mut().for_each(|setting| setting.exported = true);
    }
    reader.made
}

impl Reader<'_> {
    fn read(&mut self) {
        let mut at = 0;
        let mut in_define = false;
        while at < self.file.text().len() {
            let (line, next) = self.logical_line(at);
            let text = &self.file.text()[line.clone()];
            let words = text.trim();
            at = next;
            if in_define {
                in_define = words != "endef";
            } else if text.starts_with('\t') {
                self.recipe_line(line);
            } else if words.starts_with("define ") {
                in_define = true;
            } else if !words.is_empty() && !words.starts_with('#') {
                self.plain_line(line);
            }
        }
    }

    /// A line with those that continue it, and where the next one begins.
    fn logical_line(&self, start: usize) -> (Range<usize>, usize) {
        let mut at = start;
        loop {
            let rest = &self.file.text()[at..];
            let length = rest.find('\n').unwrap_or(rest.len());
            let end = at + length;
            let next = (end + 1).min(self.file.text().len());
            let continues = rest[..length].trim_end_matches('\r').ends_with('\\') && next > end;
            if !continues || next >= self.file.text().len() {
                return (start..end, next);
            }
            at = next;
        }
    }

    fn plain_line(&mut self, line: Range<usize>) {
        let text = &self.file.text()[line.clone()];
        let words = text.trim();
        let first = words.split([' ', '\t', '(']).next().unwrap_or_default();
        match first {
            "ifeq" | "ifneq" | "ifdef" | "ifndef" => self.conditions += 1,
            "endif" => self.conditions = self.conditions.saturating_sub(1),
            "else" | "include" | "-include" | "sinclude" | "vpath" => {}
            "unexport" | "undefine" => {}
            "export" if words == "export" => self.exports_all = true,
            _ => {
                if let Some(setting) = self.setting(line.clone()) {
                    self.made.settings.push(setting);
                    self.open = 0..0;
                } else if let Some(name) = words.strip_prefix("export ") {
                    for name in name.split_whitespace() {
                        let known = self.made.settings.iter_mut().filter(|setting| setting.name == name);
                        known.for_each(|setting| setting.exported = true);
                    }
                } else {
                    self.rule(line);
                }
            }
        }
    }

    /// `NAME = value` in all its forms.
    fn setting(&self, line: Range<usize>) -> Option<Setting> {
        let text = &self.file.text()[line.clone()];
        let mut left_start = text.len() - text.trim_start().len();
        let exported = text[left_start..].starts_with("export ");
        for word in ["export ", "override ", "private "] {
            let rest = &text[left_start..];
            if let Some(after) = rest.strip_prefix(word) {
                left_start += rest.len() - after.trim_start().len();
            }
        }
        let equals = left_start + text[left_start..].find('=')?;
        let left = text[left_start..equals].trim_end_matches([':', '?', '+', '!']);
        let name = left.trim();
        let plain = |letter: char| letter.is_ascii_alphanumeric() || "_-.".contains(letter);
        if name.is_empty() || !name.chars().all(plain) {
            return None;
        }
        let operator = text[left_start + left.len()..equals].trim();
        let value_text = without_comment(&text[equals + 1..]);
        let start = equals + 1 + value_text.len() - value_text.trim_start().len();
        let value_text = value_text.trim();
        let span = self.file.span(line.start + start..line.start + start + value_text.len());
        let joined = value_text.replace("\\\n", " ");
        let mut text = String::new();
        let mut known = self.conditions == 0 && operator != "!" && self.expand(&joined, &mut text, 0);
        if operator == "+" {
            let before = self.made.settings.iter().rev().find(|setting| setting.name == name);
            known &= before.is_none_or(|setting| setting.value.known);
            text = before.map_or(text.clone(), |setting| format!("{} {text}", setting.value.text));
        }
        if text.len() > MAX_VALUE_BYTES {
            (text, known) = (format!("${{{name}}}"), false);
        }
        // `NAME ?= value` is there to be set from outside.
        if operator == "?" {
            (text, known) = (format!("${{{name}:-{text}}}"), false);
        }
        let literal = known && text == value_text;
        let value = Value { text, known, span, literal };
        Some(Setting { name: name.to_owned(), value, exported, default: operator == "?" })
    }

    /// Adds a text with the variables that are set so far put in; whether all of it is known.
    fn expand(&self, text: &str, out: &mut String, depth: usize) -> bool {
        let mut known = true;
        let mut rest = text;
        while let Some(at) = rest.find('$') {
            out.push_str(&rest[..at]);
            let Reference { name, length } = reference(&rest[at..]);
            match name {
                Some(name) => {
                    let set = self.made.settings.iter().rev().find(|setting| setting.name == name);
                    match set.filter(|_| depth < MAX_DEPTH) {
                        Some(setting) => {
                            out.push_str(&setting.value.text);
                            known &= setting.value.known;
                        }
                        None => {
                            out.push_str(&format!("${{{name}}}"));
                            known = false;
                        }
                    }
                }
                None if rest[at..].starts_with("$$") => out.push('$'),
                None => {
                    out.push_str(&rest[at..at + length]);
                    known = false;
                }
            }
            rest = &rest[at + length..];
            if out.len() > MAX_VALUE_BYTES {
                return false;
            }
        }
        out.push_str(rest);
        known
    }

    /// `targets: needs`, `target: NAME = value`, `target: needs; script`.
    fn rule(&mut self, line: Range<usize>) {
        let text = self.file.text()[line.clone()].to_owned();
        let Some(colon) = colon_of_rule(&text) else { return };
        let mut targets = String::new();
        self.expand(&text[..colon], &mut targets, 0);
        let after = text[colon..].trim_start_matches(':');
        let after_at = line.start + text.len() - after.len();
        let setting = self.setting(after_at..line.end).filter(|_| !after.trim_start().starts_with('='));
        let (needs, script) = after.split_once(';').map_or((after, None), |(needs, script)| (needs, Some(script)));
        let mut expanded = String::new();
        self.expand(&without_comment(needs).replace("\\\n", " "), &mut expanded, 0);
        let needs: Vec<String> = expanded.split_whitespace().filter(|need| *need != "|").map(str::to_owned).collect();
        let first = self.made.recipes.len();
        for name in targets.split_whitespace() {
            let mut recipe = Recipe { name: name.to_owned(), ..Recipe::default() };
            match &setting {
                Some(setting) => recipe.variables.push(setting.clone()),
                None => recipe.needs.clone_from(&needs),
            }
            self.made.recipes.push(recipe);
        }
        self.open = first..self.made.recipes.len();
        if setting.is_some() {
            self.spread_settings(first);
        } else if let Some(script) = script {
            self.recipe_line(line.end - script.len()..line.end);
        }
    }

    /// A target's variables count for its recipe, which stands elsewhere under the same name.
    fn spread_settings(&mut self, first: usize) {
        let added: Vec<Recipe> = self.made.recipes.drain(first..).collect();
        for recipe in added {
            match self.made.recipes.iter_mut().find(|known| known.name == recipe.name) {
                Some(known) => known.variables.extend(recipe.variables),
                None => self.made.recipes.push(recipe),
            }
        }
        self.open = 0..0;
    }

    /// A line of a recipe: a script of its own.
    fn recipe_line(&mut self, line: Range<usize>) {
        let mut script = Fragment::new(self.file);
        let text = &self.file.text()[line.clone()];
        let start = line.start + text.len() - text.trim_start_matches(['\t', ' ', '@', '-', '+']).len();
        self.shell_text(start..line.end, &mut script);
        for at in self.open.clone() {
            let Some(recipe) = self.made.recipes.get_mut(at) else { continue };
            match recipe.scripts.last_mut().filter(|_| self.one_shell) {
                Some(whole) => {
                    whole.push_as(line.start..line.start, "\n");
                    whole.append(&script);
                }
                None => recipe.scripts.push(script.clone()),
            }
        }
    }

    /// The text that the shell gets: `$$` is a dollar sign, and make's variables are put in by name.
    fn shell_text(&self, range: Range<usize>, script: &mut Fragment) {
        let mut at = range.start;
        while at < range.end {
            let rest = &self.file.text()[at..range.end];
            let Some(dollar) = rest.find('$') else { break };
            script.push(self.file, at..at + dollar);
            let start = at + dollar;
            let Reference { name, length } = reference(&self.file.text()[start..range.end]);
            let whole = start..start + length;
            match name {
                Some(name) => script.push_as(whole, &format!("${{{name}}}")),
                None if self.file.text()[start..].starts_with("$$") => script.push_as(whole, "$"),
                // A function of make, or the target's own name: not followed.
                None => script.push_as(whole, "${MAKE_FUNCTION}"),
            }
            at = start + length;
        }
        script.push(self.file, at..range.end);
    }
}

/// A `$` and what belongs to it.
struct Reference<'a> {
    /// The variable, if it is one.
    name: Option<&'a str>,
    length: usize,
}

/// Reads `$(NAME)`, `${NAME}`, `$$`, `$@` at the beginning of a text that begins with `$`.
fn reference(text: &str) -> Reference<'_> {
    let bytes = text.as_bytes();
    let (open, close) = match bytes.get(1) {
        Some(b'(') => (b'(', b')'),
        Some(b'{') => (b'{', b'}'),
        Some(_) => {
            let letter = text[1..].chars().next().map_or(0, char::len_utf8);
            return Reference { name: None, length: 1 + letter };
        }
        None => return Reference { name: None, length: 1 },
    };
    let mut depth = 0_usize;
    for (at, byte) in bytes.iter().enumerate().skip(1) {
        if *byte == open {
            depth += 1;
        } else if *byte == close {
            depth -= 1;
        }
        if depth == 0 {
            let inner = &text[2..at];
            let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
            let name = (!inner.is_empty() && inner.bytes().all(plain)).then_some(inner);
            return Reference { name, length: at + 1 };
        }
    }
    Reference { name: None, length: text.len() }
}

fn without_comment(text: &str) -> &str {
    text.find(" #").map_or(text, |at| &text[..at])
}

/// The colon between targets and needs; not one inside a variable, and not `:=`.
fn colon_of_rule(text: &str) -> Option<usize> {
    let mut depth = 0_usize;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'(' | b'{' => depth += 1,
            b')' | b'}' => depth = depth.saturating_sub(1),
            b':' if depth == 0 => return Some(at).filter(|_| !text[at..].starts_with(":=")),
            b'#' | b'=' if depth == 0 => return None,
            _ => {}
        }
    }
    None
}
