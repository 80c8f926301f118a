//! Rules on an image: one file and one Markdown page each.

mod evidence;
mod handler;
mod layers;
mod linking;
mod start;
mod statements;
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

pub mod cmd_count;
pub mod device_node;
pub mod entrypoint_missing;
pub mod entrypoint_not_executable;
pub mod entrypoint_wrong_machine;
pub mod extension_not_executable;
pub mod glibc_too_old;
pub mod handler_missing;
pub mod hardlink_without_target;
pub mod image_too_large;
pub mod init_fails;
pub mod interpreter_missing;
pub mod late_parent_directory;
pub mod missing_parent_directory;
pub mod no_runtime_client;
pub mod path_escapes_root;
pub mod shared_library_missing;
pub mod unreadable_file;
pub mod workdir_missing;

pub mod archived_image;
pub mod fips_endpoint;
pub mod not_private_ecr;
pub mod repository_policy;
pub mod untagged_child;
pub mod wrong_region;
