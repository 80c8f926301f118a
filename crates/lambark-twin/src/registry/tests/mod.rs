//! The rows of the facts about ECR's data plane, one test each.
#![allow(clippy::unwrap_used, clippy::needless_pass_by_value, reason = "tests")]

mod access;
mod content;
mod negotiation;
mod pushing;
