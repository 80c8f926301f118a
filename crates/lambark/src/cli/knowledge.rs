//! `lambark knowledge`

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::context::{Context, Format};
use super::output;
use crate::exit;
use crate::failure::Failure;
use crate::operations::knowledge::import::{self, Import};
use crate::operations::knowledge::{Shelf, lint};
use crate::render::{self, json};

/// What is known of error messages: list, show, check and add entries
///
/// Entries are Markdown with front matter: lambark's own, those of the repository (`.lambark/knowledge/*.md`), and the
/// user's (`lambark/knowledge/*.md` in the user's data directory). One with a known id takes that one's place.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  lambark knowledge list
  lambark knowledge show manifest-media-type --as hot-pattern
  lambark knowledge lint .lambark/knowledge
  lambark knowledge import docs/incident.md --plan")]
pub(super) struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    List(List),
    Show(Show),
    Lint(Lint),
    Import(ImportArguments),
}

/// List every entry, with how often it helped
#[derive(Debug, Args)]
struct List {
    /// How to print them
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,
}

/// Show one entry
#[derive(Debug, Args)]
struct Show {
    /// The entry's id; `lambark knowledge list` lists them
    #[arg(value_name = "ENTRY")]
    entry: String,
    /// In which form; if nothing is said, as `explain` shows it
    #[arg(long = "as", value_name = "FORM")]
    form: Option<Form>,
    /// How to print it
    #[arg(long, value_name = "FORMAT", default_value = "text", conflicts_with = "form")]
    format: Format,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Form {
    /// Markdown with front matter
    Article,
    /// A block with keywords, symptom, root cause, solution, hit count and last use
    HotPattern,
}

/// Look whether entries keep their promises, and which are to be looked at again
#[derive(Debug, Args)]
struct Lint {
    /// Files or directories of entries; all that there are if nothing is said
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// How to print it
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,
}

/// Make entries out of an incident record or of hot patterns
#[derive(Debug, Args)]
struct ImportArguments {
    /// Markdown with front matter and sections (symptom, root cause, solution, prevention), or hot patterns
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Where the entries go; if nothing is said, into the repository's `.lambark/knowledge`
    #[arg(long, value_name = "DIR")]
    to: Option<PathBuf>,
    /// Print what would be written, and write nothing
    #[arg(long)]
    plan: bool,
    /// How to print it
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,
}

pub(super) fn run(arguments: Arguments, context: &Context) -> Result<u8, Failure> {
    let (settings, page) = (context.knowledge(), context.page());
    match arguments.what {
        What::List(List { format }) => {
            let shelf = Shelf::load(&settings)?;
            output::print(|out| match format {
                Format::Text => render::knowledge::table(out, &shelf, page),
                Format::Json => json::knowledge::list(out, &shelf),
            })?;
            Ok(exit::FINE)
        }
        What::Show(show) => {
            let shelf = Shelf::load(&settings)?;
            let (entry, used) = (shelf.entry(&show.entry)?, shelf.usage.of(&show.entry));
            output::print(|out| match (show.form, show.format) {
                (Some(Form::Article), _) => out.write_all(lambark_knowledge::write(entry).as_bytes()),
                (Some(Form::HotPattern), _) => {
                    let last = used.last_used.as_deref();
                    out.write_all(lambark_knowledge::hot_pattern(entry, used.hits, last).as_bytes())
                }
                (None, Format::Text) => render::explain::entry(out, entry, &used, page),
                (None, Format::Json) => json::knowledge::entry(out, entry, &used),
            })?;
            Ok(exit::FINE)
        }
        What::Lint(Lint { paths, format }) => {
            let outcome = lint::run(&settings, &paths)?;
            output::print(|out| match format {
                Format::Text => render::knowledge::faults(out, &outcome, page),
                Format::Json => json::knowledge::faults(out, &outcome),
            })?;
            Ok(outcome.exit_code())
        }
        What::Import(ImportArguments { file, to, plan, format }) => {
            let to = to.unwrap_or_else(|| settings.repository.clone());
            let outcome = import::run(&settings, &Import { file, to, plan })?;
            output::print(|out| match format {
                Format::Text => render::knowledge::imported(out, &outcome, page),
                Format::Json => json::knowledge::imported(out, &outcome),
            })?;
            Ok(exit::FINE)
        }
    }
}
