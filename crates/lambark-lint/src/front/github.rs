//! GitHub workflows and composite actions.
//!
//! Jobs run in the order of `needs`, each of them once for each combination of its matrix. Scripts, actions and
//! workflows of the same repository are followed where they are called, with the environment and inputs they get.

mod actions;
mod bake;
mod context;
mod job;
mod matrix;
mod outputs;
mod workflow;

use super::{FrontEnd, FrontResult};
use crate::shell::Scope;
use crate::source::{SourceFile, Tree, name_of};
use crate::step::Sequence;
use crate::yaml::Document;
use context::Context;
use job::Runner;

/// Workflows, and the actions of a repository.
pub static FRONT_END: FrontEnd = FrontEnd { name: "GitHub workflow", recognises, words: &["run:", "uses:"], read };

fn recognises(path: &str) -> bool {
    let is_action = matches!(name_of(path), "action.yml" | "action.yaml");
    let is_workflow = path.contains(".github/workflows/") && (path.ends_with(".yml") || path.ends_with(".yaml"));
    is_action || is_workflow
}

fn read(file: &SourceFile, tree: &dyn Tree) -> FrontResult {
    let document = Document::yaml(file);
    let mut result = FrontResult::default();
    if let Some(root) = document.root() {
        if let Some(steps) = root.at(&["runs", "steps"]) {
            let mut runner = Runner::new(file, tree, &mut result);
            runner.steps(&steps, &mut Context::new(Scope::new("")));
            let steps = runner.into_steps();
            result.sequences.push(Sequence { name: String::new(), steps });
        } else {
            workflow::read(file, &root, tree, &mut result);
        }
    }
    result.notes.extend(document.stopped());
    result
}

#[cfg(test)]
mod tests;
