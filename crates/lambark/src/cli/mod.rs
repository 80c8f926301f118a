//! The command line: one file a verb (arguments, and the call), and what all verbs share.

mod aws;
mod build;
mod cache;
mod check;
mod clock;
mod completion;
mod config;
mod context;
mod deploy;
mod deployment;
mod doctor;
mod emulate;
mod environment;
mod explain;
mod fix;
mod init;
mod internal;
mod interrupt;
mod invoke;
mod knowledge;
mod ledger;
mod lint;
mod output;
mod policy;
mod progress;
mod push;
mod record;
mod registry;
mod rehearse;
mod repair;
mod resolve;
mod rollback;
mod rules;
mod run;
mod ship;
mod status;

use std::ffi::OsString;
use std::io::{self, Write};

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};

use crate::exit;
use crate::failure::Failure;
use crate::render::{Page, text};
use context::{Context, Global};

/// Tells why AWS Lambda will refuse a container image, repairs it where it lies, and deploys it with a way back
#[derive(Debug, Parser)]
#[command(name = "lambark", version, max_term_width = 100, propagate_version = false)]
#[command(subcommand_required = true, arg_required_else_help = true, disable_help_subcommand = true)]
#[command(after_help = "\
Examples:
  lambark check 123456789012.dkr.ecr.us-east-1.amazonaws.com/app:v1
  lambark fix 123456789012.dkr.ecr.us-east-1.amazonaws.com/app:v1

Images:
  HOST/REPOSITORY[:TAG][@DIGEST]   in a registry
  oci:DIRECTORY[:TAG]              an OCI layout
  oci-archive:FILE[:TAG]           a tar of an OCI layout
  docker-archive:FILE[:TAG]        what `docker save` writes
  engine:NAME                      in the local Docker or Podman engine
  PATH                             any of these, by a look at it

Exit codes:
  0 fine, 1 findings, 2 usage, 3 could not look, 4 refused to change,
  5 deployment failed and taken back, 6 not taken back, 70 a bug, 130 interrupted")]
struct Arguments {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    Check(check::Arguments),
    Fix(fix::Arguments),
    Push(push::Arguments),
    Build(build::Arguments),
    Ship(ship::Arguments),
    Deploy(deploy::Arguments),
    Rollback(rollback::Arguments),
    Status(status::Arguments),
    Resolve(resolve::Arguments),
    Lint(lint::Arguments),
    Run(run::Arguments),
    Rehearse(rehearse::Arguments),
    Emulate(emulate::Arguments),
    Init(init::Arguments),
    Policy(policy::Arguments),
    Rules(rules::Arguments),
    Doctor(doctor::Arguments),
    Explain(explain::Arguments),
    Record(record::Arguments),
    Cache(cache::Arguments),
    Knowledge(knowledge::Arguments),
    Config(config::Arguments),
    Completion(completion::Arguments),
    #[command(hide = true)]
    Internal(internal::Arguments),
}

/// The whole command line as clap knows it, with an environment variable for each flag.
#[must_use]
pub fn command() -> clap::Command {
    environment::attach(Arguments::command())
}

