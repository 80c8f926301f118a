//! From what the builders can do and what is wanted to the exact commands. Nothing is run here.

use lambark_oci::Architecture;

use super::arguments::Arguments;
use super::capabilities::{Buildx, Capabilities, Docker, Flags, Program, Store, Tool, is_at_least};
use crate::words::shell;

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

/// Whether the builder writes a layout into a directory: buildx since 0.10 with BuildKit since 0.11, which Docker has
/// since 24.
fn writes_layouts(docker: &Docker, buildx: &Buildx) -> bool {
    let inside = buildx.driver.as_deref().is_none_or(|driver| driver == "docker");
    let behind = match &docker.daemon {
        Some(daemon) if inside => is_at_least(&daemon.version, (24, 0)),
        _ => buildx.buildkit.as_deref().is_some_and(|version| is_at_least(version, (0, 11))),
    };
    behind && is_at_least(&buildx.version, (0, 10))
}

/// What all builders are told alike.
struct Task<'a> {
    wanted: &'a Wanted,
    arguments: &'a Arguments,
    platform: Option<(String, Architecture)>,
    scratch: &'a Scratch,
}

impl Task<'_> {
    fn buildx(&self, docker: &Docker) -> Result<Plan, Refusal> {
        let Some(buildx) = &docker.buildx else { return Err(Refusal::NoBuilder(Vec::new())) };
        let name = format!("docker buildx {}", buildx.version);
        let driver = buildx.driver.as_deref().unwrap_or("docker");
        let graph = docker.daemon.as_ref().filter(|_| driver == "docker").and_then(|daemon| match &daemon.store {
            Store::Graph(driver) => Some(driver.as_str()),
            Store::Containerd => None,
        });
        let mut build = Step::new("docker", &["buildx", "build"]);
        if let Some(store) = graph {
            let described = format!("{name} (driver docker, {store} store)");
            return self.through_the_store(Program::Buildx, described, build, &buildx.flags, Some(store));
        }
        let store = if driver == "docker" { ", containerd store" } else { "" };
        self.common(&mut build, &buildx.flags, &name)?;
        let layout = self.scratch.layout.as_ref().filter(|_| writes_layouts(docker, buildx));
        let to = layout.map_or("dest=-".to_owned(), |layout| format!("tar=false,dest={layout}"));
        let how: String = self.arguments.attributes.iter().map(|attribute| format!(",{attribute}")).collect();
        build.push(format!("--output=type=oci,{to}{how}"));
        self.finish(&mut build);
        let archive = layout.map_or(Archive::Build, |layout| Archive::Layout(layout.clone()));
        Ok(Plan { archive, ..self.plan(Program::Buildx, format!("{name} (driver {driver}{store})"), build) })
    }

    fn docker(&self, docker: &Docker) -> Result<Plan, Refusal> {
        let Some(daemon) = &docker.daemon else { return Err(Refusal::NoBuilder(Vec::new())) };
        let graph = if let Store::Graph(driver) = &daemon.store { Some(driver.as_str()) } else { None };
        let described = format!("docker {} ({} store", daemon.version, daemon.store);
        let mut build = Step::new("docker", &["build"]);
        if !self.wanted.legacy && docker.buildx.is_some() {
            return self.through_the_store(Program::Docker, format!("{described})"), build, &docker.flags, graph);
        }
        // The steps of the old builder are images, which are its cache: the last one stays, as after any build.
        let name = format!("docker {}'s old builder", daemon.version);
        if let Some(argument) = &self.arguments.attested {
            return Err(format!("{argument}: {name} knows no attestations; buildx does").into());
        }
        let id = format!("{}/id", self.scratch.directory);
        self.common(&mut build, &docker.flags, &name)?;
        build.push(format!("--iidfile={id}"));
        self.finish(&mut build);
        let mut save = Step::new("docker", &["save"]);
        save.arguments.push(Word::ContentOf(id));
        let mut plan = self.plan(Program::Docker, format!("{described}, old builder)"), build);
        plan.notes.extend(self.ignored_attributes(&name));
        plan.notes.push(
            "the old builder's images are its cache, so the one it makes stays in the store, without a name".to_owned(),
        );
        Ok(Plan { save: Some(save), archive: Archive::Save, classic: graph.is_some(), ..plan })
    }

    /// Into the daemon's store under a name of our own, out of it, and the name gone again.
    fn through_the_store(
        &self,
        program: Program,
        described: String,
        mut build: Step,
        flags: &Flags,
        graph: Option<&str>,
    ) -> Result<Plan, Refusal> {
        if let (Some(store), Some(argument)) = (graph, &self.arguments.attested) {
            return Err(format!(
                "{argument}: the daemon's {store} store cannot hold attestations; leave it away, or turn the containerd \
                 store on"
            )
            .into());
        }
        self.common(&mut build, flags, &described)?;
        if flags.has("load") {
            build.push("--load");
        }
        build.push(format!("--tag={}", self.scratch.name));
        self.finish(&mut build);
        let mut plan = self.plan(program, described, build);
        plan.notes.extend(
            self.ignored_attributes(&graph.map_or("the store".to_owned(), |store| format!("the {store} store"))),
        );
        Ok(Plan {
            save: Some(Step::new("docker", &["save", &self.scratch.name])),
            clean: Some(Step::new("docker", &["rmi", "--no-prune", &self.scratch.name])),
            archive: Archive::Save,
            classic: graph.is_some(),
            ..plan
        })
    }

    /// buildah and podman.
    fn tool(&self, program: Program, tool: &Tool) -> Result<Plan, Refusal> {
        let (word, verb) = if program == Program::Buildah { ("buildah", "bud") } else { ("podman", "build") };
        let described = format!("{word} {}", tool.version);
        if let Some(argument) = &self.arguments.attested {
            return Err(format!("{argument}: {described} writes no attestations").into());
        }
        let mut build = Step::new(word, &[verb]);
        self.common(&mut build, &tool.flags, &described)?;
        // Where steps are kept as a cache, the image is the last of them: to remove it would remove them all.
        let keeps = self.arguments.layers.or(self.wanted.layers).unwrap_or(program == Program::Podman);
        let id = format!("{}/id", self.scratch.directory);
        let image = if keeps {
            build.push(format!("--iidfile={id}"));
            Word::ContentOf(id)
        } else {
            build.push(format!("--tag={}", self.scratch.name));
            Word::Text(self.scratch.name.clone())
        };
        self.finish(&mut build);
        let mut plan = self.plan(program, described.clone(), build);
        plan.notes.extend(self.ignored_attributes(&described));
        if keeps {
            plan.notes.push(format!(
                "{word}'s steps are its cache, so the image it makes stays in its store, without a name"
            ));
        }
        let clean = (!keeps).then(|| Step::new(word, &["rmi", &self.scratch.name]));
        let (save, archive) = if program == Program::Buildah {
            let file = format!("{}/image.tar", self.scratch.directory);
            let mut save = Step::new(word, &["push", "--quiet"]);
            save.arguments.push(image);
            save.push(format!("oci-archive:{file}"));
            (save, Archive::File(file))
        } else {
            let mut save = Step::new(word, &["save", "--quiet", "--format=oci-archive"]);
            save.arguments.push(image);
            (save, Archive::Save)
        };
        Ok(Plan { save: Some(save), clean, archive, ..plan })
    }

    fn plan(&self, program: Program, described: String, build: Step) -> Plan {
        Plan {
            program,
            described,
            build,
            save: None,
            clean: None,
            archive: Archive::Build,
            classic: false,
            architecture: self.platform.as_ref().map(|(_, architecture)| *architecture),
            notes: Vec::new(),
        }
    }

    fn common(&self, build: &mut Step, flags: &Flags, name: &str) -> Result<(), Refusal> {
        if let Some(file) = &self.wanted.dockerfile {
            build.push(format!("--file={file}"));
        }
        if let Some((platform, _)) = &self.platform {
            if !flags.has("platform") {
                return Err(format!("{name} has no --platform, so it builds for its own machine alone").into());
            }
            build.push(format!("--platform={platform}"));
        }
        Ok(())
    }

    fn finish(&self, build: &mut Step) {
        build.arguments.extend(self.arguments.kept.iter().cloned().map(Word::Text));
        build.push(self.wanted.context.clone());
    }

    fn ignored_attributes(&self, who: &str) -> Option<String> {
        let named = self.arguments.attributes.join(",");
        (!named.is_empty())
            .then(|| format!("{named} has no effect: {who} decides how layers are kept, and lambark writes gzip"))
    }
}

#[cfg(test)]
#[path = "planner_tests.rs"]
mod tests;
