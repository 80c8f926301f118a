//! What Makefiles and justfiles have in common: named recipes of scripts, which need other recipes first.

use std::collections::{BTreeMap, BTreeSet};

use super::{Followed, FrontResult, contains_ignoring_case, script};
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

/// Words in a line of a recipe that leads to other scripts; with [`script::WORDS`] those without which it builds nothing.
const LEADS_ELSEWHERE: [&str; 8] = ["make", "just", ".sh", "./", "scripts/", "bin/", "bash", "source "];

/// Everything that the file does when nobody calls it: one sequence a recipe.
pub(super) fn sequences(recipes: &Recipes, file: &SourceFile, tree: &dyn Tree, result: &mut FrontResult) {
    let scope = recipes.scope(&Scope::new(file.directory()));
    let mut sequences = Vec::new();
    let mut run = Run::new(recipes, tree, result, 0);
    run.look_at_all(&scope);
    for recipe in &recipes.recipes {
        run.done.clear();
        let steps = run.recipe(&recipe.name, &scope);
        if !steps.is_empty() {
            sequences.push(Sequence { name: sequence_name(&recipe.name), steps });
        }
    }
    result.sequences.extend(sequences);
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
    let mut run = Run::new(recipes, tree, result, depth);
    let steps = wanted.iter().flat_map(|name| run.recipe(name, &scope)).collect();
    let done = run.done;
    let called = done.into_iter().map(|name| Followed { path: file.path().to_string(), name: sequence_name(&name) });
    result.followed.extend(called);
    steps
}

fn sequence_name(recipe: &str) -> String {
    format!("target {recipe}")
}

impl Recipes {
    /// The variables that hold a word of those that matter.
    fn telling(&self) -> BTreeSet<&str> {
        let settings = self.settings.iter().filter(|setting| has_word(&setting.value.text));
        settings.map(|setting| setting.name.as_str()).collect()
    }

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

/// Whether a text has a word without which nothing is built, and no other script is called.
fn has_word(text: &str) -> bool {
    let mut words = script::WORDS.iter().chain(&LEADS_ELSEWHERE);
    words.any(|word| contains_ignoring_case(text.as_bytes(), word.as_bytes()))
}

struct Run<'a> {
    recipes: &'a Recipes,
    /// Where the recipes of a name stand.
    places: BTreeMap<&'a str, Vec<usize>>,
    /// Variables that hold a word of those that matter.
    telling: BTreeSet<&'a str>,
    tree: &'a dyn Tree,
    result: &'a mut FrontResult,
    /// Recipes that this target did already.
    done: BTreeSet<String>,
    /// What each recipe does by itself, by its place: the same for every target that needs it.
    own: BTreeMap<usize, Vec<Step>>,
    /// Recipes that do something or need one that does, if that was looked at: the others are passed by.
    useful: Option<BTreeSet<&'a str>>,
    depth: usize,
}

impl<'a> Run<'a> {
    fn new(recipes: &'a Recipes, tree: &'a dyn Tree, result: &'a mut FrontResult, depth: usize) -> Run<'a> {
        let mut places: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for (place, recipe) in recipes.recipes.iter().enumerate() {
            places.entry(&recipe.name).or_default().push(place);
        }
        let telling = recipes.telling();
        Run { recipes, places, telling, tree, result, done: BTreeSet::new(), own: BTreeMap::new(), useful: None, depth }
    }

    /// Looks at what each recipe does by itself, and finds out which others come to it.
    fn look_at_all(&mut self, scope: &Scope) {
        let recipes = self.recipes;
        let mut needed_by: BTreeMap<&str, Vec<&'a str>> = BTreeMap::new();
        let mut waiting = Vec::new();
        for (place, recipe) in recipes.recipes.iter().enumerate() {
            let own = self.scripts(recipe, scope);
            if !own.is_empty() {
                waiting.push(recipe.name.as_str());
            }
            self.own.insert(place, own);
            for needed in &recipe.needs {
                needed_by.entry(needed).or_default().push(&recipe.name);
            }
        }
        let mut useful = BTreeSet::new();
        while let Some(name) = waiting.pop() {
            if useful.insert(name) {
                waiting.extend(needed_by.get(name).into_iter().flatten());
            }
        }
        self.useful = Some(useful);
    }

    fn recipe(&mut self, name: &str, scope: &Scope) -> Vec<Step> {
        if self.useful.as_ref().is_some_and(|useful| !useful.contains(name)) {
            return Vec::new();
        }
        if self.depth >= MAX_DEPTH || !self.done.insert(name.to_owned()) {
            return Vec::new();
        }
        self.depth += 1;
        let mut steps = Vec::new();
        let recipes = self.recipes;
        for place in self.places.get(name).cloned().unwrap_or_default() {
            let recipe = &recipes.recipes[place];
            for needed in &recipe.needs {
                steps.extend(self.recipe(needed, scope));
            }
            if !self.own.contains_key(&place) {
                let own = self.scripts(recipe, scope);
                self.own.insert(place, own);
            }
            steps.extend(self.own.get(&place).into_iter().flatten().cloned());
        }
        self.depth -= 1;
        steps
    }
    fn scripts(&mut self, recipe: &Recipe, scope: &Scope) -> Vec<Step> {
        let mut own = scope.clone();
        recipe.variables.iter().for_each(|setting| apply(setting, scope, &mut own));
        let mut steps = Vec::new();
        for script in &recipe.scripts {
            // Most lines of a large file can do nothing of note, and each costs a look at all that the file sets.
            let text = script.text();
            if !has_word(text) && !self.telling.iter().any(|name| text.contains(name)) {
                continue;
            }
            steps.extend(shell::run_nested(script, &mut own.clone(), self.tree, self.result, self.depth));
        }
        steps
    }
}
