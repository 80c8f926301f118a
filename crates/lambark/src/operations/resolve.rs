//! `resolve`: the deployable reference of an image, without any write.

use std::path::Path;

use lambark_images::referrers::is_proof;
use lambark_images::{Access, Error, Gather, Progress, Recall, gather, open};
use lambark_oci::index::ChildRole;
use lambark_oci::name::LocalName;
use lambark_oci::{Digest, Document, ImageName};
use lambark_rules::facts::{Asked, ConfigFacts, Evidence, ImageFacts};
use lambark_rules::{Needs, Severity};

use super::advice::judge_inside;
use crate::failure::Failure;
use crate::words::shell;

/// What to resolve.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The image, as the user wrote it.
    pub image: String,
    /// The function's architecture and the house's policy.
    pub asked: Asked,
}

/// What to deploy.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The image, as the user wrote it.
    pub image: String,
    /// The image manifest by digest, in the same place.
    pub deployable: ImageName,
    /// The image manifest's digest.
    pub digest: Digest,
    /// The platform that its config names.
    pub platform: Option<String>,
    /// The attestations that stand beside it in its index.
    pub attestations: Vec<Digest>,
}

/// Finds the manifest that Lambda would take.
///
/// # Errors
/// [`Failure::NotDeployable`] when Lambda would refuse that one too; whatever looking can end in.
pub fn run(settings: &Settings, access: &Access, progress: &dyn Progress) -> Result<Outcome, Failure> {
    let name = super::name(&settings.image)?;
    let source = open(&name, access)?;
    let facts = gather(&*source, &Gather { depth: Needs::Manifest, asked: settings.asked }, Recall::Nothing, progress);
    let facts = facts.map_err(|error| super::missing(error, &name, access))?;
    let mut attestations = Vec::new();
    if let Ok(Document::Index(index)) = facts.document() {
        index.select(settings.asked.architecture)?;
        let proofs = index.manifests.iter().filter(|child| is_proof(ChildRole::of(child)));
        attestations.extend(proofs.map(|child| child.digest.clone()));
    }
    let judgement = judge_inside(&facts);
    let errors = judgement.findings.iter().filter(|finding| finding.severity == Severity::Error);
    let mut rules: Vec<&'static str> = errors.map(|finding| finding.rule).collect();
    rules.dedup();
    if !rules.is_empty() {
        return Err(Failure::NotDeployable { image: settings.image.clone(), rules });
    }
    let Evidence::Known(image) = &facts.image else {
        let push = format!("lambark push {} HOST/REPOSITORY:TAG", shell(&settings.image));
        return Err(Failure::Image(Error::Usage(format!(
            "{name} has no manifest, so it has no digest to deploy: `{push}` makes one"
        ))));
    };
    let digest = image.digest().clone();
    let deployable = at(&name, digest.clone());
    Ok(Outcome { image: settings.image.clone(), deployable, digest, platform: platform(&facts), attestations })
}

fn platform(facts: &ImageFacts) -> Option<String> {
    match &facts.config {
        Evidence::Known(ConfigFacts::Read { config, .. }) => Some(config.platform().to_string()),
        _ => None,
    }
}

/// The same place, by digest alone.
fn at(name: &ImageName, digest: Digest) -> ImageName {
    let local = |path: &str| LocalName { digest: Some(digest.clone()), ..LocalName::new(path) };
    match name {
        ImageName::Registry(reference) => ImageName::Registry(reference.at(digest)),
        ImageName::Layout(old) => ImageName::Layout(local(&old.path)),
        ImageName::OciArchive(old) => ImageName::OciArchive(local(&old.path)),
        ImageName::DockerArchive(old) => ImageName::DockerArchive(local(&old.path)),
        ImageName::Path(path) if Path::new(path).is_dir() => ImageName::Layout(local(path)),
        ImageName::Path(path) => ImageName::OciArchive(local(path)),
        ImageName::Engine(name) => {
            let bare = name.split_once('@').map_or(name.as_str(), |(bare, _)| bare);
            ImageName::Engine(format!("{bare}@{digest}"))
        }
    }
}
