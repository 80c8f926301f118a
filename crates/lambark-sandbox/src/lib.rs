//! An image's function, started on this machine as Lambda starts it: from the image's layers, without a daemon.
//!
//! The way through the crate:
//!
//! 1. `rootfs`: `Image::of(source, architecture)` says what an image is made of, and
//!    `RootFs::prepare(source, &image, &cache, progress)` makes a root file system of its layers, each unpacked once
//!    into the `LayerCache`.
//! 2. `Sandbox::start(&root_fs, &settings)` makes namespaces around it. `sandbox.listener()` gives the listening socket
//!    (`std::net::TcpListener`, non-blocking) behind the address `sandbox.api_address()`, at which processes inside
//!    reach the Runtime API; the API itself is served outside.
//! 3. `sandbox.spawn(&Command)` starts a program inside, as often as wanted, and gives a `Process` with `stdout`,
//!    `stderr` (`std::fs::File`, reading ends) and `wait()` → [`Exit`], which blocks.
//! 4. `sandbox.peak_memory()`, `sandbox.kill_processes()` (all programs; the sandbox stays), `sandbox.kill()`.
//!
//! 5. `function` starts an image's function in such a house and invokes it: `Function` is what callers use. Its
//!    `lifecycle` is a machine without side effects (init → invoke → shutdown), `runtime_api` and `extensions_api` are
//!    how processes inside reach it, `report` and `fault` are Lambda's own words for what happens.
//!
//! Everything here blocks and needs no runtime. The sandbox is made by this same program, started anew: the binary's
//! `main` calls `child_main_if_asked()` before anything else.

pub mod error;
mod extensions_api;
pub mod fault;
pub mod function;
pub mod lifecycle;
pub mod limits;
pub mod outcome;
mod program;
pub mod report;
mod runtime_api;
mod server;
mod settings;

pub use error::{Error, SpawnError};
pub use fault::Failure;
pub use function::{Function, FunctionError, FunctionSettings};
pub use outcome::{Init, Invocation, Outcome};
pub use program::{Command, Exit};
pub use settings::{Network, Settings};
