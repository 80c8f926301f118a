//! `build`: drives the builder that is there, takes the image as an archive, mends it and writes it.

pub mod arguments;
pub mod capabilities;
mod execute;
pub mod layouts;
pub mod planner;
mod probe;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use lambark_images::cache::Cache;
use lambark_images::repair::undo::UndoStore;
use lambark_images::repair::{self, Options, Prepared, Request};
use lambark_images::{Error, Gather, Prefer, Source, open_layout, open_unnamed};
use lambark_knowledge::{diagnose, scan};
use lambark_oci::ImageName;
use lambark_oci::name::LocalName;
use lambark_rules::Needs;
use lambark_rules::facts::Asked;

use super::Ways;
use super::check::FailOn;
use super::fix::{self, refused_for, target};
use super::knowledge::{self, Shelf};
use super::ledger::{self, Record};
use crate::ecr::{Created, RepositoryOptions};
use crate::exit;
use crate::failure::Failure;
use execute::{Broken, Log};
use layouts::Layout;
use planner::{Archive, Plan, Refusal, Scratch, Wanted};

/// How many entries of the knowledge base are named when a builder fails: the likeliest ones.
const KNOWN_SHOWN: usize = 3;

/// What to build, how, and where it goes.
#[derive(Clone, Debug)]
pub struct Settings {
    /// What is built, for messages: the service, or the Dockerfile.
    pub what: String,
    /// What the builder is to build.
    pub wanted: Wanted,
    /// Where the image goes; it is only looked at if nothing is said.
    pub output: Option<String>,
    /// What the rules are asked, besides the architecture.
    pub asked: Asked,
    /// What the user allows and wants of a repair.
    pub options: Options,
    /// From which severity on a finding that cannot be mended writes nothing.
    pub fail_on: FailOn,
    /// How to make the repository if it is not there; it is not made if nothing is said.
    pub create: Option<RepositoryOptions>,
    /// An image whose gzip layers may be used again.
    pub reuse_from: Option<String>,
    /// Where this machine remembers layers; nothing is remembered without.
    pub cache: Option<PathBuf>,
    /// Where old manifests are kept.
    pub state: PathBuf,
    /// What explains a builder's failure.
    pub knowledge: knowledge::Settings,
}

/// What came of it.
#[derive(Debug)]
pub struct Outcome {
    /// The builder and its commands.
    pub plan: Plan,
    /// What was found in the image, and what was done to it.
    pub repair: fix::Outcome,
    /// Whether it was written anywhere.
    pub written: bool,
    /// Whether the repository was made.
    pub created_repository: bool,
    /// What took how long, in order.
    pub stages: Vec<(Stage, Duration)>,
}

/// A part of the work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Asking the builders what they can do.
    Ask,
    /// The build; where the builder writes an archive, with its transfer.
    Build,
    /// Bringing the image out of the builder's store.
    Take,
    /// Looking at every file.
    Look,
    /// Mending and writing.
    Write,
}

impl Stage {
    /// One word for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Stage::Ask => "ask",
            Stage::Build => "build",
            Stage::Take => "take",
            Stage::Look => "look",
            Stage::Write => "write",
        }
    }
}

/// The exact commands, without running any of them. Names that are made at run time stand as `TEMPORARY`; `cache` is
/// [`Settings::cache`].
///
/// # Errors
/// When there is no builder, or none that does what is wanted.
pub fn plan(wanted: &Wanted, cache: Option<&Path>) -> Result<Plan, Failure> {
    let layout = Layout::path(cache, wanted, Path::new("TEMPORARY"));
    planned(wanted, "TEMPORARY", layout, "temporary")
}

