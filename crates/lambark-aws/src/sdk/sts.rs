//! STS over the SDK.

use aws_config::SdkConfig;

use super::Caller;
use super::failure::failure;
use super::retry::RetryAfter;
use crate::error::Error;
use crate::operation::Operation;
use crate::sts::{self, Sts};

pub(crate) struct StsClient {
    client: aws_sdk_sts::Client,
    caller: Caller,
}

impl StsClient {
    pub(super) fn new(config: &SdkConfig, caller: Caller) -> StsClient {
        let config = aws_sdk_sts::config::Builder::from(config).retry_classifier(RetryAfter).build();
        StsClient { client: aws_sdk_sts::Client::from_conf(config), caller }
    }
}

impl Sts for StsClient {
    fn caller(&self) -> Result<sts::Caller, Error> {
        let operation = Operation::GetCallerIdentity;
        self.caller.wait(operation, async {
            let answer = self.client.get_caller_identity().send().await;
            let answer = answer.map_err(|error| failure(operation, &error))?;
            match (answer.account, answer.arn) {
                (Some(account), Some(arn)) => Ok(sts::Caller { account, arn }),
                _ => Err(Error::Protocol { operation, reason: "it names no account".into() }),
            }
        })
    }
}
