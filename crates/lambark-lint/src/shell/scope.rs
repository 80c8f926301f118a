//! What a script knows when it begins.

use std::collections::{BTreeMap, BTreeSet};

use super::evaluate::ROOT;
use crate::source::{Span, join};
use crate::step::{Value, Variable, is_build_variable};

/// Variables and place of a script. A front end fills it with what the file sets around the script.
#[derive(Clone, Debug, Default)]
pub struct Scope {
    variables: BTreeMap<String, Known>,
    /// Where commands run, relative to the repository's root; `None` if not known.
    pub directory: Option<String>,
    /// Whether variables may be set that were not seen.
    pub open: bool,
    /// Whether every variable that is set is exported (`set -a`).
    pub(super) exports_all: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Known {
    value: Value,
    list: Option<Vec<Value>>,
    exported: bool,
    /// Variables that caught what a look at a registry gave, and from which this one was made.
    origins: BTreeSet<String>,
}

impl Scope {
    /// A script that runs in `directory` (empty: the repository's root).
    #[must_use]
    pub fn new(directory: &str) -> Scope {
        Scope { directory: Some(directory.to_owned()), ..Scope::default() }
    }

    /// Sets a variable that programs see, as `env:` of a workflow and `export` do.
    pub fn export(&mut self, name: impl Into<String>, value: Value) {
        let name = name.into();
        self.set(name.clone(), value);
        self.mark_exported(&name);
    }

    /// Sets a variable that programs see only if it was exported before.
    pub fn set(&mut self, name: impl Into<String>, value: Value) {
        let name = name.into();
        let exported = self.exports_all || self.variables.get(&name).is_some_and(|known| known.exported);
        self.variables.insert(name, Known { value, list: None, exported, origins: BTreeSet::new() });
    }

    /// Sets a list.
    pub(super) fn set_list(&mut self, name: &str, list: Vec<Value>, span: Span) {
        let value = list.first().cloned().unwrap_or_else(|| Value::derived("", span));
        self.variables
            .insert(name.to_owned(), Known { value, list: Some(list), exported: false, origins: BTreeSet::new() });
    }

    /// The items of a list.
    pub(super) fn list(&self, name: &str) -> Option<&[Value]> {
        self.variables.get(name)?.list.as_deref()
    }

    pub(super) fn set_origins(&mut self, name: &str, origins: BTreeSet<String>) {
        if let Some(known) = self.variables.get_mut(name) {
            known.origins = origins;
        }
    }

    pub(super) fn origins(&self, name: &str) -> impl Iterator<Item = &String> {
        self.variables.get(name).into_iter().flat_map(|known| &known.origins)
    }

    /// Exports a variable that is set already.
    pub fn mark_exported(&mut self, name: &str) {
        if let Some(known) = self.variables.get_mut(name) {
            known.exported = true;
        }
    }

    /// Forgets a variable.
    pub fn unset(&mut self, name: &str) {
        self.variables.remove(name);
    }

    /// A variable's value.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.variables.get(name).map(|known| &known.value)
    }

    /// The variables that builders read.
    #[must_use]
    pub fn build_environment(&self) -> Vec<Variable> {
        let exported = self.variables.iter().filter(|(name, known)| known.exported && is_build_variable(name));
        exported.map(|(name, known)| Variable { name: name.clone(), value: known.value.clone() }).collect()
    }

    /// A path as the script means it, relative to the repository's root; `None` if it leads elsewhere.
    #[must_use]
    pub fn locate(&self, path: &str) -> Option<String> {
        match path.strip_prefix(ROOT) {
            Some(rest) if rest.is_empty() || rest.starts_with('/') => join("", rest.trim_start_matches('/')),
            _ => join(self.directory.as_deref()?, path),
        }
    }

    /// What a program that is started sees of all this.
    #[must_use]
    pub(super) fn only_exported(&self) -> Scope {
        let exported = self.variables.iter().filter(|(_, known)| known.exported);
        Scope {
            variables: exported.map(|(name, known)| (name.clone(), known.clone())).collect(),
            directory: self.directory.clone(),
            open: self.open,
            exports_all: false,
        }
    }

    /// What holds after one of several ways was taken: what they do not agree on is not known.
    pub(super) fn merge(&mut self, ways: &[Scope]) {
        let names: BTreeSet<String> = ways.iter().flat_map(|way| way.variables.keys().cloned()).collect();
        for name in names {
            let mut found = ways.iter().map(|way| way.variables.get(&name));
            let first = found.next().flatten().cloned();
            if found.all(|other| other == first.as_ref()) {
                first.map(|known| self.variables.insert(name, known));
                continue;
            }
            let known: Vec<&Known> = ways.iter().filter_map(|way| way.variables.get(&name)).collect();
            let Some(last) = known.last() else { continue };
            let unknown = Known {
                value: Value::unknown(format!("${{{name}}}"), last.value.span.clone()),
                list: None,
                exported: known.iter().any(|known| known.exported),
                origins: known.iter().flat_map(|known| known.origins.clone()).collect(),
            };
            self.variables.insert(name, unknown);
        }
        let directory = ways.first().and_then(|way| way.directory.clone());
        self.directory = directory.filter(|_| ways.iter().all(|way| way.directory == ways[0].directory));
        self.open |= ways.iter().any(|way| way.open);
        self.exports_all |= ways.iter().any(|way| way.exports_all);
    }
}
