//! The commands of each builder.

use lambark_oci::Architecture;

use super::{Archive, Plan, Refusal, Scratch, Step, Wanted, Word};
use crate::operations::build::arguments::Arguments;
use crate::operations::build::capabilities::{Buildx, Docker, Flags, Program, Store, Tool, is_at_least};

/// What all builders are told alike.
pub(super) struct Task<'a> {
    pub(super) wanted: &'a Wanted,
    pub(super) arguments: &'a Arguments,
    pub(super) platform: Option<(String, Architecture)>,
    pub(super) scratch: &'a Scratch,
}

impl Task<'_> {
    pub(super) fn buildx(&self, docker: &Docker) -> Result<Plan, Refusal> {
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
        let how: String = self.arguments.attributes.iter().map(|attribute| format!(",{attribute}")).collect();
        let layout = self.scratch.layout.as_ref().filter(|_| writes_layouts(docker, buildx));
        let to = layout.map_or("dest=-".to_owned(), |layout| format!("tar=false,dest={layout}"));
        build.push(format!("--output=type=oci,{to}{how}"));
        self.finish(&mut build);
        let archive = layout.map_or(Archive::Build, |layout| Archive::Layout(layout.clone()));
        Ok(Plan { archive, ..self.plan(Program::Buildx, format!("{name} (driver {driver}{store})"), build) })
    }

    pub(super) fn docker(&self, docker: &Docker) -> Result<Plan, Refusal> {
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
    pub(super) fn tool(&self, program: Program, tool: &Tool) -> Result<Plan, Refusal> {
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
