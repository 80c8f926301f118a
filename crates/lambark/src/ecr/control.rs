//! ECR's own API as what rules and repairs may ask beside the registry protocol.

use std::sync::Arc;

use lambark_aws::ecr::{Image, RepositoryName};
use lambark_aws::{Ecr, Error};
use lambark_images::ControlPlane;
use lambark_oci::{Digest, EcrHost, Reference, Target};
use lambark_rules::facts::{Evidence, StoredImage};

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

    /// Asks ECR about a repository.
    fn ask<T>(
        &self,
        repository: &Reference,
        question: impl FnOnce(&dyn Ecr, &RepositoryName) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let Some(host) = repository.ecr() else { return Err(Error::NoRegion) };
        // What signing in ended in is remembered: where nobody is known to AWS, nothing more is asked.
        self.sign_in.authorization(Some(&host.region))?;
        let ecr = self.sign_in.aws().ecr(Some(&host.region))?;
        question(&*ecr, &RepositoryName { account: Some(host.account), name: repository.repository().to_owned() })
    }
}

impl ControlPlane for EcrControl {
    fn address(&self, host: &str) -> Option<String> {
        self.sign_in.address(&EcrHost::parse(host)?)
    }

    fn is_immutable(&self, repository: &Reference, tag: &str) -> Option<bool> {
        // Who may push need not be allowed to describe.
        self.ask(repository, |ecr, name| ecr.repository(name)).ok()?.is_immutable(tag)
    }

    fn stored(&self, repository: &Reference, objects: &[&Digest]) -> Evidence<Vec<StoredImage>> {
        let mut ids: Vec<Target> = objects.iter().map(|&object| Target::Digest(object.clone())).collect();
        ids.dedup();
        match self.ask(repository, |ecr, name| ecr.images(name, &ids)) {
            Ok(images) => in_order(&images, objects),
            Err(error) => not_looked(&error),
        }
    }

    fn status(&self, image: &Reference) -> Option<String> {
        let images = self.ask(image, |ecr, name| ecr.images(name, &[image.target()])).ok()?;
        images.into_iter().next()?.status.map(|status| status.to_string())
    }

    fn policy(&self, repository: &Reference) -> Evidence<Option<String>> {
        match self.ask(repository, |ecr, name| ecr.policy(name)) {
            Ok(policy) => Evidence::Known(policy),
            Err(error) => not_looked(&error),
        }
    }
}

/// Answers come in any order.
fn in_order(images: &[Image], objects: &[&Digest]) -> Evidence<Vec<StoredImage>> {
    let found = objects.iter().map(|&object| images.iter().find(|image| image.digest == *object));
    let stored = found.map(|image| {
        image.map(|image| StoredImage {
            digest: image.digest.clone(),
            tags: image.tags.clone(),
            status: image.status.as_ref().map(ToString::to_string),
        })
    });
    let stored: Option<Vec<StoredImage>> = stored.collect();
    stored.map_or_else(|| Evidence::NotLooked("ECR's answer leaves the image out".into()), Evidence::Known)
}

/// Why ECR was not asked, or did not tell: the action that is missing is what most readers need.
fn not_looked<T>(error: &Error) -> Evidence<T> {
    let reason = match error.missing_action() {
        Some(action) => format!("the caller lacks the IAM action {action}"),
        None => error.to_string(),
    };
    Evidence::NotLooked(reason.into())
}
