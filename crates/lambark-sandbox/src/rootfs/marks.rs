//! What a layer says beyond its files.

use serde::{Deserialize, Serialize};

/// What a layer says of the layers below it, and what else is known of its directory. Paths have no leading slash.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Marks {
    /// Bytes of its files.
    pub(crate) bytes: u64,
    /// How many entries it has.
    pub(crate) entries: u64,
    /// What it takes away from below.
    pub(crate) whiteouts: Vec<String>,
    /// Its directories that hide everything below.
    pub(crate) opaque: Vec<String>,
    /// Directories that it only implies by what lies in them: what is below counts for everything but that.
    pub(crate) implied: Vec<String>,
    /// Its hard links to files of layers below: path, target.
    pub(crate) links_below: Vec<(String, String)>,
    /// Whether its directory says all this in overlayfs's way too.
    pub(crate) stackable: bool,
}
