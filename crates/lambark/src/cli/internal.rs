//! `lambark internal`: what the files that are derived from the code are made of.

use clap::{Args, Subcommand, ValueEnum};

use super::output;
use crate::exit;
use crate::failure::Failure;
use crate::render::{json, reference, rules};

/// Print what generated files are made of
#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// The reference of the command line, in Markdown
    CliReference,
    /// The JSON Schema of a format
    Schema {
        /// The format
        format: Schema,
    },
    /// Every rule on one page, in Markdown
    RulesPage,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Schema {
    /// lambark.check/v1
    Check,
    /// lambark.toml
    Config,
    /// lambark.lint/v1
    Lint,
}

pub(super) fn run(arguments: &Arguments) -> Result<u8, Failure> {
    output::print(|out| match arguments.what {
        What::CliReference => reference::page(out, super::command()),
        What::Schema { format: Schema::Check } => json::document(out, &json::check::schema()),
        What::Schema { format: Schema::Config } => json::document(out, &schemars::schema_for!(crate::config::Config)),
        What::Schema { format: Schema::Lint } => json::document(out, &json::lint_schema()),
        What::RulesPage => rules::all_pages(out),
    })?;
    Ok(exit::FINE)
}
