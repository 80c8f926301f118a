//! AWS as a source of registry credentials.

use std::sync::Arc;

use lambark_aws::ecr::Authorization;
use lambark_oci::EcrHost;
use lambark_registry::auth::Lookup;
use lambark_registry::{Credential, Credentials, CredentialsError};

use super::SignIn;
use crate::failure::Failure;

/// For ECR's registries: AWS first, then `others`. For all others: `others` alone, and AWS is never asked.
///
/// AWS goes first because what `docker login` left for ECR dies after twelve hours and nothing renews it; it is used
/// where AWS gives nothing. What AWS said is told only if nobody else knows a credential either.
pub struct EcrCredentials {
    sign_in: Arc<SignIn>,
    others: Arc<dyn Credentials>,
}

impl EcrCredentials {
    /// Asks `sign_in` about ECR's registries, and `others` about everything else.
    #[must_use]
    pub fn new(sign_in: Arc<SignIn>, others: Arc<dyn Credentials>) -> EcrCredentials {
        EcrCredentials { sign_in, others }
    }
}

impl Credentials for EcrCredentials {
    fn find<'a>(&'a self, host: &'a str, repository: &'a str) -> Lookup<'a> {
        Box::pin(async move {
            let (sign_in, name) = (Arc::clone(&self.sign_in), host.to_owned());
            // AWS's client blocks, and this runs on a thread that drives the network.
            let asked = tokio::task::spawn_blocking(move || match EcrHost::parse(&name) {
                Some(ecr) => sign_in.authorization(Some(&ecr.region)).map(Some),
                None => Ok(sign_in.for_emulator(&name)),
            });
            let asked = asked.await.unwrap_or_else(|stopped| std::panic::resume_unwind(stopped.into_panic()));
            match asked {
                Ok(Some(authorization)) => Ok(Some(credential(authorization))),
                Ok(None) => self.others.find(host, repository).await,
                Err(error) => match self.others.find(host, repository).await? {
                    Some(credential) => Ok(Some(credential)),
                    None => Err(CredentialsError::Source {
                        host: host.to_owned(),
                        reason: error.to_string(),
                        hint: Failure::Aws(error)
                            .hint()
                            .map(|hint| format!("{hint}\na `docker login {host}` serves too")),
                    }),
                },
            }
        })
    }

    fn searched(&self) -> String {
        self.others.searched()
    }
}

fn credential(authorization: Authorization) -> Credential {
    Credential::Basic { username: authorization.username, password: authorization.password }
}
