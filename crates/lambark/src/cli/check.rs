//! `lambark check`

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use lambark_oci::Architecture;

use super::aws::account;
use super::context::{Context, Depth, asked};
use super::invoke::{Running, means};
use super::output;
use crate::config::FailOnWord;
use crate::failure::Failure;
use crate::operations::check;
use crate::render::{Page, github, json, junit, sarif, summary, text};

/// Tell whether Lambda will take an image, and why not
///
/// Looks at bytes, not at labels: manifest, config, and as deep as asked the layers and their files. Reports all
/// findings at once, each with the gate at which Lambda would refuse and how sure that is.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  lambark check 123456789012.dkr.ecr.us-east-1.amazonaws.com/app:v1 --arch arm64
  lambark check oci-archive:image.tar --format sarif --output lambark.sarif
  lambark check build/image --strict --fail-on warning")]
pub(super) struct Arguments {
    /// Images: HOST/REPOSITORY:TAG, oci:DIR, oci-archive:FILE, docker-archive:FILE, or a path
    #[arg(required = true, value_name = "IMAGE")]
    images: Vec<String>,
    /// The function's architecture: x86_64 or arm64
    #[arg(long, value_name = "ARCH")]
    arch: Option<Architecture>,
    /// How deep to look; `bytes` for a remote image and `files` for a local one if nothing is said
    #[arg(long, value_name = "DEPTH")]
    depth: Option<Depth>,
    /// The account of the function that is to run it, if it is not the image's own
    #[arg(long, value_name = "ACCOUNT", value_parser = account)]
    function_account: Option<String>,
    #[command(flatten)]
    running: Running,
    /// Fail with exit code 3 when something was not looked at
    #[arg(long)]
    strict: bool,
    /// From which severity on findings give exit code 1; `error` if nothing is said
    #[arg(long, value_name = "SEVERITY")]
    fail_on: Option<FailOnWord>,
    /// How to report
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,
    /// Write the report to this file
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Add a summary in Markdown to the end of this file, for instance $GITHUB_STEP_SUMMARY
    #[arg(long, value_name = "FILE")]
    summary: Option<PathBuf>,
    /// List every rule that was skipped
    #[arg(long, short)]
    verbose: bool,
}

/// `--format` of findings.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Format {
    /// For people
    Text,
    /// For machines: lambark.check/v1
    Json,
    /// SARIF 2.1.0, for code scanning
    Sarif,
    /// Annotations of GitHub Actions
    Github,
    /// JUnit XML: a suite an image, a case a rule
    Junit,
}

pub(super) fn run(arguments: Arguments, context: &Context) -> Result<u8, Failure> {
    let config = context.config()?;
    let fail_on = arguments.fail_on.or(config.policy.fail_on).map(Into::into).unwrap_or_default();
    let settings = check::Settings {
        images: arguments.images,
        asked: asked(arguments.arch, &config),
        depth: arguments.depth.map(Into::into),
        region: context.region(&config),
        account: arguments.function_account,
        means: Some(means(&arguments.running, context)),
    };
    let outcome = check::run(&settings, &context.access, &*context.progress);
    let page = Page { verbose: arguments.verbose, ..context.page() };
    output::print_to(arguments.output.as_ref(), |out| match arguments.format {
        Format::Text => text::check(out, &outcome, page),
        Format::Json => json::check(out, &outcome),
        Format::Sarif => sarif::check(out, &outcome),
        Format::Github => github::check(out, &outcome),
        Format::Junit => junit::check(out, &outcome, fail_on),
    })?;
    if let Some(path) = &arguments.summary {
        output::append_to(path, |out| summary::check(out, &outcome))?;
    }
    Ok(outcome.exit_code(fail_on, arguments.strict))
}
