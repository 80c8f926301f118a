//! Whole commands: what they print where, and how they end.
#![allow(clippy::unwrap_used, reason = "tests")]

mod automation;
mod check;
mod documents;
mod ecr_api;
mod errors;
mod fix;
mod formats;
mod policy;
mod push;
mod run;
mod sign_in;
mod support;
