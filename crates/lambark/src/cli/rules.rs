//! `lambark rules`

use clap::Args;

use super::context::{Context, Format};
use super::output;
use crate::exit;
use crate::failure::Failure;
use crate::render::{json, rules};

/// List every rule
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  lambark rules
  lambark rules --format json")]
pub(super) struct Arguments {
    /// How to print them
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,
}

pub(super) fn run(arguments: &Arguments, context: &Context) -> Result<u8, Failure> {
    output::print(|out| match arguments.format {
        Format::Text => rules::table(out, context.page()),
        Format::Json => json::rules(out),
    })?;
    Ok(exit::FINE)
}
