//! How a twin is to be.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::control::NoteSink;
use crate::invoker::Invoke;

/// The port if nothing is said.
pub(crate) const DEFAULT_PORT: u16 = 4510;

/// How a twin is to be.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where it listens. Port 0 takes a free one.
    pub listen: SocketAddr,
    /// Consent to an address that others on the network can reach.
    pub allow_remote: bool,
    /// Where everything is kept across restarts; in memory if nothing is said.
    pub data: Option<PathBuf>,
    /// The account of whoever calls, twelve digits.
    pub account: String,
    /// The Region of a caller whose request names none.
    pub region: String,
    /// How long a new function is `Pending`, and an update `InProgress`.
    pub settle: Duration,
    /// Refuse what nobody has established, in place of accepting it with a note.
    pub pessimistic: bool,
    /// What decides between the versions of a weighted alias; the same seed gives the same sequence.
    pub seed: u64,
    /// Where notes go as they are made: what was accepted though nobody has established that AWS does.
    pub notes: Option<NoteSink>,
    /// What runs functions. Without one an invocation that is not scripted is refused.
    pub invoker: Option<Arc<dyn Invoke>>,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            listen: SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), DEFAULT_PORT),
            allow_remote: false,
            data: None,
            account: "123456789012".to_owned(),
            region: "us-east-1".to_owned(),
            settle: Duration::from_secs(3),
            pessimistic: false,
            seed: 0,
            notes: None,
            invoker: None,
        }
    }
}

impl Settings {
    /// For use inside a process: a free port of loopback, everything in memory, updates that settle at once.
    #[must_use]
    pub fn ephemeral() -> Settings {
        Settings { listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), settle: Duration::ZERO, ..Settings::default() }
    }
}
