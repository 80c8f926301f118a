//! `lambark deploy`, `rollback` and `status` against the twin: the whole story, every way that it can go wrong, and the
//! way back from each.
#![cfg(feature = "aws")]
#![allow(clippy::unwrap_used, reason = "tests")]

mod bench;
mod broken;
mod direct;
mod killed;
mod ledger;
mod lost;
mod overtaken;
mod plan;
mod process;
mod rollback;
mod run;
mod server;
mod smoke;
mod status;
mod story;
#[path = "../commands/support.rs"]
#[allow(dead_code, reason = "it belongs to the commands' tests, which use all of it")]
mod support;
