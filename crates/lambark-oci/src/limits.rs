//! Limits on what comes from outside. Each names the attack or the accident that it stops.

/// Largest manifest or index that is read at all, in bytes: four times ECR's own limit, so that an image over ECR's
/// limit is still a finding, while a registry that streams for ever is an error.
pub const MAX_MANIFEST_BYTES: u64 = 16 * 1024 * 1024;

/// Largest image config that is read, in bytes. Real ones have some kilobytes; a history of thousands of build steps
/// stays well below.
pub const MAX_CONFIG_BYTES: u64 = 16 * 1024 * 1024;

/// ECR's `PutImage` takes manifests of up to this many characters.
pub const ECR_MANIFEST_BYTES: u64 = 4_194_304;

/// AWS's advice for fast starts: keep the manifest under this many bytes.
pub const ADVISED_MANIFEST_BYTES: u64 = 25_400;

/// Most layers an image may name. overlayfs stops at 127; this only keeps a hostile manifest from costing a request
/// per line.
pub const MAX_LAYERS: usize = 1_000;

/// Most children an index may name.
pub const MAX_CHILDREN: usize = 1_000;

/// How deep indexes may nest. BuildKit writes one index inside a layout's `index.json`; loops are impossible by
/// digest but depth is not.
pub const MAX_INDEX_DEPTH: usize = 4;

/// Longest image name on the command line or in a file, in bytes.
pub const MAX_NAME_BYTES: usize = 4_096;

/// Longest repository name (OCI distribution specification), in bytes.
pub const MAX_REPOSITORY_BYTES: usize = 255;

/// Longest tag (OCI distribution specification), in bytes.
pub const MAX_TAG_BYTES: usize = 128;

/// Largest single layer that ECR stores, in bytes (52,000 MiB).
pub const ECR_LAYER_BYTES: u64 = 52_000 * 1024 * 1024;
