//! The flags of every verb that writes to the ledger.

use std::path::PathBuf;

use clap::Args;

use super::clock;
use super::context::Context;
use crate::failure::Failure;
use crate::operations::ledger::{Journal, Place, Settings, caller};
use crate::render;

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

    /// The ledger of what moves a tag, open. Who did it is the environment's word: no call to AWS is made for it.
    pub(super) fn journal(&self, context: &Context) -> Result<Journal, Failure> {
        Ok(Journal::open(self.settings(context)?, None)?)
    }

    /// The same, opened only when there is something to write.
    pub(super) fn journal_later(&self, context: &Context) -> Result<Journal, Failure> {
        Ok(Journal::later(self.settings(context)?))
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

/// Tells that how something ended could not be recorded.
pub(super) fn warn(journal: Option<&Journal>) {
    if let Some(error) = journal.and_then(Journal::unrecorded) {
        // What was done is done; if even this cannot be told, nothing can.
        let _ = render::record::end_unrecorded(&mut anstream::stderr().lock(), error);
    }
}
