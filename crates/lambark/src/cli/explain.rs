//! `lambark explain`

use clap::{Args, ValueEnum};

use super::context::Context;
use super::output;
use crate::exit;
use crate::failure::Failure;
use crate::operations::explain;
use crate::render::{json, rules};

/// Explain a rule: what it finds, why Lambda refuses, how sure that is, what helps
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  lambark explain image-index
  lambark explain image-index --format markdown")]
pub(super) struct Arguments {
    /// The rule's name; `lambark rules` lists them
    #[arg(value_name = "RULE")]
    rule: String,
    /// How to print it
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Format {
    /// For a terminal
    Text,
    /// The page as it was written
    Markdown,
    /// For machines
    Json,
}

pub(super) fn run(arguments: &Arguments, context: &Context) -> Result<u8, Failure> {
    if let Some(rule) = lambark_lint::rule(&arguments.rule) {
        output::print(|out| match arguments.format {
            Format::Text => rules::lint_page(out, rule, context.page()),
            Format::Markdown => out.write_all(rule.doc.as_bytes()),
            Format::Json => json::explain_lint(out, rule),
        })?;
        return Ok(exit::FINE);
    }
    let rule = explain::run(&arguments.rule)?;
    output::print(|out| match arguments.format {
        Format::Text => rules::page(out, rule, context.page()),
        Format::Markdown => out.write_all(rule.doc.as_bytes()),
        Format::Json => json::explain(out, rule),
    })?;
    Ok(exit::FINE)
}
