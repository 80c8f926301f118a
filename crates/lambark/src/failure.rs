//! What can go wrong, for people: the kind, the exit code and the hint of every error that a user can see. The one
//! place that decides them.

mod aws;
mod ledger;

use std::io;
use std::path::PathBuf;

use lambark_images::{Error, Kind};
use lambark_oci::index::SelectError;
use lambark_oci::reference::ReferenceError;
use lambark_oci::{Digest, Reference};
use lambark_registry::CredentialsError;

use crate::config::ConfigError;
use crate::exit;
use crate::operations::{deployment, knowledge};

/// Why a verb could not do its work.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// A name that leads nowhere by its grammar: the user's.
    #[error(transparent)]
    Name(#[from] ReferenceError),
    /// Looking at an image or writing one.
    #[error(transparent)]
    Image(#[from] Error),
    /// An image that ECR does not give out: its owner's.
    #[error("{image} cannot be pulled: ECR keeps it with imageStatus {status}")]
    Archived {
        /// The image.
        image: Box<Reference>,
        /// ECR's word.
        status: String,
    },
    /// AWS, or the way to it.
    #[error(transparent)]
    Aws(#[from] lambark_aws::Error),
    /// `lambark.toml`: the user's.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// A rule that does not exist: the user's.
    #[error("there is no rule `{name}`")]
    UnknownRule {
        /// What was asked for.
        name: String,
        /// The rule that was probably meant.
        nearest: Option<&'static str>,
    },
    /// What is known of error messages.
    #[error(transparent)]
    Knowledge(#[from] knowledge::Error),
    /// Not looked at, on purpose.
    #[error("{0}")]
    NotLooked(String),
    /// What was planned does not fit any more: somebody else's change.
    #[error("{0}")]
    Changed(String),
    /// Two arguments that contradict each other: the user's.
    #[error("{0}")]
    Arguments(String),
    /// The image inside would be refused too: its maker's.
    #[error("{image} cannot be deployed as it is: {}", .rules.join(", "))]
    NotDeployable {
        /// The image.
        image: String,
        /// The rules that say so.
        rules: Vec<&'static str>,
    },
    /// Somebody moved a tag between a push and the look at it.
    #[error("{reference} was pushed as {pushed} and holds {now} now: somebody moved the tag meanwhile")]
    Moved {
        /// The tag.
        reference: Box<Reference>,
        /// What was pushed.
        pushed: Digest,
        /// What stands there.
        now: Digest,
    },
    /// A deployment that was refused before it changed anything.
    #[error(transparent)]
    Deployment(#[from] deployment::Error),
    /// The ledger cannot be written, or not be read.
    #[error(transparent)]
    Ledger(#[from] lambark_ledger::Error),
    /// What was built would be refused, and no repair mends it: the Dockerfile's.
    #[error("what was built of {what} is not written, because no repair mends it: {}", .rules.join(", "))]
    BuiltInVain {
        /// The service or Dockerfile.
        what: String,
        /// The rules that say so.
        rules: Vec<&'static str>,
    },
    /// No program that builds images can be used: this machine's.
    #[error("there is no builder that can be used; looked for {}", .looked.join("; "))]
    NoBuilder {
        /// Each program, with what came of it.
        looked: Vec<String>,
    },
    /// The builder failed: the Dockerfile's, mostly.
    #[error("{command} ended with {status}")]
    Builder {
        /// The command.
        command: String,
        /// How it ended.
        status: String,
        /// What is known of its last words.
        known: Vec<String>,
    },
    /// The twin cannot run.
    #[error(transparent)]
    Twin(#[from] lambark_twin::Error),
    /// The image is for another machine than this one.
    #[error("{image} is built for {built_for}, which this machine cannot run")]
    OtherMachine {
        /// The image.
        image: String,
        /// Its platform.
        built_for: String,
    },
    /// There is no sandbox, or nothing to put into it.
    #[error(transparent)]
    Sandbox(lambark_sandbox::Error),
    /// The function's environment failed: this machine's.
    #[error(transparent)]
    Function(lambark_sandbox::FunctionError),
    /// The report could not be written: this machine's.
    #[error("cannot write {path}: {source}")]
    Output {
        /// Where to.
        path: PathBuf,
        /// The operating system's word.
        source: io::Error,
    },
}

impl From<lambark_sandbox::Error> for Failure {
    fn from(error: lambark_sandbox::Error) -> Failure {
        match error {
            lambark_sandbox::Error::Image(error) => Failure::Image(error),
            error => Failure::Sandbox(error),
        }
    }
}

impl From<lambark_sandbox::FunctionError> for Failure {
    fn from(error: lambark_sandbox::FunctionError) -> Failure {
        match error {
            lambark_sandbox::FunctionError::Sandbox(error) => error.into(),
            error @ lambark_sandbox::FunctionError::EventTooLarge(_) => Failure::Arguments(error.to_string()),
            error => Failure::Function(error),
        }
    }
}

impl From<SelectError> for Failure {
    fn from(error: SelectError) -> Failure {
        Failure::Image(Error::Select(error))
    }
}

impl Failure {
    /// Whose fault it is, in one word for machines.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Failure::Name(_) | Failure::Config(_) | Failure::UnknownRule { .. } | Failure::Arguments(_) => "usage",
            Failure::Knowledge(knowledge::Error::Exists(_)) | Failure::Changed(_) => "refused",
            Failure::Knowledge(_) => "usage",
            Failure::NotLooked(_) => "not-looked",
            Failure::NotDeployable { .. } | Failure::BuiltInVain { .. } => "findings",
            Failure::Builder { .. } => "build",
            Failure::NoBuilder { .. } => "machine",
            Failure::Output { .. } | Failure::Twin(_) | Failure::OtherMachine { .. } | Failure::Function(_) => {
                "machine"
            }
            Failure::Sandbox(error) if is_the_images(error) => "malformed",
            Failure::Sandbox(_) => "machine",
            Failure::Aws(error) => aws::kind(error),
            Failure::Deployment(error) => error.kind(),
            Failure::Moved { .. } => "refused",
            Failure::Ledger(error) => ledger::kind(error),
            Failure::Archived { .. } => "not-found",
            Failure::Image(error) => match error.kind() {
                Kind::NotFound => "not-found",
                Kind::Authentication => "authentication",
                Kind::Network => "network",
                Kind::Malformed => "malformed",
                Kind::Usage => "usage",
                Kind::Refused => "refused",
                Kind::Machine => "machine",
            },
        }
    }

    /// The process's exit code.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self {
            Failure::Name(_) | Failure::Config(_) | Failure::UnknownRule { .. } | Failure::Arguments(_) => exit::USAGE,
            // The user named a file that cannot be written, or an address that cannot be had.
            Failure::Output { .. } | Failure::Twin(_) => exit::USAGE,
            Failure::Knowledge(knowledge::Error::Exists(_)) | Failure::Changed(_) => exit::REFUSED,
            Failure::Knowledge(_) => exit::USAGE,
            Failure::NotLooked(_) => exit::COULD_NOT_LOOK,
            Failure::NotDeployable { .. } | Failure::BuiltInVain { .. } | Failure::Builder { .. } => exit::FINDINGS,
            Failure::NoBuilder { .. } => exit::COULD_NOT_LOOK,
            Failure::OtherMachine { .. } | Failure::Sandbox(_) | Failure::Function(_) => exit::COULD_NOT_LOOK,
            Failure::Aws(error) => aws::exit_code(error),
            Failure::Deployment(error) => error.exit_code(),
            Failure::Moved { .. } => exit::REFUSED,
            Failure::Ledger(error) => ledger::exit_code(error),
            Failure::Archived { .. } => exit::COULD_NOT_LOOK,
            Failure::Image(error) => match error.kind() {
                Kind::Usage => exit::USAGE,
                Kind::Refused => exit::REFUSED,
                Kind::NotFound | Kind::Authentication | Kind::Network | Kind::Malformed | Kind::Machine => {
                    exit::COULD_NOT_LOOK
                }
            },
        }
    }

    /// Whether whoever read the output stopped reading, as `| head` does.
    #[must_use]
    pub fn is_closed_pipe(&self) -> bool {
        matches!(self, Failure::Output { source, .. } if source.kind() == io::ErrorKind::BrokenPipe)
    }

    /// What the reader can do now.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Failure::UnknownRule { nearest: Some(nearest), .. } => Some(format!("did you mean `{nearest}`?")),
            Failure::UnknownRule { nearest: None, .. } => Some("`lambark rules` lists them".to_owned()),
            Failure::NotDeployable { image, .. } => Some(format!("`lambark check {image}` tells more")),
            Failure::BuiltInVain { rules, .. } => {
                let rule = rules.first().copied().unwrap_or_default();
                Some(format!("without --output the build tells more; `lambark explain {rule}` tells what is wrong"))
            }
            Failure::Builder { known, .. } => (!known.is_empty()).then(|| known.join("\n")),
            Failure::NoBuilder { .. } => Some("install Docker with buildx, buildah or podman".to_owned()),
            Failure::Knowledge(error) => hint_of_knowledge(error),
            Failure::Config(error) => error.hint(),
            Failure::Image(error) => hint_of_image(error),
            Failure::Twin(error) => hint_of_twin(error),
            Failure::Sandbox(lambark_sandbox::Error::Forbidden { advice, .. }) => {
                Some(format!("{advice}; or install docker, podman or finch, which is used then"))
            }
            Failure::OtherMachine { .. } => Some("run it on a machine of that architecture".to_owned()),
            Failure::Sandbox(lambark_sandbox::Error::Companion { .. } | lambark_sandbox::Error::NoCompanion { .. }) => {
                Some("name this version's program for Linux, built for musl, with --companion".to_owned())
            }
            Failure::Sandbox(_) | Failure::Function(_) => None,
            Failure::Aws(error) => aws::hint(error),
            Failure::Deployment(error) => error.hint(),
            Failure::Moved { .. } => Some("give each build a tag of its own, for instance the commit".to_owned()),
            Failure::Ledger(error) => ledger::hint(error),
            Failure::Archived { image, .. } => Some(aws::back_from_the_archive(image)),
            Failure::NotLooked(_)
            | Failure::Changed(_)
            | Failure::Name(_)
            | Failure::Arguments(_)
            | Failure::Output { .. } => None,
        }
    }
}

