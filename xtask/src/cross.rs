//! Building for other systems: the lambark for Linux that engines run, and a look whether it builds for macOS.
//!
//! Zig compiles what crates have in C: it brings the headers of every target, and is one wheel from PyPI.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use lambark_parts::Part;
use lambark_parts::setup::add_target;

use crate::{Error, parts, workspace};

/// A system and processor to build for.
#[derive(Clone, Copy)]
struct Target {
    /// By rustc's name.
    rust: &'static str,
    /// By Zig's.
    zig: &'static str,
}

/// What there is no machine for: whether it compiles is all that is found out.
const MACOS: Target = Target { rust: "aarch64-apple-darwin", zig: "aarch64-macos" };

/// A processor, as images name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Architecture {
    Amd64,
    Arm64,
}

impl Architecture {
    fn own() -> Architecture {
        if cfg!(target_arch = "aarch64") { Architecture::Arm64 } else { Architecture::Amd64 }
    }

    fn name(self) -> &'static str {
        match self {
            Architecture::Amd64 => "amd64",
            Architecture::Arm64 => "arm64",
        }
    }

    fn linux(self) -> Target {
        match self {
            Architecture::Amd64 => Target { rust: "x86_64-unknown-linux-musl", zig: "x86_64-linux-musl" },
            Architecture::Arm64 => Target { rust: "aarch64-unknown-linux-musl", zig: "aarch64-linux-musl" },
        }
    }
}

#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The processor [default: this machine's]
    #[arg(long, value_name = "ARCH")]
    arch: Option<Architecture>,
    /// Where to put it
    #[arg(long, value_name = "DIR", default_value = "target/companion")]
    out: PathBuf,
}

/// `cargo xtask companion`
pub(crate) fn companion(arguments: &Arguments) -> Result<(), Error> {
    need_zig()?;
    let architecture = arguments.arch.unwrap_or_else(Architecture::own);
    let built = build(architecture, Some("dist"))?;
    let place = workspace::root().join(&arguments.out);
    let path = place.join(format!("lambark-linux-{}", architecture.name()));
    std::fs::create_dir_all(&place).and_then(|()| std::fs::copy(&built, &path)).map_err(Error::io("the companion"))?;
    println!("{}", path.display());
    Ok(())
}

/// The companion for tests: built as they are, for this machine's processor.
pub(crate) fn for_tests() -> Result<PathBuf, Error> {
    build(Architecture::own(), None)
}

/// `cargo xtask macos`
pub(crate) fn macos() -> Result<(), Error> {
    need_zig()?;
    let mut command = cargo(MACOS)?;
    command.args([
        "clippy",
        "--quiet",
        "--locked",
        "--package",
        "lambark",
        "--target",
        MACOS.rust,
        "--",
        "-D",
        "warnings",
    ]);
    run(command, "lambark does not compile for macOS")
}

/// Builds a lambark that needs no libraries. AWS's SDK is left out: a companion calls nobody.
fn build(architecture: Architecture, profile: Option<&str>) -> Result<PathBuf, Error> {
    let target = architecture.linux();
    let mut command = cargo(target)?;
    command.args(["build", "--quiet", "--locked", "--package", "lambark", "--bin", "lambark", "--no-default-features"]);
    command.args(["--target", target.rust, "--profile", profile.unwrap_or("dev")]);
    // It is copied into images and machines.
    command.env("CARGO_PROFILE_DEV_DEBUG", "false").env("CARGO_PROFILE_DEV_STRIP", "symbols");
    run(command, "lambark does not build for musl")?;
    Ok(directory().join(target.rust).join(profile.unwrap_or("debug")).join("lambark"))
}

/// Apart from the workspace's own: cargo locks the directory while it builds.
fn directory() -> PathBuf {
    workspace::root().join("target/cross")
}

fn need_zig() -> Result<(), Error> {
    match parts::set_up(&[Part::Zig]).first() {
        None => Ok(()),
        Some(missing) => Err(Error::Failed(format!("{}: {}", missing.part, missing.reason))),
    }
}

/// A cargo that compiles C by Zig and links by the linker that Rust brings.
fn cargo(target: Target) -> Result<Command, Error> {
    add_target(target.rust).map_err(|error| Error::Failed(error.to_string()))?;
    let zig = Part::Zig.find().map_err(Error::Failed)?.join("site/ziglang/zig");
    let directory = directory();
    std::fs::create_dir_all(&directory).map_err(Error::io("target/cross"))?;
    let compiler = script(&directory.join(format!("cc-{}", target.zig)), &compiler(&zig, target.zig))?;
    let archiver = script(&directory.join("ar"), &format!("#!/bin/sh\nexec '{}' ar \"$@\"\n", zig.display()))?;
    let name = target.rust.replace('-', "_");
    let mut command = workspace::cargo();
    command.env("CARGO_TARGET_DIR", &directory);
    command.env(format!("CC_{name}"), compiler).env(format!("AR_{name}"), archiver);
    command.env(format!("CARGO_TARGET_{}_LINKER", name.to_uppercase()), "rust-lld");
    command.env("ZIG_GLOBAL_CACHE_DIR", directory.join("zig")).env("ZIG_LOCAL_CACHE_DIR", directory.join("zig"));
    Ok(command)
}

/// What the crates' build scripts take for a C compiler: the target is named in Zig's words, not in theirs. Its checks
/// of undefined behaviour would need a library of its own.
fn compiler(zig: &Path, target: &str) -> String {
    format!(
        "#!/bin/sh\nfor argument do\n  shift\n  case $argument in\n  \
         --target=* | -arch | arm64 | -mmacosx-version-min=*) ;;\n  *) set -- \"$@\" \"$argument\" ;;\n  esac\ndone\n\
         exec '{}' cc -target {target} -fno-sanitize=undefined \"$@\"\n",
        zig.display()
    )
}

/// Writes a script, unless it is there already: cargo would take it for another compiler.
fn script(path: &Path, text: &str) -> Result<PathBuf, Error> {
    if std::fs::read_to_string(path).is_ok_and(|there| there == text) {
        return Ok(path.to_owned());
    }
    let mode = std::fs::Permissions::from_mode(0o755);
    let written = std::fs::write(path, text).and_then(|()| std::fs::set_permissions(path, mode));
    written.map_err(Error::io(path.display().to_string()))?;
    Ok(path.to_owned())
}

fn run(mut command: Command, failed: &str) -> Result<(), Error> {
    let status = command.status().map_err(Error::io(command.get_program().to_string_lossy().into_owned()))?;
    if status.success() { Ok(()) } else { Err(Error::Failed(failed.to_owned())) }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn the_compiler_is_told_its_target_once_and_all_else() {
        let directory = tempfile::tempdir().unwrap();
        let echo = script(&directory.path().join("z ig"), "#!/bin/sh\nprintf '%s|' \"$@\"\n").unwrap();
        let compiler = script(&directory.path().join("cc"), &compiler(&echo, "aarch64-macos")).unwrap();
        let mut command = Command::new(compiler);
        command.args(["--target=arm64-apple-macosx", "-c", "a b.c", "-arch", "arm64", "-DX=\"y\""]);
        let told = String::from_utf8(command.output().unwrap().stdout).unwrap();
        assert_eq!(told, "cc|-target|aarch64-macos|-fno-sanitize=undefined|-c|a b.c|-DX=\"y\"|");
    }
}
