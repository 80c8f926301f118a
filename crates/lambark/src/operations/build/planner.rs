//! From what the builders can do and what is wanted to the exact commands. Nothing is run here.

mod task;

use lambark_oci::Architecture;

use super::arguments::Arguments;
use super::capabilities::{Capabilities, Docker, Program, Tool};
use crate::words::shell;
use task::Task;

/// What is to be built.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// The Dockerfile; the builder's own default if nothing is said.
    pub dockerfile: Option<String>,
    /// The build context.
    pub context: String,
    /// The architecture to build for; the builder's own default if nothing is said.
    pub architecture: Option<Architecture>,
    /// What the user wants the builder told.
    pub arguments: Vec<String>,
    /// The builder, if the user chose one.
    pub builder: Option<Program>,
    /// Whether `DOCKER_BUILDKIT` asks for Docker's old builder.
    pub legacy: bool,
    /// Whether `BUILDAH_LAYERS` says that steps are kept as a cache.
    pub layers: Option<bool>,
}

/// Names for what lies around while it is built.
#[derive(Clone, Debug)]
pub struct Scratch {
    /// A directory.
    pub directory: String,
    /// A directory for a layout that the builder writes, where such a one can be named.
    pub layout: Option<String>,
    /// An image's name that nobody has.
    pub name: String,
}

/// What will be run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// The builder.
    pub program: Program,
    /// The builder, its version, and what decides how it is used.
    pub described: String,
    /// The build.
    pub build: Step,
    /// What brings the image out of the builder's store, where the build itself does not.
    pub save: Option<Step>,
    /// What tidies the store up.
    pub clean: Option<Step>,
    /// Where the image's archive comes from.
    pub archive: Archive,
    /// Whether the archive's layout was made up for the export.
    pub classic: bool,
    /// The architecture that is built for, if anybody said one.
    pub architecture: Option<Architecture>,
    /// What the user should know.
    pub notes: Vec<String>,
}

/// Where the image's archive comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Archive {
    /// The build's standard output.
    Build,
    /// The standard output of the command after it.
    Save,
    /// A file that the command after it writes.
    File(String),
    /// A directory that the build writes an OCI layout into.
    Layout(String),
}

/// One command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// The program.
    pub program: String,
    /// Its arguments.
    pub arguments: Vec<Word>,
}

/// One argument.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Word {
    /// As it is.
    Text(String),
    /// What stands in a file that an earlier command writes.
    ContentOf(String),
}

impl Step {
    fn new(program: &str, arguments: &[&str]) -> Step {
        let arguments = arguments.iter().map(|text| Word::Text((*text).to_owned())).collect();
        Step { program: program.to_owned(), arguments }
    }

    fn push(&mut self, text: impl Into<String>) {
        self.arguments.push(Word::Text(text.into()));
    }

    /// The command for a POSIX shell.
    #[must_use]
    pub fn command_line(&self) -> String {
        let word = |word: &Word| match word {
            Word::Text(text) => shell(text),
            Word::ContentOf(path) => format!("\"$(cat {})\"", shell(path)),
        };
        std::iter::once(shell(&self.program)).chain(self.arguments.iter().map(word)).collect::<Vec<_>>().join(" ")
    }
}

/// Why nothing can be built.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// No builder can be used; what was looked for.
    NoBuilder(Vec<String>),
    /// What is wanted contradicts itself or the builder.
    Contradiction(String),
}

impl From<String> for Refusal {
    fn from(reason: String) -> Refusal {
        Refusal::Contradiction(reason)
    }
}

/// Decides.
///
/// # Errors
/// When there is no builder, or none that does what is wanted.
pub fn plan(found: &Capabilities, wanted: &Wanted, scratch: &Scratch) -> Result<Plan, Refusal> {
    let arguments = Arguments::read(&wanted.arguments)?;
    let platform = arguments.platform(wanted.architecture)?;
    let task = Task { wanted, arguments: &arguments, platform, scratch };
    match choose(found, wanted)? {
        Chosen::Buildx(docker) => task.buildx(docker),
        Chosen::Docker(docker) => task.docker(docker),
        Chosen::Tool(program, tool) => task.tool(program, tool),
    }
}

enum Chosen<'a> {
    Buildx(&'a Docker),
    Docker(&'a Docker),
    Tool(Program, &'a Tool),
}

/// The first that can be used, or the one that the user chose.
fn choose<'a>(found: &'a Capabilities, wanted: &Wanted) -> Result<Chosen<'a>, Refusal> {
    let buildx = found.docker.as_ref().filter(|docker| docker.buildx.is_some() && !in_vain(docker));
    let docker = found.docker.as_ref().filter(|docker| docker.daemon.is_some());
    let buildah = || Some(Chosen::Tool(Program::Buildah, found.buildah.as_ref()?));
    let podman = || Some(Chosen::Tool(Program::Podman, found.podman.as_ref()?));
    let chosen = match wanted.builder {
        Some(Program::Buildx) => buildx.map(Chosen::Buildx),
        Some(Program::Docker) => docker.map(Chosen::Docker),
        Some(Program::Buildah) => buildah(),
        Some(Program::Podman) => podman(),
        None if wanted.legacy && docker.is_some() => docker.map(Chosen::Docker),
        None => buildx.map(Chosen::Buildx).or(docker.map(Chosen::Docker)).or_else(buildah).or_else(podman),
    };
    chosen.ok_or_else(|| Refusal::NoBuilder(found.looked.clone()))
}

/// A builder inside the daemon needs the daemon; others run elsewhere.
fn in_vain(docker: &Docker) -> bool {
    let inside =
        docker.buildx.as_ref().and_then(|buildx| buildx.driver.as_deref()).is_none_or(|driver| driver == "docker");
    inside && docker.daemon.is_none()
}

#[cfg(test)]
#[path = "planner_tests.rs"]
mod tests;
