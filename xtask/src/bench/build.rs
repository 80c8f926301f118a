//! `lambark build --output REF` beside `docker buildx build --push` alone: the same Dockerfile, one daemon, one registry.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use lambark_parts as parts;
use parts::{DockerRegistry, Dockerd, Flavour, Part};

use super::measure::{Contestant, Sample, race};
use super::table::{Table, ratio};
use super::{Context, data, needed};
use crate::Error;

/// Bytes that no compression makes smaller, beside a layer of 50 to 70 MB.
const DEPENDENCIES_BYTES: u64 = 10_000_000;

/// What `lambark build` may take of the builder's own push, in parts of it.
const WALL_LIMIT: f64 = 1.10;

/// Files of a machine that were never meant to be an image: lambark finds fault, and is told to push all the same.
const FINE: &[i64] = &[0, 1];

const DOCKERFILE: &str = "\
FROM scratch
ADD base.tar /
COPY dependencies /opt/dependencies
COPY app.py /var/task/app.py
WORKDIR /var/task
ENTRYPOINT [\"/usr/bin/python3\", \"-m\", \"awslambdaric\"]
CMD [\"app.handler\"]
";

/// Where both build, and where they push to.
struct Workshop {
    daemon: Dockerd,
    registry: DockerRegistry,
    project: PathBuf,
}

pub(super) fn run(context: &Context) -> Result<Table, Error> {
    let registry = needed(Part::DockerRegistry, DockerRegistry::start(Flavour::Plain))?;
    let daemon = needed(Part::Docker, Dockerd::start(&[&registry.host()]))?;
    let workshop = Workshop { daemon, registry, project: project(context)? };
    let home = context.fresh("build-home")?;
    let mut contestants = [
        Contestant {
            name: "lambark build --output REF, nothing cached",
            fine: FINE,
            next: Box::new(|run| {
                workshop.forget()?;
                let home = context.fresh("build-home")?;
                Ok(workshop.lambark(context.lambark(&home), &format!("ours{run}")))
            }),
        },
        Contestant {
            name: "docker buildx build --push, nothing cached",
            fine: &[0],
            next: Box::new(|run| {
                workshop.forget()?;
                Ok(workshop.buildx(&format!("theirs{run}")))
            }),
        },
        // The layers below are in the builder's cache and in the registry from the two before: the daily build.
        Contestant {
            name: "lambark build --output REF, one file changed",
            fine: FINE,
            next: Box::new(|run| {
                workshop.change(&format!("ours {run}"))?;
                Ok(workshop.lambark(context.lambark(&home), &format!("ours{run}")))
            }),
        },
        Contestant {
            name: "docker buildx build --push, one file changed",
            fine: &[0],
            next: Box::new(|run| {
                workshop.change(&format!("theirs {run}"))?;
                Ok(workshop.buildx(&format!("theirs{run}")))
            }),
        },
    ];
    let samples = race(context.runs, &mut contestants)?;
    let mut table = Table::duels(&contestants, &samples);
    if let [cold, theirs, warm, theirs_warm] = samples.as_slice() {
        let fits = |ours: &Sample, theirs: &Sample| ratio(ours.wall, theirs.wall) <= WALL_LIMIT;
        table.target("nothing cached: at most 10 % more wall", fits(cold, theirs));
        table.target("one file changed: at most 10 % more wall", fits(warm, theirs_warm));
    }
    table.note(
        "a layer of 50 to 70 MB and one of 10 MB, into a registry on this machine; processor time and memory are the \
         commands' own, the daemon builds; buildx pushes an index that Lambda refuses, lambark looks at every file and \
         pushes what Lambda takes",
    );
    table.note(
        "with one file changed both builders send that file alone; lambark first asks docker what it can do, and \
         knows the files of the other layers from the build before",
    );
    Ok(table)
}

/// The Dockerfile and what it copies.
fn project(context: &Context) -> Result<PathBuf, Error> {
    let project = context.fresh("build-project")?;
    let layers = data::layers(&context.data)?;
    let [base, other, ..] = layers.as_slice() else { return Err(Error::Failed("too few layers".to_owned())) };
    let failed = || Error::io("the project that is built");
    std::fs::copy(&base.tar, project.join("base.tar")).map_err(failed())?;
    let mut packed = std::fs::File::open(&other.gzip).map_err(failed())?.take(DEPENDENCIES_BYTES);
    let mut dependencies = std::fs::File::create(project.join("dependencies")).map_err(failed())?;
    std::io::copy(&mut packed, &mut dependencies).map_err(failed())?;
    std::fs::write(project.join("Dockerfile"), DOCKERFILE).map_err(failed())?;
    std::fs::write(project.join("app.py"), "def handler(event, context): return event\n").map_err(failed())?;
    Ok(project)
}

impl Workshop {
    /// Empties the builder's cache.
    fn forget(&self) -> Result<(), Error> {
        let nothing = Stdio::null;
        data::succeed(self.daemon.docker().args(["buildx", "prune", "--all", "--force"]).stdout(nothing()))?;
        let images = self.daemon.docker().args(["image", "ls", "--quiet"]).output().map_err(Error::io("docker"))?;
        let images = String::from_utf8_lossy(&images.stdout).into_owned();
        if images.trim().is_empty() {
            return Ok(());
        }
        let mut remove = self.daemon.docker();
        remove.args(["image", "rm", "--force"]).args(images.split_whitespace());
        data::succeed(remove.stdout(nothing()))
    }

    fn change(&self, to: &str) -> Result<(), Error> {
        let code = format!("def handler(event, context): return '{to}'\n");
        std::fs::write(self.project.join("app.py"), code).map_err(Error::io("the project that is built"))
    }

    fn reference(&self, repository: &str) -> String {
        format!("{}/{repository}:v1", self.registry.host())
    }

    fn lambark(&self, mut lambark: Command, repository: &str) -> Command {
        lambark.arg("build").arg("--file").arg(self.project.join("Dockerfile")).arg(&self.project);
        lambark.args(["--output", &self.reference(repository), "--fail-on", "never", "--quiet", "--arch", "amd64"]);
        lambark.envs(self.daemon.environment()).env("PATH", search_path(&self.daemon.programs()));
        lambark
    }

    fn buildx(&self, repository: &str) -> Command {
        let mut docker = self.daemon.docker();
        docker.args(["buildx", "build", "--push", "--quiet", "--tag", &self.reference(repository)]);
        docker.arg(&self.project);
        docker
    }
}

/// Where the commands look for programs: the part first.
pub(super) fn search_path(programs: &Path) -> String {
    format!("{}:/usr/bin:/bin", programs.display())
}
