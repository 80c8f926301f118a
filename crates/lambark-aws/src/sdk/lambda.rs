//! Lambda over the SDK.

use std::collections::BTreeMap;
use std::time::Duration;

use aws_config::SdkConfig;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_sdk_lambda::types::{FunctionCode, LogType, PackageType};
use aws_smithy_types::Blob;
use aws_types::request_id::RequestId;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::failure::failure;
use super::retry::RetryAfter;
use super::{Caller, answers, questions};
use crate::error::Error;
use crate::lambda::{
    Alias, AliasUpdate, CodeUpdate, Configuration, ConfigurationUpdate, Function, Invocation, Invoked, Lambda,
    NewAlias, NewFunction, Publish,
};
use crate::operation::Operation;
use crate::page::Page;

/// Longest that an invocation is waited for: a function may run for 15 minutes, and starts before that.
const INVOKE_TIMEOUT: Duration = Duration::from_secs(16 * 60);

pub(crate) struct LambdaClient {
    client: aws_sdk_lambda::Client,
    caller: Caller,
}

impl LambdaClient {
    pub(super) fn new(config: &SdkConfig, caller: Caller) -> LambdaClient {
        let config = aws_sdk_lambda::config::Builder::from(config).retry_classifier(RetryAfter).build();
        LambdaClient { client: aws_sdk_lambda::Client::from_conf(config), caller }
    }
}

/// Sends a request of the SDK and turns its answer into ours.
macro_rules! call {
    ($self:ident, $operation:ident, $request:expr, $answer:expr) => {
        $self.caller.wait(Operation::$operation, async {
            let answer = $request.send().await;
            answer.map_err(|error| failure(Operation::$operation, &error)).map($answer)
        })
    };
}

impl Lambda for LambdaClient {
    fn function(&self, function: &str, qualifier: Option<&str>) -> Result<Function, Error> {
        let request = self.client.get_function().function_name(function).set_qualifier(qualifier.map(str::to_owned));
        let function = call!(self, GetFunction, request, answers::function)?;
        let operation = Operation::GetFunction;
        function.ok_or_else(|| Error::Protocol { operation, reason: "it holds no configuration".into() })
    }

    fn functions(&self, marker: Option<&str>) -> Result<Page<Configuration>, Error> {
        let request = self.client.list_functions().set_marker(marker.map(str::to_owned));
        call!(self, ListFunctions, request, |answer| Page {
            items: answer.functions.unwrap_or_default().into_iter().map(Into::into).collect(),
            next: next(answer.next_marker),
        })
    }

    fn versions(&self, function: &str, marker: Option<&str>) -> Result<Page<Configuration>, Error> {
        let request = self.client.list_versions_by_function().function_name(function);
        call!(self, ListVersionsByFunction, request.set_marker(marker.map(str::to_owned)), |answer| Page {
            items: answer.versions.unwrap_or_default().into_iter().map(Into::into).collect(),
            next: next(answer.next_marker),
        })
    }

    fn create(&self, new: &NewFunction) -> Result<Configuration, Error> {
        let tags = (!new.tags.is_empty()).then(|| new.tags.clone().into_iter().collect());
        let environment = (!new.environment.is_empty()).then(|| questions::environment(&new.environment));
        let request = self
            .client
            .create_function()
            .function_name(&new.name)
            .package_type(PackageType::Image)
            .code(FunctionCode::builder().image_uri(&new.image_uri).build())
            .role(&new.role)
            .set_architectures(questions::architectures(new.architecture))
            .set_memory_size(new.memory)
            .set_timeout(new.timeout)
            .set_description(new.description.clone())
            .set_image_config(new.image_config.as_ref().map(questions::image_config))
            .set_environment(environment)
            .set_tags(tags);
        call!(self, CreateFunction, request, Into::into)
    }

    fn update_code(&self, function: &str, update: &CodeUpdate) -> Result<Configuration, Error> {
        let request = self
            .client
            .update_function_code()
            .function_name(function)
            .image_uri(&update.image_uri)
            .set_architectures(questions::architectures(update.architecture))
            .set_dry_run(update.dry_run.then_some(true))
            .set_revision_id(update.revision_id.clone());
        call!(self, UpdateFunctionCode, request, Into::into)
    }

    fn update_configuration(&self, function: &str, update: &ConfigurationUpdate) -> Result<Configuration, Error> {
        let request = self
            .client
            .update_function_configuration()
            .function_name(function)
            .set_role(update.role.clone())
            .set_description(update.description.clone())
            .set_memory_size(update.memory)
            .set_timeout(update.timeout)
            .set_image_config(update.image_config.as_ref().map(questions::image_config))
            .set_environment(update.environment.as_ref().map(questions::environment))
            .set_revision_id(update.revision_id.clone());
        call!(self, UpdateFunctionConfiguration, request, Into::into)
    }

