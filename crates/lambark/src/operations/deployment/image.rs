//! The image that is to be deployed: which digest it is, whether Lambda will take it, and a tag that keeps it.

use std::path::PathBuf;
use std::sync::Arc;

use lambark_images::repair::ImagePlan;
use lambark_images::{Access, Progress, open, push_as_is};
use lambark_oci::{Digest, ImageName, Reference};
use lambark_rules::facts::{Asked, Evidence, ImageFacts};
use lambark_rules::{Finding, Needs, Severity, Skip, Verdict, judge};

use super::error::Error::Misplaced;
use super::live::Live;
use super::mend::{Mending, mend};
use crate::failure::Failure;
use crate::operations::check::{self, FailOn, Looked};
use crate::operations::resolve;

/// The rule that this deployment mends by itself.
pub(super) const UNTAGGED: &str = "untagged-child";

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
    /// What is known of an image whose every file was looked at a moment ago.
    pub known: Option<Arc<ImageFacts>>,
    /// Where this machine remembers layers.
    pub cache: Option<PathBuf>,
    /// Where old manifests are kept.
    pub state: PathBuf,
}

/// An image that is ready to be deployed.
#[derive(Clone, Debug)]
pub struct Chosen {
    /// The image by digest, in its repository; by tag alone where a repair that is only planned makes the digest.
    pub image: Reference,
    /// The tag that the user named.
    pub tag: Option<String>,
    /// What the rules say of it.
    pub verdict: Verdict,
    /// How deep it was looked at.
    pub depth: Needs,
    /// How many of its layers an earlier look knew, so that they were not read now.
    pub remembered: usize,
    /// What the rules found that does not stop the deployment.
    pub found: Vec<Found>,
    /// Rules that could not be asked, and why.
    pub skipped: Vec<(&'static str, String)>,
    /// What was mended, step by step; empty if nothing was.
    pub mended: Vec<String>,
    /// What would be mended, where that is only planned. The verdict is of the image as it is, then.
    pub to_mend: Vec<String>,
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
    mending: Mending<'_>,
    access: &Access,
    progress: &Arc<dyn Progress>,
) -> Result<Chosen, Failure> {
    let named = reference(&demands.image)?;
    in_place(&named, live)?;
    match as_it_is(demands, &named, live, access, progress) {
        Err(refused @ Failure::NotDeployable { .. }) if mending.is_wanted() => {
            mended(demands, &named, live, mending, access, progress)?.ok_or(refused)
        }
        other => other,
    }
}

fn as_it_is(
    demands: &Demands,
    named: &Reference,
    live: &Live,
    access: &Access,
    progress: &Arc<dyn Progress>,
) -> Result<Chosen, Failure> {
    let asked = Asked { architecture: live.architecture(), ..demands.asked };
    let resolve = resolve::Settings { image: demands.image.clone(), asked };
    let resolve::Outcome { digest, attestations, .. } = resolve::run(&resolve, access, &**progress)?;
    let image = named.at(digest);
    let looked = match &demands.known {
        Some(known) => look_again(known, &image, asked, live, access, progress)?,
        None => look(&image, asked, Needs::Files, live, access, progress)?,
    };
    let rules = refused_by(&looked, demands.fail_on);
    if !rules.is_empty() {
        return Err(Failure::NotDeployable { image: image.to_string(), rules });
    }
    Ok(Chosen { attestations, ..chosen(image, named, &looked) })
}

/// Mends the image where it lies and looks at what came of it, or plans that; `None` if there is nothing to mend.
fn mended(
    demands: &Demands,
    named: &Reference,
    live: &Live,
    mending: Mending<'_>,
    access: &Access,
    progress: &Arc<dyn Progress>,
) -> Result<Option<Chosen>, Failure> {
    let asked = Asked { architecture: live.architecture(), ..demands.asked };
    let repair = mend(demands, asked, mending, access, progress)?.repair;
    if repair.plan.changes_nothing() {
        return Ok(None);
    }
    let steps = repair.plan.steps();
    let Some(applied) = repair.applied else {
        let looked = Looked {
            name: repair.target.clone(),
            depth: Needs::Files,
            facts: repair.facts,
            judgement: repair.judgement,
        };
        // What is written anew has no digest yet, and the tag that it gets is the one that was named.
        let image = match &repair.plan.image {
            ImagePlan::Keep(image) => named.at(image.digest().clone()),
            ImagePlan::Rewrite { .. } => named.clone(),
        };
        return Ok(Some(Chosen { to_mend: steps, needs_tag: None, ..chosen(image, named, &looked) }));
    };
    let image = named.at(applied.image.digest().clone());
    let looked = look(&image, asked, Needs::Files, live, access, progress)?;
    let rules = refused_by(&looked, demands.fail_on);
    if !rules.is_empty() {
        return Err(Failure::NotDeployable { image: image.to_string(), rules });
    }
    Ok(Some(Chosen { mended: steps, attestations: applied.referrers, ..chosen(image, named, &looked) }))
}

/// The rules that stop a deployment. A child of an index that has no tag gets one.
fn refused_by(looked: &Looked, fail_on: FailOn) -> Vec<&'static str> {
    let met = looked.judgement.findings.iter().filter(|finding| fail_on.met_by(finding.severity));
    let mut rules: Vec<&str> = met.map(|finding| finding.rule).filter(|rule| *rule != UNTAGGED).collect();
    rules.dedup();
    rules
}

fn chosen(image: Reference, named: &Reference, looked: &Looked) -> Chosen {
    let judgement = &looked.judgement;
    let not_looked = |skipped: &lambark_rules::Skipped| match &skipped.skip {
        Skip::NotLooked(reason) => Some((skipped.rule, reason.to_string())),
        _ => None,
    };
    Chosen {
        needs_tag: needs_tag(&image, looked),
        tag: named.tag().map(str::to_owned),
        verdict: judgement.verdict,
        attestations: Vec::new(),
        depth: looked.depth,
        remembered: looked.facts.remembered(),
        found: judgement.findings.iter().filter(|it| it.rule != UNTAGGED).map(Found::of).collect(),
        skipped: judgement.skipped.iter().filter_map(not_looked).collect(),
        image,
        mended: Vec::new(),
        to_mend: Vec::new(),
    }
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
        means: None,
    };
    let checked = check::run(&settings, access, &**progress).images.pop();
    checked.map_or_else(|| Err(Failure::NotLooked("nothing was looked at".to_owned())), |checked| checked.result)
}

/// Looks at an image whose layers are known, without reading them once more; at all of it if they are others.
fn look_again(
    known: &ImageFacts,
    image: &Reference,
    asked: Asked,
    live: &Live,
    access: &Access,
    progress: &Arc<dyn Progress>,
) -> Result<Looked, Failure> {
    let mut looked = look(image, asked, Needs::Bytes, live, access, progress)?;
    if !looked.facts.learn(known) {
        return look(image, asked, Needs::Files, live, access, progress);
    }
    looked.judgement = judge(&looked.facts);
    looked.depth = Needs::Files;
    Ok(looked)
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
