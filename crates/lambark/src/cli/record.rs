//! `lambark record`

mod away;

use std::time::Duration;

use clap::{Args, Subcommand};
use lambark_ledger::{Error, Filter};
use lambark_oci::Digest;

use super::context::{Context, Format};
use super::ledger::LedgerFlags;
use super::{clock, output};
use crate::exit;
use crate::failure::Failure;
use crate::operations::record;
use crate::render::{self, json};
use crate::words;

/// The ledger: what was done to functions and images, by whom, why, and how it went
///
/// Verbs that change a function or a tag leave entries in a file, chained by hashes. Reading them leaves an entry too;
/// where the ledger may not be written it is read all the same, with a warning that this could not be recorded.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  lambark record list --since 7d
  lambark record show 7
  lambark record verify --head 4f0c2d8f6a5f5d0f1c6d4f0c2d8f6a5f5d0f1c6d4f0c2d8f6a5f5d0f1c6d4f0c
  lambark record export --format csv --since 2026-01-01 --output ledger.csv --ticket AUDIT-7
  lambark record incident 7 --severity high --output incident.md
  lambark record prune --before 10y --plan")]
pub(super) struct Arguments {
    #[command(subcommand)]
    what: What,
    #[command(flatten)]
    ledger: LedgerFlags,
}

#[derive(Debug, Subcommand)]
enum What {
    List(List),
    Show(Show),
    Verify(Verify),
    Export(away::Export),
    Incident(away::Incident),
    Prune(away::Prune),
}

/// Which entries.
#[derive(Debug, Args)]
struct Which {
    /// Not earlier than this: a day (2026-11-29), a time (2026-11-29T05:50:00Z), or how long ago (7d)
    #[arg(long, value_name = "DATE", value_parser = moment)]
    since: Option<Moment>,
    /// Earlier than this, in the same forms
    #[arg(long, value_name = "DATE", value_parser = moment)]
    until: Option<Moment>,
    /// Of this function
    #[arg(long, value_name = "NAME")]
    function: Option<String>,
    /// Of this service
    #[arg(long, value_name = "NAME")]
    service: Option<String>,
}

impl Which {
    fn filter(&self) -> Filter {
        Filter {
            since: self.since.map(Moment::before_now),
            until: self.until.map(Moment::before_now),
            function: self.function.clone(),
            service: self.service.clone(),
            ..Filter::default()
        }
    }
}

/// List entries, the oldest first
#[derive(Debug, Args)]
struct List {
    #[command(flatten)]
    which: Which,
    /// The newest of them, at most so many
    #[arg(long, value_name = "NUMBER")]
    limit: Option<u32>,
    /// Also the entries that tell of reading
    #[arg(long)]
    with_reads: bool,
    /// How to print them
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,
}

/// Show one entry with everything that it holds
#[derive(Debug, Args)]
struct Show {
    /// The entry's number
    #[arg(value_name = "ENTRY")]
    entry: u64,
    /// How to print it
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,
}

/// Look at every entry; name those that were changed, removed or put elsewhere
///
/// Ends with 1 if the chain does not hold. A cut end is noticed only with the hash of a head that was noted elsewhere.
#[derive(Debug, Args)]
struct Verify {
    /// The hash of an earlier head, as job summaries have it
    #[arg(long, value_name = "HASH", value_parser = hash)]
    head: Option<Digest>,
    /// How to print it
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,
}

/// A time that was named.
#[derive(Clone, Copy, Debug)]
enum Moment {
    /// In milliseconds since 1970.
    At(u64),
    /// So long ago.
    Ago(Duration),
}

impl Moment {
    fn before_now(self) -> u64 {
        match self {
            Moment::At(time) => time,
            Moment::Ago(ago) => clock::now().saturating_sub(u64::try_from(ago.as_millis()).unwrap_or(u64::MAX)),
        }
    }
}

fn moment(text: &str) -> Result<Moment, String> {
    let at = words::parse_moment(text).map(Moment::At);
    at.or_else(|| humantime::parse_duration(text).ok().map(Moment::Ago)).ok_or_else(|| {
        "a day is 2026-11-29, a time 2026-11-29T05:50:00Z in UTC, and how long ago for instance 7d".to_owned()
    })
}

/// A hash with or without its algorithm.
fn hash(text: &str) -> Result<Digest, String> {
    let text = text.trim().to_ascii_lowercase();
    let text = if text.contains(':') { text } else { format!("sha256:{text}") };
    text.parse().map_err(|error: lambark_oci::digest::DigestError| error.to_string())
}

/// Tells that a reading could not be recorded.
fn warn(unrecorded: Option<&Error>) {
    if let Some(error) = unrecorded {
        // The result is what counts; if even this cannot be told, nothing can.
        let _ = render::record::unrecorded(&mut anstream::stderr().lock(), error);
    }
}

pub(super) fn run(arguments: Arguments, context: &Context) -> Result<u8, Failure> {
    let (settings, page) = (arguments.ledger.settings(context)?, context.page());
    match arguments.what {
        What::List(list) => {
            let filter = Filter { limit: list.limit, ..list.which.filter() };
            let read = record::list(&settings, &filter, list.with_reads)?;
            warn(read.unrecorded.as_ref());
            output::print(|out| match list.format {
                Format::Text => render::record::list(out, &read.what, page),
                Format::Json => json::record_list(out, &read),
            })?;
        }
        What::Show(show) => {
            let read = record::show(&settings, show.entry)?;
            warn(read.unrecorded.as_ref());
            output::print(|out| match show.format {
                Format::Text => render::record::entry(out, &read.what, page),
                Format::Json => json::record_show(out, &read),
            })?;
        }
        What::Verify(verify) => {
            let verified = record::verify(&settings, verify.head)?;
            output::print(|out| match verify.format {
                Format::Text => render::record::verified(out, &verified, page),
                Format::Json => json::record_verify(out, &verified),
            })?;
            return Ok(verified.exit_code());
        }
        What::Export(export) => return away::export(export, &settings),
        What::Incident(incident) => return away::incident(incident, &settings, context),
        What::Prune(prune) => return away::prune(&prune, &settings),
    }
    Ok(exit::FINE)
}
