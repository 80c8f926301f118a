//! Whether an image is still there to go back to.

use lambark_images::{Access, Kind, open};
use lambark_oci::{ImageName, Reference};

use crate::failure::Failure;

/// Whether an image can still be pulled, which is what a way back needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Presence {
    /// It can.
    There,
    /// It cannot, and why.
    Gone(String),
    /// That could not be found out, and why.
    NotLooked(String),
}

/// Looks whether an image is there and active: what ECR keeps in its archive answers as if it did not exist.
#[must_use]
pub fn presence(image: &Reference, access: &Access) -> Presence {
    let name = ImageName::Registry(image.clone());
    match open(&name, access).and_then(|source| source.top().map(drop)) {
        Ok(()) => Presence::There,
        Err(error) if error.kind() == Kind::NotFound => match crate::operations::missing(error, &name, access) {
            Failure::Archived { status, .. } => Presence::Gone(format!("ECR keeps it with imageStatus {status}")),
            _ => Presence::Gone("ECR does not have it any more".to_owned()),
        },
        Err(error) => Presence::NotLooked(error.to_string()),
    }
}
