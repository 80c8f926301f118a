//! The words of the field.
//!
//! Everything here is pure: no file system, no network, no environment, no clock. A document is parsed once, from the
//! bytes that were received, and its digest is always computed over those bytes ([`RawDocument`]), never over
//! something serialised again.

pub mod config;
pub mod convert;
pub mod descriptor;
pub mod digest;
pub mod index;
pub mod limits;
pub mod manifest;
pub mod media_type;
pub mod name;
pub mod platform;
pub mod raw;
pub mod reference;
pub mod secret;

pub use config::ImageConfig;
pub use descriptor::Descriptor;
pub use digest::{Algorithm, Digest, Hasher};
pub use index::{ChildRole, Index};
pub use manifest::Manifest;
pub use media_type::{Compression, Family, LayerType, MediaType};
pub use name::ImageName;
pub use platform::{Architecture, Platform};
pub use raw::{Document, DocumentError, RawDocument};
pub use reference::{EcrHost, Reference, Target};
pub use secret::Secret;
