//! Our settings as the SDK's configuration.

use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, ConfigLoader, Region, SdkConfig};
use aws_credential_types::Credentials;

use super::http;
use crate::connect::Settings;

/// Until a connection stands, TLS included.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// One try of one call. CreateFunction looks at the image's manifest before it answers.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(60);
/// Tries of one call. Lambda's control plane shares 15 requests a second among everybody in the account, so that a
/// busy account needs more patience than the SDK's three.
const MAX_ATTEMPTS: u32 = 6;
/// The longest first pause between two tries; it doubles. The SDK's second would make a wrong address take a quarter
/// of a minute to be told.
const FIRST_PAUSE: Duration = Duration::from_millis(300);
/// Variables of AWS that say how calls are repeated; who sets one means it.
const RETRY_VARIABLES: [&str; 2] = ["AWS_MAX_ATTEMPTS", "AWS_RETRY_MODE"];

/// AWS's variable for ECR's endpoint alone.
const ECR_ENDPOINT_VARIABLE: &str = "AWS_ENDPOINT_URL_ECR";

/// Loads the configuration. Nothing here looks for credentials: the first call does.
pub(super) async fn load(settings: &Settings, region: &str) -> SdkConfig {
    loader(settings).region(Region::new(region.to_owned())).load().await
}

/// The Region that the environment, the profile or the instance names.
pub(super) async fn region_of_chain(settings: &Settings) -> Option<String> {
    loader(settings).load().await.region().map(ToString::to_string)
}

/// The endpoint that the settings, the environment or the profile name for ECR.
pub(super) async fn ecr_endpoint(settings: &Settings) -> Option<String> {
    if settings.endpoint_url.is_some() {
        return settings.endpoint_url.clone();
    }
    if let Some(url) = std::env::var(ECR_ENDPOINT_VARIABLE).ok().filter(|url| !url.is_empty()) {
        return Some(url);
    }
    // Any Region will do: without one, the chain would go as far as asking an instance's metadata.
    let config = loader(settings).region(Region::from_static("us-east-1")).load().await;
    config.endpoint_url().map(str::to_owned)
}

fn loader(settings: &Settings) -> ConfigLoader {
    let timeouts =
        TimeoutConfig::builder().connect_timeout(CONNECT_TIMEOUT).operation_attempt_timeout(ATTEMPT_TIMEOUT).build();
    let mut loader =
        aws_config::defaults(BehaviorVersion::latest()).http_client(http::client(settings)).timeout_config(timeouts);
    if RETRY_VARIABLES.iter().all(|variable| std::env::var_os(variable).is_none()) {
        loader = loader
            .retry_config(RetryConfig::standard().with_max_attempts(MAX_ATTEMPTS).with_initial_backoff(FIRST_PAUSE));
    }
    if let Some(profile) = &settings.profile {
        loader = loader.profile_name(profile);
    }
    if let Some(url) = &settings.endpoint_url {
        loader = loader.endpoint_url(url);
    }
    if let Some(key) = &settings.access_key {
        loader = loader.credentials_provider(Credentials::new(&key.id, key.secret.reveal(), None, None, "lambark"));
    }
    loader
}
