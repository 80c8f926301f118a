//! `deploy`: an image becomes what a function runs, with a way back.
//!
//! What is there is read first and nothing is changed until everything has been looked at. After the first change every
//! failure leads back to what was read. Nothing that a deployment needs to be finished or undone stands in this process
//! alone: a version's Description tells what it replaced, and running the same deployment again finishes it.

mod create;
mod go;
mod plan;
mod prepare;
mod record;
mod step;

use std::time::{Duration, Instant};

use lambark_oci::{Digest, Reference};

use super::deployment::image::Demands;
use super::deployment::probe::url::Sender;
use super::deployment::probe::{Probe, Probed};
use super::deployment::shift::Shift;
use super::deployment::{Back, Call, Journal, Origin, Reason, World};
use crate::exit;
use crate::failure::Failure;
pub use create::Create;
use prepare::Prepared;
pub use step::Step;

/// What to deploy, and how.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The service of `lambark.toml`, if it was named.
    pub service: Option<String>,
    /// The function, by name or ARN.
    pub function: String,
    /// The image, and what is asked of it.
    pub image: Demands,
    /// The alias that gets the traffic.
    pub alias: Option<String>,
    /// How the traffic moves.
    pub shift: Shift,
    /// What has to work.
    pub probes: Vec<Probe>,
    /// How to make the function if it is not there; it is not made if nothing is said.
    pub create: Option<Create>,
    /// Only plan.
    pub plan_only: bool,
    /// Consent to a deployment that cannot be taken back.
    pub without_way_back: bool,
    /// Where to stop.
    pub until: Until,
    /// What it is for.
    pub origin: Origin,
}

/// How far a deployment goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Until {
    /// A version is published, and nothing is tested.
    Published,
    /// The version has passed its event tests, and gets no traffic.
    Tested,
    /// To the end.
    #[default]
    Traffic,
}

/// How it ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// Nothing was to be done but plan.
    Planned(Vec<Call>),
    /// The image runs.
    Deployed,
    /// Something failed, and everything is as it was before.
    RolledBack {
        /// What failed.
        reason: Reason,
        /// What was brought back.
        back: Back,
    },
    /// Something failed, and not everything could be brought back.
    NotRolledBack {
        /// What failed.
        reason: Reason,
        /// What was brought back, and what was not.
        back: Back,
    },
    /// Somebody else was faster.
    Overtaken {
        /// By whom, as far as that can be told.
        by: String,
        /// What of this deployment's was taken back.
        back: Back,
    },
}

/// What came of it.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The service, if it was named.
    pub service: Option<String>,
    /// The function's name.
    pub function: String,
    /// Its ARN, qualified by alias or version once there is one.
    pub function_arn: String,
    /// The image by digest.
    pub image: Option<Reference>,
    /// The image that had the traffic before.
    pub from: Option<Digest>,
    /// The version that was published or found.
    pub version: Option<String>,
    /// The alias.
    pub alias: Option<String>,
    /// Everything that happened, in order.
    pub steps: Vec<Step>,
    /// How it ended.
    pub end: End,
    /// How long it took without waiting for AWS or for a canary.
    pub own: Duration,
}

impl Outcome {
    /// Every test that was run.
    pub fn probed(&self) -> impl Iterator<Item = &Probed> {
        self.steps.iter().filter_map(|step| match step {
            Step::Probed { probed, .. } => Some(probed),
            _ => None,
        })
    }

    /// The process's exit code.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match &self.end {
            End::Planned(_) | End::Deployed => exit::FINE,
            End::RolledBack { .. } => exit::ROLLED_BACK,
            End::NotRolledBack { .. } => exit::NOT_ROLLED_BACK,
            End::Overtaken { back, .. } if back.is_done() => exit::REFUSED,
            End::Overtaken { .. } => exit::NOT_ROLLED_BACK,
        }
    }
}

/// What a deployment speaks to besides AWS.
pub struct Tools<'a> {
    /// Sends the requests of URL tests; there is none if there are none.
    pub sender: Option<&'a Sender>,
    /// Where intent and outcome are written; nowhere without.
    pub journal: Option<&'a mut Journal>,
}

/// A deployment under way.
struct Deployment<'a> {
    settings: &'a Settings,
    world: &'a World<'a>,
    tools: Tools<'a>,
    tell: &'a mut dyn FnMut(&Step),
    steps: Vec<Step>,
    begun: Instant,
    /// How long it was waited for AWS and for shares of the traffic.
    waited: Duration,
}

/// Deploys, and tells each step as soon as it is over.
///
/// # Errors
/// Whatever stops it before anything was changed. What fails afterwards is an outcome.
pub fn run<'a>(
    settings: &'a Settings,
    world: &'a World<'a>,
    tools: Tools<'a>,
    tell: &'a mut dyn FnMut(&Step),
) -> Result<Outcome, Failure> {
    let (begun, waited) = (Instant::now(), Duration::ZERO);
    let mut deployment = Deployment { settings, world, tools, tell, steps: Vec::new(), begun, waited };
    let Some(live) = deployment.live()? else { return deployment.create() };
    let prepared = deployment.prepare(live)?;
    if settings.plan_only {
        let calls = plan::calls(&prepared, settings);
        return Ok(deployment.outcome(&prepared, None, End::Planned(calls)));
    }
    deployment.go(&prepared)
}

impl Deployment<'_> {
    fn tell(&mut self, step: Step) {
        (self.tell)(&step);
        self.steps.push(step);
    }

    fn outcome(&mut self, prepared: &Prepared, version: Option<String>, end: End) -> Outcome {
        let settings = prepared.live.settings();
        let alias = self.settings.alias.as_deref();
        let qualifier = if matches!(end, End::Deployed) { alias.or(version.as_deref()) } else { None };
        let arn = settings.arn.trim_end_matches(":$LATEST");
        Outcome {
            service: self.settings.service.clone(),
            function: settings.name.clone(),
            function_arn: qualifier.map_or_else(|| arn.to_owned(), |qualifier| format!("{arn}:{qualifier}")),
            image: Some(prepared.chosen.image.clone()),
            from: prepared.before.image.as_ref().and_then(|image| image.digest().cloned()),
            version,
            alias: self.settings.alias.clone(),
            steps: std::mem::take(&mut self.steps),
            end,
            own: self.begun.elapsed().saturating_sub(self.waited),
        }
    }
}
