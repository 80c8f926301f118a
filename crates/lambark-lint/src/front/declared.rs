//! Commands that build what a file declares: each becomes the builds of that file.

use super::{FrontResult, bake, compose};
use crate::source::{Span, Tree};
use crate::step::{Action, Build, Step, Tool};

/// The steps of a command that builds, without environment. One that reads no file, or whose file cannot be read, is
/// one step.
pub(crate) fn steps(
    build: Build,
    span: &Span,
    directory: Option<&str>,
    tree: &dyn Tree,
    result: &mut FrontResult,
) -> Vec<Step> {
    let declared = match build.tool {
        Tool::Bake => directory.and_then(|directory| bake::run(&build, directory, tree, result)),
        Tool::Compose => directory.and_then(|directory| compose::run(&build, directory, tree, result)),
        _ => None,
    };
    declared.unwrap_or_else(|| vec![Step::new(Action::Build(bake::without_files(build)), span.clone())])
}
