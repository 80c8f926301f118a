//! The rules: one file and one Markdown page each. A rule sees the model alone.

mod edits;

pub mod attestations_requested;
pub mod cmd_count_in_dockerfile;
pub mod cmd_missing;
pub mod default_attestations;
pub mod foreign_registry;
pub mod handler_copied_elsewhere;
pub mod ignored_instruction;
pub mod legacy_builder;
pub mod multi_platform_build;
pub mod mutable_tag_deploy;
pub mod no_import_check;
pub mod no_op_fix;
pub mod no_runtime_client_in_dockerfile;
pub mod no_verification;
pub mod platform_mismatch;
pub mod platform_unset;
pub mod restrictive_mode;
pub mod update_without_wait;
pub mod wrong_verification;
pub mod zstd_compression;
