//! The flags of every verb that writes to the ledger.

use std::path::PathBuf;

use clap::Args;

use super::clock;
use super::context::Context;
use crate::failure::Failure;
use crate::operations::ledger::{Place, Settings, caller};

/// The file in the state directory.
const FILE_NAME: &str = "ledger.db";

/// Where the ledger lies, and what a person says for the entry.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Ledger")]
pub(super) struct LedgerFlags {
    /// The ledger; `none` for a runner whose disk does not last; `ledger.db` in the state directory if nothing is said
    #[arg(long, global = true, value_name = "PATH")]
    ledger: Option<PathBuf>,
    /// With `--ledger none`: add the entries to this file, one a line
    #[arg(long, global = true, value_name = "FILE")]
    ledger_artifact: Option<PathBuf>,
    /// Why, for the entry
    #[arg(long, global = true, value_name = "TEXT")]
    reason: Option<String>,
    /// The ticket, for the entry
    #[arg(long, global = true, value_name = "TICKET")]
    ticket: Option<String>,
    /// Who approved, for the entry
    #[arg(long, global = true, value_name = "NAME")]
    approved_by: Option<String>,
}

impl LedgerFlags {
    /// What every entry of this run has in common.
    pub(super) fn settings(&self, context: &Context) -> Result<Settings, Failure> {
        Ok(Settings {
            place: self.place(context)?,
            caller: caller(|name| std::env::var(name).ok()),
            reason: self.reason.clone(),
            ticket: self.ticket.clone(),
            approved_by: self.approved_by.clone(),
            clock: clock::now,
        })
    }

    fn place(&self, context: &Context) -> Result<Place, Failure> {
        match (&self.ledger, &self.ledger_artifact) {
            (Some(none), artifact) if none.as_os_str() == "none" => Ok(Place::None { artifact: artifact.clone() }),
            (_, Some(_)) => Err(Failure::Arguments("--ledger-artifact goes with `--ledger none` alone".to_owned())),
            (Some(path), None) => Ok(Place::Database(path.clone())),
            (None, None) => Ok(Place::Database(context.state_dir()?.join(FILE_NAME))),
        }
    }
}
