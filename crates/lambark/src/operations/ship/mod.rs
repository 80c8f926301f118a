//! `ship`: build → check → push → verify by digest → deploy → tests → alias → record, for one service or for all.
//!
//! Of several services all are built and pushed before any is deployed: a build that fails must not leave half of them
//! new. What stands in the registry under the tag is where a later run begins again.

mod last;
pub mod step;

use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use lambark_images::{Top, open};
use lambark_oci::{Digest, ImageName, Reference};
use lambark_rules::facts::ImageFacts;

use super::deploy::{self, End};
use super::ledger::{Journal, Record};
use super::{Ways, build, fix, push};
use crate::exit;
use crate::failure::Failure;
use crate::words::count;
pub use last::deploy;
pub use step::Step;

/// One service on its way.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The service.
    pub service: String,
    /// The tag.
    pub tag: String,
    /// Where the image goes: the repository and the tag.
    pub reference: String,
    /// The first step.
    pub from: Step,
    /// The last step.
    pub until: Step,
    /// How it is built. Where its image goes is decided here.
    pub build: build::Settings,
    /// How a kept archive is pushed. Source and target are decided here.
    pub push: fix::Settings,
    /// How it is deployed. The image is decided here.
    pub deploy: deploy::Settings,
    /// Where an image waits that is not pushed yet.
    pub shelf: PathBuf,
}

/// What came of one service.
#[derive(Debug)]
pub struct Outcome {
    /// The service.
    pub service: String,
    /// The image under its tag.
    pub reference: String,
    /// Its digest, once it is known.
    pub digest: Option<Digest>,
    /// What is known of it, if every file was looked at here.
    pub known: Option<Arc<ImageFacts>>,
    /// Every step that is over: what came of it, in a few words, and how long it took.
    pub steps: Vec<Done>,
    /// The deployment, once it began.
    pub deployment: Option<deploy::Outcome>,
    /// Why it stopped before a deployment began.
    pub failure: Option<Failure>,
}

/// A step that is over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Done {
    /// The step.
    pub step: Step,
    /// What came of it.
    pub text: String,
    /// How long it took.
    pub took: Duration,
}

impl Outcome {
    /// The process's exit code.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match (&self.failure, &self.deployment) {
            (Some(failure), _) => failure.exit_code(),
            (None, Some(deployment)) => deployment.exit_code(),
            (None, None) => exit::FINE,
        }
    }

    /// Whether it got as far as was asked.
    #[must_use]
    pub fn is_well(&self) -> bool {
        let deployed = self.deployment.as_ref().is_none_or(|it| matches!(it.end, End::Deployed | End::Planned(_)));
        self.failure.is_none() && deployed
    }
}

/// Hears of a service what happens to it.
pub enum Told<'a> {
    /// A step is over.
    Done(&'a Done),
    /// Something happened in a deployment.
    Deploy(&'a deploy::Step),
}

/// What brings images where they are deployed from, and records that.
pub struct Bringer<'a> {
    /// How they get there.
    pub ways: Ways<'a>,
    /// The ledger, unless nothing is pushed.
    pub journal: Option<&'a mut Journal>,
}

