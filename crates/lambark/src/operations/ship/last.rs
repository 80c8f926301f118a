//! The last steps of `ship`: from the image in the registry to the alias.

use std::time::{Duration, Instant};

use super::{Outcome, Settings, Step, Told};
use crate::operations::deploy::{self, End, Tools};
use crate::operations::deployment::World;
use crate::operations::deployment::probe::url::Sender;
use crate::operations::ledger::Journal;
use crate::words::count;

/// Deploys what was brought, as far as was asked.
pub fn deploy(
    settings: &Settings,
    outcome: &mut Outcome,
    world: &World<'_>,
    sender: Option<&Sender>,
    journal: Option<&mut Journal>,
    tell: &mut dyn FnMut(Told<'_>),
) {
    if outcome.failure.is_some() || settings.until < Step::Deploy {
        return;
    }
    let mut plan = settings.deploy.clone();
    // By tag and digest: what was read back is what is deployed, and the tag is what the ledger tells.
    plan.image.image = match &outcome.digest {
        Some(digest) => format!("{}@{digest}", settings.reference),
        None => settings.reference.clone(),
    };
    plan.image.known.clone_from(&outcome.known);
    plan.until = match settings.until {
        Step::Deploy => deploy::Until::Published,
        Step::Tests => deploy::Until::Tested,
        _ => deploy::Until::Traffic,
    };
    let begun = Instant::now();
    let recorded = journal.is_some();
    let deployed = deploy::run(&plan, world, Tools { sender, journal }, &mut |step| tell(Told::Deploy(step)));
    match deployed {
        Err(failure) => outcome.failure = Some(failure),
        Ok(deployment) => {
            let took = begun.elapsed();
            let version = deployment.version.clone().unwrap_or_default();
            if matches!(deployment.end, End::Deployed) {
                outcome.done(Step::Deploy, format!("version {version}"), took, tell);
                let tests = deployment.probed().count();
                if settings.until >= Step::Tests && tests > 0 {
                    outcome.done(Step::Tests, format!("{} passed", count(tests, "test")), Duration::ZERO, tell);
                }
                if let (Some(alias), true) = (&deployment.alias, settings.until >= Step::Alias) {
                    outcome.done(Step::Alias, format!("{alias} → version {version}"), Duration::ZERO, tell);
                }
                if recorded && settings.until >= Step::Record {
                    outcome.done(Step::Record, "in the ledger".to_owned(), Duration::ZERO, tell);
                }
            }
            outcome.deployment = Some(deployment);
        }
    }
}
