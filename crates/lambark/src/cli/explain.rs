//! `lambark explain`

use std::io::{self, IsTerminal};

use clap::{Args, ValueEnum};

use super::context::Context;
use super::output;
use crate::exit;
use crate::failure::Failure;
use crate::operations::explain::{self, Outcome, What};
use crate::render::{self, Page, json, rules};

/// Explain an error message, a whole log, or a rule: what it means, its causes, what settles and what mends it
///
/// Reads a message as it was pasted, or a whole CI log on standard input; takes off what boto, CloudFormation,
/// Terraform and others put around it; ranks the causes by what else the log shows. Exit code 1: nothing known in it.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  lambark explain 'Runtime.InvalidEntrypoint'
  lambark explain - < build.log
  lambark explain image-index
  lambark explain image-index --format markdown")]
pub(super) struct Arguments {
    /// A message; the name of a rule or entry; `-`, or nothing in a pipe, for a log on standard input
    #[arg(value_name = "TEXT", allow_hyphen_values = false)]
    text: Vec<String>,
    /// How to print it
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,
    /// Tell all matches in full
    #[arg(long, short)]
    verbose: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Format {
    /// For a terminal
    Text,
    /// The page of a rule or entry as it was written
    Markdown,
    /// For machines
    Json,
}

pub(super) fn run(arguments: &Arguments, context: &Context) -> Result<u8, Failure> {
    let text = arguments.text.join(" ");
    if let Some(rule) = lambark_lint::rule(&text) {
        output::print(|out| match arguments.format {
            Format::Text => rules::lint_page(out, rule, context.page()),
            Format::Markdown => out.write_all(rule.doc.as_bytes()),
            Format::Json => json::explain_lint(out, rule),
        })?;
        return Ok(exit::FINE);
    }
    let settings = context.knowledge();
    let outcome = if is_stream(&text)? {
        explain::run(What::Log(&mut io::stdin().lock()), &settings)?
    } else {
        explain::run(What::Text(&text), &settings)?
    };
    let page = Page { verbose: arguments.verbose, ..context.page() };
    output::print(|out| match (&outcome, arguments.format) {
        (Outcome::Rule(rule), Format::Text) => rules::page(out, rule, page),
        (Outcome::Rule(rule), Format::Markdown) => out.write_all(rule.doc.as_bytes()),
        (Outcome::Rule(rule), Format::Json) => json::explain(out, rule),
        (Outcome::Entry(entry, used), Format::Text) => render::explain::entry(out, entry, used, page),
        (Outcome::Entry(entry, _), Format::Markdown) => out.write_all(lambark_knowledge::write(entry).as_bytes()),
        (Outcome::Entry(entry, used), Format::Json) => json::knowledge::entry(out, entry, used),
        (Outcome::Log(log), Format::Text | Format::Markdown) => render::explain::log(out, log, page),
        (Outcome::Log(log), Format::Json) => json::knowledge::log(out, log),
    })?;
    Ok(match &outcome {
        Outcome::Log(log) => log.exit_code(),
        Outcome::Rule(_) | Outcome::Entry(..) => exit::FINE,
    })
}

/// Whether a log is to be read from standard input: asked for, or nothing is said and something is piped in.
pub(super) fn is_stream(text: &str) -> Result<bool, Failure> {
    match text {
        "-" => Ok(true),
        "" if io::stdin().is_terminal() => {
            Err(Failure::Arguments("give a message or a name, or a log on standard input".to_owned()))
        }
        text => Ok(text.is_empty()),
    }
}