fn planned(wanted: &Wanted, directory: &str, layout: Option<String>, tag: &str) -> Result<Plan, Failure> {
    // What contradicts itself is told before anybody is asked anything.
    arguments::Arguments::read(&wanted.arguments)
        .and_then(|read| read.platform(wanted.architecture))
        .map_err(Failure::Arguments)?;
    // The registry of that name exists nowhere, so that the name cannot be pulled or pushed by mistake.
    let scratch = Scratch { directory: directory.to_owned(), layout, name: format!("lambark.localhost/build:{tag}") };
    planner::plan(&probe::probe(wanted), wanted, &scratch).map_err(|refusal| match refusal {
        Refusal::NoBuilder(looked) => Failure::NoBuilder { looked },
        Refusal::Contradiction(reason) => Failure::Arguments(reason),
    })
}

/// Builds, looks at every file, mends, and writes. The builder's words go to `words` as they come.
///
/// # Errors
/// [`Failure::Builder`] when the builder failed; [`Failure::BuiltInVain`] before anything was written, when a finding
/// is left that no repair mends; and whatever looking and writing can end in.
pub fn run(
    settings: &Settings,
    ways: Ways<'_>,
    words: &mut (dyn Write + Send),
    record: Option<Record<'_>>,
) -> Result<Outcome, Failure> {
    let to = settings.output.as_deref().map(writable).transpose()?;
    let mut clock = Clock::start();
    let directory = tempfile::Builder::new().prefix("lambark-build-").tempdir();
    let directory = directory.map_err(|source| Error::Write { path: std::env::temp_dir(), source })?;
    let place = directory.path().to_string_lossy().into_owned();
    let tag = place.rsplit('-').next().unwrap_or_default().to_lowercase();
    let layout = Layout::open(settings.cache.as_deref(), &settings.wanted, directory.path());
    let plan = planned(&settings.wanted, &place, layout.as_ref().map(|layout| layout.path.clone()), &tag)?;
    clock.ended(Stage::Ask);
    let layout = layout.and_then(|layout| match plan.archive {
        Archive::Layout(_) => Some(layout),
        _ => {
            layout.unused();
            None
        }
    });
    ways.progress.step(&format!("building with {}", plan.described));
    let source = built(settings, &plan, words, &mut clock)?;
    let asked = Asked { architecture: plan.architecture, ..settings.asked };
    let mut created_repository = false;
    let repair = looked_at(settings, asked, source, to.as_ref(), ways, |prepared| {
        clock.ended(Stage::Look);
        let Some(to) = &to else { return Ok(prepared.into_outcome()) };
        let written = write(settings, to, prepared, ways, record, &mut created_repository)?;
        clock.ended(Stage::Write);
        Ok(written)
    });
    if let Some(layout) = &layout {
        // What was kept may be what is wrong: without it the next build starts anew.
        match &repair {
            Ok(repair) if to.is_some() || repair.exit_code() == exit::FINE => layout.sweep(),
            _ => layout.forget(),
        }
    }
    let repair = repair?;
    Ok(Outcome { plan, repair, written: to.is_some(), created_repository, stages: clock.stages })
}

/// Whether an output leads to a registry.
#[must_use]
pub fn is_pushed(output: &str) -> bool {
    matches!(target(output), Ok(ImageName::Registry(_)))
}

/// What is written to has to be sayable before the build, not after it.
fn writable(output: &str) -> Result<ImageName, Failure> {
    match target(output)? {
        ImageName::Engine(_) | ImageName::Path(_) => Err(Failure::Arguments(format!(
            "--output {output}: an image is written to HOST/REPOSITORY:TAG, oci:DIR, oci-archive:FILE or docker-archive:FILE"
        ))),
        name => Ok(name),
    }
}

/// Runs the commands and opens what they made.
fn built(
    settings: &Settings,
    plan: &Plan,
    words: &mut (dyn Write + Send),
    clock: &mut Clock,
) -> Result<Arc<dyn Source>, Failure> {
    let log = Log::new(words);
    let broken = |broken| failed(broken, &log, settings);
    let streamed = execute::build(plan, settings.wanted.context == "-", &log).map_err(broken)?;
    clock.ended(Stage::Build);
    let saved = execute::save(plan, &log);
    execute::clean(plan, &log);
    let archive = saved.map_err(broken)?.or(streamed);
    if plan.save.is_some() {
        clock.ended(Stage::Take);
    }
    if let Archive::Layout(directory) = &plan.archive {
        return Ok(open_layout(&name_of(settings), Path::new(directory))?);
    }
    let archive = archive.ok_or_else(|| Error::Usage("the builder's commands give no archive".to_owned()))?;
    let prefer = if plan.classic { Prefer::Classic } else { Prefer::Layout };
    Ok(open_unnamed(&name_of(settings), archive, prefer)?)
}

