//! The registry dialogue: HTTP API v2 as registries really speak it, ECR above all.
//!
//! A [`Client`] reads manifests as they are stored, streams blobs with verification and resumption, and writes both.
//! Credentials come from a [`Credentials`]; redirects are followed without them; what fails for a moment is tried
//! again with jitter. Nothing here retries what a registry refused, and no message shows a secret or the query of a
//! URL.

mod answer;
pub mod auth;
pub mod blobs;
mod client;
pub mod config;
mod download;
pub mod error;
mod feed;
mod manifests;
mod redirect;
pub mod referrers;
pub mod retry;
mod schema1;
pub mod tls;
mod traffic;
mod transport;
pub mod uploads;

pub use auth::{Credential, Credentials, CredentialsError, DockerConfig};
pub use blobs::{BlobFound, BlobRange};
pub use client::Client;
pub use config::{CaBundle, Options, ProxySettings, Timeouts};
pub use download::{BlobReader, BlockingReader, MAX_RESUMES};
pub use error::{ApiError, Detail, Error, Exchange};
pub use feed::Source;
pub use lambark_oci::Secret;
pub use manifests::PutOutcome;
pub use redirect::MAX_REDIRECTS;
pub use referrers::Referrers;
pub use retry::RetryPolicy;
pub use traffic::Traffic;
pub use uploads::{Mount, UploadSession};
