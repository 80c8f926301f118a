//! STS: who the caller is.

use crate::error::Error;

/// What lambark asks STS. Calls block.
pub trait Sts: Send + Sync {
    /// Who the credentials belong to; needs no permission.
    ///
    /// # Errors
    /// See [`Error`].
    fn caller(&self) -> Result<Caller, Error>;
}

/// Who the credentials belong to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// The account, twelve digits.
    pub account: String,
    /// The user or role, such as `arn:aws:sts::123456789012:assumed-role/ci/session`.
    pub arn: String,
}
