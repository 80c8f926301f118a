//! Layer bytes as streams.
//!
//! [`sniff()`] says what a blob is by its first bytes, [`decode()`] unpacks it, [`read_layer`] reads it once from end to end
//! and gives its facts; [`tar`] looks at an archive and mends it; [`gzip`] writes layers. Everything is synchronous,
//! over [`Read`](std::io::Read) and [`Write`](std::io::Write), in memory that does not depend on a layer's size. A
//! defect of the bytes ([`Flaw`]) is never mixed up with trouble in getting them.

pub mod decode;
pub mod elf;
mod flaw;
pub mod gzip;
pub mod limits;
mod notes;
mod read;
mod sniff;
pub mod tar;

pub use decode::{Decoded, decode};
pub use elf::read_elf;
pub use flaw::Flaw;
pub use read::{READER_VERSION, ReadOptions, read_layer};
pub use sniff::{SNIFF_BYTES, sniff};
