//! What `deploy`, `rollback`, `status` and `ship` share: what runs now, what an earlier deployment left, waiting, tests,
//! moving an alias, going back.

pub mod back;
mod error;
#[cfg(test)]
pub(crate) mod fixtures;
pub mod image;
pub mod live;
pub mod lost;
pub mod meaning;
pub mod mend;
pub mod note;
pub mod presence;
pub mod probe;
pub mod shift;
pub mod unfinished;
pub mod wait;

use std::sync::Arc;

use lambark_aws::Lambda;
use lambark_images::{Access, Progress};

pub use back::Back;
pub use error::Error;
pub use live::{Before, LATEST, Live, Version};
pub use note::Note;
pub use unfinished::Unfinished;
pub use wait::Patience;

use super::knowledge;
pub use super::ledger::{Journal, Origin};

/// What every step of a deployment needs.
pub struct World<'a> {
    /// Lambda in the function's Region.
    pub lambda: Arc<dyn Lambda>,
    /// How images are reached.
    pub access: &'a Access,
    /// Who hears how far the work is.
    pub progress: &'a Arc<dyn Progress>,
    /// How a function is looked at while it settles.
    pub patience: Patience,
    /// Where it is known what AWS's words mean.
    pub knowledge: knowledge::Settings,
}

/// AWS's code and words for what went wrong, and what they mean.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reason {
    /// AWS's code, verbatim; empty where there is none.
    pub code: String,
    /// The words, verbatim.
    pub words: String,
    /// What that means, if it is known.
    pub meaning: Option<String>,
}

impl std::fmt::Display for Reason {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match (self.code.as_str(), self.words.as_str()) {
            ("", words) => f.write_str(words),
            (code, "") => f.write_str(code),
            (code, words) => write!(f, "{code}: {words}"),
        }
    }
}

/// One call that a plan would make.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// Whose API: `Lambda`, or `registry`.
    pub service: &'static str,
    /// The call, by AWS's name.
    pub operation: &'static str,
    /// What it would be told.
    pub arguments: Vec<(&'static str, String)>,
    /// Why it would be made.
    pub why: &'static str,
}
