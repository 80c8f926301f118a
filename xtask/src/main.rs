//! Developers' commands of lambark: `cargo xtask help` lists them.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command for people at a terminal: what it prints is what it is for"
)]

mod bench;
mod cross;
mod fuzz;
mod generate;
mod lambark_binary;
mod new_rule;
mod parts;
mod test;
mod workspace;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Developers' commands of lambark
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", disable_version_flag = true)]
struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Set up every real part, then build and run all tests of the workspace
    ///
    /// A part that cannot be had here is named, and the tests that need it count as skipped.
    Test(test::Arguments),
    /// Set up real parts alone, or list them
    Parts(parts::Arguments),
    /// Write the files that are derived from the code, or check that they are up to date
    Generate(generate::Arguments),
    /// Begin a rule: its file, its page, and what is left to do
    NewRule(new_rule::Arguments),
    /// Look for input that breaks a law: libFuzzer on a nightly toolchain, proptest on any other
    Fuzz(fuzz::Arguments),
    /// Build the lambark for Linux that container engines run on other systems
    ///
    /// It lies beside `lambark` there, or is named with `--companion`.
    Companion(cross::Arguments),
    /// Find out whether lambark compiles for macOS
    Macos,
    /// Measure lambark beside what the machine has
    Bench(bench::Arguments),
    /// Run one command and write down what it took (used by `bench`)
    #[command(hide = true)]
    Measure(bench::MeasureArguments),
}

/// What stops a command. The text is for a person; the command's own output says the rest.
#[derive(Debug, thiserror::Error)]
enum Error {
    /// Told already, or nothing more to tell.
    #[error("{0}")]
    Failed(String),
    /// A file or program of the machine.
    #[error("{what}: {source}")]
    Io { what: String, source: std::io::Error },
}

impl Error {
    /// For `map_err`: names what was touched.
    fn io(what: impl Into<String>) -> impl FnOnce(std::io::Error) -> Error {
        let what = what.into();
        move |source| Error::Io { what, source }
    }
}

fn main() -> ExitCode {
    let result = match Arguments::parse().verb {
        Verb::Test(arguments) => test::run(&arguments),
        Verb::Parts(arguments) => parts::run(&arguments),
        Verb::Generate(arguments) => generate::run(&arguments),
        Verb::NewRule(arguments) => new_rule::run(&arguments),
        Verb::Fuzz(arguments) => fuzz::run(&arguments),
        Verb::Companion(arguments) => cross::companion(&arguments),
        Verb::Macos => cross::macos(),
        Verb::Bench(arguments) => bench::run(&arguments),
        Verb::Measure(arguments) => bench::child(&arguments),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}
