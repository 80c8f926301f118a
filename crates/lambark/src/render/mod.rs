//! One report, one file a format; each writes to any `Write`.

pub mod build;
pub mod cache;
pub mod config;
pub mod deploy;
pub mod describe;
pub mod doctor;
pub mod emulate;
pub mod escape;
pub mod explain;
pub mod fix;
pub mod github;
pub mod init;
pub mod json;
pub mod junit;
pub mod knowledge;
pub mod lint;
pub mod markdown;
pub mod record;
pub mod reference;
pub mod rehearse;
pub mod rollback;
pub mod rules;
pub mod run;
pub mod sarif;
pub mod ship;
pub mod status;
mod story;
pub mod style;
pub mod summary;
pub mod text;
mod wrap;

#[cfg(test)]
pub(crate) mod samples;

/// How wide and how talkative text for people is.
#[derive(Clone, Copy, Debug, Default)]
pub struct Page {
    /// Columns to wrap at; `None` where nobody sees columns (a file, a pipe, a log).
    pub width: Option<usize>,
    /// Whether to list what is normally summed up.
    pub verbose: bool,
    /// Whether to leave out advice.
    pub quiet: bool,
}
