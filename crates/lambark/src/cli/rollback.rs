//! `lambark rollback`

use std::time::Duration;

use clap::Args;

use super::context::{Context, Format};
use super::deployment::{Deployer, Target, lookup};
use super::ledger::LedgerFlags;
use super::output;
use crate::failure::Failure;
use crate::operations::deployment::Journal;
use crate::operations::deployment::note::is_version;
use crate::operations::rollback::{self, goal::Aim};
use crate::render;

/// Make what ran before run again
///
/// Reads from the version's Description what it replaced, makes sure that this image can still be pulled, and moves the
/// alias back in one call; `$LATEST` follows. A canary that is under way, or broke off, loses its share. Needs nothing
/// but AWS: no ledger, no earlier process.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  lambark rollback backend
  lambark rollback backend --to 41
  lambark rollback --function app --alias live --plan")]
pub(super) struct Arguments {
    #[command(flatten)]
    target: Target,
    /// Where to: a version or a digest; what had the traffic before if nothing is said
    #[arg(long, value_name = "VERSION|DIGEST", value_parser = aim)]
    to: Option<Aim>,
    /// Print the calls and make none that changes anything
    #[arg(long)]
    plan: bool,
    /// How long an update may take
    #[arg(long, value_name = "TIME", default_value = "5m", value_parser = humantime::parse_duration)]
    settle_limit: Duration,
    /// How to report
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,
    #[command(flatten)]
    ledger: LedgerFlags,
}

fn aim(text: &str) -> Result<Aim, String> {
    if is_version(text) {
        return Ok(Aim::Version(text.to_owned()));
    }
    text.parse().map(Aim::Digest).map_err(|_| "a version's number, or sha256: and 64 hexadecimal digits".to_owned())
}

pub(super) fn run(arguments: Arguments, context: &Context) -> Result<u8, Failure> {
    let config = context.config()?;
    let service = arguments.target.service(&config)?;
    let settings = rollback::Settings {
        service: arguments.target.service.clone(),
        function: arguments.target.function(service.as_ref())?,
        alias: arguments.target.alias(service.as_ref()),
        aim: arguments.to.unwrap_or(Aim::Before),
        probes: service.as_ref().map(|service| service.probes(&lookup)).transpose()?.unwrap_or_default(),
        plan_only: arguments.plan,
    };
    let deployer = Deployer::new(context, &settings.function, None, arguments.settle_limit)?;
    let sender = deployer.sender(&settings.probes)?;
    let mut journal = if arguments.plan { None } else { Some(deployer.journal(&arguments.ledger)?) };
    let mut printed = Ok(());
    let outcome = rollback::run(&settings, &deployer.world, sender.as_ref(), journal.as_mut(), &mut |step| {
        if matches!(arguments.format, Format::Text) && printed.is_ok() {
            printed = output::print(|out| render::deploy::step(out, step, context.page()));
        }
    })?;
    printed?;
    let head = journal.as_ref().and_then(Journal::head);
    output::print(|out| match arguments.format {
        Format::Text => {
            render::rollback::end(out, &outcome, context.page())?;
            render::record::head(out, head, context.page())
        }
        Format::Json => render::json::rollback(out, &outcome, head),
    })?;
    Ok(outcome.exit_code())
}
