//! The catalogue: every rule, in the order in which findings are shown.

use crate::rule::Rule;
use crate::rules;

/// Every rule.
pub static CATALOGUE: &[&Rule] = &[
    &rules::default_attestations::RULE,
    &rules::attestations_requested::RULE,
    &rules::no_op_fix::RULE,
    &rules::legacy_builder::RULE,
    &rules::multi_platform_build::RULE,
    &rules::platform_mismatch::RULE,
    &rules::platform_unset::RULE,
    &rules::zstd_compression::RULE,
    &rules::foreign_registry::RULE,
    &rules::mutable_tag_deploy::RULE,
    &rules::no_verification::RULE,
    &rules::wrong_verification::RULE,
    &rules::update_without_wait::RULE,
    &rules::no_runtime_client_in_dockerfile::RULE,
    &rules::cmd_missing::RULE,
    &rules::cmd_count_in_dockerfile::RULE,
    &rules::handler_copied_elsewhere::RULE,
    &rules::restrictive_mode::RULE,
    &rules::ignored_instruction::RULE,
    &rules::no_import_check::RULE,
];

/// The rule of that name.
#[must_use]
pub fn rule(name: &str) -> Option<&'static Rule> {
    CATALOGUE.iter().copied().find(|rule| rule.name == name)
}
