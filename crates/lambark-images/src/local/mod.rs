//! Images on this machine: OCI layouts (a directory, or a tar of one) and docker archives.

pub(crate) mod archive_sink;
pub(crate) mod classic;
pub(crate) mod files;
pub(crate) mod index;
pub(crate) mod index_json;
pub(crate) mod layout;
pub(crate) mod layout_sink;
pub(crate) mod sweep;
