//! Goes through a script as a shell would, without running anything.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use super::ast::{Assigned, Item, List, Node, Simple, Word};
use super::evaluate::mentioned;
use super::parse::parse;
use super::scope::Scope;
use crate::command::{self, Command};
use crate::fragment::Fragment;
use crate::front::{FrontResult, declared};
use crate::limits::{MAX_COMMANDS, MAX_DEPTH};
use crate::source::{Note, Tree};
use crate::step::{Action, Step, Value};

/// Reads a script and returns the steps that it takes, in order.
///
/// The scope goes in with what holds around the script and comes out as the script leaves it. Notes, and the scripts of
/// the repository that this one calls, go to `result`.
pub fn run(fragment: &Fragment, scope: &mut Scope, tree: &dyn Tree, result: &mut FrontResult) -> Vec<Step> {
    let mut shell = Shell::new(tree, result);
    let frame = Frame::new(Rc::new(fragment.clone()));
    shell.script(&frame, scope);
    shell.steps
}

/// The same inside something else that was followed `depth` levels deep.
pub(crate) fn run_nested(
    fragment: &Fragment,
    scope: &mut Scope,
    tree: &dyn Tree,
    result: &mut FrontResult,
    depth: usize,
) -> Vec<Step> {
    let mut shell = Shell { depth, ..Shell::new(tree, result) };
    let frame = Frame::new(Rc::new(fragment.clone()));
    shell.script(&frame, scope);
    shell.steps
}

/// A script that stands alone in its file: what its functions do counts even if nothing in the file calls them.
pub(crate) fn run_file(fragment: &Fragment, scope: &mut Scope, tree: &dyn Tree, result: &mut FrontResult) -> Vec<Step> {
    let mut shell = Shell::new(tree, result);
    let frame = Frame::new(Rc::new(fragment.clone()));
    shell.script(&frame, scope);
    let idle: Vec<String> =
        shell.functions.keys().filter(|name| !shell.called.contains(name.as_str())).cloned().collect();
    for name in idle {
        // A function that an earlier one of these called was looked at with it.
        if !shell.called.contains(&name) {
            shell.call(&name, &[], &mut scope.clone());
        }
    }
    shell.steps
}

/// What is known while a script is gone through.
pub(super) struct Shell<'a> {
    pub(super) tree: &'a dyn Tree,
    pub(super) result: &'a mut FrontResult,
    pub(super) steps: Vec<Step>,
    pub(super) functions: BTreeMap<String, Function>,
    pub(super) called: BTreeSet<String>,
    commands: usize,
    pub(super) depth: usize,
    /// Numbers of groups of comparisons, by what is compared.
    groups: BTreeMap<BTreeSet<String>, usize>,
    next_group: usize,
}

/// A function, with the text in which it stands.
pub(super) struct Function {
    frame: Frame,
    body: Rc<List>,
}

/// The text that is gone through, and what catches its output.
#[derive(Clone)]
pub(super) struct Frame {
    pub(super) fragment: Rc<Fragment>,
    /// The file's path.
    pub(super) path: Rc<str>,
    /// The variable that catches what commands write.
    pub(super) capture: Option<String>,
}

impl Frame {
    pub(super) fn new(fragment: Rc<Fragment>) -> Frame {
        let path = Rc::from(&*fragment.span(0..0).file);
        Frame { fragment, path, capture: None }
    }
}

/// What commands of one pipe share.
#[derive(Default)]
struct Pipe {
    /// Steps that the pipe began behind.
    from: usize,
    /// Variables that the commands before mention: `echo "$TYPE" | grep …` looks at `TYPE`.
    mentions: BTreeSet<String>,
}

