//! What a script knows when it begins.

use std::collections::BTreeMap;

use crate::step::{Value, Variable, is_build_variable};

/// Variables and place of a script. A front end fills it with what the file sets around the script.
#[derive(Clone, Debug, Default)]
pub struct Scope {
    variables: BTreeMap<String, Known>,
    /// Where commands run, relative to the repository's root; `None` if not known.
    pub directory: Option<String>,
    /// Whether variables may be set that were not seen.
    pub open: bool,
}

#[derive(Clone, Debug)]
struct Known {
    value: Value,
    exported: bool,
}

impl Scope {
    /// A script that runs in `directory` (empty: the repository's root).
    #[must_use]
    pub fn new(directory: &str) -> Scope {
        Scope { directory: Some(directory.to_owned()), ..Scope::default() }
    }

    /// Sets a variable that programs see, as `env:` of a workflow and `export` do.
    pub fn export(&mut self, name: impl Into<String>, value: Value) {
        self.variables.insert(name.into(), Known { value, exported: true });
    }

    /// Sets a variable that programs see only if it was exported before.
    pub fn set(&mut self, name: impl Into<String>, value: Value) {
        let name = name.into();
        let exported = self.variables.get(&name).is_some_and(|known| known.exported);
        self.variables.insert(name, Known { value, exported });
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
}
