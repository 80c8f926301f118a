//! From one script to another of the same repository.

use std::rc::Rc;

use super::ast::Simple;
use super::builtin::located;
use super::evaluate::Arg;
use super::run::{Frame, Shell};
use super::scope::Scope;
use crate::fragment::Fragment;
use crate::front::Followed;
use crate::limits::MAX_DEPTH;
use crate::source::name_of;

impl Shell<'_> {
    /// `source FILE`: what it sets stays.
    pub(super) fn source(&mut self, _: &Frame, path: Option<&Arg>, scope: &mut Scope) {
        let Some(path) = path else { return };
        let found = located(&path.value, scope).and_then(|path| self.tree.read(&path));
        match found {
            Some(file) if self.depth < MAX_DEPTH => {
                self.result.followed.push(Followed { path: file.path().to_string(), name: String::new() });
                let frame = Frame::new(Rc::new(Fragment::whole(&file)));
                self.script(&frame, scope);
            }
            // A virtual environment and a file of the user's own machine set nothing that builders read.
            _ if name_of(path.text()).starts_with("activate") || path.text().starts_with(['~', '/']) => {}
            _ => scope.open = true,
        }
    }

    /// `bash FILE`, `bash -c '…'`, `bash <<EOF`.
    pub(super) fn interpreter(&mut self, frame: &Frame, simple: &Simple, args: &[Arg], scope: &mut Scope) {
        let mut words = args.iter().enumerate().skip(1);
        let first = words.find(|(_, arg)| !arg.text().starts_with(['-', '+']));
        let command = args.iter().skip(1).take_while(|arg| arg.text().starts_with('-'));
        let is_command = command.into_iter().any(|arg| arg.text().ends_with('c') && !arg.text().starts_with("--"));
        match first {
            Some((at, arg)) if is_command => {
                if let Some(text) = simple.words.get(at).and_then(single_text).filter(|_| arg.value.known) {
                    self.inner(frame, text, &mut scope.clone());
                }
            }
            Some((at, arg)) => {
                let path = arg.text().to_owned();
                if arg.value.known {
                    self.script_file(&path, &args[at + 1..], scope);
                }
            }
            None => self.document(frame, simple, &mut scope.clone()),
        }
    }

    /// A here-document that is a script itself.
    pub(super) fn document(&mut self, frame: &Frame, simple: &Simple, scope: &mut Scope) {
        if let Some(range) = simple.document.clone() {
            self.inner(frame, range, scope);
        }
    }

    /// A script inside this one's text.
    fn inner(&mut self, frame: &Frame, range: std::ops::Range<usize>, scope: &mut Scope) {
        if self.depth >= MAX_DEPTH {
            return;
        }
        self.depth += 1;
        let inner = Frame { fragment: Rc::new(frame.fragment.part(range)), ..frame.clone() };
        self.script(&inner, scope);
        self.depth -= 1;
    }

    /// A script of the repository, in a shell of its own. Whether there is one.
    pub(super) fn script_file(&mut self, path: &str, args: &[Arg], scope: &Scope) -> bool {
        let Some(file) = scope.locate(path).and_then(|path| self.tree.read(&path)) else { return false };
        if !is_script(file.path(), file.text()) || self.depth >= MAX_DEPTH {
            return false;
        }
        self.result.followed.push(Followed { path: file.path().to_string(), name: String::new() });
        let mut inner = scope.only_exported();
        for (number, arg) in (1..=9).zip(args) {
            inner.set(number.to_string(), arg.value.clone());
        }
        let frame = Frame::new(Rc::new(Fragment::whole(&file)));
        // Its functions are its own.
        let functions = std::mem::take(&mut self.functions);
        self.depth += 1;
        self.script(&frame, &mut inner);
        self.depth -= 1;
        self.functions = functions;
        true
    }

    /// `make TARGET`: what the target does, with what it needs.
    pub(super) fn make(&mut self, args: &[Arg], scope: &mut Scope) {
        let mut inner = scope.only_exported();
        let mut targets = Vec::new();
        let mut file = None;
        let mut words = args.iter().skip(1);
        while let Some(arg) = words.next() {
            match arg.text() {
                "-C" | "--directory" => {
                    let to = words.next().and_then(|arg| located(&arg.value, scope));
                    inner.directory = to;
                }
                "-f" | "--file" => file = words.next().map(|arg| arg.text().to_owned()),
                option if option.starts_with('-') => {}
                _ if !arg.value.known => return,
                word => match word.split_once('=') {
                    Some((name, value)) => {
                        let value = crate::step::Value::derived(value, arg.value.span.clone());
                        inner.export(name.trim_end_matches([':', '?', '+']), value);
                    }
                    None => targets.push(word.to_owned()),
                },
            }
        }
        let names = file.map_or_else(
            || vec!["GNUmakefile".to_owned(), "makefile".to_owned(), "Makefile".to_owned()],
            |file| vec![file],
        );
        let found = names.iter().find_map(|name| self.tree.read(&inner.locate(name)?));
        let Some(file) = found.filter(|_| self.depth < MAX_DEPTH) else { return };
        self.depth += 1;
        let steps = crate::front::makefile::steps_of(&file, &targets, &inner, self.tree, self.result, self.depth);
        self.depth -= 1;
        self.steps.extend(steps);
    }
}

/// Where a word's text stands if it is one piece.
fn single_text(word: &super::ast::Word) -> Option<std::ops::Range<usize>> {
    match word.parts.as_slice() {
        [super::ast::Part::Text { range, .. }] => Some(range.clone()),
        _ => None,
    }
}

/// Whether a file is a shell script, by its name or its first line.
fn is_script(path: &str, text: &str) -> bool {
    const SUFFIXES: [&str; 4] = [".sh", ".bash", ".zsh", ".ksh"];
    let first = text.lines().next().unwrap_or_default();
    SUFFIXES.iter().any(|suffix| path.ends_with(suffix)) || (first.starts_with("#!") && first.contains("sh"))
}