    fn publish(&self, function: &str, publish: &Publish) -> Result<Configuration, Error> {
        let request = self
            .client
            .publish_version()
            .function_name(function)
            .set_code_sha256(publish.code_sha256.clone())
            .set_revision_id(publish.revision_id.clone())
            .set_description(publish.description.clone());
        call!(self, PublishVersion, request, Into::into)
    }

    fn delete(&self, function: &str, qualifier: Option<&str>) -> Result<(), Error> {
        let request = self.client.delete_function().function_name(function);
        call!(self, DeleteFunction, request.set_qualifier(qualifier.map(str::to_owned)), drop)
    }

    fn alias(&self, function: &str, alias: &str) -> Result<Alias, Error> {
        call!(self, GetAlias, self.client.get_alias().function_name(function).name(alias), Into::into)
    }

    fn aliases(&self, function: &str, version: Option<&str>, marker: Option<&str>) -> Result<Page<Alias>, Error> {
        let request = self
            .client
            .list_aliases()
            .function_name(function)
            .set_function_version(version.map(str::to_owned))
            .set_marker(marker.map(str::to_owned));
        call!(self, ListAliases, request, |answer| Page {
            items: answer.aliases.unwrap_or_default().into_iter().map(Into::into).collect(),
            next: next(answer.next_marker),
        })
    }

    fn create_alias(&self, function: &str, new: &NewAlias) -> Result<Alias, Error> {
        let routing = (!new.weights.is_empty()).then(|| questions::routing(&new.weights));
        let request = self
            .client
            .create_alias()
            .function_name(function)
            .name(&new.name)
            .function_version(&new.version)
            .set_description(new.description.clone())
            .set_routing_config(routing);
        call!(self, CreateAlias, request, Into::into)
    }

    fn update_alias(&self, function: &str, alias: &str, update: &AliasUpdate) -> Result<Alias, Error> {
        let request = self
            .client
            .update_alias()
            .function_name(function)
            .name(alias)
            .set_function_version(update.version.clone())
            .set_description(update.description.clone())
            .set_routing_config(update.weights.as_ref().map(questions::routing))
            .set_revision_id(update.revision_id.clone());
        call!(self, UpdateAlias, request, Into::into)
    }

    fn delete_alias(&self, function: &str, alias: &str) -> Result<(), Error> {
        call!(self, DeleteAlias, self.client.delete_alias().function_name(function).name(alias), drop)
    }

    fn invoke(&self, invocation: &Invocation) -> Result<Invoked, Error> {
        // Sent once, and waited for as long as a function may run.
        let timeouts = TimeoutConfig::builder().operation_attempt_timeout(INVOKE_TIMEOUT).build();
        let patience =
            aws_sdk_lambda::config::Config::builder().retry_config(RetryConfig::disabled()).timeout_config(timeouts);
        let request = self
            .client
            .invoke()
            .function_name(&invocation.function)
            .set_qualifier(invocation.qualifier.clone())
            .invocation_type(questions::invocation_type(invocation.kind))
            .set_log_type(invocation.log_tail.then_some(LogType::Tail))
            .payload(Blob::new(invocation.payload.clone()))
            .customize()
            .config_override(patience);
        call!(self, Invoke, request, |answer| Invoked {
            status: answer.status_code.try_into().unwrap_or_default(),
            request_id: answer.request_id().map(str::to_owned),
            executed_version: answer.executed_version,
            function_error: answer.function_error,
            log_tail: answer.log_result.as_deref().and_then(decoded),
            payload: answer.payload.map(Blob::into_inner).unwrap_or_default(),
        })
    }

    fn tags(&self, arn: &str) -> Result<BTreeMap<String, String>, Error> {
        call!(self, ListTags, self.client.list_tags().resource(arn), |answer| {
            answer.tags.unwrap_or_default().into_iter().collect()
        })
    }

    fn tag(&self, arn: &str, tags: &BTreeMap<String, String>) -> Result<(), Error> {
        let tags = tags.clone().into_iter().collect();
        call!(self, TagResource, self.client.tag_resource().resource(arn).set_tags(Some(tags)), drop)
    }

    fn untag(&self, arn: &str, keys: &[String]) -> Result<(), Error> {
        let request = self.client.untag_resource().resource(arn).set_tag_keys(Some(keys.to_vec()));
        call!(self, UntagResource, request, drop)
    }
}

/// Emulators send an empty marker for "no more".
fn next(marker: Option<String>) -> Option<String> {
    marker.filter(|marker| !marker.is_empty())
}

/// The log's end, which Lambda sends as base64.
fn decoded(log: &str) -> Option<String> {
    STANDARD.decode(log).ok().map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
}
