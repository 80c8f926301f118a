//! AWS's own SDK against the twin: its paginators, its waiters, its retries and its parsing of errors, none of which
//! anybody here wrote.
#![allow(clippy::unwrap_used, reason = "tests")]

mod functions;
mod repositories;

use std::time::Duration;

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use lambark_twin::{Settings, Twin};

/// A twin whose updates take a moment, so that waiters have something to wait for.
fn twin() -> Twin {
    Twin::start(Settings { settle: Duration::from_millis(1500), ..Settings::ephemeral() }).unwrap()
}

async fn config(twin: &Twin) -> SdkConfig {
    aws_config::defaults(BehaviorVersion::latest())
        .endpoint_url(twin.url())
        .region(Region::new("eu-central-1"))
        .credentials_provider(Credentials::new("test", "test", None, None, "a test"))
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .load()
        .await
}

/// Runs what a test does against a twin.
fn with_twin<F: Future<Output = ()>>(test: impl FnOnce(SdkConfig) -> F) {
    let twin = twin();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let config = config(&twin).await;
        test(config).await;
    });
}
