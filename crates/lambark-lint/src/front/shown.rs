//! What a front end made of a file, as text for the tests of all front ends. Each value shows what the file holds
//! where it is said to stand, so that a wrong place is seen.

use std::fmt::Write as _;

use super::{FrontEnd, FrontResult};
use crate::source::{MemoryTree, SourceFile, Span};
use crate::step::{Action, Build, Function, Opt, Step, Value};

/// Everything in a file of that path.
pub(super) fn all(front: &FrontEnd, path: &str, text: &str) -> String {
    in_tree(front, path, &[(path, text)])
}

/// Everything in one of several files.
pub(super) fn in_tree(front: &FrontEnd, path: &str, files: &[(&str, &str)]) -> String {
    assert!((front.recognises)(path), "{path}");
    let mut tree = MemoryTree::default();
    for (path, text) in files {
        tree.insert(SourceFile::new(path, text.as_bytes().to_vec()).0);
    }
    let file = tree.files().find(|file| &**file.path() == path).cloned().unwrap_or_else(|| panic!("{path}"));
    let result = (front.read)(&file, &tree);
    let mut shown = Shown { tree: &tree, out: String::new() };
    shown.result(&result);
    shown.out
}

struct Shown<'a> {
    tree: &'a MemoryTree,
    out: String,
}

impl Shown<'_> {
    fn result(&mut self, result: &FrontResult) {
        for sequence in &result.sequences {
            if !sequence.name.is_empty() {
                self.line(&format!("== {}", sequence.name));
            }
            for step in &sequence.steps {
                self.step(step);
            }
        }
        for function in &result.functions {
            self.function(function);
        }
        for tie in &result.ties {
            self.line(&format!("tie: {} at {}", tie.why, self.at(&tie.span)));
        }
        for followed in &result.followed {
            self.line(format!("follows {} {}", followed.path, followed.name).trim_end());
        }
        for note in &result.notes {
            let position = self.file(&note.span).position(note.span.start);
            self.line(&format!("note at {}:{}: {}", position.line, position.column, note.reason));
        }
    }

    fn line(&mut self, line: &str) {
        writeln!(self.out, "{line}").unwrap_or_else(|error| panic!("{error}"));
    }

    fn step(&mut self, step: &Step) {
        let at = self.at(&step.span);
        match &step.action {
            Action::Build(build) => self.build(build, &at),
            Action::Push(push) => {
                let reference = push.reference.as_ref().map(|value| self.value(value)).unwrap_or_default();
                self.line(&format!("push {reference} at {at}"));
            }
            Action::Lambda(call) => {
                let image = call.image.as_ref().map(|value| self.value(value)).unwrap_or_default();
                self.line(&format!("lambda {:?} {image} waits={} at {at}", call.kind, call.waits));
            }
            other => {
                let text = format!("{other:?}");
                let kind = text.split([' ', '(', '{']).next().unwrap_or_default();
                self.line(&format!("{kind} at {at}"));
            }
        }
        for variable in &step.environment {
            self.line(&format!("  ${} = {}", variable.name, self.value(&variable.value)));
        }
        if step.open_environment {
            self.line("  and other variables perhaps");
        }
        if let Some(why) = step.unsound {
            self.line(&format!("  no edits: {why}"));
        }
        if let Some(tie) = &step.tie {
            self.line(&format!("  tied: {} at {}", tie.why, self.at(&tie.span)));
        }
    }

    fn build(&mut self, build: &Build, at: &str) {
        let version = build.version.as_ref().map(|version| format!(" {}", self.value(version))).unwrap_or_default();
        self.line(&format!("{}{version} at {at}", build.tool.name()));
        for (name, value) in [("context", &build.context), ("dockerfile", &build.dockerfile)] {
            if let Some(value) = value {
                self.line(&format!("  {name}: {}", self.value(value)));
            }
        }
        for option in &build.options {
            self.option(option);
        }
        if build.more_options {
            self.line("  and other options perhaps");
        }
        if let Some(insertion) = &build.insertion {
            let file = self.file(&insertion.at);
            let before = &file.text()[..insertion.at.start];
            let line = before.rsplit('\n').next().unwrap_or_default().trim();
            self.line(&format!("  insert behind `{line}`: {:?} {:?}", insertion.before, insertion.after));
        }
    }

    fn option(&mut self, option: &Opt) {
        let mark = if option.literal { "" } else { " (kept)" };
        self.line(&format!("  --{} {} in `{}`{mark}", option.name, self.value(&option.value), self.at(&option.span)));
    }

    fn function(&mut self, function: &Function) {
        self.line(&format!("function {} at {}", function.name, self.at(&function.span)));
        let fields = [
            ("architecture", &function.architecture),
            ("image", &function.image),
            ("dockerfile", &function.dockerfile),
        ];
        for (name, value) in fields {
            if let Some(value) = value {
                self.line(&format!("  {name}: {}", self.value(value)));
            }
        }
        if function.overrides_command {
            self.line("  overrides the command");
        }
    }

    /// `text`; `~text` if it is written otherwise; `?text` if not all is known; with what the file holds if that differs.
    fn value(&self, value: &Value) -> String {
        let written = self.at(&value.span);
        let mark = match (value.known, value.literal) {
            (true, true) => "",
            (true, false) => "~",
            (false, _) => "?",
        };
        assert!(!value.literal || written == value.text, "{written} is not literally {}", value.text);
        if written == value.text { format!("{mark}{written}") } else { format!("{mark}{} <{written}>", value.text) }
    }

    fn file(&self, span: &Span) -> &SourceFile {
        self.tree.files().find(|file| **file.path() == *span.file).unwrap_or_else(|| panic!("{span:?}"))
    }

    fn at(&self, span: &Span) -> String {
        self.file(span).text()[span.start..span.end].replace('\n', "⏎")
    }
}
