//! What the tests of this crate share.
#![allow(clippy::unwrap_used, reason = "tests")]
#![allow(dead_code, reason = "each test file uses its own part of it")]

use std::path::Path;
use std::sync::Arc;

use lambark_images::repair::undo::UndoStore;
use lambark_images::repair::{self, Options, Outcome, Request};
use lambark_images::{Access, Error, Gather, Progress, Recall, Silent, gather, open};
use lambark_oci::ImageName;
use lambark_rules::facts::{Asked, ImageFacts};
use lambark_rules::{Judgement, Needs, judge};

/// An image name; nothing exists, so that paths need their prefix.
pub(crate) fn name(text: &str) -> ImageName {
    ImageName::parse(text, |_| false).unwrap()
}

pub(crate) fn layout(path: &Path) -> ImageName {
    name(&format!("oci:{}", path.display()))
}

pub(crate) fn archive(path: &Path) -> ImageName {
    name(&format!("oci-archive:{}", path.display()))
}

/// Access without credentials.
pub(crate) fn access() -> Access {
    Access::new(false, || {
        lambark_registry::tls::install_provider();
        lambark_registry::Options::from_variables(&|_| None)
    })
}

pub(crate) fn silent() -> Arc<dyn Progress> {
    Arc::new(Silent)
}

pub(crate) fn files() -> Gather {
    Gather { depth: Needs::Files, asked: Asked::default() }
}

pub(crate) fn look(image: &ImageName, options: &Gather) -> Result<ImageFacts, Error> {
    gather(&*open(image, &access())?, options, Recall::Nothing, &Silent)
}

pub(crate) fn check(image: &ImageName) -> Judgement {
    judge(&look(image, &files()).unwrap())
}

pub(crate) fn rules(judgement: &Judgement) -> Vec<&'static str> {
    judgement.findings.iter().map(|finding| finding.rule).collect()
}

/// A repair with its own state directory.
pub(crate) struct Fixing {
    pub(crate) state: tempfile::TempDir,
    pub(crate) options: Options,
    pub(crate) gather: Gather,
    pub(crate) cache: bool,
    pub(crate) plan_only: bool,
    pub(crate) reuse_from: Option<ImageName>,
}

impl Fixing {
    pub(crate) fn new() -> Fixing {
        Fixing {
            state: tempfile::tempdir().unwrap(),
            options: Options::default(),
            gather: files(),
            cache: false,
            plan_only: false,
            reuse_from: None,
        }
    }

    pub(crate) fn fix(&self, from: &ImageName, to: Option<&ImageName>) -> Result<Outcome, Error> {
        self.fix_with(from, to, &access())
    }

    pub(crate) fn fix_with(&self, from: &ImageName, to: Option<&ImageName>, access: &Access) -> Result<Outcome, Error> {
        let undo = UndoStore::new(self.state.path());
        let request = Request {
            from,
            to,
            gather: self.gather,
            options: self.options,
            reuse_from: self.reuse_from.as_ref(),
            cache: self.cache.then(|| lambark_images::cache::Cache::new(self.state.path())),
            undo: &undo,
        };
        let prepared = repair::prepare(&request, access, &silent())?;
        if self.plan_only { Ok(prepared.into_outcome()) } else { prepared.carry_out(access, &silent()) }
    }

    pub(crate) fn undo(&self, name: &ImageName) -> Result<lambark_oci::RawDocument, Error> {
        repair::take_back(name, &access(), &UndoStore::new(self.state.path()))?.carry_out()
    }
}
