//! Making a repository for what is about to be pushed.

use lambark_aws::Error;
use lambark_aws::ecr::NewRepository;
use lambark_oci::{EcrHost, Reference};

use super::SignIn;

/// ECR's code for a repository that is there already.
const EXISTS: &str = "RepositoryAlreadyExistsException";

/// How a new repository is to be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RepositoryOptions {
    /// No tag may ever be moved.
    pub immutable_tags: bool,
    /// Images are scanned when they are pushed.
    pub scan_on_push: bool,
}

/// What became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Created {
    /// It was made.
    New,
    /// It was there, and stays as it is.
    Existed,
    /// Not ECR's: other registries make a repository when something is pushed to it.
    NotEcr,
}

impl SignIn {
    /// Makes the repository that `image` names, unless it is there.
    ///
    /// # Errors
    /// When it is in another account's registry, where ECR lets nobody make one from outside; and whatever AWS ends in.
    pub fn create_repository(&self, image: &Reference, options: RepositoryOptions) -> Result<Created, Error> {
        let ecr = match image.ecr() {
            Some(host) => {
                self.refuse_other_account(&host)?;
                self.aws().ecr(Some(&host.region))?
            }
            None if self.for_emulator(image.host()).is_some() => self.aws().ecr(None)?,
            None => return Ok(Created::NotEcr),
        };
        let new = NewRepository {
            name: image.repository().to_owned(),
            immutable_tags: options.immutable_tags,
            scan_on_push: options.scan_on_push,
        };
        match ecr.create_repository(&new) {
            Ok(_) => Ok(Created::New),
            Err(error) if error.code() == Some(EXISTS) => Ok(Created::Existed),
            Err(error) => Err(error),
        }
    }

    /// CreateRepository names no account: it would make one in the caller's own registry.
    fn refuse_other_account(&self, host: &EcrHost) -> Result<(), Error> {
        let own = self.authorization(Some(&host.region))?.proxy_endpoint;
        let own = EcrHost::parse(own.trim_start_matches("https://").trim_end_matches('/'));
        match own {
            Some(own) if own.account != host.account => Err(Error::Settings {
                what: "--create-repository".into(),
                reason: format!(
                    "the registry is account {}'s and the credentials are account {}'s; the owner has to create it",
                    host.account, own.account
                )
                .into(),
            }),
            // An emulator's address names no account.
            _ => Ok(()),
        }
    }
}
