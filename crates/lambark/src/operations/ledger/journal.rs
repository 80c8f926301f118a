//! The ledger as a verb uses it: the intent before the first change, the outcome after the last.

use lambark_ledger::{Draft, Entry, Error, Ledger, Outcome};

use super::Settings;

/// Who and what a change is for; goes into the ledger, and into a version's Description.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origin {
    /// The commit that the image was built from.
    pub commit: Option<String>,
    /// The CI run.
    pub run: Option<String>,
    /// Who deploys.
    pub by: Option<String>,
}

/// The ledger, and the intent that waits for its end.
pub struct Journal {
    ledger: Option<Ledger>,
    settings: Settings,
    /// The caller's ARN, as STS tells it.
    arn: Option<String>,
    intent: Option<Entry>,
    unrecorded: Option<Error>,
    /// The last entry of this run: its number and hash.
    head: Option<String>,
}

impl Journal {
    /// Opens the ledger.
    ///
    /// # Errors
    /// When it cannot be opened: then nothing may be changed, since it could not be recorded.
    pub fn open(settings: Settings, arn: Option<String>) -> Result<Journal, Error> {
        Ok(Journal { ledger: Some(settings.open()?), arn, ..Journal::later(settings) })
    }

    /// The same, opened when there is something to write: for what mostly finds nothing to do.
    #[must_use]
    pub fn later(settings: Settings) -> Journal {
        Journal { ledger: None, settings, arn: None, intent: None, unrecorded: None, head: None }
    }

    fn ledger(&mut self) -> Result<&mut Ledger, Error> {
        let ledger = match self.ledger.take() {
            Some(ledger) => ledger,
            None => self.settings.open()?,
        };
        Ok(self.ledger.insert(ledger))
    }

    fn append(&mut self, draft: &Draft) -> Result<Entry, Error> {
        let ledger = self.ledger()?;
        let entry = ledger.append(draft)?;
        if ledger.is_kept() {
            self.head = Some(format!("{} {}", entry.id, entry.hash.hex()));
        }
        Ok(entry)
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
    pub fn unfinished(&mut self, function: &str, alias: Option<&str>) -> Result<Option<Entry>, Error> {
        self.ledger()?.open_intent(function, alias)
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
            self.append(&Draft { time: now.time, who: now.who, outcome: Outcome::Abandoned, ..draft })?;
        }
        let mut draft = self.draft(verb, Outcome::Intended);
        fill(&mut draft);
        self.intent = Some(self.append(&draft)?);
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
        self.append(&draft).map(drop)
    }

    /// The same, where the work goes on if it cannot be written: [`Journal::unrecorded`] tells then.
    pub fn try_end(&mut self, outcome: Outcome, fill: impl FnOnce(&mut Draft)) {
        if let Err(error) = self.end(outcome, fill) {
            self.unrecorded = Some(error);
        }
    }

    /// Why the end of something could not be written.
    #[must_use]
    pub fn unrecorded(&self) -> Option<&Error> {
        self.unrecorded.as_ref()
    }

    /// The last entry that this run wrote: its number and hash, which somebody else should keep too. None is told of a
    /// ledger that ends with the process.
    #[must_use]
    pub fn head(&self) -> Option<&str> {
        self.head.as_deref()
    }

    fn draft(&self, verb: &str, outcome: Outcome) -> Draft {
        match &self.arn {
            Some(arn) => self.settings.draft_by(arn, verb, outcome),
            None => self.settings.draft(verb, outcome),
        }
    }
}