impl<'a> Shell<'a> {
    fn new(tree: &'a dyn Tree, result: &'a mut FrontResult) -> Shell<'a> {
        Shell {
            tree,
            result,
            steps: Vec::new(),
            functions: BTreeMap::new(),
            called: BTreeSet::new(),
            commands: 0,
            depth: 0,
            groups: BTreeMap::new(),
            next_group: 0,
        }
    }

    /// Goes through the frame's whole text.
    pub(super) fn script(&mut self, frame: &Frame, scope: &mut Scope) {
        let (list, notes) = parse(frame.fragment.text());
        for (at, reason) in notes {
            self.note(frame, at, reason);
        }
        self.list(frame, &list, scope);
    }

    pub(super) fn note(&mut self, frame: &Frame, at: usize, reason: &str) {
        self.result.notes.push(Note { span: frame.fragment.span(at..at), reason: reason.to_owned() });
    }

    pub(super) fn list(&mut self, frame: &Frame, list: &List, scope: &mut Scope) {
        if self.depth >= MAX_DEPTH {
            return;
        }
        self.depth += 1;
        let mut pipe = Pipe::default();
        for item in list {
            if self.commands >= MAX_COMMANDS {
                break;
            }
            self.commands += 1;
            if !item.piped {
                pipe = Pipe { from: self.steps.len(), mentions: BTreeSet::new() };
            }
            self.item(frame, item, &mut pipe, scope);
        }
        self.depth -= 1;
    }

    fn item(&mut self, frame: &Frame, item: &Item, pipe: &mut Pipe, scope: &mut Scope) {
        match &item.node {
            Node::Simple(simple) => self.simple(frame, simple, pipe, scope),
            Node::Function { name, body } => {
                let function = Function { frame: frame.clone(), body: Rc::clone(body) };
                self.functions.insert(name.clone(), function);
            }
            Node::Subshell(list) => {
                let mut inner = scope.clone();
                self.list(frame, list, &mut inner);
            }
            Node::Group(list) => self.list(frame, list, scope),
            Node::Branch { conditions, arms } => {
                self.list(frame, conditions, scope);
                self.ways(frame, arms, scope);
            }
            Node::Loop { condition, body } => {
                self.list(frame, condition, scope);
                self.ways(frame, std::slice::from_ref(body), scope);
            }
            Node::For { name, words, body } => self.for_loop(frame, name, words, body, scope),
            Node::Case { word, patterns, arms } => {
                self.case(frame, word, patterns, scope);
                self.ways(frame, arms, scope);
            }
        }
    }

    /// Ways of which at most one is taken.
    fn ways(&mut self, frame: &Frame, arms: &[List], scope: &mut Scope) {
        let mut ends = vec![scope.clone()];
        for arm in arms {
            let mut way = scope.clone();
            self.list(frame, arm, &mut way);
            ends.push(way);
        }
        scope.merge(&ends);
    }

    fn for_loop(&mut self, frame: &Frame, name: &str, words: &[Word], body: &List, scope: &mut Scope) {
        let mut args = Vec::new();
        for word in words {
            self.args(frame, word, scope, &mut args);
        }
        match args.as_slice() {
            [only] => scope.set(name, only.value.clone()),
            _ => scope.unset(name),
        }
        self.ways(frame, std::slice::from_ref(body), scope);
    }

    /// A `case` on what a look at a registry gave compares it.
    fn case(&mut self, frame: &Frame, word: &Word, patterns: &[Word], scope: &Scope) {
        let before = self.steps.len();
        let _ = self.value(frame, word, scope);
        let variables = self.origins(word, scope);
        let looked = self.looked_since(before);
        if variables.is_empty() && !looked {
            return;
        }
        let group = self.group(&variables);
        for pattern in patterns {
            let value = self.value(frame, pattern, scope);
            let compare = crate::step::Compare {
                substring: value.text.contains('*'),
                pattern: value,
                variables: variables.iter().cloned().collect(),
                piped: looked,
                group,
            };
            let span = frame.fragment.span(pattern.range.clone());
            self.steps.push(Step::new(Action::Compare(compare), span));
        }
    }

    /// The variables in a word that hold what a look at a registry gave.
    fn origins(&self, word: &Word, scope: &Scope) -> BTreeSet<String> {
        let mut names = BTreeSet::new();
        mentioned(word, &mut names);
        names.iter().flat_map(|name| scope.origins(name).cloned()).collect()
    }

    fn looked_since(&self, from: usize) -> bool {
        self.steps[from..].iter().any(|step| matches!(step.action, Action::Verify(_)))
    }

    /// A command that is no comparison picks a part of what was looked at: of the pipe, or of what it mentions.
    fn filtered(&mut self, from: usize, mentions: &BTreeSet<String>) {
        for (at, step) in self.steps.iter_mut().enumerate() {
            if let Action::Verify(verify) = &mut step.action {
                let mentioned = verify.captured_by.as_ref().is_some_and(|name| mentions.contains(name));
                verify.filtered |= at >= from || mentioned;
            }
        }
    }

    /// Comparisons of the same things are alternatives; one on nothing known stands alone.
    fn group(&mut self, variables: &BTreeSet<String>) -> usize {
        if let Some(group) = self.groups.get(variables).filter(|_| !variables.is_empty()) {
            return *group;
        }
        self.next_group += 1;
        if !variables.is_empty() {
            self.groups.insert(variables.clone(), self.next_group);
        }
        self.next_group
    }

    fn simple(&mut self, frame: &Frame, simple: &Simple, pipe: &mut Pipe, scope: &mut Scope) {
        if simple.words.is_empty() {
            self.assign(frame, simple, scope);
            return;
        }
        let mut own = scope.clone();
        let prefixed = !simple.assignments.is_empty();
        if prefixed {
            self.assign(frame, simple, &mut own);
            simple.assignments.iter().for_each(|assignment| own.mark_exported(&assignment.name));
        }
        let looked_from = pipe.from.min(self.steps.len());
        let mut args = Vec::new();
        for word in &simple.words {
            self.args(frame, word, scope, &mut args);
        }
        let mut names = BTreeSet::new();
        simple.words.iter().chain(&simple.here_string).for_each(|word| mentioned(word, &mut names));
        pipe.mentions.extend(names.iter().flat_map(|name| scope.origins(name).cloned()));
        if let Some(word) = &simple.here_string {
            let _ = self.value(frame, word, scope);
        }
        let (Some(first), Some(last)) = (simple.words.first(), simple.words.last()) else { return };
        let range = first.range.start..last.range.end;
        let span = frame.fragment.span(range);
        let scope = if prefixed { &mut own } else { scope };
        if self.builtin(frame, simple, &args, scope) {
            return;
        }
        let piped = self.looked_since(looked_from);
        if !command::compares(args.first().map_or("", super::Arg::text)) {
            self.filtered(looked_from, &pipe.mentions);
        }
        let command = Command { args: &args, span, capture: frame.capture.as_deref() };
        let actions = command::actions(&command, scope);
        let span = command.span;
        for action in actions {
            let steps = match action {
                Action::Compare(mut compare) => {
                    if pipe.mentions.is_empty() && !piped {
                        continue;
                    }
                    compare.piped = piped;
                    compare.variables = pipe.mentions.iter().cloned().collect();
                    compare.group = self.group(&pipe.mentions);
                    vec![Step::new(Action::Compare(compare), span.clone())]
                }
                Action::Build(build) => {
                    declared::steps(build, &span, scope.directory.as_deref(), self.tree, self.result)
                }
                other => vec![Step::new(other, span.clone())],
            };
            for mut step in steps {
                step.environment = scope.build_environment();
                step.open_environment = scope.open;
                // What a file declares is edited there, so this text does not matter.
                if step.span == span {
                    step.unsound = frame.fragment.unsound();
                }
                self.steps.push(step);
            }
        }
    }

    fn assign(&mut self, frame: &Frame, simple: &Simple, scope: &mut Scope) {
        for assignment in &simple.assignments {
            self.assign_one(frame, assignment, scope);
        }
    }

    pub(super) fn assign_one(&mut self, frame: &Frame, assignment: &super::ast::Assignment, scope: &mut Scope) {
        let name = &assignment.name;
        let before = self.steps.len();
        let inner = Frame { capture: Some(name.clone()), ..frame.clone() };
        match &assignment.value {
            Assigned::Item => scope.unset(name),
            Assigned::Array(words) => {
                let mut args = Vec::new();
                for word in words {
                    self.args(&inner, word, scope, &mut args);
                }
                let mut list =
                    if assignment.appends { scope.list(name).unwrap_or_default().to_vec() } else { Vec::new() };
                // What may be several words cannot be counted: then the list is not known.
                let open = args.iter().any(|arg| arg.open);
                list.extend(args.into_iter().map(|arg| arg.value));
                if open {
                    scope.unset(name);
                } else if list.len() <= crate::limits::MAX_WORDS {
                    scope.set_list(name, list, frame.fragment.span(0..0));
                }
            }
            Assigned::Word(word) => {
                let mut value = self.value(&inner, word, scope);
                if assignment.appends {
                    let before = scope.get(name).cloned();
                    let text = before.as_ref().map_or(String::new(), |value| value.text.clone());
                    value.known &= before.is_some_and(|before| before.known);
                    value.text.insert_str(0, &text);
                    value.literal = false;
                }
                // An unknown text that stands for itself keeps later comparisons readable: `${IMAGE}` is `${IMAGE}`.
                let mut origins = self.origins(word, scope);
                let opaque = word.parts.iter().any(|part| matches!(part, super::ast::Part::Substitution { .. }));
                if opaque && !value.known && word.parts.len() == 1 {
                    value = Value::unknown(format!("${{{name}}}"), value.span);
                }
                if self.looked_since(before) {
                    origins.insert(name.clone());
                }
                scope.set(name.clone(), value);
                scope.set_origins(name, origins);
            }
        }
    }

    /// Calls a function of the script.
    pub(super) fn call(&mut self, name: &str, args: &[super::Arg], scope: &mut Scope) -> bool {
        let Some(function) = self.functions.get(name) else { return false };
        let (frame, body) = (function.frame.clone(), Rc::clone(&function.body));
        let again = !self.called.insert(name.to_owned());
        // A function that calls itself would go on for ever; one that is called twice is worth two looks.
        if again && self.depth > MAX_DEPTH / 2 {
            return true;
        }
        let outer: Vec<Option<Value>> = (1..=9).map(|number| scope.get(&number.to_string()).cloned()).collect();
        for number in 1..=9 {
            let name = number.to_string();
            match args.get(number - 1) {
                Some(arg) => scope.set(name, arg.value.clone()),
                None => scope.unset(&name),
            }
        }
        let rest: Vec<Value> = args.iter().map(|arg| arg.value.clone()).collect();
        let all = scope.list("@").map(<[Value]>::to_vec);
        if !args.is_empty() && args.iter().all(|arg| !arg.open) {
            scope.set_list("@", rest, frame.fragment.span(0..0));
        }
        self.list(&frame, &body, scope);
        for (number, value) in (1..=9).zip(outer) {
            match value {
                Some(value) => scope.set(number.to_string(), value),
                None => scope.unset(&number.to_string()),
            }
        }
        match all {
            Some(all) => scope.set_list("@", all, frame.fragment.span(0..0)),
            None => scope.unset("@"),
        }
        true
    }
}
