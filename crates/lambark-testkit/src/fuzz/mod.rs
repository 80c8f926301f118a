//! What must hold for any input whatever: one function a target, which panics when it does not.
//!
//! `cargo xtask fuzz` feeds them, by libFuzzer where there is a nightly toolchain and by proptest where there is none.
//! Ordinary tests run the corpora in `fuzz/corpus/` through them, and a few hundred mutations.

mod documents;
mod names;
mod streams;

use std::path::PathBuf;

pub use documents::{config, manifest};
pub use names::{challenge, reference};
pub use streams::{elf, gzip, layer, tar};

/// A fuzz target.
#[derive(Debug, Clone, Copy)]
pub struct Target {
    /// Its name: the file in `fuzz/fuzz_targets/`, the directory in `fuzz/corpus/`.
    pub name: &'static str,
    /// Panics when a law is broken.
    pub run: fn(&[u8]),
}

/// Every target.
pub const TARGETS: &[Target] = &[
    Target { name: "manifest", run: manifest },
    Target { name: "config", run: config },
    Target { name: "reference", run: reference },
    Target { name: "challenge", run: challenge },
    Target { name: "layer", run: layer },
    Target { name: "tar", run: tar },
    Target { name: "gzip", run: gzip },
    Target { name: "elf", run: elf },
];

/// The directory with a target's seeds, one input a file.
#[must_use]
pub fn corpus(target: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus").join(target)
}
