//! A twin that runs.

use std::net::SocketAddr;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::oneshot;

use crate::control::Control;
use crate::ecr;
use crate::error::Error;
use crate::http;
use crate::scope::Scope;
use crate::settings::Settings;
use crate::shared::Shared;

/// How long a twin that ends waits for what it is at.
const GRACE: Duration = Duration::from_secs(5);

/// A running twin, on threads of its own. It ends with this value.
pub struct Twin {
    shared: Arc<Shared>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Twin {
    /// Starts a twin and returns when it listens.
    ///
    /// # Errors
    /// When the address cannot be had or is no loopback without consent, or the data directory cannot be used.
    pub fn start(settings: Settings) -> Result<Twin, Error> {
        let address = settings.listen;
        if !address.ip().is_loopback() && !settings.allow_remote {
            return Err(Error::NotLoopback(address));
        }
        let listen = |source| Error::Listen { address, source };
        let socket = std::net::TcpListener::bind(address).map_err(listen)?;
        socket.set_nonblocking(true).map_err(listen)?;
        let shared = Arc::new(Shared::new(settings, socket.local_addr().map_err(listen)?)?);
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().map_err(Error::Start)?;
        let listener = {
            let _inside = runtime.enter();
            TcpListener::from_std(socket).map_err(listen)?
        };
        let (stop, stopped) = oneshot::channel();
        let twin = Arc::clone(&shared);
        let thread = std::thread::Builder::new().name("twin".to_owned()).spawn(move || {
            runtime.block_on(async {
                tokio::select! {
                    () = http::accept(listener, twin) => {}
                    // An error means that the value was dropped, which is the same.
                    _ = stopped => {}
                }
            });
            // Connections and looks at images hold the data directory: whoever starts the next twin must find it free.
            runtime.shutdown_timeout(GRACE);
        });
        Ok(Twin { shared, stop: Some(stop), thread: Some(thread.map_err(Error::Start)?) })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.shared.address
    }

    /// What `AWS_ENDPOINT_URL` has to be.
    #[must_use]
    pub fn url(&self) -> String {
        self.shared.url()
    }

    /// The controls: faults, scripts, rates, the clock, counters, notes.
    #[must_use]
    pub fn control(&self) -> Control {
        Control(Arc::clone(&self.shared))
    }
}

impl Twin {
    /// A password for the registry of the twin's own account in a Region, user `AWS`: what `GetAuthorizationToken` would
    /// give. Good for twelve hours.
    #[must_use]
    pub fn registry_password(&self, region: &str) -> String {
        let scope = Scope { account: self.shared.settings.account.clone(), region: region.to_owned() };
        ecr::account::password(&self.shared, scope).0
    }
}

#[cfg(test)]
impl Twin {
    pub(crate) fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }
}

impl Drop for Twin {
    fn drop(&mut self) {
        // Both fail only if the thread has ended already.
        self.stop.take().map(|stop| stop.send(()));
        self.thread.take().map(JoinHandle::join);
    }
}
