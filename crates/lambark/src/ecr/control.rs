//! ECR's own API as what a repair may ask beside the registry protocol.

use std::sync::Arc;

use lambark_aws::ecr::RepositoryName;
use lambark_images::ControlPlane;
use lambark_oci::{EcrHost, Reference};

use super::SignIn;

/// ECR's own API.
pub struct EcrControl {
    sign_in: Arc<SignIn>,
}

impl EcrControl {
    /// Asks by way of `sign_in`.
    #[must_use]
    pub fn new(sign_in: Arc<SignIn>) -> EcrControl {
        EcrControl { sign_in }
    }
}

impl ControlPlane for EcrControl {
    fn address(&self, host: &str) -> Option<String> {
        self.sign_in.address(&EcrHost::parse(host)?)
    }

    fn is_immutable(&self, repository: &Reference, tag: &str) -> Option<bool> {
        let host = repository.ecr()?;
        // Without credentials nothing is asked; who may push need not be allowed to describe.
        self.sign_in.authorization(Some(&host.region)).ok()?;
        let ecr = self.sign_in.aws().ecr(Some(&host.region)).ok()?;
        ecr.repository(&name(&host, repository)).ok()?.is_immutable(tag)
    }
}

/// The repository as ECR's API names it.
fn name(host: &EcrHost, reference: &Reference) -> RepositoryName {
    RepositoryName { account: Some(host.account.clone()), name: reference.repository().to_owned() }
}
