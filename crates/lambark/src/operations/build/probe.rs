//! Asking the builders of this machine what they can do.

use std::io;
use std::process::{Command, Output, Stdio};

use super::arguments::Arguments;
use super::capabilities::{
    Buildx, Capabilities, Docker, Flags, Program, Tool, buildkit_of, driver_of, of_info, version_in,
};
use super::planner::Wanted;

/// Longest part of a program's complaint that is told, in bytes.
const MAX_TOLD: usize = 300;

/// Asks those that may be used: Docker first, and the others only where Docker does not do.
pub(super) fn probe(wanted: &Wanted) -> Capabilities {
    let mut found = Capabilities::default();
    let chosen = |programs: &[Program]| wanted.builder.is_none_or(|builder| programs.contains(&builder));
    if chosen(&[Program::Buildx, Program::Docker]) {
        docker(wanted, &mut found);
        let usable = |docker: &Docker| docker.daemon.is_some() || docker.buildx.is_some();
        if wanted.builder.is_none() && found.docker.as_ref().is_some_and(usable) && found.looked.is_empty() {
            return found;
        }
    }
    if chosen(&[Program::Buildah]) {
        found.buildah = tool("buildah", "bud", &mut found.looked);
    }
    if chosen(&[Program::Podman]) {
        found.podman = tool("podman", "build", &mut found.looked);
    }
    found
}

fn docker(wanted: &Wanted, found: &mut Capabilities) {
    let builder = Arguments::read(&wanted.arguments).ok().and_then(|arguments| arguments.builder);
    let inspect: Vec<&str> = ["buildx", "inspect"].into_iter().chain(builder.as_deref()).collect();
    let (version, info, inspected, buildx_help) = std::thread::scope(|scope| {
        let info = scope.spawn(|| run("docker", &["info", "--format", "{{json .}}"]));
        let inspected = scope.spawn(|| run("docker", &inspect));
        let buildx_help = scope.spawn(|| run("docker", &["buildx", "build", "--help"]));
        let version = run("docker", &["--version"]);
        (version, joined(info), joined(inspected), joined(buildx_help))
    });
    let version = match version {
        Ok(output) => String::from_utf8_lossy(&output.stdout).into_owned(),
        Err(reason) => return found.looked.push(reason),
    };
    if version.starts_with("podman") {
        // A package of Podman brings a `docker` that is Podman.
        return found.looked.push("docker: it is podman under another name".to_owned());
    }
    let info = info.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default();
    let (buildx, daemon) = of_info(&info);
    let flags = |help: Result<Output, String>| match help {
        Ok(output) => Flags::of_help(&String::from_utf8_lossy(&output.stdout)),
        Err(_) => Flags::default(),
    };
    let buildx = match (buildx, inspected) {
        (None, _) => {
            found.looked.push("docker buildx: docker has no such plugin".to_owned());
            None
        }
        (Some(version), Ok(output)) if output.status.success() => {
            let words = String::from_utf8_lossy(&output.stdout);
            let (driver, buildkit) = (driver_of(&words), buildkit_of(&words));
            Some(Buildx { version, driver, buildkit, flags: flags(buildx_help) })
        }
        (Some(version), inspected) => {
            let words = inspected.map(|output| complaint(&output)).unwrap_or_else(|reason| reason);
            found.looked.push(format!("docker buildx {version}: {words}"));
            None
        }
    };
    let daemon = daemon.map_err(|reason| found.looked.push(format!("docker: {reason}"))).ok();
    // Each question costs a start of docker: what `docker build` has is asked only where it may be what builds.
    let is_needed = buildx.is_none() || wanted.legacy || wanted.builder == Some(Program::Docker);
    let own = if is_needed { flags(run("docker", &["build", "--help"])) } else { Flags::default() };
    found.docker = Some(Docker { daemon, buildx, flags: own });
}

fn joined<T>(thread: std::thread::ScopedJoinHandle<'_, T>) -> T {
    thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

fn tool(program: &str, verb: &str, looked: &mut Vec<String>) -> Option<Tool> {
    let output = match run(program, &["--version"]) {
        Ok(output) if output.status.success() => output,
        Ok(output) => {
            looked.push(format!("{program}: {}", complaint(&output)));
            return None;
        }
        Err(reason) => {
            looked.push(reason);
            return None;
        }
    };
    let help = run(program, &[verb, "--help"]).map(|output| String::from_utf8_lossy(&output.stdout).into_owned());
    let version = version_in(&String::from_utf8_lossy(&output.stdout));
    Some(Tool { version, flags: Flags::of_help(&help.unwrap_or_default()) })
}

fn run(program: &str, arguments: &[&str]) -> Result<Output, String> {
    let output = Command::new(program).args(arguments).stdin(Stdio::null()).output();
    output.map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => format!("{program}: there is no such command"),
        _ => format!("{program}: {error}"),
    })
}

/// The last words of a program that failed.
fn complaint(output: &Output) -> String {
    let words = String::from_utf8_lossy(&output.stderr).into_owned();
    let last = words.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("it fails without a word");
    last.trim().chars().take(MAX_TOLD).collect()
}
