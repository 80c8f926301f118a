//! Rules on an image: one file and one Markdown page each.

mod evidence;
mod layers;
mod words;

pub mod artifact_manifest;
pub mod attestation_manifest;
pub mod image_index;
pub mod large_manifest;
pub mod manifest_policy;
pub mod mixed_media_types;
pub mod multi_platform_index;
pub mod schema_1_manifest;
pub mod subject_on_image;
pub mod undefined_media_type;

pub mod architecture_mismatch;
pub mod config_media_type;
pub mod diff_id_count;
pub mod no_layers;
pub mod nothing_to_start;
pub mod unsupported_architecture;
pub mod wrong_os;

pub mod diff_id_mismatch;
pub mod foreign_layer;
pub mod in_toto_layer;
pub mod layer_digest_mismatch;
pub mod layer_size_mismatch;
pub mod mislabelled_layer;
pub mod missing_blob;
pub mod truncated_layer;
pub mod uncompressed_docker_layer;
pub mod uncompressed_oci_layer;
pub mod zstd_layer;
