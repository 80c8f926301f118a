//! The image that is to be deployed: which digest it is, whether Lambda will take it, and a tag that keeps it.

use std::path::PathBuf;
use std::sync::Arc;

use lambark_images::repair::Options;
use lambark_images::{Access, Error, Kind, Progress, open, push_as_is};
use lambark_oci::{Digest, ImageName, Reference};
use lambark_rules::facts::{Asked, Evidence};
use lambark_rules::{Finding, Needs, Severity, Skip, Verdict};

use super::error::Error::Misplaced;
use super::live::Live;
use crate::failure::Failure;
use crate::operations::check::{self, FailOn, Looked};
use crate::operations::{fix, resolve};

/// The rule that this deployment mends by itself.
const UNTAGGED: &str = "untagged-child";

/// What is asked of an image before it is deployed.
#[derive(Clone, Debug)]
pub struct Demands {
    /// The image, as the user wrote it.
    pub image: String,
    /// Which families of manifests the house allows.
    pub asked: Asked,
    /// From which severity on a finding stops the deployment.
    pub fail_on: FailOn,
    /// Mend what Lambda would refuse, where it lies.
    pub fix: bool,
    /// An image whose every file was looked at a moment ago, by the same rules.
    pub looked: Option<Digest>,
    /// Where this machine remembers layers.
    pub cache: Option<PathBuf>,
    /// Where old manifests are kept.
    pub state: PathBuf,
}

/// An image that is ready to be deployed.
#[derive(Clone, Debug)]
pub struct Chosen {
    /// The image by digest, in its repository.
    pub image: Reference,
    /// The tag that the user named.
    pub tag: Option<String>,
    /// What the rules say of it.
    pub verdict: Verdict,
    /// How deep it was looked at.
    pub depth: Needs,
    /// What the rules found that does not stop the deployment.
    pub found: Vec<Found>,
    /// Rules that could not be asked, and why.
    pub skipped: Vec<(&'static str, String)>,
    /// What was mended, step by step; empty if nothing was.
    pub mended: Vec<String>,
    /// The attestations that refer to it, as far as its index told.
    pub attestations: Vec<Digest>,
    /// The tag that it needs so that no lifecycle rule for untagged images takes it.
    pub needs_tag: Option<String>,
}

/// Something that a rule found, in short.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// The rule.
    pub rule: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// What was found.
    pub message: String,
}

impl Found {
    /// A finding, in short.
    #[must_use]
    pub fn of(finding: &Finding) -> Found {
        Found { rule: finding.rule, severity: finding.severity, message: finding.message.to_string() }
    }
}

/// Finds the digest for the function's architecture, looks at all of it, and mends it if that is wanted.
///
/// # Errors
/// [`Failure::NotDeployable`] when Lambda would refuse it; [`Failure::Deployment`] when the function cannot use an image
/// from there; whatever looking can end in.
pub fn choose(
    demands: &Demands,
    live: &Live,
    may_write: bool,
    access: &Access,
    progress: &Arc<dyn Progress>,
) -> Result<Chosen, Failure> {
    let named = reference(&demands.image)?;
    in_place(&named, live)?;
    let asked = Asked { architecture: live.architecture(), ..demands.asked };
    let (mut mended, mut attestations) = (Vec::new(), Vec::new());
    let mut image = match resolve::run(&resolve::Settings { image: demands.image.clone(), asked }, access, &**progress)
    {
        Ok(found) => {
            attestations = found.attestations;
            named.at(found.digest)
        }
        Err(Failure::NotDeployable { .. }) if demands.fix && may_write => {
            let (image, steps) = mend(demands, asked, access, progress)?;
            mended = steps;
            image
        }
        Err(other) => return Err(other),
    };
    let depth = if demands.looked.as_ref() == image.digest() { Needs::Bytes } else { Needs::Files };
    let mut looked = look(&image, asked, depth, live, access, progress)?;
    let met = |looked: &Looked| -> Vec<&'static str> {
        let met = looked.judgement.findings.iter().filter(|finding| demands.fail_on.met_by(finding.severity));
        // A child of an index that has no tag gets one.
        let mut rules: Vec<&str> = met.map(|finding| finding.rule).filter(|rule| *rule != UNTAGGED).collect();
        rules.dedup();
        rules
    };
    if !met(&looked).is_empty() && demands.fix && may_write && mended.is_empty() {
        (image, mended) = mend(demands, asked, access, progress)?;
        looked = look(&image, asked, Needs::Files, live, access, progress)?;
    }
    let rules = met(&looked);
    if !rules.is_empty() {
        return Err(Failure::NotDeployable { image: image.to_string(), rules });
    }
    let tag = named.tag().map(str::to_owned);
    Ok(Chosen {
        needs_tag: needs_tag(&image, &looked),
        verdict: looked.judgement.verdict,
        attestations,
        depth,
        found: looked.judgement.findings.iter().filter(|it| it.rule != UNTAGGED).map(Found::of).collect(),
        skipped: looked
            .judgement
            .skipped
            .iter()
            .filter_map(|skipped| match &skipped.skip {
                Skip::NotLooked(reason) => Some((skipped.rule, reason.to_string())),
                _ => None,
            })
            .collect(),
        image,
        tag,
        mended,
    })
}

