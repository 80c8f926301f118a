//! `lint`: a repository's build steps, and the edits that mend them.

mod disk;
mod walk;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use lambark_images::{Error, parallel};
use lambark_lint::fix::{Level, MAX_PASSES, fix};
use lambark_lint::front::{self, ReadFile};
use lambark_lint::{Finding, Note, Report, SourceFile, Span, Tree};

use super::check::FailOn;
use crate::exit;
use crate::failure::Failure;
pub(super) use disk::Disk;

/// How many threads read: a disk serves a few at once, and the parsing scales with the processors.
const MAX_THREADS: usize = 16;

/// What to look at.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Files and directories whose findings are told; all of them lie in one repository.
    pub paths: Vec<PathBuf>,
    /// Where the command runs, absolute.
    pub directory: PathBuf,
    /// What the caller knows besides the files.
    pub known: lambark_lint::Settings,
    /// Rules that are not asked.
    pub ignored_rules: Vec<String>,
    /// Which edits to make, if any.
    pub fix: Option<Level>,
}

/// What was found, and what was done about it.
#[derive(Debug)]
pub struct Outcome {
    /// What is left.
    pub report: Report,
    /// The repository's root.
    pub root: PathBuf,
    /// How many files were read.
    pub files: usize,
    /// How many findings were mended.
    pub mended: usize,
    /// Files that were written, by path.
    pub written: Vec<Arc<str>>,
    sources: Disk,
}

impl Outcome {
    /// The file in which a finding lies.
    #[must_use]
    pub fn source(&self, span: &Span) -> Option<Arc<SourceFile>> {
        self.sources.read(&span.file)
    }

    /// The exit code.
    #[must_use]
    pub fn exit_code(&self, fail_on: FailOn) -> u8 {
        if self.report.worst().is_some_and(|worst| fail_on.met_by(worst)) { exit::FINDINGS } else { exit::FINE }
    }
}

/// Reads the repository, judges it, and edits it if asked.
///
/// # Errors
/// When a path is not there, lies in another repository than the first, or a file cannot be written.
pub fn run(settings: &Settings) -> Result<Outcome, Failure> {
    let paths = absolute(settings)?;
    let root = root_of(&paths[0]);
    let scope = Scope::new(&root, &paths, settings)?;
    let found = walk::find(&root);
    let sources = Disk::new(root.clone(), found.sources);
    let mut notes = found.notes;
    let mut edited: BTreeMap<Arc<str>, Arc<SourceFile>> = BTreeMap::new();
    let mut mended = 0;
    let mut report = judge(&sources, settings);
    for _ in 0..MAX_PASSES {
        let Some(level) = settings.fix else { break };
        let wanted: Vec<Finding> = report.findings.iter().filter(|finding| scope.has(&finding.span)).cloned().collect();
        let fixed = fix(&wanted, &sources, level);
        if fixed.files.is_empty() {
            break;
        }
        mended += fixed.mended;
        for (path, text) in fixed.files {
            edited.insert(Arc::clone(&path), sources.replace(&path, text));
        }
        report = judge(&sources, settings);
    }
    for (path, file) in &edited {
        write(&root.join(&**path), file.text())?;
    }
    report.findings.retain(|finding| scope.has(&finding.span));
    report.not_judged.retain(|left| scope.has(&left.span));
    notes.append(&mut report.notes);
    notes.retain(|note| scope.has(&note.span));
    notes.sort();
    report.notes = notes;
    Ok(Outcome { report, root, files: sources.known(), mended, written: edited.into_keys().collect(), sources })
}

/// A repository that was read and not judged.
pub(super) struct Seen {
    /// Its root.
    pub(super) root: PathBuf,
    /// What each file says.
    pub(super) files: Vec<ReadFile>,
    /// The files themselves.
    pub(super) sources: Disk,
}

/// Reads the repository that `directory` (absolute) lies in.
pub(super) fn see(directory: &Path) -> Seen {
    let root = root_of(directory);
    let sources = Disk::new(root.clone(), walk::find(&root).sources);
    Seen { root, files: read(&sources), sources }
}

fn read(sources: &Disk) -> Vec<ReadFile> {
    let files = sources.all();
    parallel::map(&files, threads(), |_, file| front::read(file, sources)).into_iter().flatten().collect()
}

fn judge(sources: &Disk, settings: &Settings) -> Report {
    let read = read(sources);
    let mut report = lambark_lint::lint(&read, sources, &settings.known);
    report.findings.retain(|finding| !settings.ignored_rules.iter().any(|rule| rule == finding.rule));
    report
}

fn threads() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from).min(MAX_THREADS)
}

/// The paths as they are named from the root of the file system, links followed.
fn absolute(settings: &Settings) -> Result<Vec<PathBuf>, Failure> {
    let here = [PathBuf::from(".")];
    let asked = if settings.paths.is_empty() { &here[..] } else { &settings.paths };
    let real = |path: &PathBuf| {
        let whole = settings.directory.join(path);
        whole.canonicalize().map_err(|source| Failure::Image(Error::Read { path: path.clone(), source }))
    };
    asked.iter().map(real).collect()
}

/// The repository that a path belongs to: the nearest directory with a `.git`, else the path itself.
fn root_of(path: &Path) -> PathBuf {
    let directory = if path.is_dir() { path } else { path.parent().unwrap_or(path) };
    let repository = directory.ancestors().find(|directory| directory.join(".git").exists());
    repository.unwrap_or(directory).to_owned()
}

/// The part of the repository that was asked for. The rest is read too, for a Dockerfile tells what a script builds.
struct Scope {
    prefixes: Vec<String>,
}

impl Scope {
    fn new(root: &Path, paths: &[PathBuf], settings: &Settings) -> Result<Scope, Failure> {
        let prefix = |(index, path): (usize, &PathBuf)| match path.strip_prefix(root) {
            Ok(inside) => Ok(disk::slashed(inside).unwrap_or_default()),
            Err(_) => {
                let asked = settings.paths.get(index).unwrap_or(path);
                let (asked, root) = (asked.display(), root.display());
                Err(Failure::Arguments(format!("{asked} is not in {root}: name paths of one repository")))
            }
        };
        Ok(Scope { prefixes: paths.iter().enumerate().map(prefix).collect::<Result<_, Failure>>()? })
    }

    fn has(&self, span: &Span) -> bool {
        self.prefixes.iter().any(|prefix| {
            let rest = span.file.strip_prefix(prefix.as_str());
            rest.is_some_and(|rest| prefix.is_empty() || rest.is_empty() || rest.starts_with('/'))
        })
    }
}

/// Writes a file in place: its mode, its owner and links to it stay.
fn write(path: &Path, text: &str) -> Result<(), Failure> {
    fs::write(path, text).map_err(|source| Failure::Output { path: path.to_owned(), source })
}

/// Notes of the walk are about files, so they stand at their beginning.
fn note(path: &str, reason: String) -> Note {
    Note { span: Span { file: path.into(), start: 0, end: 0 }, reason }
}

#[cfg(test)]
mod tests;
