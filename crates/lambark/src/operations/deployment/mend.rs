//! An image that Lambda would refuse is mended where it lies before it is deployed.

use std::sync::Arc;

use lambark_images::repair::Options;
use lambark_images::{Access, Progress};
use lambark_rules::Needs;
use lambark_rules::facts::Asked;

use super::image::{Demands, UNTAGGED};
use crate::failure::Failure;
use crate::operations::fix::{self, refused_for};
use crate::operations::ledger::{self, Record};

/// What becomes of an image that Lambda would refuse.
pub enum Mending<'a> {
    /// It stops the deployment.
    No,
    /// Its repair is planned.
    Plan,
    /// It is mended, and that is recorded.
    Do(Option<Record<'a>>),
}

impl Mending<'_> {
    /// Whether it is mended at all.
    #[must_use]
    pub fn is_wanted(&self) -> bool {
        !matches!(self, Mending::No)
    }
}

/// Mends the image under its own tag, or plans that. One that would be refused all the same is left as it is.
pub(super) fn mend(
    demands: &Demands,
    asked: Asked,
    mending: Mending<'_>,
    access: &Access,
    progress: &Arc<dyn Progress>,
) -> Result<fix::Outcome, Failure> {
    let settings = fix::Settings {
        image: demands.image.clone(),
        to: None,
        asked,
        depth: Some(Needs::Files),
        options: Options { in_place: true, ..Options::default() },
        plan_only: matches!(mending, Mending::Plan),
        reuse_from: None,
        cache: demands.cache.clone(),
        state: demands.state.clone(),
    };
    fix::prepared(&settings, access, progress, |prepared| {
        let judgement = &prepared.outcome().judgement;
        let mut rules = refused_for(judgement, settings.options.unsafe_fixes, demands.fail_on);
        rules.retain(|rule| *rule != UNTAGGED);
        if !rules.is_empty() {
            return Err(Failure::NotDeployable { image: demands.image.clone(), rules });
        }
        match mending {
            Mending::Do(record) => ledger::carry_out(prepared, access, progress, record, || Ok(())),
            Mending::No | Mending::Plan => Ok(prepared.into_outcome()),
        }
    })
}
