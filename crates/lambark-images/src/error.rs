//! What can go wrong while looking at or writing an image, and whose fault it is.

use std::io;
use std::path::PathBuf;

use lambark_oci::index::SelectError;
use lambark_oci::{Digest, DocumentError};

/// Whose fault an error is; decides the exit code and the hint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// The name leads nowhere.
    NotFound,
    /// The registry wants other credentials.
    Authentication,
    /// The dialogue failed: network, server, time.
    Network,
    /// The bytes are not what they should be.
    Malformed,
    /// The request cannot be carried out as given.
    Usage,
    /// The change was not made, on purpose.
    Refused,
    /// This machine: disk, permissions.
    Machine,
}

/// Why an image could not be looked at or written.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The path does not exist or cannot be read: the user's.
    #[error("cannot read {path}: {source}")]
    Read {
        /// The path.
        path: PathBuf,
        /// The operating system's word.
        source: io::Error,
    },
    /// The disk is full or the directory read-only: the machine's.
    #[error("cannot write {path}: {source}")]
    Write {
        /// The path.
        path: PathBuf,
        /// The operating system's word.
        source: io::Error,
    },
    /// The path exists but holds no image of a kind we know: the user's.
    #[error("{path} is no image: {reason}")]
    NotAnImage {
        /// The path.
        path: PathBuf,
        /// What it is instead.
        reason: String,
    },
    /// The layout or archive breaks its own format: its maker's.
    #[error("{place}: {reason}")]
    Malformed {
        /// Which file.
        place: String,
        /// What is wrong.
        reason: String,
    },
    /// A manifest or index cannot be judged: its maker's.
    #[error("{place}: {source}")]
    Document {
        /// Which document.
        place: String,
        /// What is wrong.
        source: DocumentError,
    },
    /// No such tag or digest in the layout or archive: the user's.
    #[error("{place} holds no image {wanted}; it holds {present}")]
    NoSuchImage {
        /// Layout or archive.
        place: String,
        /// What was asked for.
        wanted: String,
        /// What is there.
        present: String,
    },
    /// Several images and no tag that chooses: the user's.
    #[error("{place} holds several images ({present}): choose one by its tag")]
    Ambiguous {
        /// Layout or archive.
        place: String,
        /// What is there.
        present: String,
    },
    /// A blob is not there: the image's maker's.
    #[error("blob {digest} is not in {place}")]
    MissingBlob {
        /// The blob.
        digest: Digest,
        /// Where it was looked for.
        place: String,
    },
    /// Bytes that differ from what their digest says: the store's.
    #[error("blob {expected} in {place} has other bytes than its digest says (they give {actual})")]
    WrongDigest {
        /// What the descriptor says.
        expected: Digest,
        /// What the bytes say.
        actual: Digest,
        /// Where it lies.
        place: String,
    },
    /// A read broke off in the middle: network or disk.
    #[error("reading {what} from {place} failed: {source}")]
    Stream {
        /// What was read.
        what: String,
        /// Where from.
        place: String,
        /// Why.
        source: io::Error,
    },
    /// No child fits: the user's choice.
    #[error(transparent)]
    Select(#[from] SelectError),
    /// The registry dialogue failed.
    #[error(transparent)]
    Registry(#[from] lambark_registry::Error),
    /// No container engine answers on this machine: the user's, or the machine's.
    #[error("no container engine answers; looked at {looked}")]
    NoEngine {
        /// Each place, with what came of it.
        looked: String,
    },
    /// The container engine failed, or broke off: its own.
    #[error("the engine at {place} {reason}")]
    Engine {
        /// Its socket.
        place: String,
        /// What it did.
        reason: String,
    },
    /// The image lacks or contradicts its own bytes, so there is nothing to repair it from: its maker's.
    #[error("the image is damaged: {reason}")]
    Damaged {
        /// What is wrong with it.
        reason: String,
    },
    /// Not carried out on purpose; the text says what to do instead.
    #[error("{reason}")]
    Refused {
        /// Why.
        reason: String,
        /// What to run instead, if there is something.
        instead: Option<String>,
    },
    /// The request makes no sense as given: the user's.
    #[error("{0}")]
    Usage(String),
}

impl Error {
    /// Whose fault it is.
    #[must_use]
    pub fn kind(&self) -> Kind {
        match self {
            Error::Read { source, .. } if source.kind() == io::ErrorKind::NotFound => Kind::NotFound,
            Error::Read { .. } | Error::Write { .. } => Kind::Machine,
            Error::NoSuchImage { .. } | Error::Select(SelectError::NoImage | SelectError::NoneFits { .. }) => {
                Kind::NotFound
            }
            Error::NotAnImage { .. }
            | Error::Malformed { .. }
            | Error::Document { .. }
            | Error::MissingBlob { .. }
            | Error::WrongDigest { .. }
            | Error::Damaged { .. } => Kind::Malformed,
            Error::Ambiguous { .. } | Error::Select(SelectError::Ambiguous { .. }) | Error::Usage(_) => Kind::Usage,
            Error::Refused { .. } => Kind::Refused,
            Error::NoEngine { .. } => Kind::NotFound,
            Error::Stream { .. } | Error::Engine { .. } => Kind::Network,
            Error::Registry(error) => of_registry(error),
        }
    }
}

fn of_registry(error: &lambark_registry::Error) -> Kind {
    use lambark_registry::Error as Registry;
    match error {
        _ if error.is_not_found() => Kind::NotFound,
        _ if error.is_auth() => Kind::Authentication,
        _ if error.is_content() => Kind::Malformed,
        Registry::Options { .. } => Kind::Usage,
        Registry::ImmutableTag { .. } | Registry::ImageQuota { .. } => Kind::Refused,
        Registry::Source { .. } => Kind::Machine,
        _ => Kind::Network,
    }
}
