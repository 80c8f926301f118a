//! What lambark's tests share. Never shipped.

pub mod images;

/// Real registries, BuildKit, skopeo and others, each with a counted skip where it cannot be had.
pub use lambark_parts as parts;