/// What the fresh image is called in messages.
fn name_of(settings: &Settings) -> ImageName {
    ImageName::OciArchive(LocalName::new(format!("(build of {})", settings.what)))
}

/// Looks at every file and plans what is to be mended; `go_on` decides what comes of it.
fn looked_at(
    settings: &Settings,
    asked: Asked,
    source: Arc<dyn Source>,
    to: Option<&ImageName>,
    ways: Ways<'_>,
    go_on: impl FnOnce(Prepared<'_>) -> Result<repair::Outcome, Failure>,
) -> Result<fix::Outcome, Failure> {
    let reuse_from = settings.reuse_from.as_deref().map(super::name).transpose()?;
    let request = Request {
        from: &name_of(settings),
        to,
        gather: Gather { depth: Needs::Files, asked },
        options: Options { replace_archive: true, ..settings.options },
        reuse_from: reuse_from.as_ref(),
        cache: settings.cache.as_deref().map(Cache::new),
        undo: &UndoStore::new(&settings.state),
    };
    let repair = go_on(repair::prepare_opened(source, &request, ways.access, ways.progress)?)?;
    Ok(fix::Outcome::new(settings.what.clone(), repair, ways.access, settings.options.unsafe_fixes))
}

/// Mends and writes, unless something is left that no repair mends.
fn write(
    settings: &Settings,
    to: &ImageName,
    prepared: Prepared<'_>,
    ways: Ways<'_>,
    record: Option<Record<'_>>,
    created: &mut bool,
) -> Result<repair::Outcome, Failure> {
    let judgement = &prepared.outcome().judgement;
    let rules = refused_for(judgement, settings.options.unsafe_fixes, settings.fail_on);
    if !rules.is_empty() {
        return Err(Failure::BuiltInVain { what: settings.what.clone(), rules });
    }
    ledger::carry_out(prepared, ways.access, ways.progress, record, || {
        if let (Some(options), Some(reference)) = (settings.create, to.reference()) {
            *created = ways.sign_in.create_repository(reference, options)? == Created::New;
        }
        Ok(())
    })
}

/// Why the build failed, with what is known of the builder's last words.
fn failed(broken: Broken, log: &Log<'_>, settings: &Settings) -> Failure {
    let (command, status) = match broken {
        Broken::Machine(error) => return Failure::Image(error),
        Broken::Status(command, status) => (command, status.to_string()),
    };
    let known = match Shelf::load(&settings.knowledge) {
        Ok(shelf) => {
            let scan = scan(&shelf.knowledge, &log.tail());
            let diagnosis = diagnose(&shelf.knowledge, &scan);
            let told = |entry: &lambark_knowledge::Entry| {
                format!("{}; `lambark explain {}` tells more", entry.title, entry.id)
            };
            diagnosis.matches.iter().take(KNOWN_SHOWN).map(|found| told(found.entry)).collect()
        }
        // Entries that cannot be read are told by `lambark knowledge lint`.
        Err(_) => Vec::new(),
    };
    Failure::Builder { command, status, known }
}

/// Tells how long each stage took.
struct Clock {
    begun: Instant,
    stages: Vec<(Stage, Duration)>,
}

impl Clock {
    fn start() -> Clock {
        Clock { begun: Instant::now(), stages: Vec::new() }
    }

    fn ended(&mut self, stage: Stage) {
        let now = Instant::now();
        self.stages.push((stage, now - self.begun));
        self.begun = now;
    }
}
