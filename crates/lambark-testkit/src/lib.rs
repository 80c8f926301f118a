//! What lambark's tests share. Never shipped.

pub mod fuzz;
pub mod images;
pub mod scripted;

/// Real registries, BuildKit, skopeo and others, each with a counted skip where it cannot be had.
pub use lambark_parts as parts;

/// The path of an archive that a real BuildKit wrote; `fixtures/README.md` tells how.
#[must_use]
pub fn fixture(name: &str) -> std::path::PathBuf {
    std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(name)
}
