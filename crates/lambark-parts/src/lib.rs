//! Real parts: the programs of the field that lambark is tested and measured against.
//!
//! A part is a real registry, a real BuildKit, skopeo, umoci, buildah, a function with AWS's own client: never a copy of
//! ours. [`setup`] brings a part from Debian's packages and other registries into `target/parts/`, without a change to
//! the system; the other modules start it on loopback and end it by its process id when the guard is dropped.
//!
//! A part that cannot be had makes its test *skip with a reason*, never pass in silence: every `start` returns an
//! `Option`, and a `None` has already been recorded by [`skip()`].
//!
//! ```no_run
//! # use lambark_parts as parts;
//! let Some(registry) = parts::DockerRegistry::start(parts::Flavour::Basic) else { return };
//! assert!(registry.host().starts_with("127.0.0.1:"));
//! ```
//!
//! Keep a guard in the test that started it. A `static` is never dropped, so its process would outlive the test.

mod buildah;
mod certificate;
mod crane;
mod dockerd;
mod machine;
mod moto;
mod part;
mod podman;
mod process;
mod recipe;
mod registry;
pub mod rie;
pub mod setup;
mod skip;
mod token;
mod tools;

pub use buildah::Buildah;
pub use crane::CraneRegistry;
pub use dockerd::{Dockerd, Store};
pub use machine::Machine;
pub use moto::Moto;
pub use part::{Part, parts_dir};
pub use podman::Podman;
pub use process::Process;
pub use recipe::{Build, Debian, Recipe, Suite};
pub use registry::{DockerRegistry, Flavour, Request};
pub use rie::Rie;
pub use skip::{LOG_VARIABLE as SKIP_LOG_VARIABLE, skip};
pub use tools::{age, aws_v1, aws_v2, bsdtar, cfn_lint, crane, pigz, pre_commit, skopeo, umoci, zizmor, zstd};
