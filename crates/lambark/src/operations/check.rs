//! `check`: every rule on an image.

use std::sync::Arc;

use lambark_images::{Access, ControlPlane, Gather, Kept, Progress, gather, open, parallel};
use lambark_oci::{ImageName, Reference};
use lambark_rules::facts::{Asked, Evidence, ImageFacts, Location, Stored};
use lambark_rules::{Judgement, Needs, Severity, Skip, judge};

use super::run::init;
use super::run::place::Means;
use crate::exit;
use crate::failure::Failure;

/// How many images are looked at side by side; each has threads of its own for its layers.
const IMAGES_AT_ONCE: usize = 4;

/// What to look at.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The images, as the user wrote them.
    pub images: Vec<String>,
    /// What the rules are asked.
    pub asked: Asked,
    /// How deep; by where the image lies if nothing is said.
    pub depth: Option<Needs>,
    /// The Region of the function that is to run it, if the user named one.
    pub region: Option<String>,
    /// The account of that function, if the user named one.
    pub account: Option<String>,
    /// What sandboxes are made with; without, no image is run.
    pub means: Option<Means>,
}

/// Looks at every image. One that cannot be looked at does not hide the others.
#[must_use]
pub fn run(settings: &Settings, access: &Access, progress: &dyn Progress) -> Outcome {
    let images = parallel::map(&settings.images, IMAGES_AT_ONCE, |_, image| Checked {
        image: image.clone(),
        result: look(image, settings, access, progress),
    });
    Outcome { images }
}

fn look(image: &str, settings: &Settings, access: &Access, progress: &dyn Progress) -> Result<Looked, Failure> {
    let name = super::name(image)?;
    let depth = settings.depth.unwrap_or_else(|| default_depth(&name));
    let mut source = open(&name, access)?;
    let asked = Asked { run: depth == Needs::Run, ..settings.asked };
    if asked.run && name.reference().is_some() {
        // What is looked at to its end is about to be unpacked.
        source = Arc::new(Kept::new(source));
    }
    let facts = gather(&*source, &Gather { depth, asked }, access.recall_at(&name), progress);
    let mut facts = facts.map_err(|error| super::missing(error, &name, access))?;
    facts.location = name.reference().map(|reference| locate(reference, &facts, depth, settings, access));
    if let Some(means) = settings.means.as_ref().filter(|_| asked.run) {
        facts.init = init(&*source, &facts, means, progress);
    }
    let judgement = judge(&facts);
    Ok(Looked { name, depth, facts, judgement })
}

/// What is known of the place where an image lies. Only ECR is asked, beside the registry protocol, and not for the
/// shallowest look.
fn locate(reference: &Reference, facts: &ImageFacts, depth: Needs, settings: &Settings, access: &Access) -> Location {
    let (stored, policy) = match access.control_of(reference) {
        Some(_) if depth < Needs::Bytes => {
            let reason = "ECR's own API is asked from depth `bytes` on";
            (Evidence::NotLooked(reason.into()), Evidence::NotLooked(reason.into()))
        }
        Some(control) => (stored(reference, facts, &**control), control.policy(reference)),
        None => (Evidence::NotLooked("it lies elsewhere".into()), Evidence::NotLooked("it lies elsewhere".into())),
    };
    let (region, account) = (settings.region.clone(), settings.account.clone());
    Location { reference: reference.clone(), region, account, stored, policy }
}

fn stored(reference: &Reference, facts: &ImageFacts, control: &dyn ControlPlane) -> Evidence<Stored> {
    let (Evidence::Known(top), Evidence::Known(image)) = (&facts.top, &facts.image) else {
        return Evidence::NotLooked("there is no image to ask about".into());
    };
    match control.stored(reference, &[top.digest(), image.digest()]) {
        Evidence::NotLooked(reason) => Evidence::NotLooked(reason),
        Evidence::Known(stored) => match <[_; 2]>::try_from(stored) {
            Ok([top, image]) => Evidence::Known(Stored { top, image }),
            Err(_) => Evidence::NotLooked("ECR's answer leaves the image out".into()),
        },
    }
}

/// Reading a local image to its end costs a moment; a remote one would have to be downloaded.
#[must_use]
pub fn default_depth(name: &ImageName) -> Needs {
    if name.reference().is_some() { Needs::Bytes } else { Needs::Files }
}

/// From which severity on findings make the exit code 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FailOn {
    /// Findings of this severity and graver ones.
    AtLeast(Severity),
    /// No finding does.
    Never,
}

impl Default for FailOn {
    fn default() -> FailOn {
        FailOn::AtLeast(Severity::Error)
    }
}

impl FailOn {
    pub(crate) fn met_by(self, worst: Severity) -> bool {
        matches!(self, FailOn::AtLeast(least) if worst >= least)
    }
}

/// What was found, image by image, in the order asked.
#[derive(Debug)]
pub struct Outcome {
    /// The images.
    pub images: Vec<Checked>,
}

/// One image.
#[derive(Debug)]
pub struct Checked {
    /// The name as the user wrote it.
    pub image: String,
    /// What was found, or why it could not be looked at.
    pub result: Result<Looked, Failure>,
}

/// An image that was looked at.
#[derive(Debug)]
pub struct Looked {
    /// Its name, understood.
    pub name: ImageName,
    /// How deep it was looked at.
    pub depth: Needs,
    /// What is known of it.
    pub facts: ImageFacts,
    /// What follows.
    pub judgement: Judgement,
}

impl Looked {
    /// Whether everything was looked at that the rules asked for.
    #[must_use]
    pub fn complete(&self) -> bool {
        !self.judgement.skipped.iter().any(|skipped| matches!(skipped.skip, Skip::NotLooked(_)))
    }
}

impl Outcome {
    /// The gravest exit code of all images.
    #[must_use]
    pub fn exit_code(&self, fail_on: FailOn, strict: bool) -> u8 {
        let code = |checked: &Checked| match &checked.result {
            Err(failure) => failure.exit_code(),
            Ok(looked) if strict && !looked.complete() => exit::COULD_NOT_LOOK,
            Ok(looked) if looked.judgement.worst().is_some_and(|worst| fail_on.met_by(worst)) => exit::FINDINGS,
            Ok(_) => exit::FINE,
        };
        self.images.iter().map(code).max().unwrap_or(exit::FINE)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::render::samples;

    fn code(images: Vec<Checked>, fail_on: FailOn, strict: bool) -> u8 {
        Outcome { images }.exit_code(fail_on, strict)
    }

    #[test]
    fn the_gravest_code_wins() {
        let errors = FailOn::default();
        assert_eq!(code(vec![], errors, false), exit::FINE);
        assert_eq!(code(vec![samples::plain()], errors, false), exit::FINE);
        assert_eq!(code(vec![samples::plain(), samples::attested()], errors, false), exit::FINDINGS);
        assert_eq!(code(vec![samples::unreachable(), samples::attested()], errors, false), exit::USAGE);
    }

    #[test]
    fn the_threshold_and_strictness_count() {
        assert_eq!(code(vec![samples::attested()], FailOn::Never, false), exit::FINE);
        assert_eq!(code(vec![samples::attested()], FailOn::AtLeast(Severity::Note), false), exit::FINDINGS);
        assert_eq!(code(vec![samples::plain()], FailOn::Never, true), exit::COULD_NOT_LOOK);
    }
}