/// Whether the image, and not this machine, is why there is no sandbox.
fn is_the_images(error: &lambark_sandbox::Error) -> bool {
    matches!(error, lambark_sandbox::Error::Layer { .. } | lambark_sandbox::Error::NotRunnable { .. })
}

fn hint_of_twin(error: &lambark_twin::Error) -> Option<String> {
    match error {
        lambark_twin::Error::Listen { source, .. } if source.kind() == io::ErrorKind::AddrInUse => {
            Some("another twin may run there; `--listen 127.0.0.1:0` takes a free port".to_owned())
        }
        lambark_twin::Error::NotLoopback(_) => {
            Some("the twin asks nobody who they are; if you mean it, give --allow-remote".to_owned())
        }
        _ => None,
    }
}

fn hint_of_knowledge(error: &knowledge::Error) -> Option<String> {
    match error {
        knowledge::Error::Unknown { nearest: Some(nearest), .. } => Some(format!("did you mean `{nearest}`?")),
        knowledge::Error::Unknown { nearest: None, .. } => Some("`lambark knowledge list` lists them".to_owned()),
        knowledge::Error::Exists(path) => {
            Some(format!("give the record another title, or remove {} first", path.display()))
        }
        knowledge::Error::Unusable(_) | knowledge::Error::Import { .. } => None,
    }
}

