//! What a step knows, and the expressions (`${{ … }}`) that ask for it.

use std::collections::BTreeMap;
use std::ops::Range;

use crate::fragment::Fragment;
use crate::shell::{ROOT, Scope};
use crate::step::Value;
use crate::yaml::Node;

/// What a step knows.
#[derive(Clone, Debug)]
pub(super) struct Context {
    /// The environment, and where commands run.
    pub(super) scope: Scope,
    /// The shell that scripts are for, if a default is set.
    pub(super) shell: Option<String>,
    /// `matrix.…`, `inputs.…`, `steps.ID.outputs.…`, `needs.ID.outputs.…`.
    values: BTreeMap<String, Value>,
}

impl Context {
    pub(super) fn new(scope: Scope) -> Context {
        Context { scope, shell: None, values: BTreeMap::new() }
    }

    pub(super) fn set(&mut self, name: impl Into<String>, value: Value) {
        self.values.insert(name.into(), value);
    }

    /// Adds a mapping of variables to the environment.
    pub(super) fn export(&mut self, variables: Option<Node<'_>>) {
        for entry in variables.iter().flat_map(Node::merged_entries) {
            if let (Some(name), Some(value)) = (entry.key.as_str(), self.value(&entry.value)) {
                self.scope.export(name, value);
            }
        }
    }

    /// `defaults.run` of a workflow or a job.
    pub(super) fn default_to(&mut self, defaults: Option<Node<'_>>) {
        let Some(run) = defaults.and_then(|defaults| defaults.get("run")) else { return };
        if let Some(directory) = run.get("working-directory") {
            self.enter(&directory);
        }
        if let Some(shell) = run.get("shell").and_then(|shell| shell.as_str()) {
            self.shell = Some(shell.to_owned());
        }
    }

    /// `working-directory`, which begins at the repository's root.
    pub(super) fn enter(&mut self, directory: &Node<'_>) {
        let path = self.value(directory).filter(|path| path.known);
        self.scope.directory = path.and_then(|path| Scope::new("").locate(&path.text));
    }

    /// A scalar with what its expressions stand for.
    pub(super) fn value(&self, node: &Node<'_>) -> Option<Value> {
        let (fragment, known) = self.fragment(node)?;
        let value = fragment.to_value(known);
        Some(if value.text.is_empty() { Value::derived("", node.span()) } else { value })
    }

    /// A scalar's text with what its expressions stand for, and whether all of it is known.
    pub(super) fn fragment(&self, node: &Node<'_>) -> Option<(Fragment, bool)> {
        let fragment = node.fragment()?;
        let expressions = expressions(fragment.text());
        if expressions.is_empty() {
            return Some((fragment, true));
        }
        let mut known = true;
        let replacements = expressions.into_iter().map(|(range, expression)| {
            let value = self.evaluate(expression);
            known &= value.as_ref().is_some_and(|(_, known)| *known);
            // One spelling for what is not known, so that two places that say the same can be compared.
            (range, value.map_or_else(|| format!("${{{{ {expression} }}}}"), |(text, _)| text))
        });
        let replacements: Vec<(Range<usize>, String)> = replacements.collect();
        Some((fragment.replacing(&replacements), known))
    }

    /// What an expression stands for, and whether that is all known; `None` if nothing is.
    fn evaluate(&self, expression: &str) -> Option<(String, bool)> {
        if let Some(text) = expression.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\''))
            && !text.contains('\'')
        {
            return Some((text.to_owned(), true));
        }
        if matches!(expression, "true" | "false") || expression.parse::<u64>().is_ok() {
            return Some((expression.to_owned(), true));
        }
        if let Some((first, _)) = expression.split_once(" || ") {
            // The rest counts only where the first is empty or false.
            let first = self.evaluate(first.trim())?;
            return (first.1 && !matches!(first.0.as_str(), "" | "false" | "0")).then_some(first);
        }
        let value = match expression.strip_prefix("env.") {
            Some(name) => self.scope.get(name)?,
            None if expression == "github.workspace" => return Some((ROOT.to_owned(), true)),
            None => self.values.get(expression)?,
        };
        Some((value.text.clone(), value.known))
    }
}

/// The expressions in a text: where they stand, and what is between their braces.
fn expressions(text: &str) -> Vec<(Range<usize>, &str)> {
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(start) = text[from..].find("${{").map(|at| from + at) {
        let Some(end) = text[start..].find("}}").map(|at| start + at) else { break };
        found.push((start..end + 2, text[start + 3..end].trim()));
        from = end + 2;
    }
    found
}
