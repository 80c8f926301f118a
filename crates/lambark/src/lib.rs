//! The `lambark` command as a function of its arguments: Settings go in, an Outcome comes out, a renderer prints it.
//!
//! * [`operations`]: one file a verb; neither prints nor exits.
//! * [`render`]: one file a format; writes to any `Write`.
//! * [`cli`]: one file a verb; arguments to Settings, Outcome to a renderer and an exit code.
//! * [`ecr`]: signing in to ECR by AWS.
//! * [`failure`]: what can go wrong, for people: kind, exit code and hint of every error, in one file.

pub mod cli;
pub mod config;
pub mod ecr;
pub mod exit;
pub mod failure;
pub mod operations;
pub mod render;
mod words;
