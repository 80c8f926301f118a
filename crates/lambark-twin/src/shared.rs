//! What every face shares.

use std::net::SocketAddr;
use std::sync::{PoisonError, RwLock};

use crate::Error;
use crate::buckets::Buckets;
use crate::clock::Clock;
use crate::control;
use crate::ecr::account::AccountSettings;
use crate::gates::Gates;
use crate::lambda::Functions;
use crate::oddities::Oddities;
use crate::settings::Settings;
use crate::signer::Signer;
use crate::store::Store;
use crate::uploads::Uploads;

/// One running twin's state.
pub(crate) struct Shared {
    pub(crate) settings: Settings,
    /// Where it really listens.
    pub(crate) address: SocketAddr,
    pub(crate) clock: Clock,
    pub(crate) store: Store,
    /// Signs tokens and presigned URLs.
    pub(crate) signer: Signer,
    pub(crate) uploads: Uploads,
    pub(crate) buckets: Buckets,
    pub(crate) account_settings: AccountSettings,
    pub(crate) functions: Functions,
    pub(crate) gates: Gates,
    pub(crate) control: control::State,
    oddities: RwLock<Oddities>,
}

impl Shared {
    pub(crate) fn new(settings: Settings, address: SocketAddr) -> Result<Shared, Error> {
        let store = Store::open(settings.data.as_deref())?;
        let signer = Signer::open(store.shelf())?;
        let account_settings = AccountSettings::open(store.shelf())?;
        let functions = Functions::open(store.shelf())?;
        let control = control::State::new(settings.seed, settings.notes.clone());
        Ok(Shared {
            settings,
            address,
            clock: Clock::default(),
            store,
            signer,
            uploads: Uploads::default(),
            buckets: Buckets::default(),
            account_settings,
            functions,
            gates: Gates::default(),
            control,
            oddities: RwLock::default(),
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
}
