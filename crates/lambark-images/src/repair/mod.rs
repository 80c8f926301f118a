//! Repairs: from facts to a plan, from the plan to an image that Lambda takes.
//!
//! The plan is pure and says everything that will be done; carrying it out writes blobs first, referrers next, and
//! moves the name last.

pub mod apply;
mod change;
mod encode;
pub mod plan;
mod referrers;
pub mod reuse;
pub mod run;
pub mod undo;

use lambark_layers::gzip;
use lambark_oci::Family;

pub use apply::{Applied, apply};
pub use change::{Change, TakeBack, take_back};
pub use plan::{ImagePlan, LayerPlan, Plan, plan};
pub use run::{Outcome, Prepared, Ready, Request, prepare, prepare_opened};

/// Which family of manifests to write.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum As {
    /// A manifest that Lambda documents as accepted stays byte for byte.
    #[default]
    Keep,
    /// A pure image of this family, rewritten if need be.
    Only(Family),
}

/// What the user allows and wants.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// The family of the result.
    pub family: As,
    /// The family of what must be rewritten when `family` does not say: Docker's, which no report contradicts; in an
    /// OCI layout OCI's, since tools look for nothing else there.
    pub rewrite_as: Family,
    /// Whether source and target are the same name.
    pub in_place: bool,
    /// Whether both lie in one repository, layout or archive: blobs need not be brought.
    pub same_repository: bool,
    /// Whether referrers can stand beside the result: in a registry always, in a layout or archive beside a tag.
    pub carries_referrers: bool,
    /// Leave attestations behind instead of making them referrers.
    pub drop_attestations: bool,
    /// An archive without a tag takes the place of the whole file that stands there, instead of joining what is in it.
    pub replace_archive: bool,
    /// Consent to put one platform under a tag that held several.
    pub replace_multi_platform: bool,
    /// Also apply repairs that change files or the command.
    pub unsafe_fixes: bool,
    /// How hard to compress.
    pub gzip_level: gzip::Level,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            family: As::Keep,
            rewrite_as: Family::Docker,
            in_place: false,
            same_repository: false,
            carries_referrers: true,
            drop_attestations: false,
            replace_archive: false,
            replace_multi_platform: false,
            unsafe_fixes: false,
            gzip_level: gzip::Level::DEFAULT,
        }
    }
}
