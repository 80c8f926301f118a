//! Commands that change what the shell itself knows, and those that only lead to others.

use super::ast::{Assigned, Assignment, Part, Simple, Word};
use super::evaluate::Arg;
use super::run::{Frame, Shell};
use super::scope::Scope;
use crate::limits::MAX_DEPTH;
use crate::step::Value;

/// Programs that run the rest of their words.
const WRAPPERS: [&str; 12] =
    ["sudo", "time", "exec", "command", "nohup", "nice", "ionice", "env", "timeout", "retry", "builtin", "stdbuf"];

impl Shell<'_> {
    /// Does what a builtin does; whether that is all there is to the command.
    pub(super) fn builtin(&mut self, frame: &Frame, simple: &Simple, args: &[Arg], scope: &mut Scope) -> bool {
        let Some(name) = args.first().map(|arg| arg.text().to_owned()) else { return true };
        match name.as_str() {
            "export" | "declare" | "typeset" | "local" | "readonly" => {
                let exports = name == "export" || args.iter().any(|arg| arg.text().starts_with("-x"));
                self.declare(frame, simple, exports, scope);
            }
            "unset" => args.iter().skip(1).for_each(|arg| scope.unset(arg.text())),
            "cd" | "pushd" => {
                let to = args.iter().skip(1).find(|arg| !arg.text().starts_with('-'));
                scope.directory = to.filter(|arg| arg.value.known).and_then(|arg| scope.locate(arg.text()));
            }
            "popd" => scope.directory = None,
            "set" => {
                for arg in args.iter().skip(1) {
                    match arg.text() {
                        "-a" | "-o allexport" | "allexport" => scope.exports_all = true,
                        "+a" => scope.exports_all = false,
                        _ => {}
                    }
                }
            }
            "read" | "mapfile" | "readarray" | "getopts" => {
                args.iter().skip(1).for_each(|arg| scope.unset(arg.text()));
            }
            "source" | "." => self.source(frame, args.get(1), scope),
            "bash" | "sh" | "zsh" | "dash" => self.interpreter(frame, simple, args, scope),
            "ssh" => self.document(frame, simple, &mut scope.clone()),
            "make" | "gmake" => self.make(args, scope),
            _ if self.functions.contains_key(&name) => return self.call(&name, &args[1..], scope),
            _ if name.contains('/') && args[0].value.known => return self.script_file(&name, &args[1..], scope),
            wrapper if WRAPPERS.contains(&wrapper) => return self.wrapped(frame, simple, args, scope),
            _ => return false,
        }
        true
    }

    /// `export NAME=value`, `declare -x NAME`, `local NAME=…`.
    fn declare(&mut self, frame: &Frame, simple: &Simple, exports: bool, scope: &mut Scope) {
        for word in simple.words.iter().skip(1) {
            let name = match declared(word) {
                Some((name, value)) => {
                    let assignment = Assignment { name: name.clone(), value: Assigned::Word(value), appends: false };
                    self.assign_one(frame, &assignment, scope);
                    name
                }
                None => self.value(frame, word, scope).text,
            };
            if exports {
                scope.mark_exported(&name);
            }
        }
    }

    /// `sudo`, `env NAME=value`, `timeout 60 …`: the command behind it is looked at as if it stood alone.
    fn wrapped(&mut self, frame: &Frame, simple: &Simple, args: &[Arg], scope: &mut Scope) -> bool {
        if self.depth >= MAX_DEPTH {
            return true;
        }
        let mut inner = Simple { document: simple.document.clone(), ..Simple::default() };
        let takes_number = matches!(args[0].text(), "timeout" | "retry" | "nice");
        let mut words = simple.words.iter().skip(1).peekable();
        while let Some(word) = words.peek() {
            let text = word.bare().unwrap_or_default();
            let number = takes_number && text.starts_with(|letter: char| letter.is_ascii_digit());
            if let Some((name, value)) = declared(word) {
                inner.assignments.push(Assignment { name, value: Assigned::Word(value), appends: false });
            } else if !text.starts_with('-') && !number {
                break;
            }
            words.next();
        }
        inner.words = words.map(copied).collect();
        let list = vec![super::ast::Item { node: super::ast::Node::Simple(inner), piped: false }];
        self.list(frame, &list, scope);
        true
    }
}

/// `NAME=value` as a word of a command.
fn declared(word: &Word) -> Option<(String, Word)> {
    let Some(Part::Text { text, range, quoted: false }) = word.parts.first() else { return None };
    let (name, rest) = text.split_once('=')?;
    let letters = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if name.is_empty() || !letters || name.starts_with(|letter: char| letter.is_ascii_digit()) {
        return None;
    }
    let start = range.start + name.len() + 1;
    let mut value = copied(word);
    value.range.start = start;
    value.parts.remove(0);
    if !rest.is_empty() {
        value.parts.insert(0, Part::Text { text: rest.to_owned(), range: start..range.end, quoted: false });
    }
    Some((name.to_owned(), value))
}

/// The same word again. Substitutions were gone through already when the words were put together, so they are left
/// empty: what they do is not counted twice.
fn copied(word: &Word) -> Word {
    let parts = word.parts.iter().map(|part| match part {
        Part::Text { text, range, quoted } => Part::Text { text: text.clone(), range: range.clone(), quoted: *quoted },
        Part::Variable { name, quoted, all } => Part::Variable { name: name.clone(), quoted: *quoted, all: *all },
        Part::Substitution { range, .. } => Part::Substitution { list: Vec::new(), range: range.clone() },
        Part::Unknown { range, quoted, mentions } => {
            Part::Unknown { range: range.clone(), quoted: *quoted, mentions: mentions.clone() }
        }
    });
    Word { parts: parts.collect(), range: word.range.clone() }
}

/// What a value says as a path of this repository.
pub(super) fn located(value: &Value, scope: &Scope) -> Option<String> {
    value.known.then(|| scope.locate(&value.text)).flatten()
}
