//! What ECR refuses, and in which words. Both its faces speak from here.

use serde_json::{Map, Value};

use crate::Error;

/// A refusal: ECR's own name for it, and its words.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Refusal {
    pub(crate) kind: Kind,
    pub(crate) message: String,
    /// What else the exception carries.
    pub(crate) detail: Map<String, Value>,
}

/// ECR's exceptions.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Kind {
    AccessDenied,
    EmptyUpload,
    ImageAlreadyExists,
    ImageDigestDoesNotMatch,
    ImageNotFound,
    ImageReferencedByManifestList,
    ImageTagAlreadyExists,
    InvalidLayer,
    InvalidLayerPart,
    InvalidParameter,
    LayerAlreadyExists,
    LayerInaccessible,
    LayerPartTooSmall,
    LayersNotFound,
    LimitExceeded,
    ReferencedImagesNotFound,
    RepositoryAlreadyExists,
    RepositoryNotEmpty,
    RepositoryNotFound,
    RepositoryPolicyNotFound,
    Serialization,
    Server,
    Throttling,
    TooManyTags,
    UnknownOperation,
    UploadNotFound,
}

impl Kind {
    /// As it stands in `__type`.
    pub(crate) fn name(self) -> String {
        format!("{self:?}Exception")
    }
}

impl Refusal {
    pub(crate) fn new(kind: Kind, message: impl Into<String>) -> Refusal {
        Refusal { kind, message: message.into(), detail: Map::new() }
    }

    /// ECR's words on a value that breaks a rule.
    pub(crate) fn parameter(name: &str, constraint: &str) -> Refusal {
        let message = format!("Invalid parameter at '{name}' failed to satisfy constraint: '{constraint}'");
        Refusal::new(Kind::InvalidParameter, message)
    }

    pub(crate) fn no_repository(account: &str, repository: &str) -> Refusal {
        let message =
            format!("The repository with name '{repository}' does not exist in the registry with id '{account}'");
        Refusal::new(Kind::RepositoryNotFound, message)
    }
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Refusal {
        Refusal::new(Kind::Server, error.to_string())
    }
}

impl From<std::io::Error> for Refusal {
    fn from(error: std::io::Error) -> Refusal {
        Refusal::new(Kind::Server, error.to_string())
    }
}
