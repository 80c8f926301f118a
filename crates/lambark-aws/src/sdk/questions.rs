//! Our types as parts of Lambda's requests.

use std::collections::BTreeMap;

use aws_sdk_lambda::types::{AliasRoutingConfiguration, Architecture, Environment, ImageConfig, InvocationType};
use lambark_oci::Secret;

use crate::lambda::{self, InvocationKind, Weights};

pub(super) fn architectures(architecture: Option<lambark_oci::Architecture>) -> Option<Vec<Architecture>> {
    architecture.map(|architecture| match architecture {
        lambark_oci::Architecture::X86_64 => vec![Architecture::X8664],
        lambark_oci::Architecture::Arm64 => vec![Architecture::Arm64],
    })
}

/// An override that is absent is left out; Lambda then takes the image's own word for it.
pub(super) fn image_config(config: &lambda::ImageConfig) -> ImageConfig {
    ImageConfig::builder()
        .set_entry_point(config.entry_point.clone())
        .set_command(config.command.clone())
        .set_working_directory(config.working_directory.clone())
        .build()
}

pub(super) fn environment(variables: &BTreeMap<String, Secret>) -> Environment {
    let variables = variables.iter().map(|(name, value)| (name.clone(), value.reveal().to_owned())).collect();
    Environment::builder().set_variables(Some(variables)).build()
}

/// An empty map is sent too: it takes any weights away.
pub(super) fn routing(weights: &Weights) -> AliasRoutingConfiguration {
    let weights = weights.iter().map(|(version, weight)| (version.clone(), *weight)).collect();
    AliasRoutingConfiguration::builder().set_additional_version_weights(Some(weights)).build()
}

pub(super) fn invocation_type(kind: InvocationKind) -> InvocationType {
    match kind {
        InvocationKind::RequestResponse => InvocationType::RequestResponse,
        InvocationKind::Event => InvocationType::Event,
        InvocationKind::DryRun => InvocationType::DryRun,
    }
}
