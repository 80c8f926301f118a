//! `record prune`: what is old enough goes.

use lambark_ledger::{Entry, Error, Outcome, Prunable};

use super::Look;
use crate::operations::ledger::Settings;
use crate::words::moment;

/// What is to go.
#[derive(Clone, Copy, Debug)]
pub struct Prune {
    /// What is older than this, in milliseconds since 1970.
    pub before: u64,
    /// How long entries have to be kept, in days.
    pub retention_days: u64,
    /// Whether nothing is removed yet.
    pub plan: bool,
}

/// What went, or would go.
#[derive(Debug)]
pub struct Pruned {
    /// What was asked.
    pub asked: Prune,
    /// What went, or would go; none if everything is younger.
    pub prunable: Option<Prunable>,
    /// The entry that tells of it, if it went.
    pub entry: Option<Entry>,
}

/// Removes what is old enough, from the first entry on.
///
/// # Errors
/// When something of that has to be kept, the chain does not hold, or the ledger cannot be written.
pub fn prune(settings: &Settings, asked: Prune) -> Result<Pruned, Error> {
    if asked.plan {
        let ledger = settings.open_read_only()?;
        let prunable = ledger.prunable(asked.before, asked.retention_days, (settings.clock)())?;
        return Ok(Pruned { asked, prunable, entry: None });
    }
    let mut ledger = match Look::open(settings)? {
        Look { unwritable: Some(error), .. } => return Err(error),
        look => look.ledger,
    };
    let mut draft = settings.draft("record prune", Outcome::Pruned);
    draft.facts.insert("before".to_owned(), moment(asked.before));
    draft.facts.insert("retention in days".to_owned(), asked.retention_days.to_string());
    let pruned = ledger.prune(asked.before, asked.retention_days, &draft)?;
    let (prunable, entry) = pruned.map_or((None, None), |(prunable, entry)| (Some(prunable), Some(entry)));
    Ok(Pruned { asked, prunable, entry })
}
