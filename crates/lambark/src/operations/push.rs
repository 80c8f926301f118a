//! `push`: brings an image from anywhere to a registry, checked and mended on the way.

use lambark_images::Error;
use lambark_oci::ImageName;

use super::Ways;
use super::check::FailOn;
use super::fix::{self, refused_for};
use super::ledger::{self, Record};
use crate::ecr::{Created, RepositoryOptions};
use crate::failure::Failure;

/// What to bring where.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Source, target, and what the user allows on the way. `to` names the target.
    pub repair: fix::Settings,
    /// From which severity on a finding that cannot be mended stops the push.
    pub fail_on: FailOn,
    /// How to make the repository if it is not there; it is not made if nothing is said.
    pub create: Option<RepositoryOptions>,
}

/// What came of it.
#[derive(Debug)]
pub struct Outcome {
    /// What was found, planned and done.
    pub repair: fix::Outcome,
    /// Whether the repository was made.
    pub created_repository: bool,
}

/// Looks at the image, and unless Lambda would refuse it even when mended, brings it and records that.
///
/// # Errors
/// [`Failure::NotDeployable`] before anything was written, when a finding is left that no repair mends; and whatever
/// looking and writing can end in. The name then stands where it stood.
pub fn run(settings: &Settings, ways: Ways<'_>, record: Option<Record<'_>>) -> Result<Outcome, Failure> {
    let Ways { access, sign_in, progress } = ways;
    let repair = &settings.repair;
    let to = repair.to.as_deref().unwrap_or_default();
    let ImageName::Registry(target) = ImageName::parse(to, |_| false)? else {
        let reason = format!("{to} is no registry: `lambark fix {} --to {to}` writes there", repair.image);
        return Err(Failure::Image(Error::Usage(reason)));
    };
    let mut created_repository = false;
    let outcome = fix::prepared(repair, access, progress, |prepared| {
        let rules = refused_for(&prepared.outcome().judgement, repair.options.unsafe_fixes, settings.fail_on);
        if !rules.is_empty() {
            return Err(Failure::NotDeployable { image: repair.image.clone(), rules });
        }
        if repair.plan_only {
            return Ok(prepared.into_outcome());
        }
        ledger::carry_out(prepared, access, progress, record, || {
            if let Some(options) = settings.create {
                created_repository = sign_in.create_repository(&target, options)? == Created::New;
            }
            if created_repository {
                progress.step(&format!("created the repository {}", target.repository_name()));
            }
            Ok(())
        })
    })?;
    Ok(Outcome { repair: outcome, created_repository })
}
