//! The traits over AWS's own SDK: the only place that knows it.

mod answers;
mod ecr;
mod failure;
mod http;
mod lambda;
mod questions;
mod retry;
mod settings;
mod sts;

use std::future::Future;
use std::sync::{Arc, OnceLock};

use aws_config::{Region, SdkConfig};
use tokio::runtime::Runtime;

use crate::calls::Calls;
use crate::connect::Settings;
use crate::error::Error;
use crate::operation::Operation;

/// Threads that drive the connection. They only shovel bytes.
const NETWORK_THREADS: usize = 1;

/// Configuration that was loaded, and the runtime under all clients.
pub(crate) struct Connection {
    settings: Settings,
    caller: Caller,
    loaded: OnceLock<SdkConfig>,
    region: OnceLock<Option<String>>,
    endpoint: OnceLock<Option<String>>,
}

/// What every client needs beside AWS's own client.
#[derive(Clone)]
struct Caller {
    runtime: Arc<Runtime>,
    calls: Arc<Calls>,
}

impl Caller {
    /// Makes one call and waits for its end.
    fn wait<T>(&self, operation: Operation, call: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
        self.calls.count(operation);
        self.runtime.block_on(call)
    }
}

impl Connection {
    pub(crate) fn new(settings: Settings, calls: Arc<Calls>) -> Result<Connection, Error> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(NETWORK_THREADS)
            .thread_name("lambark-aws")
            .enable_all()
            .build()
            .map_err(|error| Error::Settings {
                what: "the connection to AWS".into(),
                reason: format!("its threads cannot be started: {error}").into(),
            })?;
        http::check_certificates(&settings.ca_certificates)?;
        let caller = Caller { runtime: Arc::new(runtime), calls };
        Ok(Connection { settings, caller, loaded: OnceLock::new(), region: OnceLock::new(), endpoint: OnceLock::new() })
    }

    pub(crate) fn ecr(&self, region: Option<&str>) -> Result<ecr::EcrClient, Error> {
        Ok(ecr::EcrClient::new(&self.config(region)?, self.caller.clone()))
    }

    pub(crate) fn lambda(&self, region: Option<&str>) -> Result<lambda::LambdaClient, Error> {
        Ok(lambda::LambdaClient::new(&self.config(region)?, self.caller.clone()))
    }

    pub(crate) fn sts(&self, region: Option<&str>) -> Result<sts::StsClient, Error> {
        Ok(sts::StsClient::new(&self.config(region)?, self.caller.clone()))
    }

    /// `region`, or else the one of the settings, or else of the chain, which may end at an instance's metadata and is
    /// asked only when nothing else names one.
    pub(crate) fn region(&self, region: Option<&str>) -> Result<String, Error> {
        if let Some(region) = region.or(self.settings.region.as_deref()) {
            return Ok(region.to_owned());
        }
        let chain = || self.caller.runtime.block_on(settings::region_of_chain(&self.settings));
        self.region.get_or_init(chain).clone().ok_or(Error::NoRegion)
    }

    pub(crate) fn ecr_endpoint(&self) -> Option<String> {
        let find = || self.caller.runtime.block_on(settings::ecr_endpoint(&self.settings));
        self.endpoint.get_or_init(find).clone()
    }

    /// The configuration for a Region. Loaded once: credentials are found once and shared by all Regions.
    fn config(&self, region: Option<&str>) -> Result<SdkConfig, Error> {
        let region = self.region(region)?;
        let load = || self.caller.runtime.block_on(settings::load(&self.settings, &region));
        let loaded = self.loaded.get_or_init(load);
        Ok(loaded.to_builder().region(Region::new(region)).build())
    }
}
