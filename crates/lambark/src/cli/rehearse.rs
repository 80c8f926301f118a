//! `lambark rehearse`

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use lambark_oci::Architecture;

use super::context::{Context, Format, asked};
use super::invoke::{Running, event, sandboxes};
use super::output;
use crate::failure::Failure;
use crate::operations::rehearse;
use crate::render;

/// A whole deployment without AWS: the refusal, the mend, the function that comes up
///
/// Starts a twin of ECR and Lambda inside the process, pushes the image as it is, and creates a function from it. If the
/// twin refuses, in AWS's own words, the image is mended where it lies and the function is created again; then a version
/// is published and invoked in a sandbox. Nothing leaves this machine, and nothing of yours is changed.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  lambark rehearse examples/attested.tar
  lambark rehearse oci:build/v1 oci:build/v2 --settle 0s
  lambark rehearse 123456789012.dkr.ecr.us-east-1.amazonaws.com/app:v1 --arch arm64 --format json")]
pub(super) struct Arguments {
    /// Images: the function is created from the first and updated to each that follows
    #[arg(required = true, value_name = "IMAGE")]
    images: Vec<String>,
    /// The function's architecture: x86_64 or arm64
    #[arg(long, value_name = "ARCH")]
    arch: Option<Architecture>,
    /// How long a new function is Pending and an update InProgress, for instance 500ms
    #[arg(long, value_name = "TIME", default_value = "1s", value_parser = humantime::parse_duration)]
    settle: Duration,
    /// Refuse what nobody has established, instead of accepting it
    #[arg(long)]
    pessimistic: bool,
    #[command(flatten)]
    running: Running,
    /// The event that the function is invoked with, as JSON in a file; `-` is standard input
    #[arg(long, value_name = "FILE")]
    event: Option<PathBuf>,
    /// Deploy only, and run nothing
    #[arg(long, conflicts_with = "event")]
    no_invoke: bool,
    /// How to report
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,
}

pub(super) fn run(arguments: Arguments, context: &Context) -> Result<u8, Failure> {
    let config = context.config()?;
    let settings = rehearse::Settings {
        images: arguments.images,
        asked: asked(arguments.arch, &config),
        settle: arguments.settle,
        pessimistic: arguments.pessimistic,
        event: if arguments.no_invoke { None } else { Some(event(arguments.event.as_deref())?.to_vec()) },
        invoker: Some(sandboxes(&arguments.running, context)),
    };
    let mut printed = Ok(());
    let outcome = rehearse::run(&settings, &context.access, &context.progress, &mut |step| {
        // A story is told while it happens; a document is written when it is whole.
        if matches!(arguments.format, Format::Text) && printed.is_ok() {
            printed = output::print(|out| render::rehearse::step(out, step, context.page()));
        }
    })?;
    printed?;
    if matches!(arguments.format, Format::Json) {
        output::print(|out| render::json::rehearse(out, &outcome))?;
    }
    Ok(outcome.exit_code())
}
