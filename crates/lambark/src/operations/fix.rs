//! `fix`: mends an image where it lies.

use std::path::PathBuf;
use std::sync::Arc;

use lambark_images::cache::Cache;
use lambark_images::repair::undo::UndoStore;
use lambark_images::repair::{self, Options, Request};
use lambark_images::{Access, Gather, Progress};
use lambark_oci::{ImageName, RawDocument};
use lambark_registry::Traffic;
use lambark_rules::facts::Asked;
use lambark_rules::{Finding, Judgement, Needs, Safety, Severity};

use super::check::{FailOn, default_depth};
use super::ledger::{self, Record};
use crate::exit;
use crate::failure::Failure;
use crate::words::shell;

/// What to mend, and how.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The image, as the user wrote it.
    pub image: String,
    /// Where the result goes; in place when absent.
    pub to: Option<String>,
    /// What the rules are asked.
    pub asked: Asked,
    /// How deep to look first; by where the image lies if nothing is said.
    pub depth: Option<Needs>,
    /// What the user allows and wants.
    pub options: Options,
    /// Only plan.
    pub plan_only: bool,
    /// An image whose gzip layers may be used again.
    pub reuse_from: Option<String>,
    /// Where this machine remembers layers; nothing is remembered without.
    pub cache: Option<PathBuf>,
    /// Where old manifests are kept.
    pub state: PathBuf,
}

/// What came of it.
#[derive(Debug)]
pub struct Outcome {
    /// The image, as the user wrote it.
    pub image: String,
    /// What was found, planned and done.
    pub repair: repair::Outcome,
    /// What the dialogue with registries cost.
    pub traffic: Traffic,
    unsafe_fixes: bool,
}

/// Looks, plans, and unless only a plan is wanted carries it out and records it.
///
/// # Errors
/// When the image cannot be looked at, consent is missing, it cannot be recorded, or writing failed; the name then
/// stands where it stood.
pub fn run(
    settings: &Settings,
    access: &Access,
    progress: &Arc<dyn Progress>,
    record: Option<Record<'_>>,
) -> Result<Outcome, Failure> {
    prepared(settings, access, progress, |prepared| {
        if settings.plan_only {
            return Ok(prepared.into_outcome());
        }
        ledger::carry_out(prepared, access, progress, record, || Ok(()))
    })
}

/// Looks and plans, and leaves it to `go_on` what comes of it.
pub(in crate::operations) fn prepared(
    settings: &Settings,
    access: &Access,
    progress: &Arc<dyn Progress>,
    go_on: impl FnOnce(repair::Prepared<'_>) -> Result<repair::Outcome, Failure>,
) -> Result<Outcome, Failure> {
    let from = super::name(&settings.image)?;
    let to = settings.to.as_deref().map(target).transpose()?;
    let reuse_from = settings.reuse_from.as_deref().map(super::name).transpose()?;
    let depth = settings.depth.unwrap_or_else(|| default_depth(&from));
    let request = Request {
        from: &from,
        to: to.as_ref(),
        gather: Gather { depth, asked: settings.asked },
        options: settings.options,
        reuse_from: reuse_from.as_ref(),
        cache: settings.cache.as_deref().map(Cache::new),
        undo: &UndoStore::new(&settings.state),
    };
    let repair =
        go_on(repair::prepare(&request, access, progress).map_err(|error| super::missing(error, &from, access))?)?;
    Ok(Outcome::new(settings.image.clone(), repair, access, settings.options.unsafe_fixes))
}

/// Reads the name of something that is to be written. A path that does not exist yet says by its prefix what it is to
/// become, so a bare one is an error.
pub(super) fn target(text: &str) -> Result<ImageName, Failure> {
    match ImageName::parse(text, |_| false) {
        Err(_) if std::path::Path::new(text).exists() => Ok(ImageName::Path(text.to_owned())),
        other => Ok(other?),
    }
}

impl Outcome {
    pub(super) fn new(image: String, repair: repair::Outcome, access: &Access, unsafe_fixes: bool) -> Outcome {
        Outcome { image, repair, traffic: access.traffic(), unsafe_fixes }
    }

    /// Errors that this repair did not touch.
    pub fn left(&self) -> impl Iterator<Item = &Finding> {
        let left = unmended(&self.repair.judgement, self.unsafe_fixes);
        left.filter(|finding| finding.severity == Severity::Error)
    }

    /// The command that takes the repair back, if something was replaced.
    #[must_use]
    pub fn undo_command(&self) -> Option<String> {
        self.repair.applied.as_ref().filter(|applied| applied.undoable)?;
        Some(format!("lambark fix {} --undo", shell(&self.repair.target.to_string())))
    }

    /// 1 when errors are left that a repair cannot mend.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        if self.left().next().is_some() { exit::FINDINGS } else { exit::FINE }
    }
}

/// Findings that no repair touches, with or without consent to change files and the command.
pub(super) fn unmended(judgement: &Judgement, unsafe_fixes: bool) -> impl Iterator<Item = &Finding> {
    judgement.findings.iter().filter(move |finding| match finding.fix.as_ref().map(|fix| fix.safety) {
        Some(Safety::Safe) => false,
        Some(Safety::Unsafe) => !unsafe_fixes,
        Some(Safety::Manual) | None => true,
    })
}

/// The rules whose findings no repair touches and that are grave enough to write nothing.
pub(in crate::operations) fn refused_for(
    judgement: &Judgement,
    unsafe_fixes: bool,
    fail_on: FailOn,
) -> Vec<&'static str> {
    let left = unmended(judgement, unsafe_fixes).filter(|finding| fail_on.met_by(finding.severity));
    let mut rules: Vec<&str> = left.map(|finding| finding.rule).collect();
    rules.dedup();
    rules
}

/// What an undo brought back.
#[derive(Debug)]
pub struct Undone {
    /// The name.
    pub name: ImageName,
    /// What stands there again.
    pub restored: RawDocument,
    /// What the dialogue with registries cost.
    pub traffic: Traffic,
}

/// Takes back the last repair of a name.
///
/// # Errors
/// When nothing is known of it, the name was moved since, or it cannot be recorded.
pub fn undo(
    image: &str,
    state: &std::path::Path,
    access: &Access,
    record: Option<Record<'_>>,
) -> Result<Undone, Failure> {
    let name = super::name(image)?;
    let back = repair::take_back(&name, access, &UndoStore::new(state))?;
    let restored = ledger::take_back(&name, back, record)?;
    Ok(Undone { name, restored, traffic: access.traffic() })
}
