//! What a deployment refuses before it changes anything.

use crate::exit;
use crate::words::shell;

/// Why nothing was done. Each variant's documentation says whose fault it is.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The user's: the function's code comes in a zip archive, and Lambda never changes that.
    #[error(
        "the function {function} runs a zip archive, not an image, and Lambda never changes a function's package type"
    )]
    NotAnImage {
        /// The function.
        function: String,
    },
    /// The user's: the image lies where the function cannot use it.
    #[error("{image} cannot be deployed: {reason}")]
    Misplaced {
        /// The image.
        image: String,
        /// Why.
        reason: String,
        /// The command that brings it where it can.
        instead: Option<String>,
    },
    /// The user's: there is no such function.
    #[error("there is no function {function} in {place}")]
    NoFunction {
        /// The function.
        function: String,
        /// Account and Region, or the Region.
        place: String,
        /// The command that makes it.
        command: String,
    },
    /// Somebody else's: an update that does not come to its end.
    #[error("{function} has not settled after {limit}: State {state}, LastUpdateStatus {status}")]
    Unsettled {
        /// The function.
        function: String,
        /// How long it was waited for.
        limit: String,
        /// Its state.
        state: String,
        /// What became of its update so far.
        status: String,
    },
    /// Nobody's: what runs now could not be brought back.
    #[error("there would be no way back: {image}, which runs now: {reason}")]
    NoWayBack {
        /// The image.
        image: String,
        /// Why it cannot be pulled.
        reason: String,
    },
    /// Nobody's: what is to run again is not there any more.
    #[error("there is no way back to {image}: {reason}")]
    TargetGone {
        /// The image.
        image: String,
        /// Why it cannot be pulled.
        reason: String,
    },
    /// The user's: an alias of `$LATEST`, or one that is not there, has no two versions to divide traffic among.
    #[error("a canary needs an alias that points at a published version; {reason}")]
    NoCanary {
        /// What is there instead.
        reason: String,
    },
    /// The user's: nothing tells what was there before.
    #[error("{function}: {reason}")]
    NothingToGoBackTo {
        /// The function.
        function: String,
        /// Why not.
        reason: String,
        /// The versions to choose from.
        choices: Vec<String>,
    },
    /// Nobody's: a deployment that somebody else overtook.
    #[error("{function} was changed since it was read{by}")]
    Overtaken {
        /// The function.
        function: String,
        /// By whom, if a Description tells; begins with a space or a semicolon.
        by: String,
    },
}

impl Error {
    /// Whose fault it is, in one word for machines.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Error::NotAnImage { .. } | Error::NoCanary { .. } | Error::NothingToGoBackTo { .. } => "usage",
            Error::Misplaced { .. } => "findings",
            Error::NoFunction { .. } => "not-found",
            Error::Unsettled { .. } | Error::NoWayBack { .. } | Error::TargetGone { .. } | Error::Overtaken { .. } => {
                "refused"
            }
        }
    }

    /// The process's exit code.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self.kind() {
            "usage" => exit::USAGE,
            "findings" => exit::FINDINGS,
            "not-found" => exit::COULD_NOT_LOOK,
            _ => exit::REFUSED,
        }
    }

    /// What the reader can do now.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Error::NotAnImage { function } => Some(format!(
                "make another function for the image: `lambark deploy --function {function}-image --image IMAGE \
                 --create --role ARN`"
            )),
            Error::Misplaced { instead, .. } => instead.as_ref().map(|command| format!("`{command}`")),
            Error::NoFunction { command, .. } => {
                Some(format!("look at the name, the Region and the account; or make it:\n{command}"))
            }
            Error::Unsettled { function, .. } => {
                Some(format!("`lambark status --function {} --watch` shows how it goes on", shell(function)))
            }
            Error::NoWayBack { .. } => Some(
                "bring the image back (push it again, or take it out of the archive), or consent with \
                 --without-way-back"
                    .to_owned(),
            ),
            Error::TargetGone { .. } => Some(
                "bring the image back (push it again, or take it out of the archive), or name another version with --to"
                    .to_owned(),
            ),
            Error::NoCanary { .. } => Some("deploy without --canary".to_owned()),
            Error::NothingToGoBackTo { choices, .. } if choices.is_empty() => None,
            Error::NothingToGoBackTo { choices, .. } => Some(format!("choose one with --to:\n{}", choices.join("\n"))),
            Error::Overtaken { function, .. } => Some(format!(
                "nothing of yours is in force and nothing was lost; `lambark status --function {}` tells what runs now",
                shell(function)
            )),
        }
    }
}
