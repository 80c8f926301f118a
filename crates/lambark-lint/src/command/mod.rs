//! Commands: what a line of words asks a tool to do.

mod aws;
mod compare;
mod convert;
mod docker;
mod options;
mod others;
mod verify;

use crate::shell::{Arg, Scope};
use crate::source::{Span, name_of};
use crate::step::Action;

/// A command with its words.
pub(crate) struct Command<'a> {
    pub(crate) args: &'a [Arg],
    /// All of it, in the file.
    pub(crate) span: Span,
    /// The variable that catches what it writes.
    pub(crate) capture: Option<&'a str>,
}

impl Command<'_> {
    /// The word at a place; empty if there is none.
    fn word(&self, at: usize) -> &str {
        self.args.get(at).map_or("", Arg::text)
    }
}

/// Whether a program judges a text, or hands it on as it is.
pub(crate) fn compares(program: &str) -> bool {
    matches!(
        name_of(program),
        "grep"
            | "egrep"
            | "fgrep"
            | "rg"
            | "["
            | "[["
            | "test"
            | "echo"
            | "printf"
            | "cat"
            | "tee"
            | "exit"
            | "true"
            | "false"
    )
}

/// What a command does, as far as it matters here.
pub(crate) fn actions(command: &Command<'_>, scope: &Scope) -> Vec<Action> {
    // `$DOCKER build`: a variable by that name holds the program, whatever its path.
    let program = match name_of(command.word(0)) {
        "${DOCKER}" | "${DOCKER_CMD}" | "${DOCKER_BIN}" => "docker",
        name => name,
    };
    match program {
        "docker" | "podman" | "nerdctl" | "finch" | "docker-compose" | "buildah" | "depot" => {
            docker::actions(program, command, scope)
        }
        "aws" => aws::actions(command),
        "terraform" | "tofu" | "terragrunt" => others::terraform(command),
        "executor" | "kaniko" => others::kaniko(command, scope),
        "sam" | "lambark" => others::actions(program, command),
        "skopeo" | "crane" | "gcrane" | "regctl" | "oras" | "curl" | "wget" => {
            verify::action(program, command).or_else(|| convert::action(program, command)).into_iter().collect()
        }
        "grep" | "egrep" | "fgrep" | "rg" | "jq" | "[" | "[[" | "test" => compare::actions(program, command),
        _ => Vec::new(),
    }
}
