//! A registry on this machine that is correct until a script says otherwise.
//!
//! ```
//! use lambark_testkit::scripted::{Rule, ScriptedRegistry};
//!
//! let registry = ScriptedRegistry::start();
//! let digest = registry.put_blob("app", b"layer".as_slice());
//! registry.rule(Rule::on("GET", "/v2/app/blobs/*").times(1).reset_response_at(3));
//! let image = format!("{}/app:v1", registry.host()); // for whatever is under test
//! # let _ = (image, digest);
//! assert!(registry.requests().is_empty());
//! ```
//!
//! [`ScriptedRegistry::ecr`] behaves as ECR's data plane does wherever that differs from the specification; each
//! oddity is a field of [`Behaviour`] of its own. Everything listens on 127.0.0.1 and ends with the value. No method
//! needs an asynchronous runtime.

mod auth;
mod behaviour;
mod body;
mod control;
mod referrers;
mod reply;
mod routes;
mod script;
mod serve;
mod storage;
mod store;
mod uploads;

use std::net::SocketAddr;
use std::ops::Deref;
use std::thread::JoinHandle;

pub use behaviour::{Auth, Behaviour, Conversion};
pub use control::{Control, Place, Recorded};
pub use script::Rule;

/// A running registry. Everything that can be asked of it or told to it is in [`Control`].
pub struct ScriptedRegistry {
    control: Control,
    thread: Option<JoinHandle<()>>,
    stop: Option<tokio::sync::oneshot::Sender<()>>,
}

impl ScriptedRegistry {
    /// A registry that does what the specification says, for anybody, and creates repositories at need.
    #[must_use]
    pub fn start() -> ScriptedRegistry {
        ScriptedRegistry::with(Behaviour::default())
    }

    /// ECR's ways ([`Behaviour::ecr`]): repositories have to be created first, and the credentials are `AWS:tok`.
    #[must_use]
    pub fn ecr() -> ScriptedRegistry {
        ScriptedRegistry::with(Behaviour::ecr())
    }

    /// A registry of chosen behaviour.
    ///
    /// # Panics
    /// When this machine gives no port or no thread: then no test can run.
    #[must_use]
    pub fn with(behaviour: Behaviour) -> ScriptedRegistry {
        let (tell, told) = std::sync::mpsc::channel::<(SocketAddr, SocketAddr)>();
        let (start, started) = std::sync::mpsc::channel::<Control>();
        let (stop, stopped) = tokio::sync::oneshot::channel();
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            let runtime = runtime.expect("a runtime needs nothing but memory and file descriptors");
            runtime.block_on(serve::run(tell, started, stopped));
        });
        let (registry, storage) = told.recv().expect("the server's thread listens or has panicked with the reason");
        let control = Control::new(behaviour, registry, storage);
        start.send(control.clone()).expect("the server's thread waits for this");
        ScriptedRegistry { control, thread: Some(thread), stop: Some(stop) }
    }
}

impl Deref for ScriptedRegistry {
    type Target = Control;

    fn deref(&self) -> &Control {
        &self.control
    }
}

impl Drop for ScriptedRegistry {
    fn drop(&mut self) {
        // Both fail only if the thread has ended already.
        self.stop.take().map(|stop| stop.send(()));
        self.thread.take().map(JoinHandle::join);
    }
}
