//! What Makefiles and justfiles have in common: named recipes of scripts, which need other recipes first.

use std::collections::BTreeSet;

use super::{Followed, FrontResult};
use crate::fragment::Fragment;
use crate::limits::MAX_DEPTH;
use crate::shell::{self, Scope};
use crate::source::{SourceFile, Tree};
use crate::step::{Sequence, Step, Value};

/// A recipe.
#[derive(Debug, Default)]
pub(super) struct Recipe {
    pub(super) name: String,
    /// Recipes that are done before.
    pub(super) needs: Vec<String>,
    /// Variables that are set for this recipe alone.
    pub(super) variables: Vec<Setting>,
    /// Its scripts, each for a shell of its own.
    pub(super) scripts: Vec<Fragment>,
}

/// A variable that a file sets.
#[derive(Clone, Debug)]
pub(super) struct Setting {
    pub(super) name: String,
    pub(super) value: Value,
    pub(super) exported: bool,
    /// `NAME ?= value`: only if nothing else set it.
    pub(super) default: bool,
}

/// A file of recipes.
#[derive(Debug, Default)]
pub(super) struct Recipes {
    pub(super) settings: Vec<Setting>,
    pub(super) recipes: Vec<Recipe>,
}

/// Everything that the file does when nobody calls it: one sequence a recipe.
pub(super) fn sequences(recipes: &Recipes, file: &SourceFile, tree: &dyn Tree, result: &mut FrontResult) {
    let scope = Scope::new(file.directory());
    for recipe in &recipes.recipes {
        let mut run = Run { recipes, tree, result, done: BTreeSet::new(), depth: 0 };
        let steps = run.recipe(&recipe.name, &recipes.scope(&scope));
        if !steps.is_empty() {
            result.sequences.push(Sequence { name: sequence_name(&recipe.name), steps });
        }
    }
}

/// What some recipes do, called from elsewhere; the first one of the file if none is named.
pub(super) fn steps(
    recipes: &Recipes,
    file: &SourceFile,
    targets: &[String],
    scope: &Scope,
    tree: &dyn Tree,
    result: &mut FrontResult,
    depth: usize,
) -> Vec<Step> {
    let first = recipes.recipes.iter().find(|recipe| !recipe.name.starts_with('.')).map(|recipe| recipe.name.clone());
    let wanted: Vec<String> = if targets.is_empty() { first.into_iter().collect() } else { targets.to_vec() };
    let scope = recipes.scope(scope);
    let mut steps = Vec::new();
    let mut done = BTreeSet::new();
    for name in wanted {
        let mut run = Run { recipes, tree, result, done, depth };
        steps.extend(run.recipe(&name, &scope));
        done = run.done;
    }
    let called = done.into_iter().map(|name| Followed { path: file.path().to_string(), name: sequence_name(&name) });
    result.followed.extend(called);
    steps
}

fn sequence_name(recipe: &str) -> String {
    format!("target {recipe}")
}

impl Recipes {
    /// The scope with what the file sets.
    fn scope(&self, outer: &Scope) -> Scope {
        let mut scope = outer.clone();
        for setting in &self.settings {
            apply(setting, outer, &mut scope);
        }
        scope
    }
}

fn apply(setting: &Setting, outer: &Scope, scope: &mut Scope) {
    // What the environment or the caller sets wins over a default.
    if !(setting.default && outer.get(&setting.name).is_some()) {
        scope.set(setting.name.clone(), setting.value.clone());
    }
    if setting.exported {
        scope.mark_exported(&setting.name);
    }
}

struct Run<'a> {
    recipes: &'a Recipes,
    tree: &'a dyn Tree,
    result: &'a mut FrontResult,
    done: BTreeSet<String>,
    depth: usize,
}

impl Run<'_> {
    fn recipe(&mut self, name: &str, scope: &Scope) -> Vec<Step> {
        if self.depth >= MAX_DEPTH || !self.done.insert(name.to_owned()) {
            return Vec::new();
        }
        self.depth += 1;
        let mut steps = Vec::new();
        for recipe in self.recipes.recipes.iter().filter(|recipe| recipe.name == name) {
            for needed in &recipe.needs {
                steps.extend(self.recipe(needed, scope));
            }
            let mut own = scope.clone();
            recipe.variables.iter().for_each(|setting| apply(setting, &scope.clone(), &mut own));
            for script in &recipe.scripts {
                steps.extend(shell::run_nested(script, &mut own.clone(), self.tree, self.result, self.depth));
            }
        }
        self.depth -= 1;
        steps
    }
}
