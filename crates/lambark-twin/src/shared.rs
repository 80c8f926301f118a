//! What every face shares.

use std::net::SocketAddr;

use crate::clock::Clock;
use crate::settings::Settings;

/// One running twin's state.
pub(crate) struct Shared {
    pub(crate) settings: Settings,
    /// Where it really listens.
    pub(crate) address: SocketAddr,
    pub(crate) clock: Clock,
}

impl Shared {
    pub(crate) fn new(settings: Settings, address: SocketAddr) -> Shared {
        Shared { settings, address, clock: Clock::default() }
    }

    /// `http://HOST:PORT`
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}
