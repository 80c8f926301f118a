//! Lambda's gates: may it read the image, and does it take it?

mod judge;
mod objection;
mod permission;
mod source;
mod words;

pub(crate) use judge::Gates;
pub(crate) use permission::may_read;
pub(crate) use source::StoreSource;
pub use words::Wording;
