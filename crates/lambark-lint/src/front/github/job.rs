//! Steps of a job or of a composite action.

use super::context::Context;
use super::{actions, outputs};
use crate::front::{Followed, FrontResult};
use crate::limits::{MAX_COMMANDS, MAX_DEPTH};
use crate::shell;
use crate::source::{SourceFile, Tree, join};
use crate::step::Step;
use crate::yaml::{Document, Entry, Node, SHARED};

/// Goes through steps and gathers what they do.
pub(super) struct Runner<'a> {
    pub(super) tree: &'a dyn Tree,
    pub(super) result: &'a mut FrontResult,
    steps: Vec<Step>,
    /// Actions and workflows that are being followed, one inside the other.
    open: Vec<String>,
    /// How many were followed in all.
    calls: usize,
}

/// Most actions and workflows that are followed from one workflow: two calls in each of many would double at each level.
const MAX_CALLS: usize = 256;

impl<'a> Runner<'a> {
    pub(super) fn new(file: &SourceFile, tree: &'a dyn Tree, result: &'a mut FrontResult) -> Runner<'a> {
        Runner { tree, result, steps: Vec::new(), open: vec![file.path().to_string()], calls: 0 }
    }

    pub(super) fn into_steps(self) -> Vec<Step> {
        self.steps
    }

    /// Goes through a list of steps. What they hand on to later steps is in the context afterwards.
    pub(super) fn steps(&mut self, steps: &Node<'_>, context: &mut Context) {
        for step in steps.items() {
            let is_off = step.get("if").is_some_and(|condition| condition.as_bool() == Some(false));
            if is_off || self.steps.len() >= MAX_COMMANDS {
                continue;
            }
            let mut inner = context.clone();
            inner.export(step.get("env"));
            if let Some(script) = step.get("run") {
                self.script(&step, &script, inner, context);
            } else if let Some(uses) = step.entry("uses") {
                self.uses(&step, &uses, &inner, context);
            }
        }
    }

    fn script(&mut self, step: &Node<'_>, script: &Node<'_>, mut inner: Context, outer: &mut Context) {
        let shell = step.get("shell").and_then(|shell| shell.as_str()).or(inner.shell.as_deref()).unwrap_or("bash");
        // Python, PowerShell and their like are no scripts that could be read here.
        let program = shell.split(' ').next().unwrap_or_default();
        if !matches!(crate::source::name_of(program), "bash" | "sh" | "zsh" | "dash") {
            return;
        }
        if let Some(directory) = step.get("working-directory") {
            inner.enter(&directory);
        }
        let Some((fragment, _)) = inner.fragment(script) else { return };
        let steps = shell::run(&fragment, &mut inner.scope, self.tree, self.result);
        self.steps.extend(steps);
        outputs::take(&fragment, &inner.scope, id(step), outer);
    }

    fn uses(&mut self, step: &Node<'_>, uses: &Entry<'_>, inner: &Context, outer: &mut Context) {
        let Some(name) = uses.value.as_str() else { return };
        if name.starts_with("./") {
            self.local(step, name, inner, outer);
            return;
        }
        let found = actions::actions(uses, step, inner, self);
        for mut new in found.steps {
            new.environment = inner.scope.build_environment();
            new.open_environment = inner.scope.open;
            new.unsound = step.is_shared().then_some(SHARED);
            self.steps.push(new);
        }
        for (name, value) in found.outputs {
            if let Some(id) = id(step) {
                outer.set(format!("steps.{id}.outputs.{name}"), value);
            }
        }
    }

    /// An action of this repository.
    fn local(&mut self, step: &Node<'_>, directory: &str, inner: &Context, outer: &mut Context) {
        let paths = ["action.yml", "action.yaml"].map(|name| join("", &format!("{directory}/{name}")));
        let Some(file) = paths.into_iter().flatten().find_map(|path| self.tree.read(&path)) else { return };
        let document = Document::yaml(&file);
        let Some(root) = document.root() else { return };
        let Some(steps) = root.at(&["runs", "steps"]) else { return };
        if !self.enter(&file) {
            return;
        }
        self.followed(&file, "");
        let mut called = inputs(root.get("inputs"), step.get("with"), inner);
        self.steps(&steps, &mut called);
        self.leave();
        let Some(id) = id(step) else { return };
        for output in root.get("outputs").iter().flat_map(Node::merged_entries) {
            let value = output.value.get("value").and_then(|value| called.value(&value));
            if let (Some(name), Some(value)) = (output.key.as_str(), value) {
                outer.set(format!("steps.{id}.outputs.{name}"), value);
            }
        }
    }

    /// Begins to follow a file; `false` if it is being followed already, or if there are too many.
    pub(super) fn enter(&mut self, file: &SourceFile) -> bool {
        let path = file.path().to_string();
        if self.open.len() >= MAX_DEPTH || self.calls >= MAX_CALLS || self.open.contains(&path) {
            return false;
        }
        self.calls += 1;
        self.open.push(path);
        true
    }

    /// Ends what [`enter`](Runner::enter) began.
    pub(super) fn leave(&mut self) {
        self.open.pop();
    }

    /// Remembers that a sequence of another file is judged here.
    pub(super) fn followed(&mut self, file: &SourceFile, name: &str) {
        self.result.followed.push(Followed { path: file.path().to_string(), name: name.to_owned() });
    }
}

/// What a called action or workflow knows: its inputs, as the caller or their defaults have them.
pub(super) fn inputs(declared: Option<Node<'_>>, given: Option<Node<'_>>, caller: &Context) -> Context {
    let mut called = Context::new(caller.scope.clone());
    for input in declared.iter().flat_map(Node::merged_entries) {
        let Some(name) = input.key.as_str() else { continue };
        let given = given.as_ref().and_then(|given| given.get(name)).and_then(|value| caller.value(&value));
        let value = given.or_else(|| caller.value(&input.value.get("default")?));
        if let Some(value) = value {
            called.set(format!("inputs.{name}"), value);
        }
    }
    called
}

fn id<'d>(step: &Node<'d>) -> Option<&'d str> {
    step.get("id").and_then(|id| id.as_str())
}