/// Runs `lambark` and returns the exit code.
pub fn main(arguments: impl IntoIterator<Item = OsString>) -> u8 {
    let parsed = command().try_get_matches_from(arguments).and_then(|matches| Arguments::from_arg_matches(&matches));
    let arguments = match parsed {
        Ok(arguments) => arguments,
        Err(error) => {
            // Help and version are no errors; if even they cannot be printed, nothing can be told.
            let _ = error.print();
            return if error.use_stderr() { exit::USAGE } else { exit::FINE };
        }
    };
    arguments.global.choose_colour();
    interrupt::exit_on_ctrl_c();
    let context = Context::new(arguments.global);
    let result = match arguments.verb {
        Verb::Check(arguments) => check::run(arguments, &context),
        Verb::Fix(arguments) => fix::run(arguments, &context),
        Verb::Push(arguments) => push::run(arguments, &context),
        Verb::Deploy(arguments) => deploy::run(arguments, &context),
        Verb::Ship(arguments) => ship::run(&arguments, &context),
        Verb::Rollback(arguments) => rollback::run(arguments, &context),
        Verb::Status(arguments) => status::run(&arguments, &context),
        Verb::Build(arguments) => build::run(arguments, &context),
        Verb::Resolve(arguments) => resolve::run(arguments, &context),
        Verb::Lint(arguments) => lint::run(arguments, &context),
        Verb::Run(arguments) => run::run(arguments, &context),
        Verb::Rehearse(arguments) => rehearse::run(arguments, &context),
        Verb::Emulate(arguments) => emulate::run(&arguments, &context),
        Verb::Init(arguments) => init::run(arguments, &context),
        Verb::Policy(arguments) => policy::run(arguments, &context),
        Verb::Rules(arguments) => rules::run(&arguments, &context),
        Verb::Doctor(arguments) => doctor::run(&arguments, &context),
        Verb::Explain(arguments) => explain::run(&arguments, &context),
        Verb::Record(arguments) => record::run(arguments, &context),
        Verb::Cache(arguments) => cache::run(&arguments, &context),
        Verb::Knowledge(arguments) => knowledge::run(arguments, &context),
        Verb::Config(arguments) => config::run(&arguments, &context),
        Verb::Completion(arguments) => completion::run(&arguments),
        Verb::Internal(arguments) => internal::run(&arguments),
    };
    result.unwrap_or_else(|failure| tell(&failure))
}

/// Prints a failure and returns its exit code.
fn tell(failure: &Failure) -> u8 {
    if failure.is_closed_pipe() {
        // Whoever read the output has seen enough.
        return exit::FINE;
    }
    let mut stderr = anstream::stderr().lock();
    let page = Page { width: output::columns_of_stderr(), ..Page::default() };
    let _ = text::failure(&mut stderr, failure, page);
    failure.exit_code()
}

/// Makes a panic end the process with the exit code of a bug, wherever it happens.
pub fn guard_against_bugs() {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map_or_else(|| "an unknown place".to_owned(), ToString::to_string);
        let payload = panic.payload();
        let words =
            payload.downcast_ref::<&str>().copied().or_else(|| payload.downcast_ref::<String>().map(String::as_str));
        let _ = writeln!(
            io::stderr(),
            "lambark {}: this is a bug in lambark: {} (at {place})\n\nhint: please report it, with the command that you ran: {}/issues",
            env!("CARGO_PKG_VERSION"),
            words.unwrap_or("no further words"),
            env!("CARGO_PKG_REPOSITORY"),
        );
        std::process::exit(i32::from(exit::BUG));
    }));
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        command().debug_assert();
    }

    #[test]
    fn a_bug_has_an_exit_code_of_its_own() {
        const MARK: &str = "LAMBARK_TEST_OF_A_BUG";
        if std::env::var_os(MARK).is_some() {
            guard_against_bugs();
            // Where most work happens: on another thread, whose panic would else end only itself.
            std::thread::scope(|scope| scope.spawn(|| panic!("for the test")).join().ok());
        }
        let mut again = std::process::Command::new(std::env::current_exe().unwrap());
        again.args(["--exact", "cli::tests::a_bug_has_an_exit_code_of_its_own", "--nocapture"]).env(MARK, "1");
        let output = again.output().unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(i32::from(exit::BUG)), "{stderr}");
        assert!(stderr.contains("this is a bug in lambark: for the test (at "), "{stderr}");
    }

    /// Every example in a help text is a command line that parses.
    #[test]
    fn examples_parse() {
        let mut seen = 0;
        for page in std::iter::once(command()).chain(command().get_subcommands().cloned()) {
            let help = page.get_after_help().map(ToString::to_string).unwrap_or_default();
            for line in help.lines().filter_map(|line| line.strip_prefix("  lambark ")) {
                let line = line.split(" > ").next().unwrap_or(line);
                let words = std::iter::once("lambark").chain(line.split(' '));
                command().try_get_matches_from(words).map_err(|error| format!("{line}: {error}")).unwrap();
                seen += 1;
            }
            let shown = page.get_name() == "lambark" || !page.is_hide_set();
            assert!(!shown || help.contains("  lambark "), "{} has no example", page.get_name());
        }
        assert!(seen >= 7, "only {seen} examples");
    }
}
