//! `lambark doctor`

use std::io;

use clap::Args;
use lambark_oci::Architecture;

use super::context::{Context, Format, asked};
use super::explain::is_stream;
use super::output;
use crate::failure::Failure;
use crate::operations::doctor::{self, What};
use crate::render::{self, Page};

/// From a pasted error, an image or a function to three lines: the cause, the cure without a write, the lasting mend
///
/// Finds the image or function in what it is given and looks at it as far as it may; nothing is changed anywhere.
/// Offline it still tells cause and mend of a known message. Exit code 1: a fault was found; 3: nothing could be looked at.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  lambark doctor - < deploy.log
  lambark doctor 123456789012.dkr.ecr.us-east-1.amazonaws.com/app:v1 --arch arm64
  lambark doctor my-function --verbose")]
pub(super) struct Arguments {
    /// An error's text, an image, a function's name or ARN; `-`, or nothing in a pipe, for a log on standard input
    #[arg(value_name = "TEXT")]
    text: Vec<String>,
    /// The function's architecture: x86_64 or arm64
    #[arg(long, value_name = "ARCH")]
    arch: Option<Architecture>,
    /// Also print what was found in the image and what is known of the message
    #[arg(long, short)]
    verbose: bool,
    /// How to print it
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,
}

pub(super) fn run(arguments: &Arguments, context: &Context) -> Result<u8, Failure> {
    let text = arguments.text.join(" ");
    let config = context.config()?;
    let settings = doctor::Settings {
        knowledge: context.knowledge(),
        asked: asked(arguments.arch, &config),
        region: context.region(&config),
        online: context.online(),
    };
    let mut stdin = io::stdin().lock();
    let what = if is_stream(&text)? { What::Log(&mut stdin) } else { What::Text(&text) };
    let outcome = doctor::run(what, &settings, &context.aws, &context.access, &*context.progress)?;
    let page = Page { verbose: arguments.verbose, ..context.page() };
    output::print(|out| match arguments.format {
        Format::Text => render::doctor::outcome(out, &outcome, page),
        Format::Json => render::json::knowledge::doctor(out, &outcome),
    })?;
    Ok(outcome.exit_code())
}
