//! Whole commands: what they print where, and how they end.
#![allow(clippy::unwrap_used, reason = "tests")]

mod automation;
mod build;
mod check;
mod documents;
#[cfg(feature = "aws")]
mod ecr_api;
#[cfg(target_os = "linux")]
mod engine;
#[cfg(target_os = "linux")]
mod engine_images;
mod errors;
mod fix;
mod formats;
#[cfg(feature = "aws")]
mod functions;
mod init;
mod knowledge;
#[cfg(target_os = "linux")]
mod machine;
mod memory;
#[cfg(feature = "aws")]
mod on_the_twin;
#[cfg(feature = "aws")]
mod policy;
mod push;
mod record;
mod recorded;
mod rehearse;
mod run;
mod service;
#[cfg(feature = "aws")]
mod sign_in;
mod support;
