//! What is wrong with a layer's own bytes, as opposed to trouble in getting them.

use std::io;

use lambark_rules::facts::Ending;

/// A defect of a layer's bytes. It travels inside an [`io::Error`], where [`Flaw::of`] finds it; any other
/// [`io::Error`] is the source's own trouble.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Flaw {
    /// The bytes stop in the middle.
    #[error("{0}")]
    Truncated(String),
    /// The bytes are not what they should be.
    #[error("{0}")]
    Corrupt(String),
    /// A named limit was passed.
    #[error("{0}")]
    Stopped(String),
}

impl Flaw {
    /// The flaw inside an error, if that is what it is about.
    #[must_use]
    pub fn of(error: &io::Error) -> Option<&Flaw> {
        error.get_ref().and_then(|inner| inner.downcast_ref())
    }
}

impl From<Flaw> for io::Error {
    fn from(flaw: Flaw) -> io::Error {
        let kind = match flaw {
            Flaw::Truncated(_) => io::ErrorKind::UnexpectedEof,
            Flaw::Corrupt(_) => io::ErrorKind::InvalidData,
            Flaw::Stopped(_) => io::ErrorKind::FileTooLarge,
        };
        io::Error::new(kind, flaw)
    }
}

impl From<Flaw> for Ending {
    fn from(flaw: Flaw) -> Ending {
        match flaw {
            Flaw::Truncated(reason) => Ending::Truncated(reason),
            Flaw::Corrupt(reason) => Ending::Corrupt(reason),
            Flaw::Stopped(reason) => Ending::Stopped(reason),
        }
    }
}
