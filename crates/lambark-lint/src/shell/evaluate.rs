//! Words with their variables put in.

use std::collections::BTreeSet;

use super::ast::{Item, List, Node, Part, Word};
use super::run::{Frame, Shell};
use super::scope::Scope;
use crate::limits::{MAX_VALUE_BYTES, MAX_WORDS};
use crate::source::Span;
use crate::step::Value;

/// Where the repository's root lies, in paths that a script works out for itself (`$(pwd)`, `$GITHUB_WORKSPACE`).
pub(crate) const ROOT: &str = "/<repository>";

/// Variables that hold the repository's root.
const ROOT_VARIABLES: [&str; 5] =
    ["GITHUB_WORKSPACE", "CODEBUILD_SRC_DIR", "CI_PROJECT_DIR", "BITBUCKET_CLONE_DIR", "BUILD_SOURCESDIRECTORY"];

/// Longest source text of a substitution that stands for its value.
const MAX_SHOWN_BYTES: usize = 200;

/// A word of a command.
#[derive(Clone, Debug)]
pub(crate) struct Arg {
    pub(crate) value: Value,
    /// Whether it may be any number of words, or none.
    pub(crate) open: bool,
    /// The whole word in the file, with its quotes.
    pub(crate) whole: Span,
    /// Whether the file holds the word as it is, without variables.
    pub(crate) constant: bool,
}

impl Arg {
    pub(crate) fn text(&self) -> &str {
        &self.value.text
    }
}

impl Shell<'_> {
    /// A word as one value, as in an assignment: nothing is split.
    pub(super) fn value(&mut self, frame: &Frame, word: &Word, scope: &Scope) -> Value {
        let (mut text, mut known) = (String::new(), true);
        for part in &word.parts {
            known &= self.part(frame, part, scope, &mut text);
        }
        if text.len() > MAX_VALUE_BYTES {
            text = "${…}".to_owned();
            known = false;
        }
        let (span, literal) = place(frame, word);
        Value { text, known, span, literal: literal && known }
    }

    /// A word as the words of a command: unquoted variables are split.
    pub(super) fn args(&mut self, frame: &Frame, word: &Word, scope: &Scope, args: &mut Vec<Arg>) {
        let whole = frame.fragment.span(word.range.clone());
        if let [Part::Variable { name, quoted, all }] = word.parts.as_slice() {
            let many = scope.list(name).filter(|_| *all);
            let single = scope.get(name).filter(|value| value.known && !quoted && !all);
            let split = single.map(|value| {
                let words = value.text.split_whitespace().map(|word| Value::derived(word, whole.clone()));
                words.collect::<Vec<Value>>()
            });
            let values = many.map(<[Value]>::to_vec).or(split);
            if let Some(values) = values {
                let derived = values.into_iter().map(|value| Arg {
                    open: false,
                    constant: false,
                    value: Value { span: whole.clone(), literal: false, ..value },
                    whole: whole.clone(),
                });
                args.extend(derived.take(MAX_WORDS.saturating_sub(args.len())));
                return;
            }
        }
        let value = self.value(frame, word, scope);
        let constant = word.parts.iter().all(|part| matches!(part, Part::Text { .. }));
        let constant = constant && frame.fragment.is_literal(word.range.clone());
        args.push(Arg { open: !value.known && is_open(word), value, whole, constant });
    }

    /// Adds a part's text; whether it is known.
    fn part(&mut self, frame: &Frame, part: &Part, scope: &Scope, text: &mut String) -> bool {
        match part {
            Part::Text { text: own, .. } => {
                text.push_str(own);
                true
            }
            Part::Variable { name, all, .. } => self.variable(frame, name, *all, scope, text),
            Part::Substitution { list, range } => {
                self.substitute(frame, list, scope);
                let source = frame.fragment.text().get(range.clone()).unwrap_or_default();
                match path_of(source, frame, scope) {
                    Some(path) => {
                        text.push_str(&path);
                        true
                    }
                    None => {
                        text.push_str(&shown(source));
                        false
                    }
                }
            }
            Part::Unknown { range, mentions, .. } => {
                let source = frame.fragment.text().get(range.clone()).unwrap_or_default();
                // `${NAME:-default}` of a variable that is set gives its value.
                let value = mentions.as_deref().and_then(|name| scope.get(name)).filter(|value| value.known);
                match value.filter(|value| source.contains(":-") && !value.text.is_empty()) {
                    Some(value) => text.push_str(&value.text),
                    None => {
                        text.push_str(&shown(source));
                        return false;
                    }
                }
                true
            }
        }
    }

    fn variable(&mut self, frame: &Frame, name: &str, all: bool, scope: &Scope, text: &mut String) -> bool {
        if let Some(values) = scope.list(name).filter(|_| all) {
            let words: Vec<&str> = values.iter().map(|value| value.text.as_str()).collect();
            text.push_str(&words.join(" "));
            return values.iter().all(|value| value.known);
        }
        if let Some(value) = scope.get(name) {
            text.push_str(&value.text);
            return value.known;
        }
        if ROOT_VARIABLES.contains(&name) {
            text.push_str(ROOT);
            return true;
        }
        let directory = scope.directory.as_ref().filter(|_| name == "PWD");
        if let Some(directory) = directory {
            text.push_str(&at_root(directory));
            return true;
        }
        if name == "0" || name == "BASH_SOURCE" {
            text.push_str(&at_root(&frame.path));
            return true;
        }
        text.push_str(&format!("${{{name}}}"));
        false
    }

    /// Runs what stands in a substitution: it may build or look at an image.
    fn substitute(&mut self, frame: &Frame, list: &List, scope: &Scope) {
        let mut inner = scope.clone();
        self.list(frame, list, &mut inner);
    }
}

