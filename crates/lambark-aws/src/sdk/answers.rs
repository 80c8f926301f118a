//! Lambda's answers in our types.

use std::collections::BTreeMap;

use aws_sdk_lambda::operation::create_alias::CreateAliasOutput;
use aws_sdk_lambda::operation::create_function::CreateFunctionOutput;
use aws_sdk_lambda::operation::get_alias::GetAliasOutput;
use aws_sdk_lambda::operation::get_function::GetFunctionOutput;
use aws_sdk_lambda::operation::publish_version::PublishVersionOutput;
use aws_sdk_lambda::operation::update_alias::UpdateAliasOutput;
use aws_sdk_lambda::operation::update_function_code::UpdateFunctionCodeOutput;
use aws_sdk_lambda::operation::update_function_configuration::UpdateFunctionConfigurationOutput;
use aws_sdk_lambda::types::{
    AliasConfiguration, AliasRoutingConfiguration, EnvironmentResponse, FunctionCodeLocation, FunctionConfiguration,
    ImageConfigResponse,
};
use lambark_oci::Secret;

use crate::lambda::{Alias, Code, Configuration, Fault, Function, ImageConfig, Weights};

pub(super) fn function(answer: GetFunctionOutput) -> Option<Function> {
    Some(Function {
        configuration: answer.configuration?.into(),
        code: answer.code.map(code).unwrap_or_default(),
        tags: answer.tags.unwrap_or_default().into_iter().collect(),
        reserved_concurrency: answer.concurrency.and_then(|it| it.reserved_concurrent_executions),
    })
}

fn code(code: FunctionCodeLocation) -> Code {
    let fault = code
        .error
        .map(|error| Fault { code: error.error_code.unwrap_or_default(), message: error.message.unwrap_or_default() });
    Code {
        image_uri: code.image_uri,
        resolved_image_uri: code.resolved_image_uri,
        repository_type: code.repository_type,
        fault,
    }
}

/// Five answers have the same fields and five types.
macro_rules! configuration_from {
    ($($answer:ty),+ $(,)?) => {$(
        impl From<$answer> for Configuration {
            fn from(answer: $answer) -> Configuration {
                Configuration {
                    name: answer.function_name.unwrap_or_default(),
                    arn: answer.function_arn.unwrap_or_default(),
                    version: answer.version.unwrap_or_default(),
                    package_type: answer.package_type.map(|word| word.as_str().into()),
                    role: answer.role,
                    description: answer.description.filter(|text| !text.is_empty()),
                    architectures: words(answer.architectures.as_deref(), |word| word.as_str().into()),
                    memory: answer.memory_size,
                    timeout: answer.timeout,
                    ephemeral_storage: answer.ephemeral_storage.map(|storage| storage.size),
                    code_sha256: answer.code_sha256,
                    revision_id: answer.revision_id,
                    last_modified: answer.last_modified,
                    state: answer.state.map(|word| word.as_str().into()),
                    state_reason: answer.state_reason,
                    state_reason_code: answer.state_reason_code.map(|word| word.as_str().into()),
                    last_update_status: answer.last_update_status.map(|word| word.as_str().into()),
                    last_update_status_reason: answer.last_update_status_reason,
                    last_update_status_reason_code:
                        answer.last_update_status_reason_code.map(|word| word.as_str().into()),
                    image_config: answer.image_config_response.and_then(image_config),
                    environment: environment(answer.environment),
                }
            }
        }
    )+};
}

configuration_from!(
    FunctionConfiguration,
    CreateFunctionOutput,
    UpdateFunctionCodeOutput,
    UpdateFunctionConfigurationOutput,
    PublishVersionOutput,
);

fn words<A, B>(list: Option<&[A]>, word: impl Fn(&A) -> B) -> Vec<B> {
    list.unwrap_or_default().iter().map(word).collect()
}

fn image_config(answer: ImageConfigResponse) -> Option<ImageConfig> {
    let config = answer.image_config?;
    Some(ImageConfig {
        entry_point: config.entry_point,
        command: config.command,
        working_directory: config.working_directory,
    })
}

fn environment(answer: Option<EnvironmentResponse>) -> BTreeMap<String, Secret> {
    let variables = answer.and_then(|answer| answer.variables).unwrap_or_default();
    variables.into_iter().map(|(name, value)| (name, Secret::from(value))).collect()
}

/// Four answers have the same fields and four types.
macro_rules! alias_from {
    ($($answer:ty),+ $(,)?) => {$(
        impl From<$answer> for Alias {
            fn from(answer: $answer) -> Alias {
                Alias {
                    name: answer.name.unwrap_or_default(),
                    arn: answer.alias_arn.unwrap_or_default(),
                    version: answer.function_version.unwrap_or_default(),
                    weights: weights(answer.routing_config),
                    description: answer.description.filter(|text| !text.is_empty()),
                    revision_id: answer.revision_id,
                }
            }
        }
    )+};
}

alias_from!(AliasConfiguration, CreateAliasOutput, GetAliasOutput, UpdateAliasOutput);

fn weights(routing: Option<AliasRoutingConfiguration>) -> Weights {
    let weights = routing.and_then(|routing| routing.additional_version_weights);
    weights.unwrap_or_default().into_iter().collect()
}
