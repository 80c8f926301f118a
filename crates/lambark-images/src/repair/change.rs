//! A repair from its first write to its last, and the way back.

use std::sync::Arc;

use lambark_oci::{Digest, ImageName, RawDocument};
use lambark_rules::Needs;

use super::apply::{Applied, Context, apply};
use super::plan::ImagePlan;
use super::reuse::Known;
use super::run::{Outcome, Prepared, Request, advise};
use super::undo::UndoStore;
use crate::gather::{Gather, gather};
use crate::open::{Access, open, open_sink};
use crate::progress::Progress;
use crate::sink::Sink;
use crate::{Error, Recall, Top};

/// A repair that will change its target. Nothing is written yet.
pub struct Change<'a> {
    pub(super) prepared: Prepared<'a>,
    pub(super) sink: Box<dyn Sink>,
    pub(super) replaced: Option<RawDocument>,
}

impl Change<'_> {
    /// What was found and what will be done.
    #[must_use]
    pub fn outcome(&self) -> &Outcome {
        &self.prepared.outcome
    }

    /// Where the image comes from, if that is somewhere else.
    #[must_use]
    pub fn from(&self) -> Option<&ImageName> {
        Some(self.prepared.request.from).filter(|_| !self.prepared.options.in_place)
    }

    /// What stands at the target now, if anything does.
    #[must_use]
    pub fn replaces(&self) -> Option<&Digest> {
        self.replaced.as_ref().map(RawDocument::digest)
    }

    /// What will stand there, where that is known already: what is written anew has no digest yet.
    #[must_use]
    pub fn result(&self) -> Option<&Digest> {
        match &self.prepared.outcome.plan.image {
            ImagePlan::Keep(image) => Some(image.digest()),
            ImagePlan::Rewrite { .. } => None,
        }
    }

    /// Writes.
    ///
    /// # Errors
    /// [`Error::Refused`] when the name cannot be moved, and whatever reading and writing can end in. The name then
    /// stands where it stood.
    pub fn carry_out(self, access: &Access, progress: &Arc<dyn Progress>) -> Result<Outcome, Error> {
        let Change { prepared, sink, replaced } = self;
        let applied = applied(&prepared, &*sink, replaced, access, progress);
        let Prepared { request, mut outcome, .. } = prepared;
        outcome.applied = Some(applied.map_err(|error| advise(error, request, &outcome.facts))?);
        Ok(outcome)
    }
}

fn applied(
    prepared: &Prepared<'_>,
    sink: &dyn Sink,
    replaced: Option<RawDocument>,
    access: &Access,
    progress: &Arc<dyn Progress>,
) -> Result<Applied, Error> {
    let Prepared { request, source, options, outcome } = prepared;
    let mut known = Known::new(request.cache.clone());
    if let Some(name) = request.reuse_from.filter(|_| outcome.plan.rewrites_layers()) {
        learn(&mut known, name, request, access, &**progress)?;
    }
    let context = Context {
        options,
        known: &known,
        undo: request.undo,
        name: &outcome.target.to_string(),
        key: &undo_key(&outcome.target),
        progress,
    };
    apply(source, sink, &outcome.plan, replaced, &context)
}

/// What an undo brings back. Nothing is written yet.
pub struct TakeBack {
    sink: Box<dyn Sink>,
    now: Digest,
    before: RawDocument,
}

/// Looks up what the last repair of a name replaced.
///
/// # Errors
/// [`Error::Refused`] when nothing is known of it or the name was moved since.
pub fn take_back(name: &ImageName, access: &Access, store: &UndoStore) -> Result<TakeBack, Error> {
    let replaces = match name {
        ImageName::Registry(_) => None,
        // A layout's or an archive's entry is found by what stands there now.
        local => match open(local, access)?.top()? {
            Top::Document(top) => Some(top.digest().clone()),
            Top::Classic(_) => None,
        },
    };
    let sink = open_sink(name, access, replaces.as_ref(), None)?;
    let Some(now) = sink.current_digest()? else {
        return Err(Error::Refused { reason: format!("nothing stands under {} now", sink.place()), instead: None });
    };
    let before = store.before(&undo_key(name), &now)?;
    Ok(TakeBack { sink, now, before })
}

impl TakeBack {
    /// What stands there now.
    #[must_use]
    pub fn now(&self) -> &Digest {
        &self.now
    }

    /// What stood there before.
    #[must_use]
    pub fn before(&self) -> &Digest {
        self.before.digest()
    }

    /// Puts it back; returns what stands there again.
    ///
    /// # Errors
    /// When it cannot be written; the name then stands where it stood.
    pub fn carry_out(self) -> Result<RawDocument, Error> {
        self.sink.publish(&self.before)?;
        Ok(self.before)
    }
}

fn learn(
    known: &mut Known,
    name: &ImageName,
    request: &Request<'_>,
    access: &Access,
    progress: &dyn Progress,
) -> Result<(), Error> {
    let shallow = Gather { depth: Needs::Manifest, ..request.gather };
    let facts = gather(&*open(name, access)?, &shallow, Recall::Nothing, progress)?;
    match (facts.manifest(), facts.image_config()) {
        (Ok(manifest), Ok(config)) => {
            known.add_image(manifest, config);
            Ok(())
        }
        _ => Err(Error::Usage(format!("{name} is no image whose layers could be used again"))),
    }
}

/// One key for all the ways to write a name: what stands there now tells several tags of one place apart.
fn undo_key(name: &ImageName) -> String {
    match name {
        ImageName::Registry(reference) => format!("{}:{}", reference.repository_name(), reference.target()),
        ImageName::Engine(name) => format!("engine:{name}"),
        ImageName::Layout(local) | ImageName::OciArchive(local) | ImageName::DockerArchive(local) => place(&local.path),
        ImageName::Path(path) => place(path),
    }
}

fn place(path: &str) -> String {
    std::fs::canonicalize(path).map_or_else(|_| path.to_owned(), |whole| whole.display().to_string())
}
