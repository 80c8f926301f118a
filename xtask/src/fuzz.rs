//! `cargo xtask fuzz`: libFuzzer where there is one, else the same targets under proptest; it says which.

use std::process::{Command, Stdio};

use crate::{Error, workspace};

#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Fuzz only this target [default: all, one after another]
    target: Option<String>,
    /// How long for each target
    #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(u32).range(1..))]
    seconds: u32,
    /// Use proptest even where libFuzzer is to be had
    #[arg(long)]
    stable: bool,
}

/// Longest input that libFuzzer makes, in bytes: manifests and tar headers are small, and small is fast.
const MAX_INPUT: usize = 64 * 1024;

pub(crate) fn run(arguments: &Arguments) -> Result<(), Error> {
    let known = targets()?;
    let chosen = match &arguments.target {
        None => known,
        Some(name) if known.contains(name) => vec![name.clone()],
        Some(name) => return Err(Error::Failed(format!("no target {name} (known: {})", known.join(", ")))),
    };
    let lacking = if arguments.stable { Some("--stable") } else { lacking() };
    match lacking {
        None => {
            eprintln!("fuzzing with libFuzzer (nightly toolchain)");
            chosen.iter().try_for_each(|target| libfuzzer(target, arguments.seconds))
        }
        Some(reason) => {
            eprintln!("fuzzing with proptest on this toolchain, without coverage ({reason})");
            chosen.iter().try_for_each(|target| proptest(target, arguments.seconds))
        }
    }
}

/// The targets: what lies in `fuzz/fuzz_targets/`. A test of the test kit holds it against the functions.
fn targets() -> Result<Vec<String>, Error> {
    let entries = std::fs::read_dir(workspace::root().join("fuzz/fuzz_targets")).map_err(Error::io("fuzz"))?;
    let stem = |path: std::path::PathBuf| path.file_stem().map(|stem| stem.to_string_lossy().into_owned());
    let mut names: Vec<String> = entries.flatten().filter_map(|entry| stem(entry.path())).collect();
    names.sort();
    Ok(names)
}

/// What libFuzzer lacks here.
fn lacking() -> Option<&'static str> {
    let works = |arguments: &[&str]| {
        let mut command = Command::new("cargo");
        // The toolchain that runs us is named in the environment, and would win over `+nightly`.
        command.args(arguments).env_remove("RUSTUP_TOOLCHAIN").env_remove("CARGO");
        command.stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|status| status.success())
    };
    if !works(&["+nightly", "--version"]) {
        Some("no nightly toolchain")
    } else if !works(&["+nightly", "fuzz", "--version"]) {
        Some("no cargo-fuzz")
    } else {
        None
    }
}

/// New inputs go below `target/`; the corpus that is checked in is only read.
fn libfuzzer(target: &str, seconds: u32) -> Result<(), Error> {
    let root = workspace::root();
    let found = root.join("target/fuzz").join(target);
    std::fs::create_dir_all(&found).map_err(Error::io("target/fuzz"))?;
    let mut command = Command::new("cargo");
    command.args(["+nightly", "fuzz", "run", target]).arg(&found).arg(root.join("fuzz/corpus").join(target));
    command.args(["--", &format!("-max_total_time={seconds}"), &format!("-max_len={MAX_INPUT}")]);
    command.env_remove("RUSTUP_TOOLCHAIN").env_remove("CARGO").current_dir(root);
    finish(target, &mut command)
}

fn proptest(target: &str, seconds: u32) -> Result<(), Error> {
    let mut command = workspace::cargo();
    command.args(["test", "--quiet", "--package", "lambark-testkit", "--test", "fuzz"]);
    command.args(["--", "--exact", "mutations_hold"]);
    command.env("LAMBARK_FUZZ_TARGET", target).env("LAMBARK_FUZZ_SECONDS", seconds.to_string());
    finish(target, &mut command)
}

fn finish(target: &str, command: &mut Command) -> Result<(), Error> {
    eprintln!("target {target}");
    let status = command.stdin(Stdio::null()).status().map_err(Error::io("cargo"))?;
    if status.success() {
        return Ok(());
    }
    Err(Error::Failed(format!("{target}: a law is broken, or the fuzzer did not run; its words are above")))
}
