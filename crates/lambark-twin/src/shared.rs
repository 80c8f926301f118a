//! What every face shares.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{PoisonError, RwLock};

use crate::Error;
use crate::clock::Clock;
use crate::oddities::Oddities;
use crate::settings::Settings;
use crate::signer::Signer;
use crate::store::Store;

/// One running twin's state.
pub(crate) struct Shared {
    pub(crate) settings: Settings,
    /// Where it really listens.
    pub(crate) address: SocketAddr,
    pub(crate) clock: Clock,
    pub(crate) store: Store,
    /// Signs tokens and presigned URLs.
    pub(crate) signer: Signer,
    oddities: RwLock<Oddities>,
    changes: AtomicU64,
}

impl Shared {
    pub(crate) fn new(settings: Settings, address: SocketAddr) -> Result<Shared, Error> {
        let store = Store::open(settings.data.as_deref())?;
        let signer = Signer::open(store.shelf())?;
        Ok(Shared {
            settings,
            address,
            clock: Clock::default(),
            store,
            signer,
            oddities: RwLock::default(),
            changes: AtomicU64::new(0),
        })
    }

    /// `http://HOST:PORT`
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// ECR's ways as they are now.
    pub(crate) fn oddities(&self) -> Oddities {
        self.oddities.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Sets ECR's ways from here on.
    pub(crate) fn set_oddities(&self, new: Oddities) {
        *self.oddities.write().unwrap_or_else(PoisonError::into_inner) = new;
    }

    /// Counts a call that changes something, whether or not it was refused: what only looks must make none.
    pub(crate) fn count_change(&self) {
        self.changes.fetch_add(1, Ordering::Relaxed);
    }

    /// How many calls so far were of the kind that changes something.
    pub(crate) fn changes(&self) -> u64 {
        self.changes.load(Ordering::Relaxed)
    }
}
