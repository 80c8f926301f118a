//! The ledger as a deployment uses it: the intent before the first change, the outcome after the last.

use lambark_ledger::{Draft, Entry, Error, Ledger, Outcome};

use super::Origin;
use crate::operations::ledger::Settings;

/// An open ledger, and the intent that waits for its end.
pub struct Journal {
    ledger: Ledger,
    settings: Settings,
    /// The caller's ARN, as STS tells it.
    arn: Option<String>,
    intent: Option<Entry>,
}

impl Journal {
    /// Opens the ledger.
    ///
    /// # Errors
    /// When it cannot be opened: then nothing may be changed, since it could not be recorded.
    pub fn open(settings: Settings, arn: Option<String>) -> Result<Journal, Error> {
        Ok(Journal { ledger: settings.open()?, settings, arn, intent: None })
    }

    /// What the run says of itself, for a version's Description.
    #[must_use]
    pub fn origin(&self) -> Origin {
        let caller = &self.settings.caller;
        let by = self.arn.as_deref().and_then(|arn| arn.rsplit(':').next()).map(str::to_owned);
        let by = by.or_else(|| Some(caller.who.name.clone()));
        Origin { commit: caller.commit.clone(), run: caller.run_url.clone(), by }
    }

    /// A deployment of this function that was begun and never ended, by this ledger.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    pub fn unfinished(&self, function: &str, alias: Option<&str>) -> Result<Option<Entry>, Error> {
        self.ledger.open_intent(function, alias)
    }

    /// Writes what is about to be done. An earlier intent that `takes_over` names ends with it.
    ///
    /// # Errors
    /// When the ledger cannot be written: nothing may be changed then.
    pub fn intend(
        &mut self,
        verb: &str,
        takes_over: Option<&Entry>,
        fill: impl FnOnce(&mut Draft),
    ) -> Result<(), Error> {
        if let Some(entry) = takes_over {
            let draft = Draft { of: Some(entry.id), ..entry.body.clone() };
            let now = self.draft(verb, Outcome::Abandoned);
            self.ledger.append(&Draft { time: now.time, who: now.who, outcome: Outcome::Abandoned, ..draft })?;
        }
        let mut draft = self.draft(verb, Outcome::Intended);
        fill(&mut draft);
        self.intent = Some(self.ledger.append(&draft)?);
        Ok(())
    }

    /// Writes how it ended.
    ///
    /// # Errors
    /// When the ledger cannot be written. What was done is done.
    pub fn end(&mut self, outcome: Outcome, fill: impl FnOnce(&mut Draft)) -> Result<(), Error> {
        let Some(intent) = self.intent.take() else { return Ok(()) };
        let mut draft = Draft::end(&intent, (self.settings.clock)(), outcome);
        fill(&mut draft);
        self.ledger.append(&draft).map(drop)
    }

    /// The last entry: its number and hash, which somebody else should keep too.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    pub fn head(&self) -> Result<Option<String>, Error> {
        Ok(self.ledger.head()?.map(|head| format!("{} {}", head.id, head.hash.hex())))
    }

    fn draft(&self, verb: &str, outcome: Outcome) -> Draft {
        match &self.arn {
            Some(arn) => self.settings.draft_by(arn, verb, outcome),
            None => self.settings.draft(verb, outcome),
        }
    }
}
