//! What a live function tells of a service.

use lambark_lint::image_name::ImageName;
use lambark_oci::Architecture;

use super::assemble::{Hosts, add};
use super::{Fact, Findings, Service};

/// A function that was looked at.
#[derive(Clone, Debug, Default)]
pub struct Live {
    /// Its name.
    pub name: String,
    /// The image as whoever deployed it wrote it.
    pub image: Option<String>,
    /// Its architecture.
    pub architecture: Option<Architecture>,
    /// Its aliases.
    pub aliases: Vec<String>,
}

impl Live {
    /// Adds what it tells to the service that it is, or else as a service of its own.
    pub(super) fn add_to(&self, found: &mut Findings) {
        let from = format!("the function {}", self.name);
        let image = self.image.as_deref().map(ImageName::parse);
        let mut told = Service {
            function: Some(Fact::new(self.name.clone(), from.clone())),
            repository: image.map(|image| Fact::new(image.repository, from.clone())),
            architecture: self.architecture.map(|value| Fact::new(value, from.clone())),
            aliases: self.aliases.clone(),
            ..Service::default()
        };
        if let [only] = self.aliases.as_slice() {
            told.alias = Some(Fact::new(only.clone(), from.clone()));
        }
        if let Some(host) = image.and_then(|image| image.host) {
            Hosts { region: &mut found.region, account: &mut found.account }.learn(host, &from);
        }
        // A single service that says neither where it goes nor who runs it can only be this one.
        if let [only] = found.services.as_mut_slice()
            && only.function.is_none()
            && only.repository.is_none()
        {
            only.repository.clone_from(&told.repository);
        }
        add(&mut found.services, told);
    }
}
