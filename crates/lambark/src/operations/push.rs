//! `push`: brings an image from anywhere to a registry, checked and mended on the way.

use std::sync::Arc;

use lambark_images::{Access, Error, Progress};
use lambark_oci::ImageName;

use super::check::FailOn;
use super::fix::{self, Outcome, unmended};
use crate::failure::Failure;

/// What to bring where.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Source, target, and what the user allows on the way. `to` names the target.
    pub repair: fix::Settings,
    /// From which severity on a finding that cannot be mended stops the push.
    pub fail_on: FailOn,
}

/// Looks at the image, and unless Lambda would refuse it even when mended, brings it.
///
/// # Errors
/// [`Failure::NotDeployable`] before anything was written, when a finding is left that no repair mends; and whatever
/// looking and writing can end in. The name then stands where it stood.
pub fn run(settings: &Settings, access: &Access, progress: &Arc<dyn Progress>) -> Result<Outcome, Failure> {
    let repair = &settings.repair;
    let to = repair.to.as_deref().unwrap_or_default();
    if !matches!(ImageName::parse(to, |_| false)?, ImageName::Registry(_)) {
        let reason = format!("{to} is no registry: `lambark fix {} --to {to}` writes there", repair.image);
        return Err(Failure::Image(Error::Usage(reason)));
    }
    fix::prepared(repair, access, progress, |prepared| {
        let left = unmended(&prepared.outcome().judgement, repair.options.unsafe_fixes);
        let mut rules: Vec<&str> =
            left.filter(|finding| settings.fail_on.met_by(finding.severity)).map(|finding| finding.rule).collect();
        rules.dedup();
        if !rules.is_empty() {
            return Err(Failure::NotDeployable { image: repair.image.clone(), rules });
        }
        if repair.plan_only { Ok(prepared.into_outcome()) } else { Ok(prepared.carry_out(access, progress)?) }
    })
}
