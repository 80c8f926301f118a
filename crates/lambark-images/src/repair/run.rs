//! A repair before its first write: look, judge and plan, and see what is left to be done at the target.

use std::collections::HashSet;
use std::sync::Arc;

use lambark_oci::{Architecture, Digest, Document, Family, ImageName, RawDocument, Reference};
use lambark_rules::facts::{ImageFacts, ManifestPolicy};
use lambark_rules::{Judgement, Needs, judge};

use super::apply::Applied;
use super::change::Change;
use super::plan::{ImagePlan, Plan, plan};
use super::undo::UndoStore;
use super::{As, Options};
use crate::cache::Cache;
use crate::checked::Checked;
use crate::gather::{Gather, gather};
use crate::kept::Kept;
use crate::open::{Access, open, open_new_archive, open_sink};
use crate::progress::Progress;
use crate::sink::Sink;
use crate::{Error, Source};

/// What is to be repaired, and how.
pub struct Request<'a> {
    /// The image.
    pub from: &'a ImageName,
    /// Where the result goes; in place when absent.
    pub to: Option<&'a ImageName>,
    /// What to look at first. Nothing is written until that is done.
    pub gather: Gather,
    /// What the user allows and wants; what follows from the two names is decided here.
    pub options: Options,
    /// An image whose gzip layers may be used again.
    pub reuse_from: Option<&'a ImageName>,
    /// What this machine remembers.
    pub cache: Option<Cache>,
    /// Where old manifests are kept.
    pub undo: &'a UndoStore,
}

/// What came of it.
#[derive(Debug)]
pub struct Outcome {
    /// What was found.
    pub facts: ImageFacts,
    /// What the rules say of the image as it was.
    pub judgement: Judgement,
    /// What was or would be done.
    pub plan: Plan,
    /// Where the result goes.
    pub target: ImageName,
    /// What was done; `None` when only planned, or when there was nothing to do.
    pub applied: Option<Applied>,
}

impl Outcome {
    /// The result by digest, where it can be deployed from.
    #[must_use]
    pub fn deployable(&self) -> Option<Reference> {
        let reference = self.target.reference()?;
        let digest = match (&self.applied, &self.plan.image) {
            (Some(applied), _) => applied.image.digest().clone(),
            (None, ImagePlan::Keep(image)) => image.digest().clone(),
            (None, ImagePlan::Rewrite { .. }) => return None,
        };
        Some(reference.at(digest))
    }
}

/// A repair that was looked at and planned. Nothing is written yet.
pub struct Prepared<'a> {
    pub(super) request: &'a Request<'a>,
    pub(super) source: Arc<dyn Source>,
    pub(super) options: Options,
    pub(super) outcome: Outcome,
}

/// What is left to be done at the target.
pub enum Ready<'a> {
    /// Nothing: it is as it should be.
    Nothing(Outcome),
    /// Something. Nothing is written yet.
    Change(Change<'a>),
}

/// Looks at an image and plans its repair.
///
/// # Errors
/// [`Error::Refused`] when consent is missing, [`Error::Damaged`] when there is nothing to repair from, and whatever
/// reading can end in.
pub fn prepare<'a>(
    request: &'a Request<'a>,
    access: &Access,
    progress: &Arc<dyn Progress>,
) -> Result<Prepared<'a>, Error> {
    let mut source = open(request.from, access)?;
    let same_repository = same_store(request.from, request.to.unwrap_or(request.from));
    if request.from.reference().is_some() && request.gather.depth >= Needs::Files && !same_repository {
        // What is looked at to its end is about to be brought elsewhere.
        source = Arc::new(Kept::new(source));
    }
    prepare_opened(source, request, access, progress)
}

