//! docker/bake-action: the bake file's targets, with the action's inputs on top.

use super::actions::Inputs;
use super::job::Runner;
use crate::front::bake::{Run, run};
use crate::source::Span;
use crate::step::{Action, Build, Dialect, Step, Tool, Value};
use crate::yaml::insertion;

/// The builds of the action; one of which only the inputs are known if the bake file cannot be read.
pub(super) fn steps(inputs: &Inputs<'_, '_>, version: Option<Value>, line: Span, runner: &mut Runner<'_>) -> Vec<Step> {
    let options = inputs.options();
    let workdir = inputs.value("workdir").or_else(|| inputs.value("source"));
    let directory = match &workdir {
        None => Some(""),
        Some(path) => path.known().filter(|path| !path.contains("://")).map(|path| path.trim_start_matches("./")),
    };
    let directory = directory.map(|path| if path == "." { "" } else { path });
    let bake =
        Run { tool: Tool::BakeAction, version: version.clone(), directory, options: &options, more_options: false };
    run(&bake, runner.tree, runner.result).unwrap_or_else(|| {
        let build = Build {
            tool: Tool::BakeAction,
            version,
            options,
            more_options: false,
            context: None,
            dockerfile: None,
            insertion: inputs.with().and_then(|with| insertion(&with, Dialect::ActionInput)),
        };
        vec![Step::new(Action::Build(build), line)]
    })
}
