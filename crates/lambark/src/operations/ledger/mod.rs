//! The ledger that a verb writes to: where it lies, who writes, what every entry of this run has in common, and how what
//! changes something is recorded.

mod caller;
mod journal;
mod repair;

use std::collections::BTreeMap;
use std::path::PathBuf;

use lambark_ledger::{Draft, Error, Ledger, Outcome, Who, WhoKind};

pub use caller::{Caller, caller};
pub use journal::{Journal, Origin};
pub use repair::{Record, carry_out, take_back};

/// Where the ledger lies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// In a database.
    Database(PathBuf),
    /// Nowhere; entries are added to a file, if one is named.
    None {
        /// The file.
        artifact: Option<PathBuf>,
    },
}

/// What every entry of a run has in common.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where the ledger lies.
    pub place: Place,
    /// Who runs this, by the environment.
    pub caller: Caller,
    /// Why, in the user's words.
    pub reason: Option<String>,
    /// The ticket.
    pub ticket: Option<String>,
    /// Who approved.
    pub approved_by: Option<String>,
    /// What time it is, in milliseconds since 1970.
    pub clock: fn() -> u64,
}

impl Settings {
    /// Opens the ledger for reading and appending.
    ///
    /// # Errors
    /// When it cannot be opened: then nothing may be changed, since it could not be recorded.
    pub fn open(&self) -> Result<Ledger, Error> {
        match &self.place {
            Place::Database(path) => Ledger::open(path),
            Place::None { artifact } => Ledger::none(artifact.as_deref()),
        }
    }

    /// Opens the ledger for reading alone.
    ///
    /// # Errors
    /// When it is not there, or cannot be read.
    pub fn open_read_only(&self) -> Result<Ledger, Error> {
        match &self.place {
            Place::Database(path) => Ledger::open_read_only(path),
            Place::None { artifact } => Ledger::none(artifact.as_deref()),
        }
    }

    /// An entry of this run, now: who, why, commit and run are filled in.
    #[must_use]
    pub fn draft(&self, verb: &str, outcome: Outcome) -> Draft {
        let Caller { who, commit, run_url } = self.caller.clone();
        Draft {
            commit,
            run_url,
            rules: Some(env!("CARGO_PKG_VERSION").to_owned()),
            reason: self.reason.clone(),
            ticket: self.ticket.clone(),
            approved_by: self.approved_by.clone(),
            ..Draft::new((self.clock)(), who, verb, outcome)
        }
    }

    /// The same with the caller's ARN, as STS tells it. What the environment said stays beside it, as a fact.
    #[must_use]
    pub fn draft_by(&self, arn: &str, verb: &str, outcome: Outcome) -> Draft {
        let draft = self.draft(verb, outcome);
        let environment = format!("{}: {}", draft.who.kind, draft.who.name);
        let facts = BTreeMap::from([("environment".to_owned(), environment)]);
        Draft { who: Who { kind: WhoKind::Sts, name: arn.to_owned() }, facts, ..draft }
    }
}