/// The same with an image that is open already; `request.from` is what it is called.
///
/// # Errors
/// As [`prepare`].
pub fn prepare_opened<'a>(
    source: Arc<dyn Source>,
    request: &'a Request<'a>,
    access: &Access,
    progress: &Arc<dyn Progress>,
) -> Result<Prepared<'a>, Error> {
    let target = request.to.unwrap_or(request.from).clone();
    let same_repository = same_store(request.from, &target);
    // What goes into a registry is there under its digest, or is held against it on the way. A layout that is written to
    // takes a file of the right name and size for the blob.
    let facts = gather(&*source, &request.gather, access.recall_at(&target), &**progress)?;
    let source = checked(source, &facts);
    let judgement = judge(&facts);
    let options = Options {
        in_place: same_name(request.from, &target),
        same_repository,
        family: family(request.options.family, request.gather.asked.policy),
        rewrite_as: rewrite_as(&target),
        carries_referrers: carries_referrers(&*source, request.from, &target)?,
        ..request.options
    };
    let plan = plan(&facts, &options).map_err(|error| advise(error, request, &facts))?;
    Ok(Prepared { request, source, options, outcome: Outcome { facts, judgement, plan, target, applied: None } })
}

impl<'a> Prepared<'a> {
    /// What was found and what would be done.
    #[must_use]
    pub fn outcome(&self) -> &Outcome {
        &self.outcome
    }

    /// Leaves it at the plan.
    #[must_use]
    pub fn into_outcome(self) -> Outcome {
        self.outcome
    }

    /// Looks at the target: what is left to be done there, if anything is. Whoever keeps a record, or has to make the
    /// target first, does that between this and [`Change::carry_out`].
    ///
    /// # Errors
    /// [`Error::Refused`] when the name cannot be moved, and whatever looking can end in.
    pub fn ready(mut self, access: &Access) -> Result<Ready<'a>, Error> {
        if self.options.in_place && self.outcome.plan.changes_nothing() {
            return Ok(Ready::Nothing(self.outcome));
        }
        let looked = self.target(access);
        let (sink, replaced) = looked.map_err(|error| advise(error, self.request, &self.outcome.facts))?;
        if let (ImagePlan::Keep(image), Some(now)) = (&self.outcome.plan.image, &replaced)
            && image.digest() == now.digest()
        {
            self.outcome.applied = Some(Applied::was_there(image));
            return Ok(Ready::Nothing(self.outcome));
        }
        Ok(Ready::Change(Change { prepared: self, sink, replaced }))
    }

    /// Carries the plan out.
    ///
    /// # Errors
    /// As [`Prepared::ready`] and [`Change::carry_out`].
    pub fn carry_out(self, access: &Access, progress: &Arc<dyn Progress>) -> Result<Outcome, Error> {
        match self.ready(access)? {
            Ready::Nothing(outcome) => Ok(outcome),
            Ready::Change(change) => change.carry_out(access, progress),
        }
    }

    /// The target, opened for writing, and what stands there.
    fn target(&self, access: &Access) -> Result<(Box<dyn Sink>, Option<RawDocument>), Error> {
        let Prepared { request, options, outcome, .. } = self;
        if options.in_place && request.from.reference().is_some_and(|reference| reference.digest().is_some()) {
            return Err(pinned(request.from));
        }
        if let ImageName::Engine(name) = &outcome.target {
            return Err(engine_is_read_only(request.from, name));
        }
        let replaces = outcome.plan.top.as_ref().filter(|_| options.in_place).map(RawDocument::digest);
        let sink = if options.replace_archive { open_new_archive(&outcome.target)? } else { None };
        let sink = match sink {
            Some(sink) => sink,
            None => open_sink(&outcome.target, access, replaces, request.from.reference())?,
        };
        let replaced = if options.in_place { outcome.plan.top.clone() } else { sink.current()? };
        Ok((sink, replaced))
    }
}

/// Whoever reads a layer later that was not read now gets the bytes of its digest.
fn checked(source: Arc<dyn Source>, facts: &ImageFacts) -> Arc<dyn Source> {
    let remembered = facts.layers.iter().filter(|layer| layer.remembered);
    let unread: HashSet<Digest> =
        remembered.filter_map(|layer| Some(layer.descriptor.as_ref()?.digest.clone())).collect();
    if unread.is_empty() { source } else { Arc::new(Checked::new(source, unread)) }
}

