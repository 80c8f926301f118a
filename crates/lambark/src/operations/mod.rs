//! What lambark does, one file a verb: Settings in, Outcome out. Nothing here prints, exits, or reads the environment.

pub mod advice;
pub mod build;
pub mod cache;
pub mod check;
pub mod deploy;
pub mod deployment;
pub mod doctor;
pub mod explain;
pub mod fix;
pub mod init;
pub mod invoker;
pub mod knowledge;
pub mod ledger;
pub mod lint;
pub mod policy;
pub mod push;
pub mod record;
pub mod rehearse;
pub mod resolve;
pub mod rollback;
pub mod run;
pub mod service;
pub mod settings;
pub mod ship;
pub mod status;

use std::io;
use std::path::Path;
use std::sync::Arc;

use lambark_images::{Access, Error, Kind, Progress};
use lambark_oci::ImageName;

use crate::ecr::SignIn;
use crate::failure::Failure;

/// What brings an image somewhere.
#[derive(Clone, Copy)]
pub struct Ways<'a> {
    /// How images are reached.
    pub access: &'a Access,
    /// The way to ECR's own API.
    pub sign_in: &'a SignIn,
    /// Who hears how far the work is.
    pub progress: &'a Arc<dyn Progress>,
}

/// The names of all rules, on images and on repositories.
pub fn rule_names() -> impl Iterator<Item = &'static str> {
    let image = lambark_rules::CATALOGUE.iter().map(|rule| rule.name);
    image.chain(lambark_lint::CATALOGUE.iter().map(|rule| rule.name))
}

/// Reads an image's name; a bare path counts if it exists. The marker file of a layout stands for the layout, because
/// tools that walk files, as pre-commit does, can name no directory.
///
/// # Errors
/// When it is neither.
pub fn name(text: &str) -> Result<ImageName, Failure> {
    if let Some((directory, "oci-layout")) = text.rsplit_once('/')
        && Path::new(text).is_file()
    {
        return Ok(ImageName::Path(directory.to_owned()));
    }
    ImageName::parse(text, |path| Path::new(path).exists()).map_err(|error| {
        // Nobody writes a registry's name like this: the file is not there.
        if text.starts_with(['/', '.']) || text.ends_with(".tar") {
            Failure::Image(Error::Read { path: text.into(), source: io::ErrorKind::NotFound.into() })
        } else {
            error.into()
        }
    })
}

/// Why an image could not be looked at: what ECR has in its archive is answered by the registry as if it did not exist.
fn missing(error: Error, name: &ImageName, access: &Access) -> Failure {
    let archived = || {
        let reference = name.reference().filter(|_| error.kind() == Kind::NotFound)?;
        let status = access.control_of(reference)?.status(reference).filter(|status| status != "ACTIVE")?;
        Some(Failure::Archived { image: Box::new(reference.clone()), status })
    };
    archived().unwrap_or(Failure::Image(error))
}
