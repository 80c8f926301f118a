//! The twin: ECR, Lambda and a registry on localhost that reject what AWS rejects.
//!
//! One process, one port, one content store behind several faces: the registry HTTP API v2 with ECR's ways,
//! ECR's JSON API, Lambda's REST API for image functions, STS, and the twin's own `/_lambark/`. What is pushed through
//! one face is seen by the others. What the twin says in AWS's name is cited in `docs/twin.md`, with how sure we are.
//!
//! ```no_run
//! use lambark_twin::{Settings, Twin};
//!
//! let twin = Twin::start(Settings::default())?;
//! println!("AWS_ENDPOINT_URL={}", twin.url());
//! # Ok::<(), lambark_twin::Error>(())
//! ```
//!
//! The gates of Lambda are the rules of `lambark-rules`: "the twin accepts it" therefore proves nothing about the rules
//! themselves. Their proof is independent images, real tools and the cited sources.

mod buckets;
mod clock;
pub mod control;
mod ecr;
mod error;
mod face;
mod gates;
mod http;
mod ids;
pub mod invoker;
mod lambda;
pub mod limits;
mod oddities;
mod registry;
mod scope;
mod settings;
mod shared;
mod signer;
mod store;
mod sts;
#[cfg(test)]
mod test_client;
#[cfg(test)]
mod testing;
mod twin;
mod uploads;

pub use control::Control;
pub use error::Error;
pub use gates::Wording;
pub use invoker::Invoke;
pub use settings::Settings;
pub use twin::Twin;
