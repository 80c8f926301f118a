//! The steps of `ship`, in order.

use std::fmt;
use std::str::FromStr;

/// A step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Step {
    /// The builder makes an image.
    Build,
    /// Every file of it is looked at, and it is mended.
    Check,
    /// It is brought to the registry.
    Push,
    /// What stands under the tag is read back by its digest.
    Verify,
    /// The function is updated and a version published.
    Deploy,
    /// The version passes its event tests.
    Tests,
    /// The alias moves, and the URL tests pass.
    Alias,
    /// The outcome is in the ledger.
    Record,
}

impl Step {
    /// Every step, in order.
    pub const ALL: [Step; 8] =
        [Step::Build, Step::Check, Step::Push, Step::Verify, Step::Deploy, Step::Tests, Step::Alias, Step::Record];

    /// Its name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Step::Build => "build",
            Step::Check => "check",
            Step::Push => "push",
            Step::Verify => "verify",
            Step::Deploy => "deploy",
            Step::Tests => "tests",
            Step::Alias => "alias",
            Step::Record => "record",
        }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Step {
    type Err = String;

    fn from_str(text: &str) -> Result<Step, String> {
        let known = Step::ALL.into_iter().find(|step| step.as_str() == text);
        known.ok_or_else(|| format!("the steps are {}", Step::ALL.map(Step::as_str).join(", ")))
    }
}
