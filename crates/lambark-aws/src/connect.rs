//! How AWS is reached, and the connection that is made when it is first needed.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use lambark_oci::Secret;

use crate::calls::Calls;
use crate::error::Error;
use crate::operation::Operation;
use crate::{Ecr, Lambda, Sts};

/// How AWS is reached. What is absent comes from AWS's usual chain: environment, profiles, SSO, web identity,
/// container, instance metadata.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// The Region.
    pub region: Option<String>,
    /// The profile of the AWS configuration files.
    pub profile: Option<String>,
    /// Another endpoint than AWS's own, for every service.
    pub endpoint_url: Option<String>,
    /// Certificates to trust besides the platform's, as PEM.
    pub ca_certificates: Vec<Vec<u8>>,
    /// Credentials in place of those that the chain would find.
    pub access_key: Option<AccessKey>,
}

/// An access key.
#[derive(Clone, Debug)]
pub struct AccessKey {
    /// Its id, which is no secret.
    pub id: String,
    /// The secret.
    pub secret: Secret,
}

/// Makes the settings; called once, when AWS is first spoken to.
type MakeSettings = dyn Fn() -> Result<Settings, Error> + Send + Sync;

/// The way to AWS. Making one costs nothing; the first client reads configuration and starts a runtime. Credentials
/// are looked for by the first call.
pub struct Aws {
    #[cfg_attr(not(feature = "sdk"), expect(dead_code, reason = "nobody to connect"))]
    settings: Box<MakeSettings>,
    #[cfg(feature = "sdk")]
    connection: std::sync::OnceLock<Result<crate::sdk::Connection, Error>>,
    calls: Arc<Calls>,
}

impl Aws {
    /// Reaches AWS as `settings` say.
    pub fn new(settings: impl Fn() -> Result<Settings, Error> + Send + Sync + 'static) -> Aws {
        Aws {
            settings: Box::new(settings),
            #[cfg(feature = "sdk")]
            connection: std::sync::OnceLock::new(),
            calls: Arc::default(),
        }
    }

    /// How often each operation was called so far.
    #[must_use]
    pub fn calls(&self) -> BTreeMap<Operation, u64> {
        self.calls.snapshot()
    }
}

#[cfg(feature = "sdk")]
impl Aws {
    /// ECR in `region`, or else in the Region that the settings or the chain name.
    ///
    /// # Errors
    /// [`Error::NoRegion`] when nothing names one, [`Error::Settings`] when the settings are unusable.
    pub fn ecr(&self, region: Option<&str>) -> Result<Arc<dyn Ecr>, Error> {
        Ok(Arc::new(self.connection()?.ecr(region)?))
    }

    /// Lambda in `region`, or else in the Region that the settings or the chain name.
    ///
    /// # Errors
    /// As [`Aws::ecr`].
    pub fn lambda(&self, region: Option<&str>) -> Result<Arc<dyn Lambda>, Error> {
        Ok(Arc::new(self.connection()?.lambda(region)?))
    }

    /// STS in `region`, or else in the Region that the settings or the chain name.
    ///
    /// # Errors
    /// As [`Aws::ecr`].
    pub fn sts(&self, region: Option<&str>) -> Result<Arc<dyn Sts>, Error> {
        Ok(Arc::new(self.connection()?.sts(region)?))
    }

    /// The Region that the settings or the chain name.
    ///
    /// # Errors
    /// As [`Aws::ecr`].
    pub fn region(&self) -> Result<String, Error> {
        self.connection()?.region(None)
    }

    /// Another endpoint than AWS's own for ECR, if the settings, the environment or the profile name one. Neither
    /// credentials nor the network are touched.
    ///
    /// # Errors
    /// [`Error::Settings`] when the settings are unusable.
    pub fn ecr_endpoint(&self) -> Result<Option<String>, Error> {
        Ok(self.connection()?.ecr_endpoint())
    }

    fn connection(&self) -> Result<&crate::sdk::Connection, Error> {
        let connect = || crate::sdk::Connection::new((self.settings)()?, Arc::clone(&self.calls));
        self.connection.get_or_init(connect).as_ref().map_err(Clone::clone)
    }
}

#[cfg(not(feature = "sdk"))]
impl Aws {
    /// Nothing: this build has no SDK.
    ///
    /// # Errors
    /// [`Error::NotBuilt`], always.
    pub fn ecr(&self, _region: Option<&str>) -> Result<Arc<dyn Ecr>, Error> {
        Err(Error::NotBuilt)
    }

    /// Nothing: this build has no SDK.
    ///
    /// # Errors
    /// [`Error::NotBuilt`], always.
    pub fn lambda(&self, _region: Option<&str>) -> Result<Arc<dyn Lambda>, Error> {
        Err(Error::NotBuilt)
    }

    /// Nothing: this build has no SDK.
    ///
    /// # Errors
    /// [`Error::NotBuilt`], always.
    pub fn sts(&self, _region: Option<&str>) -> Result<Arc<dyn Sts>, Error> {
        Err(Error::NotBuilt)
    }

    /// Nothing: this build has no SDK.
    ///
    /// # Errors
    /// [`Error::NotBuilt`], always.
    pub fn region(&self) -> Result<String, Error> {
        Err(Error::NotBuilt)
    }

    /// Nothing: this build has no SDK.
    ///
    /// # Errors
    /// [`Error::NotBuilt`], always.
    pub fn ecr_endpoint(&self) -> Result<Option<String>, Error> {
        Err(Error::NotBuilt)
    }
}

impl fmt::Debug for Aws {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Aws").field("calls", &self.calls()).finish_non_exhaustive()
    }
}
