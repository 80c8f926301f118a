//! `lambark record export`, `prune`, `incident`: what leaves the ledger.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use lambark_ledger::limits::RETENTION_DAYS;

use super::{Moment, Which, moment, warn};
use crate::cli::context::{Context, Format};
use crate::cli::output;
use crate::exit;
use crate::failure::Failure;
use crate::operations::ledger::Settings;
use crate::operations::record;
use crate::operations::record::age::{self, Recipient};
use crate::operations::record::incident::Words;
use crate::render::{self, json};

/// Write entries for somebody else: an auditor, a spreadsheet, another program
///
/// The entries of reading are among them. A file is readable for you alone; with --encrypt-to not even for you.
#[derive(Debug, Args)]
pub(super) struct Export {
    #[command(flatten)]
    which: Which,
    /// In which form
    #[arg(long, value_name = "FORMAT")]
    format: ExportFormat,
    /// The file; standard output if nothing is said
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Encrypt it with age for this recipient; may be given more than once
    #[arg(long, value_name = "AGE-RECIPIENT")]
    encrypt_to: Vec<Recipient>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum ExportFormat {
    /// As `list --format json` writes them
    Json,
    /// A table for spreadsheets
    Csv,
    /// A page for people
    Md,
}

impl ExportFormat {
    fn word(self) -> &'static str {
        match self {
            ExportFormat::Json => "json",
            ExportFormat::Csv => "csv",
            ExportFormat::Md => "md",
        }
    }
}

/// Remove the oldest entries, once they are older than they have to be kept
///
/// Nothing that is younger than the retention goes, and nothing of a ledger whose chain does not hold. An entry tells
/// what went and holds the hash of the last of it, so that the chain can still be verified.
#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("consent").required(true).args(["yes", "plan"]))]
pub(super) struct Prune {
    /// What is older than this goes: a day (2019-11-29) or how long ago (7y)
    #[arg(long, value_name = "DATE", value_parser = moment)]
    before: Moment,
    /// How long entries have to be kept, if not seven years: for instance 10y or 90d
    #[arg(long, value_name = "TIME", value_parser = days)]
    retention: Option<u64>,
    /// Do it
    #[arg(long)]
    yes: bool,
    /// Say what would be removed, and remove nothing
    #[arg(long)]
    plan: bool,
    /// How to report
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,
}

/// Write the record of an incident: what the ledger knows, and marked gaps for what it does not
///
/// Markdown with front matter: summary, timeline, cause, resolution, prevention, sign-off. Nothing is invented; what
/// nobody recorded says so.
#[derive(Debug, Args)]
pub(super) struct Incident {
    /// The entry that begins or ends the change that went wrong
    #[arg(value_name = "ENTRY")]
    entry: u64,
    /// How bad it is
    #[arg(long, value_name = "TEXT")]
    severity: Option<String>,
    /// How far it is, for instance `open` or `resolved`
    #[arg(long, value_name = "TEXT")]
    status: Option<String>,
    /// Whom it hit, and how
    #[arg(long, value_name = "TEXT")]
    impact: Option<String>,
    /// The file; standard output if nothing is said
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// Whole days, rounded up: who asks for a year never gets less.
fn days(text: &str) -> Result<u64, String> {
    const DAY: u64 = 24 * 60 * 60;
    let time = humantime::parse_duration(text).map_err(|error| error.to_string())?;
    Ok(time.as_secs().div_ceil(DAY))
}

pub(super) fn export(arguments: Export, settings: &Settings) -> Result<u8, Failure> {
    let Export { which, format, output, encrypt_to } = arguments;
    if !encrypt_to.is_empty() && output.is_none() && output::is_terminal() {
        return Err(Failure::Arguments("what is encrypted is no text for a terminal: give --output FILE".to_owned()));
    }
    let asked = record::Export { filter: which.filter(), format: format.word(), encrypt_to, output };
    let read = record::export(settings, &asked)?;
    warn(read.unrecorded.as_ref());
    let mut bytes = Vec::new();
    let written = match format {
        ExportFormat::Json => json::record_list(&mut bytes, &read),
        ExportFormat::Csv => render::record::csv(&mut bytes, &read.what.listing.entries),
        ExportFormat::Md => render::record::markdown(&mut bytes, &read.what),
    };
    let path = asked.output.as_deref();
    let place = path.unwrap_or(Path::new("standard output"));
    written.map_err(|source| Failure::Output { path: place.to_owned(), source })?;
    if !asked.encrypt_to.is_empty() {
        bytes = age::encrypt(&bytes, &asked.encrypt_to).map_err(|_| {
            let source = std::io::Error::other("it cannot be encrypted: no randomness, or a recipient that is no key");
            Failure::Output { path: place.to_owned(), source }
        })?;
    }
    output::whole(path, &bytes)?;
    // A list without what cannot be believed is not the whole list.
    Ok(if read.what.listing.damaged.is_empty() { exit::FINE } else { exit::FINDINGS })
}

pub(super) fn prune(arguments: &Prune, settings: &Settings) -> Result<u8, Failure> {
    let asked = record::Prune {
        before: arguments.before.before_now(),
        retention_days: arguments.retention.unwrap_or(RETENTION_DAYS),
        plan: !arguments.yes || arguments.plan,
    };
    let pruned = record::prune(settings, asked)?;
    output::print(|out| match arguments.format {
        Format::Text => render::record::pruned(out, &pruned),
        Format::Json => json::record_prune(out, &pruned),
    })?;
    Ok(exit::FINE)
}

pub(super) fn incident(arguments: Incident, settings: &Settings, context: &Context) -> Result<u8, Failure> {
    let Incident { entry, severity, status, impact, output } = arguments;
    let read = record::incident::incident(settings, entry, Words { severity, status, impact })?;
    warn(read.unrecorded.as_ref());
    let mut page = Vec::new();
    let place = || output.clone().unwrap_or_else(|| "standard output".into());
    render::record::incident(&mut page, &read.what).map_err(|source| Failure::Output { path: place(), source })?;
    output::whole(output.as_deref(), &page)?;
    if let Some(path) = output.filter(|_| !context.page().quiet) {
        output::print(|out| writeln!(out, "wrote {}", render::escape::plain(&path.display().to_string())))?;
    }
    Ok(exit::FINE)
}