impl Bringer<'_> {
    /// Everything up to the image that stands in the registry, read back. The builder's words go to `words`.
    pub fn bring(
        &mut self,
        settings: &Settings,
        words: &mut (dyn Write + Send),
        tell: &mut dyn FnMut(Told<'_>),
    ) -> Outcome {
        let mut outcome = Outcome {
            service: settings.service.clone(),
            reference: settings.reference.clone(),
            digest: None,
            known: None,
            steps: Vec::new(),
            deployment: None,
            failure: None,
        };
        let result = self.brought(settings, &mut outcome, words, tell);
        outcome.failure = result.err();
        outcome
    }

    fn brought(
        &mut self,
        settings: &Settings,
        outcome: &mut Outcome,
        words: &mut (dyn Write + Send),
        tell: &mut dyn FnMut(Told<'_>),
    ) -> Result<(), Failure> {
        if settings.from <= Step::Build {
            self.build(settings, outcome, words, tell)?;
        } else if settings.from <= Step::Push && settings.until >= Step::Push {
            self.push(settings, outcome, tell)?;
        }
        if settings.until >= Step::Verify {
            self.verify(settings, outcome, tell)?;
        }
        Ok(())
    }

    /// Builds, looks and mends; writes to the registry, or where an image waits that is not to be pushed yet.
    fn build(
        &mut self,
        settings: &Settings,
        outcome: &mut Outcome,
        words: &mut (dyn Write + Send),
        tell: &mut dyn FnMut(Told<'_>),
    ) -> Result<(), Failure> {
        let pushes = settings.until >= Step::Push;
        if !pushes && let Some(directory) = settings.shelf.parent() {
            std::fs::create_dir_all(directory)
                .map_err(|source| lambark_images::Error::Write { path: directory.to_owned(), source })?;
        }
        let output = if pushes { settings.reference.clone() } else { shelf_name(settings) };
        let plan = build::Settings { output: Some(output), ..settings.build.clone() };
        let built = build::run(&plan, self.ways, words, self.record(settings))?;
        let took = |wanted: &[build::Stage]| -> Duration {
            built.stages.iter().filter(|(stage, _)| wanted.contains(stage)).map(|(_, took)| *took).sum()
        };
        let repair = &built.repair.repair;
        let text = format!("by {}", built.plan.described);
        outcome.done(Step::Build, text, took(&[build::Stage::Ask, build::Stage::Build, build::Stage::Take]), tell);
        let mended = repair.plan.steps().len();
        let kept = if repair.plan.changes_nothing() { "as it is".to_owned() } else { count(mended, "repair") };
        let text = format!("verdict {} as built; {kept}", repair.judgement.verdict);
        outcome.done(Step::Check, text, took(&[build::Stage::Look]), tell);
        outcome.digest = repair.applied.as_ref().map(|applied| applied.image.digest().clone());
        outcome.known = Some(Arc::new(repair.facts.clone()));
        if pushes {
            outcome.done(Step::Push, settings.reference.clone(), took(&[build::Stage::Write]), tell);
        }
        Ok(())
    }

    /// Pushes what an earlier run built.
    fn push(
        &mut self,
        settings: &Settings,
        outcome: &mut Outcome,
        tell: &mut dyn FnMut(Told<'_>),
    ) -> Result<(), Failure> {
        if !settings.shelf.exists() {
            return Err(Failure::Arguments(format!(
                "there is no image of {} with the tag {} that waits to be pushed: `lambark ship {} --tag {} --until check` \
                 makes one",
                settings.service, settings.tag, settings.service, settings.tag
            )));
        }
        let begun = Instant::now();
        let repair = fix::Settings {
            image: shelf_name(settings),
            to: Some(settings.reference.clone()),
            ..settings.push.clone()
        };
        let plan = push::Settings { repair, fail_on: settings.build.fail_on, create: settings.build.create };
        let pushed = push::run(&plan, self.ways, self.record(settings))?;
        let repair = &pushed.repair.repair;
        outcome.digest = repair.applied.as_ref().map(|applied| applied.image.digest().clone());
        outcome.known = Some(Arc::new(repair.facts.clone()));
        outcome.done(Step::Push, settings.reference.clone(), begun.elapsed(), tell);
        Ok(())
    }

    fn record(&mut self, settings: &Settings) -> Option<Record<'_>> {
        let journal = self.journal.as_deref_mut()?;
        Some(Record { journal, verb: "push", service: Some(settings.service.clone()) })
    }

    /// Reads what stands under the tag; its bytes have its digest, and it is what was pushed.
    fn verify(
        &self,
        settings: &Settings,
        outcome: &mut Outcome,
        tell: &mut dyn FnMut(Told<'_>),
    ) -> Result<(), Failure> {
        let begun = Instant::now();
        let reference: Reference = settings.reference.parse()?;
        let Top::Document(top) = open(&ImageName::Registry(reference.clone()), self.ways.access)?.top()? else {
            return Err(Failure::NotLooked(format!("{reference} has no manifest")));
        };
        let now = top.digest().clone();
        if let Some(pushed) = outcome.digest.replace(now.clone())
            && pushed != now
        {
            return Err(Failure::Moved { reference: Box::new(reference), pushed, now });
        }
        let text = format!("{}, {now}", top.media_type().describe());
        outcome.done(Step::Verify, text, begun.elapsed(), tell);
        Ok(())
    }
}

/// The archive of an image that waits.
fn shelf_name(settings: &Settings) -> String {
    format!("oci-archive:{}", settings.shelf.display())
}

impl Outcome {
    fn done(&mut self, step: Step, text: String, took: Duration, tell: &mut dyn FnMut(Told<'_>)) {
        let done = Done { step, text, took };
        tell(Told::Done(&done));
        self.steps.push(done);
    }
}
