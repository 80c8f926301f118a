//! Flags that say how AWS is reached.

use std::path::{Path, PathBuf};

use clap::Args;
use lambark_aws::{Error, Settings};

use super::registry::Registry;
use crate::config::Config;

/// Digits of an account's number.
const ACCOUNT_DIGITS: usize = 12;

#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "AWS options")]
pub(super) struct AwsFlags {
    /// The AWS Region; else that of lambark.toml, AWS_REGION or the profile
    #[arg(long, global = true, value_name = "REGION")]
    region: Option<String>,
    /// The profile of the AWS configuration; else that of lambark.toml or AWS_PROFILE
    #[arg(long, global = true, value_name = "NAME")]
    profile: Option<String>,
    /// Speak to this endpoint instead of AWS's own, for instance `lambark emulate`'s
    #[arg(long, global = true, value_name = "URL")]
    endpoint_url: Option<String>,
}

/// Reads an account's number.
pub(super) fn account(text: &str) -> Result<String, String> {
    let digits = text.len() == ACCOUNT_DIGITS && text.bytes().all(|b| b.is_ascii_digit());
    if digits { Ok(text.to_owned()) } else { Err("an AWS account is a number of twelve digits".to_owned()) }
}

impl AwsFlags {
    /// The Region that the user named, which is not the one that AWS's own chain would find.
    pub(super) fn named_region(&self, config: &Config) -> Option<String> {
        self.region.clone().or_else(|| config.aws.region.clone())
    }

    /// What these flags say, then `lambark.toml`; what is still absent is left to AWS's own chain.
    pub(super) fn settings(&self, config: Option<&Path>, registry: &Registry) -> Result<Settings, Error> {
        let unusable = |what: &str, reason: String| Error::Settings { what: what.into(), reason: reason.into() };
        let here = std::env::current_dir().unwrap_or_else(|_| PathBuf::from("."));
        let file = Config::load(config, &here).map_err(|error| unusable("lambark.toml", error.to_string()))?.aws;
        let options = registry.options().map_err(|error| unusable("a CA certificate", error.to_string()))?;
        Ok(Settings {
            region: self.region.clone().or(file.region),
            profile: self.profile.clone().or(file.profile),
            endpoint_url: self.endpoint_url.clone().or(file.endpoint_url),
            ca_certificates: options.ca_certificates.into_iter().map(|bundle| bundle.pem).collect(),
            access_key: None,
        })
    }
}
