//! The catalogue: every rule, in the order in which findings are shown.

use crate::image;
use crate::rule::Rule;

/// Every rule.
pub static CATALOGUE: &[&Rule] = &[
    // The manifest.
    &image::image_index::RULE,
    &image::multi_platform_index::RULE,
    &image::attestation_manifest::RULE,
    &image::schema_1_manifest::RULE,
    &image::artifact_manifest::RULE,
    &image::mixed_media_types::RULE,
    &image::undefined_media_type::RULE,
    &image::subject_on_image::RULE,
    &image::large_manifest::RULE,
    &image::manifest_policy::RULE,
    // The config.
    &image::config_media_type::RULE,
    &image::wrong_os::RULE,
    &image::unsupported_architecture::RULE,
    &image::architecture_mismatch::RULE,
    &image::no_layers::RULE,
    &image::diff_id_count::RULE,
    &image::nothing_to_start::RULE,
    // The layers.
    &image::zstd_layer::RULE,
    &image::uncompressed_docker_layer::RULE,
    &image::uncompressed_oci_layer::RULE,
    &image::mislabelled_layer::RULE,
    &image::foreign_layer::RULE,
    &image::in_toto_layer::RULE,
    &image::layer_size_mismatch::RULE,
    &image::layer_digest_mismatch::RULE,
    &image::diff_id_mismatch::RULE,
    &image::truncated_layer::RULE,
    &image::missing_blob::RULE,
    // The place.
    &image::not_private_ecr::RULE,
    &image::fips_endpoint::RULE,
    &image::wrong_region::RULE,
    &image::archived_image::RULE,
    &image::repository_policy::RULE,
    &image::untagged_child::RULE,
    // The files.
    &image::missing_parent_directory::RULE,
    &image::late_parent_directory::RULE,
    &image::image_too_large::RULE,
    &image::path_escapes_root::RULE,
    &image::device_node::RULE,
    &image::hardlink_without_target::RULE,
    &image::unreadable_file::RULE,
    &image::entrypoint_missing::RULE,
    &image::entrypoint_not_executable::RULE,
    &image::entrypoint_wrong_machine::RULE,
    &image::interpreter_missing::RULE,
    &image::shared_library_missing::RULE,
    &image::glibc_too_old::RULE,
    &image::handler_missing::RULE,
    &image::cmd_count::RULE,
    &image::workdir_missing::RULE,
    &image::no_runtime_client::RULE,
    &image::extension_not_executable::RULE,
    // What a run shows.
    &image::init_fails::RULE,
];

/// The rule of that name.
#[must_use]
pub fn rule(name: &str) -> Option<&'static Rule> {
    CATALOGUE.iter().copied().find(|rule| rule.name == name)
}
