//! Bake files: each target that somebody can build is a build step.

mod hcl;
mod json;
mod run;

use std::collections::{BTreeMap, BTreeSet};

use super::options::context_and_dockerfile;
use super::{FrontEnd, FrontResult};
use crate::source::{Note, SourceFile, Span, Tree, name_of};
use crate::step::{Action, Build, Insertion, Opt, Sequence, Step, Tool, Value};

pub(crate) use run::{run, without_files};

/// Bake files.
pub static FRONT_END: FrontEnd = FrontEnd { name: "bake file", recognises, words: &["target"], read };

/// How many targets inherit one from another in a row. Real files have two or three.
const MAX_INHERITANCE: usize = 16;

/// Most targets of a bake file: each looks for those it inherits from. Real files have tens.
const MAX_TARGETS: usize = 1_000;

fn recognises(path: &str) -> bool {
    let name = name_of(path);
    let stem = name.strip_suffix(".hcl").or_else(|| name.strip_suffix(".json"));
    stem.is_some_and(|stem| {
        stem == "bake" || stem.starts_with("docker-bake") || stem.starts_with("bake.") || stem.ends_with(".bake")
    })
}

fn read(file: &SourceFile, _: &dyn Tree) -> FrontResult {
    let (bakefile, notes) = Bakefile::read(file);
    // Paths in a bake file begin where bake is run, which is nearly always the file's own directory.
    let steps = bakefile.built().into_iter().map(|target| {
        let build = bakefile.build(target, file.directory());
        Step::new(Action::Build(build), target.span.clone())
    });
    let sequences = vec![Sequence { name: String::new(), steps: steps.collect() }];
    FrontResult { sequences, notes, ..FrontResult::default() }
}

/// What a bake file says, in either language.
#[derive(Default)]
struct Bakefile {
    targets: Vec<Target>,
    groups: BTreeMap<String, Vec<String>>,
}

/// A target as it is written.
struct Target {
    name: String,
    span: Span,
    inherits: Vec<String>,
    context: Option<Value>,
    dockerfile: Option<Value>,
    /// In the vocabulary of the model.
    options: Vec<Opt>,
    insertion: Option<Insertion>,
}

/// The model's name for what a bake file calls otherwise.
fn option_name(attribute: &str) -> &str {
    match attribute {
        "args" => "build-arg",
        "platforms" => "platform",
        "tags" => "tag",
        other => other,
    }
}

impl Bakefile {
    fn read(file: &SourceFile) -> (Bakefile, Vec<Note>) {
        if file.name().ends_with(".json") { json::read(file) } else { hcl::read(file) }
    }

    /// A later file's targets take the place of those of the same name.
    fn merge(&mut self, later: Bakefile) {
        self.targets.retain(|target| later.targets.iter().all(|new| new.name != target.name));
        self.targets.extend(later.targets);
        self.groups.extend(later.groups);
    }

    fn target(&self, name: &str) -> Option<&Target> {
        self.targets.iter().find(|target| target.name == name)
    }

    /// The targets that somebody can want to build. What others inherit from and no group names is there for the
    /// others alone.
    fn built(&self) -> Vec<&Target> {
        let inherited: BTreeSet<&String> = self.targets.iter().flat_map(|target| &target.inherits).collect();
        let grouped: BTreeSet<&String> = self.groups.values().flatten().collect();
        let is_built = |target: &&Target| {
            target.name == "default" || grouped.contains(&target.name) || !inherited.contains(&target.name)
        };
        self.targets.iter().filter(is_built).collect()
    }

    /// Targets by name, and those of groups by the group's name.
    fn chosen(&self, names: &[&str]) -> Vec<&Target> {
        let mut waiting: Vec<&str> = names.iter().rev().copied().collect();
        let mut seen = BTreeSet::new();
        let mut targets = Vec::new();
        while let Some(name) = waiting.pop() {
            if !seen.insert(name) {
                continue;
            }
            match self.groups.get(name) {
                Some(members) => waiting.extend(members.iter().rev().map(String::as_str)),
                None => targets.extend(self.target(name)),
            }
        }
        targets
    }

    fn build(&self, target: &Target, directory: &str) -> Build {
        let lineage = self.lineage(target);
        let here = Value::derived(".", target.span.clone());
        let context = lineage.iter().find_map(|target| target.context.clone()).unwrap_or(here);
        let dockerfile = lineage.iter().find_map(|target| target.dockerfile.as_ref());
        let (context, dockerfile) = context_and_dockerfile(directory, &context, dockerfile);
        Build {
            tool: Tool::Bake,
            version: None,
            options: options_of(&lineage),
            more_options: false,
            context,
            dockerfile,
            insertion: target.insertion.clone(),
        }
    }

    /// The target and those that it inherits from, the one that counts most first.
    fn lineage<'b>(&'b self, target: &'b Target) -> Vec<&'b Target> {
        let mut lineage: Vec<&Target> = Vec::new();
        let mut waiting = vec![(target, 0)];
        while let Some((target, depth)) = waiting.pop() {
            if depth > MAX_INHERITANCE || lineage.iter().any(|known| known.name == target.name) {
                continue;
            }
            lineage.push(target);
            let parents = target.inherits.iter().filter_map(|name| self.target(name));
            // The last one that is named counts most, and the stack gives it first.
            waiting.extend(parents.map(|parent| (parent, depth + 1)));
        }
        lineage
    }
}

/// Each attribute as the nearest target has it; arguments are merged by name.
fn options_of(lineage: &[&Target]) -> Vec<Opt> {
    let mut options: Vec<Opt> = Vec::new();
    let argument = |option: &Opt| option.value.text.split('=').next().unwrap_or_default().to_owned();
    for target in lineage {
        let nearer = options.clone();
        let is_new = |option: &&Opt| {
            let same = |known: &&Opt| known.name == option.name;
            match option.name.as_str() {
                "build-arg" => !nearer.iter().filter(same).any(|known| argument(known) == argument(option)),
                _ => !nearer.iter().any(|known| same(&known)),
            }
        };
        options.extend(target.options.iter().filter(is_new).cloned());
    }
    options
}

#[cfg(test)]
mod tests;
