//! Images in a registry: the asynchronous dialogue, bridged for threads that block.

mod as_is;
pub mod referrers;
mod sink;
mod source;

use std::future::Future;
use std::sync::Arc;

use lambark_registry::{Client, Options, Traffic};

use crate::Error;

pub use as_is::push_as_is;
pub(crate) use sink::RegistrySink;
pub(crate) use source::RegistrySource;

/// How many threads drive the dialogue. They only shovel bytes; what computes runs elsewhere.
const NETWORK_THREADS: usize = 2;

/// A client and the threads that drive it. Clones share both.
#[derive(Clone)]
pub(crate) struct Dialogue {
    runtime: Arc<tokio::runtime::Runtime>,
    client: Client,
}

impl Dialogue {
    pub(crate) fn new(options: Options) -> Result<Dialogue, Error> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(NETWORK_THREADS)
            .enable_all()
            .build()
            .map_err(|error| Error::Usage(format!("the threads for the network cannot be started: {error}")))?;
        // The client is made inside the runtime: its connection pool starts timers.
        let client = runtime.block_on(async { Client::new(options) })?;
        Ok(Dialogue { runtime: Arc::new(runtime), client })
    }

    pub(crate) fn traffic(&self) -> Traffic {
        self.client.traffic()
    }

    pub(crate) fn set_address(&self, host: &str, address: &str) -> Result<(), Error> {
        Ok(self.client.set_address(host, address)?)
    }

    fn wait<T>(&self, dialogue: impl Future<Output = Result<T, lambark_registry::Error>>) -> Result<T, Error> {
        Ok(self.runtime.block_on(dialogue)?)
    }
}