/// Where a word stands, without its quotes, and whether the file holds its text as it is.
fn place(frame: &Frame, word: &Word) -> (Span, bool) {
    match word.parts.as_slice() {
        [Part::Text { text, range, .. }] => {
            let same = frame.fragment.text().get(range.clone()) == Some(text.as_str());
            (frame.fragment.span(range.clone()), same && frame.fragment.is_literal(range.clone()))
        }
        _ => (frame.fragment.span(word.range.clone()), false),
    }
}

/// Whether an unknown word may be several words, or none: an unquoted variable alone, or a list.
fn is_open(word: &Word) -> bool {
    word.parts.iter().all(|part| match part {
        Part::Text { text, .. } => text.is_empty(),
        Part::Variable { quoted, all, .. } => *all || !quoted,
        Part::Substitution { .. } => true,
        Part::Unknown { quoted, .. } => !quoted,
    })
}

fn shown(source: &str) -> String {
    let end = (0..=MAX_SHOWN_BYTES.min(source.len())).rev().find(|at| source.is_char_boundary(*at)).unwrap_or(0);
    // `"$(cmd "$X")"` reads the same wherever it stands, if line ends in it do not count.
    source[..end].split_whitespace().collect::<Vec<&str>>().join(" ")
}

fn at_root(path: &str) -> String {
    if path.is_empty() { ROOT.to_owned() } else { format!("{ROOT}/{path}") }
}

/// The usual ways in which a script finds its own directory, or the repository's root.
fn path_of(source: &str, frame: &Frame, scope: &Scope) -> Option<String> {
    let inner = source.trim_start_matches("$(").trim_matches(['`', ')']).trim();
    if inner == "pwd" {
        return scope.directory.as_deref().map(at_root);
    }
    if inner == "git rev-parse --show-toplevel" {
        return Some(ROOT.to_owned());
    }
    let own = source.contains("dirname")
        && (source.contains("BASH_SOURCE") || source.contains("$0") || source.contains("${0"));
    if !own || !inner.starts_with(['c', 'd', 'r']) {
        return None;
    }
    let mut directory = frame.path.rsplit_once('/').map_or("", |(directory, _)| directory);
    let ups = source.matches("..").count();
    for _ in 0..ups {
        directory = directory.rsplit_once('/').map_or("", |(up, _)| up);
    }
    Some(at_root(directory))
}

/// The names of all variables in a word, and in what it substitutes.
pub(super) fn mentioned(word: &Word, names: &mut BTreeSet<String>) {
    for part in &word.parts {
        match part {
            Part::Variable { name, .. } => {
                names.insert(name.clone());
            }
            Part::Unknown { mentions: Some(name), .. } => {
                names.insert(name.clone());
            }
            Part::Substitution { list, .. } => list.iter().for_each(|item| mentioned_in(item, names)),
            Part::Text { .. } | Part::Unknown { .. } => {}
        }
    }
}

fn mentioned_in(item: &Item, names: &mut BTreeSet<String>) {
    if let Node::Simple(simple) = &item.node {
        simple.words.iter().chain(&simple.here_string).for_each(|word| mentioned(word, names));
    }
}
