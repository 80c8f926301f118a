//! Real functions in the sandbox: good ones, and each broken in one way; beside them AWS's own emulator on the same
//! root file system.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "tests")]

mod bench;
mod limits;
mod node;
mod programs;
mod python;
mod rust;
