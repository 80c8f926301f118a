//! How the runtime and the extensions are started, and what Lambda calls it when they are not.

use std::collections::BTreeMap;

use super::FunctionSettings;
use crate::fault::Failure;
use crate::{Command, SpawnError};

const INVALID_ENTRYPOINT: &str = "Runtime.InvalidEntrypoint";
const INVALID_WORKING_DIR: &str = "Runtime.InvalidWorkingDir";

/// The image's command, in its working directory.
pub(super) fn runtime(settings: &FunctionSettings, env: &BTreeMap<String, String>) -> Result<Command, Failure> {
    let mut words = settings.command().into_iter();
    let Some(program) = words.next().filter(|program| !program.is_empty()) else {
        return Err(Failure::fault(INVALID_ENTRYPOINT, "Couldn't find valid bootstrap(s): []"));
    };
    let working_directory = match settings.working_dir.as_str() {
        "" => "/",
        path if path.starts_with('/') => path,
        path => {
            let cause = format!("the working directory '{path}' is invalid, it needs to be an absolute path");
            return Err(Failure::fault(INVALID_WORKING_DIR, cause));
        }
    };
    Ok(Command {
        program,
        args: words.collect(),
        env: env.clone().into_iter().collect(),
        working_directory: working_directory.to_owned(),
    })
}

/// Why the runtime did not start, in Lambda's words.
pub(super) fn runtime_failure(command: &Command, error: &SpawnError) -> Failure {
    match error {
        SpawnError::WorkingDirectory(_) => {
            let cause = format!("the working directory doesn't exist: {}", command.working_directory);
            Failure::fault(INVALID_WORKING_DIR, cause)
        }
        SpawnError::NotFound if !command.program.contains('/') => {
            let cause = format!("exec: \"{}\": executable file not found in $PATH", command.program);
            Failure::fault(INVALID_ENTRYPOINT, cause)
        }
        error => Failure::fault(INVALID_ENTRYPOINT, format!("fork/exec {}: {error}", command.program)),
    }
}

/// Why an extension did not start, in Lambda's words.
pub(super) fn extension_failure(command: &Command, error: &SpawnError) -> Failure {
    Failure::fault("Extension.LaunchError", format!("fork/exec {}: {error}", command.program))
}