/// The house's policy decides where the user did not.
fn family(asked: As, policy: ManifestPolicy) -> As {
    match (asked, policy) {
        (As::Keep, ManifestPolicy::Only(family)) => As::Only(family),
        (asked, _) => asked,
    }
}

/// Tools take the only entry of a layout for the image, and need a tag to choose among several.
fn carries_referrers(source: &dyn Source, from: &ImageName, to: &ImageName) -> Result<bool, Error> {
    match to {
        ImageName::Registry(_) | ImageName::Engine(_) => Ok(true),
        local if same_name(from, local) => source.is_tagged(),
        ImageName::Layout(local) | ImageName::OciArchive(local) | ImageName::DockerArchive(local) => {
            Ok(local.tag.is_some())
        }
        ImageName::Path(_) => Ok(false),
    }
}

fn rewrite_as(target: &ImageName) -> Family {
    match target {
        ImageName::Layout(_) | ImageName::OciArchive(_) | ImageName::Path(_) => Family::Oci,
        ImageName::Registry(_) | ImageName::DockerArchive(_) | ImageName::Engine(_) => Family::Docker,
    }
}

fn same_name(from: &ImageName, to: &ImageName) -> bool {
    match (from, to) {
        (ImageName::Registry(a), ImageName::Registry(b)) => {
            a.repository_name() == b.repository_name() && a.target() == b.target()
        }
        (a, b) => a == b,
    }
}

/// Whether blobs of one are blobs of the other.
fn same_store(from: &ImageName, to: &ImageName) -> bool {
    match (from, to) {
        (ImageName::Registry(a), ImageName::Registry(b)) => a.repository_name() == b.repository_name(),
        (ImageName::Layout(a), ImageName::Layout(b)) => a.path == b.path,
        (ImageName::OciArchive(a), ImageName::OciArchive(b)) => a.path == b.path,
        (ImageName::DockerArchive(a), ImageName::DockerArchive(b)) => a.path == b.path,
        (a, b) => a == b,
    }
}

fn engine_is_read_only(from: &ImageName, name: &str) -> Error {
    let file = name.split('@').next().unwrap_or_default().rsplit('/').next().unwrap_or_default().replace(':', "-");
    Error::Refused {
        reason: "images of the local engine are read, not written".to_owned(),
        instead: Some(format!(
            "lambark fix {from} --to docker-archive:{file}.tar\n`docker load --input {file}.tar` then brings it back"
        )),
    }
}

fn pinned(name: &ImageName) -> Error {
    Error::Refused {
        reason: format!("{name} names a digest, and a digest cannot be made to point elsewhere"),
        instead: None,
    }
}

/// Says what to run instead, and what can be deployed without any change.
pub(super) fn advise(error: Error, request: &Request<'_>, facts: &ImageFacts) -> Error {
    let reason = match error {
        Error::Refused { reason, instead: None } => reason,
        Error::Registry(lambark_registry::Error::ImmutableTag { .. }) => error.to_string(),
        other => return other,
    };
    let Some(reference) = request.from.reference() else { return Error::Refused { reason, instead: None } };
    let mut lines = Vec::new();
    if let Ok(image) = facts.image.known()
        && matches!(facts.document(), Ok(Document::Index(_)))
    {
        lines.push(format!("the image inside can be deployed as it is: {}", reference.at(image.digest().clone())));
    }
    let target = request.to.and_then(ImageName::reference).unwrap_or(reference);
    // One platform of several gets its own tag; everything else is the same image in a form that Lambda takes.
    let several = matches!(facts.document(), Ok(Document::Index(index)) if index.images().count() > 1);
    let suffix = facts.asked.architecture.filter(|_| several).map_or("lambda", Architecture::as_str);
    let tag = target.tag().unwrap_or(lambark_oci::reference::DEFAULT_TAG);
    let arch = facts.asked.architecture.map(|architecture| format!(" --arch {architecture}")).unwrap_or_default();
    lines.push(format!("lambark fix {reference}{arch} --to {}:{tag}-{suffix}", target.repository_name()));
    Error::Refused { reason, instead: Some(lines.join("\n")) }
}
