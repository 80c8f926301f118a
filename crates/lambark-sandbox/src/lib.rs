//! An image's function, started on this machine as Lambda starts it: from the image's layers, without a daemon.
//!
//! The way through the crate:
//!
//! 1. [`rootfs`]: [`Image::of`] says what an image is made of, and [`RootFs::prepare`] makes a root file system of its
//!    layers, each unpacked once into the [`LayerCache`].
//! 2. [`Sandbox::start`] makes namespaces around it. [`Sandbox::listener`] gives the listening socket (it does not
//!    block) behind [`Sandbox::api_address`], at which processes inside reach the Runtime API; the API itself is served
//!    outside.
//! 3. [`Sandbox::spawn`] starts a program inside, as often as wanted, and gives a [`Process`]: the reading ends of its
//!    output, and a [`Waiter`] for its [`Exit`].
//! 4. [`Sandbox::peak_memory`]; [`Sandbox::kill_processes`] ends all programs, and the sandbox stays;
//!    [`Sandbox::kill`], or dropping it, ends everything.
//! 5. `function` starts an image's function in such a sandbox and invokes it: `Function` is what callers use. Its
//!    `lifecycle` is a machine without side effects (init → invoke → shutdown), `runtime_api` and `extensions_api` are
//!    how processes inside reach it, `report` and `fault` are Lambda's own words for what happens.
//! 6. Where the kernel allows no namespaces, or is no Linux, [`Function::start_in_engine`] has a container engine make
//!    the walls ([`engine`]); in the container runs this same program, which does all else as outside.
//!
//! What is not under `function` blocks and needs no runtime. The sandbox is made by this same program, started anew: the binary's
//! `main` calls [`child_main_if_asked`] before anything else.

mod base64_bytes;
#[cfg(target_os = "linux")]
mod cgroup;
#[cfg(target_os = "linux")]
mod diagnose;
pub mod engine;
pub mod error;
mod extensions_api;
pub mod fault;
pub mod function;
pub mod image;
#[cfg(target_os = "linux")]
mod isolate;
pub mod lifecycle;
pub mod limits;
pub mod outcome;
#[cfg(target_os = "linux")]
mod process;
mod program;
pub mod report;
#[cfg(target_os = "linux")]
pub mod rootfs;
mod runtime_api;
#[cfg(target_os = "linux")]
mod sandbox;
mod server;
mod settings;
#[cfg(target_os = "linux")]
mod wire;

pub use engine::{Companion, Engine};
pub use error::{Error, SpawnError};
pub use fault::Failure;
pub use function::{Function, FunctionError, FunctionSettings};
pub use image::Image;
#[cfg(target_os = "linux")]
pub use isolate::child_main_if_asked;
pub use outcome::{Init, Invocation, Outcome};
#[cfg(target_os = "linux")]
pub use process::{Process, Waiter};
pub use program::{Command, Exit};
#[cfg(target_os = "linux")]
pub use rootfs::{LayerCache, RootFs};
#[cfg(target_os = "linux")]
pub use sandbox::Sandbox;
pub use settings::{Network, Settings};
