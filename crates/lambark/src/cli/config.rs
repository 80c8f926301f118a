//! `lambark config`

use clap::{Args, Subcommand};

use super::context::{Context, Format};
use super::output;
use crate::exit;
use crate::failure::Failure;
use crate::operations::settings;
use crate::render;

/// Check lambark.toml, or show what it says
///
/// An unknown key is an error that names the nearest known one. `check` also looks whether the files that it names are
/// there, and what the services lack. A JSON Schema for editors lies in docs/schema/config-v1.json.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  lambark config check
  lambark config show --format json")]
pub(super) struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Tell what is wrong with it, and what its services lack
    #[command(after_help = "Examples:\n  lambark config check")]
    Check(Shape),
    /// Print what it says, with every default
    #[command(after_help = "Examples:\n  lambark config show")]
    Show(Shape),
}

#[derive(Debug, Args)]
struct Shape {
    /// How to report
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,
}

pub(super) fn run(arguments: &Arguments, context: &Context) -> Result<u8, Failure> {
    let is_set = |name: &str| std::env::var_os(name).is_some();
    let outcome = settings::run(context.config()?, context.config_file(), &is_set)?;
    let (What::Check(shape) | What::Show(shape)) = &arguments.what;
    output::print(|out| match (&arguments.what, shape.format) {
        (_, Format::Json) => render::json::config(out, &outcome),
        (What::Check(_), Format::Text) => render::config::check(out, &outcome, context.page()),
        (What::Show(_), Format::Text) => render::config::show(out, &outcome),
    })?;
    Ok(if matches!(arguments.what, What::Check(_)) { outcome.exit_code() } else { exit::FINE })
}
