//! `cargo xtask test`: real parts, then every test of the workspace, then a true count.

mod count;

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};

use lambark_parts::{Part, SKIP_LOG_VARIABLE};

use crate::parts::Missing;
use crate::{Error, cross, parts, workspace};
use count::{Count, Skip};

#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Run only tests whose name contains this
    #[arg(value_name = "FILTER")]
    filter: Option<String>,
    /// Use no real part: their tests are skipped
    #[arg(long)]
    no_parts: bool,
}

pub(crate) fn run(arguments: &Arguments) -> Result<(), Error> {
    let needed: Vec<Part> = Part::ALL.into_iter().filter(|part| part.is_for_tests()).collect();
    let missing = if arguments.no_parts { Vec::new() } else { parts::set_up(&needed) };
    build()?;
    let companion = if Part::Zig.find().is_ok() && !arguments.no_parts { Some(cross::for_tests()?) } else { None };
    let directory = tempfile::tempdir().map_err(Error::io("a temporary directory"))?;
    let log = directory.path().join("skips");
    let (mut count, clean) = run_tests(arguments, companion.as_deref(), &log)?;
    count.skips(&skips(&log)?);
    // A program that crashed, or a doc test that does not build, leaves no line that counts it.
    if !clean && count.failed == 0 {
        count.failed = 1;
    }
    report(&count, &missing, arguments.no_parts);
    println!("{count}");
    if clean && count.failed == 0 { Ok(()) } else { Err(Error::Failed("tests failed".to_owned())) }
}

/// Builds apart from the run, so that a mistake in the code is not told as a failed test.
fn build() -> Result<(), Error> {
    let mut command = workspace::cargo();
    command.args(["test", "--workspace", "--no-run", "--quiet"]);
    let status = command.status().map_err(Error::io("cargo"))?;
    if status.success() {
        return Ok(());
    }
    Err(Error::Failed("the workspace does not build".to_owned()))
}

/// Runs all tests, doc tests included; passes their output on and counts as it goes by.
fn run_tests(arguments: &Arguments, companion: Option<&Path>, log: &Path) -> Result<(Count, bool), Error> {
    let mut command = workspace::cargo();
    command.args(["test", "--workspace", "--no-fail-fast"]);
    command.args(&arguments.filter);
    command.env(SKIP_LOG_VARIABLE, log);
    if let Some(companion) = companion {
        command.env("LAMBARK_TEST_COMPANION", companion);
    }
    if arguments.no_parts {
        command.env("LAMBARK_NO_PARTS", "1");
    }
    let mut child = own_streams(&mut command).spawn().map_err(Error::io("cargo"))?;
    let mut count = Count::default();
    if let Some(output) = child.stdout.take() {
        let mut stdout = std::io::stdout();
        for line in BufReader::new(output).split(b'\n') {
            let line = line.map_err(Error::io("the tests' output"))?;
            let line = String::from_utf8_lossy(&line);
            count.line(&line);
            writeln!(stdout, "{line}").map_err(Error::io("standard output"))?;
        }
    }
    let status = child.wait().map_err(Error::io("cargo"))?;
    Ok((count, status.success()))
}

fn own_streams(command: &mut Command) -> &mut Command {
    command.stdin(Stdio::null()).stdout(Stdio::piped())
}

/// The skips that tests wrote down.
fn skips(log: &Path) -> Result<Vec<Skip>, Error> {
    match std::fs::read_to_string(log) {
        Ok(text) => Ok(text.lines().filter_map(Skip::parse).collect()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(Error::io("the log of skipped tests")(error)),
    }
}

fn report(count: &Count, missing: &[Missing], no_parts: bool) {
    println!();
    if no_parts {
        println!("parts left out: all (--no-parts)");
    }
    for Missing { part, reason } in missing {
        println!("part missing: {part}: {reason}");
    }
    for Skip { test, reason, .. } in &count.skipped {
        println!("skipped: {test}: {reason}");
    }
    for test in &count.failures {
        println!("failed: {test}");
    }
}
