//! Brings parts from Debian's archive, from PyPI, npm and crates.io into `target/parts/`, beside the system and never
//! into it.
//!
//! Needs a Debian machine (or one with Debian's keyring and `LAMBARK_DEBIAN_MIRROR` set) and its own `apt-get` and
//! `dpkg`; what comes from PyPI needs its Python and pip, what is compiled cargo or a C++ compiler and make. The package
//! lists, the downloads and the unpacked files are ours alone; the system's package state is not touched, and root is
//! not needed. Only rustup's toolchain may get a target more.

mod apt;
mod mirror;
mod node;
mod pip;
mod run;
pub(crate) mod rust;

use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::part::{Part, parts_dir};
use crate::recipe::Build;

pub use apt::Apt;
pub use mirror::{Mirror, debian_mirror};
pub use rust::add_target;

/// Why a part could not be set up. One line for a person.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// The part needs root, and we are not.
    #[error("needs root")]
    NeedsRoot,
    /// Nothing on this machine names a Debian archive.
    #[error("no Debian archive in this machine's package sources (set LAMBARK_DEBIAN_MIRROR)")]
    NoMirror,
    /// Packages could not be verified, so none are fetched.
    #[error("no keyring of Debian's archive on this machine (package debian-archive-keyring)")]
    NoKeyring,
    /// A program failed or took too long.
    #[error("{program}: {reason}")]
    Program {
        /// What was run.
        program: String,
        /// Its last words, or the limit that it passed.
        reason: String,
    },
    /// A package was unpacked and does not hold what it should.
    #[error("{0} is not in its packages any more")]
    Incomplete(String),
    /// The parts directory cannot be used.
    #[error("{path}: {source}", path = path.display())]
    Io {
        /// What was touched.
        path: PathBuf,
        /// The system's answer.
        source: std::io::Error,
    },
}

/// What came of setting up one part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It was there already.
    Cached,
    /// It was fetched, which took so long.
    Fetched(Duration),
}

/// Sets up parts one after another. Holds a lock on the parts directory while it lives.
#[derive(Debug)]
pub struct Setup {
    dir: PathBuf,
    apt: Option<Apt>,
    _lock: File,
}

impl Setup {
    /// Opens the parts directory, waiting for whoever is setting up parts in it right now.
    ///
    /// # Errors
    ///
    /// The directory cannot be made or locked.
    pub fn open() -> Result<Setup, SetupError> {
        let dir = parts_dir();
        let io = |source| SetupError::Io { path: dir.clone(), source };
        std::fs::create_dir_all(&dir).map_err(io)?;
        let lock = File::create(dir.join(".lock")).map_err(io)?;
        lock.lock().map_err(io)?;
        let dir = dir.canonicalize().map_err(io)?;
        Ok(Setup { dir, apt: None, _lock: lock })
    }

    /// Makes a part complete, fetching it only if it is not.
    ///
    /// # Errors
    ///
    /// Why it cannot be had. The reason is kept beside the part, where the tests that skip for it find it.
    pub fn part(&mut self, part: Part) -> Result<Outcome, SetupError> {
        let start = Instant::now();
        let fetched = match self.fetch_unless_complete(part) {
            Ok(fetched) => fetched,
            Err(error) => {
                let _ = std::fs::write(part.missing_file(), error.to_string());
                return Err(error);
            }
        };
        let _ = std::fs::remove_file(part.missing_file());
        Ok(if fetched { Outcome::Fetched(start.elapsed()) } else { Outcome::Cached })
    }

    /// True if something had to be fetched.
    fn fetch_unless_complete(&mut self, part: Part) -> Result<bool, SetupError> {
        let recipe = part.recipe();
        if recipe.root_only && !rustix::process::geteuid().is_root() {
            return Err(SetupError::NeedsRoot);
        }
        if part.is_complete() {
            return Ok(false);
        }
        if self.apt.is_none() && !recipe.packages.is_empty() {
            self.apt = Some(Apt::new(&self.dir, debian_mirror()?)?);
        }
        // Unpacked beside its place and renamed last: a part is whole or not there, whenever we are stopped.
        let fresh = self.dir.join(format!("{part}.new"));
        let io = |source| SetupError::Io { path: fresh.clone(), source };
        remove_tree(&fresh)?;
        std::fs::create_dir_all(&fresh).map_err(io)?;
        if let Some(apt) = &mut self.apt {
            for (suite, packages) in recipe.packages {
                apt.unpack(*suite, packages, &fresh)?;
            }
        }
        if !recipe.python.is_empty() {
            pip::install(recipe.python, &fresh.join("site"))?;
        }
        // What a build leaves beside its outcome is large, and needed no more.
        let scratch = self.dir.join(format!("{part}.build"));
        remove_tree(&scratch)?;
        match recipe.build {
            None => {}
            Some(Build::Rust(target)) => rust::build(target, &scratch, &fresh)?,
            Some(Build::Node { package, tools }) => node::build(package, tools, &scratch, &fresh)?,
        }
        remove_tree(&scratch)?;
        if let Some(absent) = recipe.programs.iter().find(|file| !fresh.join(file).exists()) {
            return Err(SetupError::Incomplete((*absent).to_owned()));
        }
        if part == Part::Aws2 {
            pip::compile(&fresh)?;
        }
        // An empty login file, so that skopeo and buildah do not read those of whoever runs the tests.
        std::fs::write(fresh.join("auth.json"), "{}").map_err(io)?;
        std::fs::write(fresh.join(".recipe"), recipe.stamp()).map_err(io)?;
        let place = self.dir.join(part.name());
        remove_tree(&place)?;
        std::fs::rename(&fresh, &place).map_err(io)?;
        Ok(true)
    }
}

fn remove_tree(path: &Path) -> Result<(), SetupError> {
    match std::fs::remove_dir_all(path) {
        Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
            Err(SetupError::Io { path: path.to_owned(), source })
        }
        _ => Ok(()),
    }
}
