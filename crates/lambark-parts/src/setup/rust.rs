//! The function with AWS's runtime for Rust, from sources that are part of this crate.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use ring::digest::{SHA256, digest};

use super::SetupError;
use super::run::run;

/// Its files. The lock names each crate's version and checksum.
const SOURCES: [(&str, &str); 3] = [
    ("Cargo.toml", include_str!("../../functions/rust/Cargo.toml")),
    ("Cargo.lock", include_str!("../../functions/rust/Cargo.lock")),
    ("src/main.rs", include_str!("../../functions/rust/src/main.rs")),
];

/// Longest time to build it (sixty crates).
const BUILD_LIMIT: Duration = Duration::from_secs(540);

/// Longest time to fetch rustc's libraries for another target (50 MB).
const TARGET_LIMIT: Duration = Duration::from_secs(240);

/// What makes whoever builds it for another machine, or with other options, get another program. Ours are chosen here.
const BUILDERS: [&str; 5] =
    ["RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS", "CARGO_BUILD_RUSTFLAGS", "CARGO_BUILD_TARGET", "CARGO_TARGET_DIR"];

/// Stands for the sources in the part's stamp.
pub(crate) fn sources_digest() -> String {
    let text: String = SOURCES.iter().map(|(name, text)| format!("{name} {}\n{text}", text.len())).collect();
    digest(&SHA256, text.as_bytes()).as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Builds the function in `scratch`; into `part` go a static program and, where the target knows that, a dynamic one.
pub(super) fn build(target: &str, scratch: &Path, part: &Path) -> Result<(), SetupError> {
    for (name, text) in SOURCES {
        write(&scratch.join(name), text.as_bytes())?;
    }
    add_target(target)?;
    let made = scratch.join("target").join(target).join("release/bootstrap");
    // Each crate is compiled once: how the C library is linked is decided with the program, at the end.
    if target.ends_with("-gnu") {
        cargo(target, "-crt-static", scratch)?;
        keep(&made, &part.join("var/task/dynamic"))?;
    }
    cargo(target, "+crt-static", scratch)?;
    keep(&made, &part.join("var/task/bootstrap"))
}

fn cargo(target: &str, feature: &str, scratch: &Path) -> Result<(), SetupError> {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    for name in BUILDERS {
        command.env_remove(name);
    }
    command.args(["rustc", "--release", "--locked", "--quiet", "--target", target, "--target-dir"]);
    command.arg(scratch.join("target")).arg("--manifest-path").arg(scratch.join("Cargo.toml"));
    command.args(["--", "-C", &format!("target-feature={feature}")]).current_dir(scratch);
    run("cargo rustc", &mut command, BUILD_LIMIT)
}

/// Asks rustup for the libraries of a target of rustc's, unless they are there.
///
/// # Errors
///
/// rustup's own words.
pub fn add_target(target: &str) -> Result<(), SetupError> {
    let mut rustc = Command::new(std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()));
    let output = rustc.args(["--print", "target-libdir", "--target", target]).output();
    let directory = output.map(|output| PathBuf::from(String::from_utf8_lossy(&output.stdout).trim().to_owned()));
    if directory.is_ok_and(|directory| directory.is_dir()) {
        return Ok(());
    }
    run("rustup target add", Command::new("rustup").args(["target", "add", target]), TARGET_LIMIT)
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), SetupError> {
    let io = |source| SetupError::Io { path: path.to_owned(), source };
    path.parent().map_or(Ok(()), std::fs::create_dir_all).map_err(io)?;
    std::fs::write(path, bytes).map_err(io)
}

/// Copies a file to its place in the part.
pub(super) fn keep(from: &Path, to: &Path) -> Result<(), SetupError> {
    to.parent()
        .map_or(Ok(()), std::fs::create_dir_all)
        .and_then(|()| std::fs::copy(from, to).map(drop))
        .map_err(|source| SetupError::Io { path: from.to_owned(), source })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whoever writes the lock may have another registry in place of crates.io; nobody else has that one.
    #[test]
    fn the_lock_names_crates_io_alone() {
        let sources = SOURCES[1].1.lines().filter(|line| line.starts_with("source = "));
        let (known, other): (Vec<&str>, Vec<&str>) =
            sources.partition(|line| *line == "source = \"registry+https://github.com/rust-lang/crates.io-index\"");
        assert!(known.len() > 10 && other.is_empty(), "{other:?}");
    }
}
