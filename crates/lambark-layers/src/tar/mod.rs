//! Tar: what is in it ([`scan()`]), and mending it without touching what is right ([`mend()`]).
//!
//! One reader ([`TarReader`]) serves both. It understands what writers of layers produce (V7, ustar, PAX, GNU, star's prefix), follows
//! Go's reader where tools disagree, because the tools around images are written in Go, and calls an archive corrupt
//! rather than guess.

mod extensions;
mod header;
mod mend;
mod path;
mod plan;
mod reader;
mod scan;

pub(crate) use header::Header;
pub use mend::{Mended, mend};
pub(crate) use path::shown;
pub use plan::MendPlan;
pub use reader::{Kind, Member, TarReader};
pub use scan::{Scan, scan};
