//! `lambark lint`

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use lambark_lint::fix::Level;

use super::context::Context;
use super::output;
use crate::config::FailOnWord;
use crate::failure::Failure;
use crate::operations::lint;
use crate::render::{Page, json, lint as render};
use crate::words::nearest;

/// Find, in a repository, what builds images that Lambda refuses
///
/// Reads Dockerfiles, scripts, Makefiles and justfiles, GitHub workflows, compose and bake files, build specifications,
/// SAM, CloudFormation and Terraform; says which build step gives an index, which fix does nothing, which check looks at
/// the wrong thing, and makes the edit. Opens no connection and runs nothing.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  lambark lint
  lambark lint --fix safe
  lambark lint .github/workflows --format sarif --output lambark.sarif

A comment `# lambark: ignore[RULE] reason` on the line, or on the line above it, silences a rule there.")]
pub(super) struct Arguments {
    /// Files and directories to tell about; the whole repository is read
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Edit the files: `safe` where nothing but the refusal changes, `unsafe` also what somebody may have wanted
    #[arg(long, value_name = "LEVEL")]
    fix: Option<Fix>,
    /// Judge every build, also those that nothing ties to Lambda
    #[arg(long)]
    assume_lambda: bool,
    /// From which severity on findings give exit code 1; `error` if nothing is said
    #[arg(long, value_name = "SEVERITY")]
    fail_on: Option<FailOnWord>,
    /// How to report
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,
    /// Write the report to this file
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    /// List builds that were not judged
    #[arg(long, short)]
    verbose: bool,
}

/// `--fix`.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Fix {
    /// Edits that change nothing but what Lambda would refuse
    Safe,
    /// Also edits that change what somebody may have wanted
    Unsafe,
}

/// `--format`.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Format {
    /// For people
    Text,
    /// For machines: lambark.lint/v1
    Json,
    /// SARIF 2.1.0, for code scanning
    Sarif,
    /// Annotations of GitHub Actions
    Github,
    /// JUnit XML: a suite a file, a case a rule
    Junit,
}

pub(super) fn run(arguments: Arguments, context: &Context) -> Result<u8, Failure> {
    let config = context.config()?;
    let fail_on = arguments.fail_on.or(config.policy.fail_on).map(Into::into).unwrap_or_default();
    if let Some(name) = config.lint.ignore.iter().find(|name| lambark_lint::rule(name).is_none()) {
        let known = lambark_lint::CATALOGUE.iter().map(|rule| rule.name);
        return Err(Failure::UnknownRule { name: name.clone(), nearest: nearest(name, known) });
    }
    let settings = lint::Settings {
        paths: arguments.paths,
        directory: std::env::current_dir().unwrap_or_else(|_| PathBuf::from(".")),
        known: config.known_to_lint(arguments.assume_lambda),
        ignored_rules: config.lint.ignore,
        fix: arguments.fix.map(|fix| match fix {
            Fix::Safe => Level::Safe,
            Fix::Unsafe => Level::Unsafe,
        }),
    };
    let outcome = lint::run(&settings)?;
    let page = Page { verbose: arguments.verbose, ..context.page() };
    output::print_to(arguments.output.as_ref(), |out| match arguments.format {
        Format::Text => render::text::lint(out, &outcome, page),
        Format::Json => json::lint(out, &outcome),
        Format::Sarif => render::sarif::lint(out, &outcome),
        Format::Github => render::github::lint(out, &outcome),
        Format::Junit => render::junit::lint(out, &outcome, fail_on),
    })?;
    Ok(outcome.exit_code(fail_on))
}