/// The name, which has to lead to a registry.
fn reference(image: &str) -> Result<Reference, Failure> {
    match crate::operations::name(image)? {
        ImageName::Registry(reference) => Ok(reference),
        other => Err(Failure::Deployment(Misplaced {
            image: other.to_string(),
            reason: "a function's image lies in a private ECR repository".to_owned(),
            instead: Some(format!(
                "lambark push {} ACCOUNT.dkr.ecr.REGION.amazonaws.com/REPOSITORY:TAG",
                crate::words::shell(image)
            )),
        })),
    }
}

/// Whether the function can use an image from there at all.
fn in_place(image: &Reference, live: &Live) -> Result<(), Failure> {
    let misplaced = |reason: String, instead: Option<String>| {
        Err(Failure::Deployment(Misplaced { image: image.to_string(), reason, instead }))
    };
    let push = |region: &str, account: &str| {
        let host = format!("{account}.dkr.ecr.{region}.amazonaws.com");
        let rest = image.tag().map_or_else(String::new, |tag| format!(":{tag}"));
        Some(format!("lambark push {image} {host}/{}{rest}", image.repository()))
    };
    let (account, region) = live.place().unwrap_or_default();
    match image.ecr() {
        None => misplaced("it does not lie in a private ECR repository".to_owned(), push(region, account)),
        Some(host) if !region.is_empty() && host.region != region => misplaced(
            format!(
                "it lies in {}, and the function is in {region}: Lambda takes images of its own Region only",
                host.region
            ),
            push(region, account),
        ),
        Some(_) => Ok(()),
    }
}

fn look(
    image: &Reference,
    asked: Asked,
    depth: Needs,
    live: &Live,
    access: &Access,
    progress: &Arc<dyn Progress>,
) -> Result<Looked, Failure> {
    let place = live.place().map(|(account, region)| (account.to_owned(), region.to_owned()));
    let settings = check::Settings {
        images: vec![image.to_string()],
        asked,
        depth: Some(depth),
        region: place.as_ref().map(|(_, region)| region.clone()),
        account: place.map(|(account, _)| account),
        layers: None,
    };
    let checked = check::run(&settings, access, &**progress).images.pop();
    checked.map_or_else(|| Err(Failure::NotLooked("nothing was looked at".to_owned())), |checked| checked.result)
}

/// Mends the image where it lies, and says what was done.
fn mend(
    demands: &Demands,
    asked: Asked,
    access: &Access,
    progress: &Arc<dyn Progress>,
) -> Result<(Reference, Vec<String>), Failure> {
    let named = reference(&demands.image)?;
    let settings = fix::Settings {
        image: demands.image.clone(),
        to: None,
        asked,
        depth: Some(Needs::Files),
        options: Options { in_place: true, ..Options::default() },
        plan_only: false,
        reuse_from: None,
        cache: demands.cache.clone(),
        state: demands.state.clone(),
    };
    let outcome = fix::run(&settings, access, progress)?;
    let mut left: Vec<&'static str> = outcome.left().map(|finding| finding.rule).collect();
    left.dedup();
    match outcome.repair.applied {
        Some(applied) if left.is_empty() => Ok((named.at(applied.image.digest().clone()), outcome.repair.plan.steps())),
        _ => Err(Failure::NotDeployable { image: demands.image.clone(), rules: left }),
    }
}

/// The tag that keeps the image, if it has none. One of its own, made of its digest: a tag that moved on with the next
/// deployment would leave this image, the way back then, without any.
fn needs_tag(image: &Reference, looked: &Looked) -> Option<String> {
    let digest = image.digest()?;
    let stored = looked.facts.location.as_ref().map(|location| &location.stored);
    let tagged = match stored {
        Some(Evidence::Known(stored)) => !stored.image.tags.is_empty(),
        // Not known: the same bytes under one more name do no harm.
        _ => false,
    };
    (!tagged).then(|| format!("lambark-{}", digest.hex().get(..12).unwrap_or_default()))
}

/// Puts the image under one more tag.
///
/// # Errors
/// Whatever writing can end in.
pub fn keep(image: &Reference, tag: &str, access: &Access) -> Result<(), Failure> {
    let source = open(&ImageName::Registry(image.clone()), access)?;
    push_as_is(&source, &image.with_tag(tag)?, access)?;
    Ok(())
}

/// Whether an image can still be pulled, which is what a way back needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Presence {
    /// It can.
    There,
    /// It cannot, and why.
    Gone(String),
    /// That could not be found out, and why.
    NotLooked(String),
}

/// Looks whether an image is there and active: what ECR keeps in its archive answers as if it did not exist.
#[must_use]
pub fn presence(image: &Reference, access: &Access) -> Presence {
    let name = ImageName::Registry(image.clone());
    match open(&name, access).and_then(|source| source.top().map(drop)) {
        Ok(()) => Presence::There,
        Err(error) if error.kind() == Kind::NotFound => match crate::operations::missing(error, &name, access) {
            Failure::Archived { status, .. } => Presence::Gone(format!("ECR keeps it with imageStatus {status}")),
            _ => Presence::Gone("ECR does not have it any more".to_owned()),
        },
        Err(error) => Presence::NotLooked(told(&error)),
    }
}

fn told(error: &Error) -> String {
    error.to_string()
}