fn hint_of_image(error: &Error) -> Option<String> {
    match error {
        Error::Refused { instead, .. } => instead.as_deref().map(instead_of),
        Error::NoEngine { .. } => Some(
            "start Docker or Podman (`systemctl --user start podman.socket`), or set DOCKER_HOST to where it listens; \
             an archive of `docker save` is docker-archive:FILE"
                .to_owned(),
        ),
        Error::Ambiguous { .. } => Some("name one, for instance oci:DIR:TAG or oci-archive:FILE:TAG".to_owned()),
        Error::Registry(lambark_registry::Error::Forbidden { .. }) => {
            Some("the credentials are known, but may not do this: look at the repository's policy".to_owned())
        }
        Error::Registry(lambark_registry::Error::NotFound { .. }) => Some(
            "look at the spelling of host, repository and tag; on ECR also at account and Region, and whether the \
                 image is archived (`aws ecr describe-images`)"
                .to_owned(),
        ),
        Error::Registry(lambark_registry::Error::UploadCut { .. }) => {
            Some("if the repository is not there: `lambark push … --create-repository` makes it".to_owned())
        }
        Error::Registry(lambark_registry::Error::Unreachable { .. }) => Some(
            "for a registry that speaks plain HTTP give --plain-http HOST, for one with a certificate of its own \
             --ca-certificate FILE"
                .to_owned(),
        ),
        Error::Registry(lambark_registry::Error::Credentials(CredentialsError::Source {
            hint: Some(hint), ..
        })) => Some(hint.clone()),
        _ if error.kind() == Kind::Authentication => {
            Some(format!("log in with `docker login HOST`; for ECR {}", aws::sign_in()))
        }
        _ => None,
    }
}

/// What can be done instead of what was refused: each line a command to run, or a fact.
fn instead_of(lines: &str) -> String {
    let told =
        lines.lines().map(|line| if line.starts_with("lambark ") { format!("run `{line}`") } else { line.to_owned() });
    told.collect::<Vec<String>>().join("\n")
}
