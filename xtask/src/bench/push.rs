//! An archive of three gzip layers (150 MB) brought to registries.

use std::path::{Path, PathBuf};
use std::process::Command;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use lambark_parts as parts;
use parts::{DockerRegistry, Flavour, Part};
use serde_json::json;

use super::layout::Packing;
use super::measure::{Contestant, Sample, race};
use super::table::Table;
use super::twin::Twin;
use super::{Context, data, layout, needed};
use crate::Error;

/// The most memory that a push may take, in KiB.
const MEMORY_LIMIT_KIB: u64 = 64 * 1024;

/// Files of a machine that were never meant to be an image: lambark finds fault, and is told to push all the same.
const FINE: &[i64] = &[0, 1];

/// lambark and skopeo, to docker-registry and to the twin.
pub(super) fn run(context: &Context) -> Result<Table, Error> {
    let archive = archive(context)?;
    let twin = Twin::start(context.lambark(&context.fresh("twin-home")?), None)?;
    let password = twin.password()?;
    let mut registry: Option<DockerRegistry> = None;
    let mut other: Option<DockerRegistry> = None;
    // A registry of its own for each run: nothing is there yet, and nothing can be mounted.
    let fresh = |kept: &mut Option<DockerRegistry>| -> Result<String, Error> {
        kept.take();
        let started = needed(Part::DockerRegistry, DockerRegistry::start(Flavour::Plain))?;
        Ok(kept.insert(started).host())
    };
    let repository = |name: &str, run: usize| -> Result<String, Error> {
        let name = format!("{name}{run}");
        twin.ecr("CreateRepository", &json!({ "repositoryName": name }))?;
        Ok(format!("{}/{name}:v1", twin.host()))
    };
    let mut contestants = [
        Contestant {
            name: "lambark push → docker-registry",
            fine: FINE,
            next: Box::new(|_| {
                let target = format!("{}/app:v1", fresh(&mut registry)?);
                // Without a cache: each push looks at everything.
                lambark(context, &context.fresh("push-home")?, &archive, &target, None)
            }),
        },
        Contestant {
            name: "skopeo copy → docker-registry",
            fine: &[0],
            next: Box::new(|_| {
                let target = format!("{}/app:v1", fresh(&mut other)?);
                skopeo(&archive, &target, None)
            }),
        },
        Contestant {
            name: "lambark push → twin",
            fine: FINE,
            next: Box::new(|run| {
                let (home, target) = (context.fresh("push-home")?, repository("lambark", run)?);
                lambark(context, &home, &archive, &target, Some((twin.host(), &password)))
            }),
        },
        Contestant {
            name: "skopeo copy → twin",
            fine: &[0],
            next: Box::new(|run| skopeo(&archive, &repository("skopeo", run)?, Some(&password))),
        },
        Contestant {
            name: "lambark push → twin, layers known",
            fine: FINE,
            next: Box::new(|run| {
                // The home of the push before, with all that it learnt.
                let home = context.scratch.path().join("push-home");
                lambark(context, &home, &archive, &repository("known", run)?, Some((twin.host(), &password)))
            }),
        },
        Contestant {
            name: "skopeo copy → twin, once more",
            fine: &[0],
            next: Box::new(|run| skopeo(&archive, &repository("again", run)?, Some(&password))),
        },
    ];
    let samples = race(context.runs, &mut contestants)?;
    let mut table = Table::duels(&contestants, &samples);
    if let [ours, theirs, ours_twin, theirs_twin, known, again] = samples.as_slice() {
        table.target("docker-registry: at least as fast as skopeo", ours.wall <= theirs.wall);
        table.target("twin: at least as fast as skopeo", ours_twin.wall <= theirs_twin.wall);
        table.target("layers known: at least as fast as skopeo", known.wall <= again.wall);
        let fits = |sample: &Sample| sample.peak_kib <= MEMORY_LIMIT_KIB;
        table.target("peak memory within 64 MiB", fits(ours) && fits(ours_twin) && fits(known));
    }
    table.note("lambark looks at every file of every layer before it sends the first byte; skopeo looks at none");
    Ok(table)
}

fn archive(context: &Context) -> Result<PathBuf, Error> {
    let layers = data::layers(&context.data)?;
    let work = context.fresh("push")?;
    layout::image(&work.join("layout"), &layers, Packing::Gzip)?;
    let archive = work.join("image.tar");
    let mut tar = Command::new("tar");
    tar.arg("--create").arg("--file").arg(&archive).arg("--directory").arg(work.join("layout"));
    data::succeed(tar.args(["oci-layout", "index.json", "blobs"]))?;
    Ok(archive)
}

pub(super) fn lambark(
    context: &Context,
    home: &Path,
    archive: &Path,
    target: &str,
    login: Option<(&str, &str)>,
) -> Result<Command, Error> {
    let mut command = context.lambark(home);
    if let Some((host, password)) = login {
        let auth = STANDARD.encode(format!("AWS:{password}"));
        let config = json!({ "auths": { host: { "auth": auth } } });
        std::fs::write(home.join("config.json"), config.to_string()).map_err(Error::io("a login"))?;
        command.env("DOCKER_CONFIG", home);
    }
    command.args(["push", &format!("oci-archive:{}", archive.display()), target, "--fail-on", "never", "--quiet"]);
    Ok(command)
}

fn skopeo(archive: &Path, target: &str, password: Option<&str>) -> Result<Command, Error> {
    let mut command = needed(Part::Skopeo, parts::skopeo())?;
    command.args(["copy", "--quiet", "--dest-tls-verify=false"]);
    if let Some(password) = password {
        command.arg("--dest-creds").arg(format!("AWS:{password}"));
    }
    command.args([format!("oci-archive:{}", archive.display()), format!("docker://{target}")]);
    Ok(command)
}
