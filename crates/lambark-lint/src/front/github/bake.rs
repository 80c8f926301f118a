//! docker/bake-action: the bake file's targets, with the action's inputs on top.

use super::actions::Inputs;
use super::job::Runner;
use crate::front::bake::{run, without_files};
use crate::shell::Scope;
use crate::source::Span;
use crate::step::{Action, Build, Dialect, Step, Tool, Value};
use crate::yaml::insertion;

/// The builds of the action; one of which only the inputs are known if the bake file cannot be read.
pub(super) fn steps(inputs: &Inputs<'_, '_>, version: Option<Value>, line: Span, runner: &mut Runner<'_>) -> Vec<Step> {
    let build = Build {
        tool: Tool::BakeAction,
        version,
        options: inputs.options(),
        more_options: false,
        context: None,
        dockerfile: None,
        insertion: inputs.with().and_then(|with| insertion(&with, Dialect::ActionInput)),
    };
    let place = inputs.value("workdir").or_else(|| inputs.value("source"));
    let directory = match &place {
        None => Some(String::new()),
        Some(place) => place.known().filter(|place| !place.contains("://")).and_then(|it| Scope::new("").locate(it)),
    };
    let steps = directory.and_then(|directory| run(&build, &directory, runner.tree, runner.result));
    steps.unwrap_or_else(|| vec![Step::new(Action::Build(without_files(build)), line)])
}
