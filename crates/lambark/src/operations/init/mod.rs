//! `init`: from what a repository shows to `lambark.toml`, a workflow, a pre-commit entry, alarms and pages. Everything
//! is planned before anything is written, and nothing that exists is overwritten without being named.

mod branch;
mod files;
mod fill;
pub mod find;
mod live;
pub mod plan;
pub mod script;
mod write;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use lambark_aws::Aws;

use super::lint;
use crate::config::{Config, FILE_NAME};
use crate::exit;
use crate::failure::Failure;
use find::{Findings, Question};
use plan::{File, Status};
use script::Script;

/// Largest existing file that is compared, in bytes: what lambark writes has a few thousand.
const MAX_FILE_BYTES: u64 = 1 << 20;

/// Where a workflow runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ci {
    /// GitHub Actions.
    Github,
    /// AWS CodeBuild.
    Codebuild,
}

/// What alarms are written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Alarms {
    /// AWS CloudFormation.
    Cloudformation,
    /// Terraform.
    Terraform,
}

/// What is wanted besides `lambark.toml`.
#[derive(Clone, Debug, Default)]
pub struct Choices {
    /// A workflow.
    pub ci: Option<Ci>,
    /// A pre-commit entry.
    pub pre_commit: bool,
    /// Alarms.
    pub alarms: Option<Alarms>,
    /// A deployment checklist and an onboarding page.
    pub docs: bool,
    /// A block for coding agents and a skill.
    pub agents: bool,
    /// Build scripts to replace, relative to the repository's root.
    pub replaced_scripts: Vec<String>,
}

/// What to do.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where the command runs, absolute.
    pub directory: PathBuf,
    /// Live functions to look at.
    pub functions: Vec<String>,
    /// The Region of the functions, if the user named one.
    pub region: Option<String>,
    /// What is wanted.
    pub choices: Choices,
    /// Files that may be overwritten, as the user wrote them.
    pub overwrite: Vec<PathBuf>,
    /// Whether to write; otherwise everything is only shown.
    pub write: bool,
}

/// What was found, and what was or would be written.
#[derive(Debug)]
pub struct Outcome {
    /// The repository's root.
    pub root: PathBuf,
    /// What the repository shows.
    pub findings: Findings,
    /// Hand-written scripts, line by line.
    pub scripts: Vec<Script>,
    /// The files, in the order in which they are written.
    pub files: Vec<File>,
    /// Whether they were written.
    pub written: bool,
}

impl Outcome {
    /// Whether a file stands in the way, so that nothing is written.
    #[must_use]
    pub fn is_refused(&self) -> bool {
        self.files.iter().any(|file| matches!(file.status, Status::Refused(_)))
    }

    /// Whether there is anything to write.
    #[must_use]
    pub fn has_work(&self) -> bool {
        self.files.iter().any(|file| file.status.writes())
    }

    /// The exit code.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        if self.is_refused() { exit::REFUSED } else { exit::FINE }
    }
}

/// Looks, plans, and writes if asked and nothing stands in the way.
///
/// # Errors
/// When the repository or a function cannot be looked at, or a file cannot be written.
pub fn run(settings: &Settings, aws: &Arc<Aws>) -> Result<Outcome, Failure> {
    let directory = settings.directory.canonicalize().map_err(|source| unreadable(&settings.directory, source))?;
    let seen = lint::see(&directory);
    let root = seen.root.clone();
    let overwrite = inside(&settings.overwrite, &directory, &root)?;
    let replaced: Vec<PathBuf> = settings.choices.replaced_scripts.iter().map(PathBuf::from).collect();
    let choices = Choices { replaced_scripts: inside(&replaced, &directory, &root)?, ..settings.choices.clone() };
    let config_path = root.join(FILE_NAME);
    let is_configured = config_path.is_file() && !overwrite.iter().any(|path| path == FILE_NAME);
    let config = if is_configured { Some(Config::load(Some(&config_path), &root)?) } else { None };
    let live = live::look(&settings.functions, settings.region.as_deref(), aws)?;
    let name = root.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let question = Question {
        files: &seen.files,
        tree: &seen.sources,
        config: config.as_ref(),
        live: &live,
        branch: branch::deployed(&root),
        directory: &name,
    };
    let findings = find::find(&question);
    let scripts = script::explain(&seen.files, &seen.sources, &findings);
    if let Some(other) = choices.replaced_scripts.iter().find(|path| !scripts.iter().any(|it| *it.path == **path)) {
        return Err(Failure::Arguments(format!("{other} is no script here that builds, pushes or deploys an image")));
    }
    let drafts = files::drafts(&findings, &choices, |path| read(&root, path).ok().flatten());
    let files = plan::plan(drafts, &overwrite, |path| read(&root, path))?;
    let mut outcome = Outcome { root, findings, scripts, files, written: false };
    if settings.write && !outcome.is_refused() {
        write::write(&outcome.root, &outcome.files)?;
        outcome.written = true;
    }
    Ok(outcome)
}

/// The paths as they are named from the repository's root, with `/` between names.
fn inside(paths: &[PathBuf], directory: &Path, root: &Path) -> Result<Vec<String>, Failure> {
    let base = directory.strip_prefix(root).unwrap_or(Path::new("")).to_string_lossy().replace('\\', "/");
    let one = |path: &PathBuf| {
        let text = path.to_string_lossy().replace('\\', "/");
        lambark_lint::source::join(&base, &text)
            .filter(|path| !path.is_empty())
            .ok_or_else(|| Failure::Arguments(format!("{text} is no path in {}", root.display())))
    };
    paths.iter().map(one).collect()
}

/// What a file holds now; `None` if there is none.
fn read(root: &Path, path: &str) -> Result<Option<String>, Failure> {
    let whole = root.join(path);
    let metadata = match fs::symlink_metadata(&whole) {
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            return Ok(None);
        }
        Err(source) => return Err(unreadable(Path::new(path), source)),
        Ok(metadata) => metadata,
    };
    let other = |what: &str| Err(Failure::Arguments(format!("{path} is {what}: move it away, or leave that part out")));
    if !metadata.is_file() {
        return other("no ordinary file");
    }
    if metadata.len() > MAX_FILE_BYTES {
        return other("larger than anything that lambark writes");
    }
    let bytes = fs::read(&whole).map_err(|source| unreadable(Path::new(path), source))?;
    String::from_utf8(bytes).map(Some).or_else(|_| other("no text in UTF-8"))
}

fn unreadable(path: &Path, source: io::Error) -> Failure {
    Failure::Image(lambark_images::Error::Read { path: path.to_owned(), source })
}
