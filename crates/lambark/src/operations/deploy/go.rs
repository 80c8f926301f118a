//! The changes, in order, and the way back when one of them fails.

use std::time::{Duration, Instant};

use lambark_aws::lambda::{Alias, Configuration, Weights};

use super::prepare::Prepared;
use super::step::Step;
use super::{Deployment, End, Outcome, Until};
use crate::failure::Failure;
use crate::operations::deployment::back::{self, Changed};
use crate::operations::deployment::live::versions;
use crate::operations::deployment::probe::{Kind, event};
use crate::operations::deployment::wait::{self as settling, Until as Settles, Waited, failure};
use crate::operations::deployment::{Note, Reason, Unfinished, image, lost, meaning, shift};

/// Why a deployment does not go on.
pub(super) enum Stop {
    /// Something failed.
    Failed(Reason),
    /// Somebody else changed the function or the alias.
    Overtaken,
}

impl Stop {
    pub(super) fn because(words: String) -> Stop {
        Stop::Failed(Reason { words, ..Reason::default() })
    }
}

impl Deployment<'_> {
    /// Makes the changes; whatever fails leads back.
    pub(super) fn go(&mut self, prepared: &Prepared) -> Result<Outcome, Failure> {
        self.intend(prepared)?;
        let mut changed = Changed::default();
        let end = match self.change(prepared, &mut changed) {
            Ok(()) => End::Deployed,
            Err(stop) => self.stopped(prepared, &changed, stop),
        };
        self.ended(&changed, &end);
        Ok(self.outcome(prepared, changed.version, end))
    }

    fn change(&mut self, prepared: &Prepared, changed: &mut Changed) -> Result<(), Stop> {
        if let Some(tag) = &prepared.chosen.needs_tag {
            image::keep(&prepared.chosen.image, tag, self.world.access)
                .map_err(|failure| Stop::because(format!("the tag {tag} could not be written: {failure}")))?;
            self.tell(Step::Kept { tag: tag.clone() });
        }
        let mut alias = prepared.live.alias.clone();
        if let (Some((Unfinished::Partial { .. }, false)), Some(now)) = (&prepared.unfinished, &mut alias) {
            let version = now.version.clone();
            let moved = shift::point(&*self.world.lambda, self.function(prepared), now, &version, &Weights::new());
            *now = moved.map_err(|error| self.stop(&error))?;
        }
        if prepared.is_updated() {
            if prepared.resumed {
                changed.latest = prepared.digest().cloned();
            }
            self.tell(Step::Updated { already: true });
        } else {
            self.update(prepared, changed)?;
        }
        let version = self.publish(prepared)?;
        changed.version = Some(version.clone());
        if self.settings.until < Until::Tested {
            return Ok(());
        }
        self.probe_events(prepared, &version)?;
        if self.settings.until < Until::Traffic {
            return Ok(());
        }
        self.traffic(prepared, alias, &version, changed)?;
        self.probe_urls()
    }

    fn function<'p>(&self, prepared: &'p Prepared) -> &'p str {
        &prepared.live.settings().name
    }

    /// A refusal for somebody else's change, or a failure.
    pub(super) fn stop(&self, error: &lambark_aws::Error) -> Stop {
        if error.is_precondition_failed() || error.is_conflict() {
            return Stop::Overtaken;
        }
        Stop::Failed(meaning::of(error, &self.world.knowledge))
    }

    fn failed(&self, failure: &Failure) -> Stop {
        match failure {
            Failure::Aws(error) => self.stop(error),
            other => Stop::because(other.to_string()),
        }
    }

    /// Gives `$LATEST` the image, and waits until it has it.
    fn update(&mut self, prepared: &Prepared, changed: &mut Changed) -> Result<(), Stop> {
        let function = self.function(prepared).to_owned();
        let mut revision_id = prepared.live.settings().revision_id.clone();
        if prepared.needs_version {
            revision_id = self.number(prepared, &function)?;
        }
        // By digest: a tag may move between the look and this call.
        changed.latest = prepared.digest().cloned();
        if let Err(error) = lost::give(&*self.world.lambda, &function, &prepared.chosen.image, revision_id.clone()) {
            if error.refusal().is_some_and(|refusal| refusal.status < 500) {
                changed.latest = None;
            }
            let read = Configuration { revision_id, ..prepared.live.settings().clone() };
            let overtaken = lost::is_overtaken(&*self.world.lambda, &function, &read, &error);
            let failed = || Stop::Failed(meaning::of(&error, &self.world.knowledge));
            return Err(if overtaken { Stop::Overtaken } else { failed() });
        }
        let now = self.settle(&function, None, "update", Settles::Settled)?;
        if let Some((code, words)) = failure(&now, Settles::Settled) {
            return Err(Stop::Failed(meaning::reason(&code, &words, &self.world.knowledge)));
        }
        if now.image_digest().as_ref() != prepared.digest() {
            return Err(Stop::Overtaken);
        }
        self.tell(Step::Updated { already: false });
        Ok(())
    }

    /// Publishes what runs now, so that there is something to go back to; the revision that this makes.
    fn number(&mut self, prepared: &Prepared, function: &str) -> Result<Option<String>, Stop> {
        let read = prepared.live.settings();
        let note = Note { by: self.settings.origin.by.clone(), ..Note::default() };
        let published = lost::publish(&*self.world.lambda, function, read, &note.write());
        let published = published.map_err(|error| self.stop(&error))?;
        self.tell(Step::KeptVersion { version: published.version });
        let now = self.world.lambda.function(function, None).map_err(|error| self.stop(&error))?.configuration;
        if now.code_sha256 != read.code_sha256 {
            return Err(Stop::Overtaken);
        }
        Ok(now.revision_id)
    }

    /// Waits, and tells each change of state with AWS's own words.
    pub(super) fn settle(
        &mut self,
        function: &str,
        qualifier: Option<&str>,
        what: &str,
        until: Settles,
    ) -> Result<Configuration, Stop> {
        let begun = Instant::now();
        let world = self.world;
        let waited = settling::wait(&*world.lambda, function, qualifier, until, world.patience, &mut |now| {
            self.tell(Step::state(what, now, until, world));
        });
        self.waited += begun.elapsed();
        let waited = waited.map_err(|failure| self.failed(&failure))?;
        match waited {
            Waited::Settled(now) => Ok(now.configuration),
            Waited::TooLong(now) => Err(Stop::because(self.unsettled(&now.configuration).to_string())),
        }
    }

    /// Makes a version of what `$LATEST` has now; Lambda gives the last one back if nothing was updated since.
    pub(super) fn publish(&mut self, prepared: &Prepared) -> Result<String, Stop> {
        let function = self.function(prepared).to_owned();
        // Read again: the end of an update changes the revision.
        let now = self.world.lambda.function(&function, None).map_err(|error| self.stop(&error))?.configuration;
        if now.image_digest().as_ref() != prepared.digest() {
            return Err(Stop::Overtaken);
        }
        let origin = &self.settings.origin;
        let note = Note {
            alias: self.settings.alias.clone(),
            from_version: prepared.before.alias.as_ref().map(|alias| alias.version.clone()),
            from: prepared.before.image.as_ref().and_then(|image| image.digest().cloned()),
            commit: origin.commit.clone(),
            run: origin.run.clone(),
            by: origin.by.clone(),
        };
        let published = lost::publish(&*self.world.lambda, &function, &now, &note.write());
        let published = published.map_err(|error| self.stop(&error))?;
        let version = published.version;
        let ready = self.settle(&function, Some(&version), &format!("version {version}"), Settles::Active)?;
        if let Some((code, words)) = failure(&ready, Settles::Active) {
            return Err(Stop::Failed(meaning::reason(&code, &words, &self.world.knowledge)));
        }
        self.tell(Step::Published { version: version.clone() });
        Ok(version)
    }

    pub(super) fn probe_events(&mut self, prepared: &Prepared, version: &str) -> Result<(), Stop> {
        let function = self.function(prepared).to_owned();
        for probe in &self.settings.probes {
            let Kind::Event(event) = &probe.kind else { continue };
            let begun = Instant::now();
            let probed = event::run(&*self.world.lambda, &function, version, &probe.name, event, &probe.expect);
            self.waited += begun.elapsed();
            self.probed(true, probed)?;
        }
        Ok(())
    }

    pub(super) fn probe_urls(&mut self) -> Result<(), Stop> {
        for probe in &self.settings.probes {
            let Kind::Request(request) = &probe.kind else { continue };
            let Some(sender) = self.tools.sender else {
                return Err(Stop::because(format!("the test {} could not be sent: nothing here sends it", probe.name)));
            };
            let begun = Instant::now();
            let probed = sender.run(&probe.name, request, &probe.expect);
            self.waited += begun.elapsed();
            self.probed(false, probed)?;
        }
        Ok(())
    }

    fn probed(&mut self, before: bool, probed: crate::operations::deployment::probe::Probed) -> Result<(), Stop> {
        let fault =
            (!probed.faults.is_empty()).then(|| format!("the test {}: {}", probed.name, probed.faults.join("; ")));
        self.tell(Step::Probed { before, probed });
        fault.map_or(Ok(()), |fault| Err(Stop::because(fault)))
    }

    /// Gives the version the alias's traffic, at once or in steps.
    fn traffic(
        &mut self,
        prepared: &Prepared,
        alias: Option<Alias>,
        version: &str,
        changed: &mut Changed,
    ) -> Result<(), Stop> {
        let Some(name) = self.settings.alias.clone() else {
            self.tell(Step::InPlace { traffic: prepared.live.told() });
            return Ok(());
        };
        let function = self.function(prepared).to_owned();
        let Some(mut alias) = alias else {
            (changed.alias, changed.made_alias) = (Some(name.clone()), true);
            shift::make(&*self.world.lambda, &function, &name, version).map_err(|error| self.stop(&error))?;
            self.tell(Step::Moved { alias: name, version: version.to_owned(), percent: 100, stays: None });
            return Ok(());
        };
        if alias.version == version && alias.weights.is_empty() {
            if prepared.before.alias.as_ref().is_some_and(|before| before.version != version) {
                // A deployment that broke off moved it; now it is this one's to take back.
                changed.alias = Some(name.clone());
            }
            self.tell(Step::InPlace { traffic: format!("{name} → version {version}") });
            return Ok(());
        }
        changed.alias = Some(name.clone());
        let shift = self.settings.shift.clone();
        for percent in shift.percents {
            let moved = shift::share(&*self.world.lambda, &function, &alias, version, percent);
            alias = moved.map_err(|error| self.stop(&error))?;
            let stays = Some(shift.wait.as_secs());
            self.tell(Step::Moved { alias: name.clone(), version: version.to_owned(), percent, stays });
            self.pause(shift.wait);
            self.probe_urls()?;
        }
        let moved = shift::point(&*self.world.lambda, &function, &alias, version, &Weights::new());
        moved.map_err(|error| self.stop(&error))?;
        self.tell(Step::Moved { alias: name, version: version.to_owned(), percent: 100, stays: None });
        Ok(())
    }

    fn pause(&mut self, wait: Duration) {
        std::thread::sleep(wait);
        self.waited += wait;
    }

    /// Takes everything back, and says how that went.
    fn stopped(&mut self, prepared: &Prepared, changed: &Changed, stop: Stop) -> End {
        if let Stop::Failed(reason) = &stop {
            self.tell(Step::Failed(reason.clone()));
        }
        let begun = Instant::now();
        let back = back::go(self.world, self.function(prepared), &prepared.before, changed);
        self.waited += begun.elapsed();
        if changed.anything() {
            self.tell(Step::Back(back.clone()));
        }
        match stop {
            Stop::Overtaken => End::Overtaken { by: self.overtaker(prepared), back },
            Stop::Failed(reason) if back.is_done() => End::RolledBack { reason, back },
            Stop::Failed(reason) => End::NotRolledBack { reason, back },
        }
    }

    /// Who changed the function, as far as that can be told.
    pub(super) fn overtaker(&self, prepared: &Prepared) -> String {
        let function = self.function(prepared);
        let Ok(now) = self.world.lambda.function(function, None) else { return String::new() };
        let digest = now.configuration.image_digest();
        let runs = format!("; $LATEST has {} now", back::short(digest.as_ref()));
        if digest.is_none() || digest == prepared.live.settings().image_digest() {
            return String::new();
        }
        let published = versions(&*self.world.lambda, function).unwrap_or_default();
        let version = published.iter().find(|version| version.digest == digest);
        match version.and_then(|version| version.note.as_ref()?.who()) {
            Some(who) => format!(" by another deployment ({who}){runs}"),
            None => runs,
        }
    }
}
