//! ELF files that pass by: what they start with, what they need, what they provide.
//!
//! Files come as streams, so only the beginning is kept, and such tables behind it as are known to be needed before
//! they pass. Every number in the file is taken as hostile.

mod image;
mod tables;
mod watch;

pub(crate) use watch::ElfWatch;

use lambark_rules::facts::Elf;

/// Reads the headers and the dynamic section of a whole ELF file; `None` if it is none.
#[must_use]
pub fn read_elf(file: &[u8]) -> Option<Elf> {
    file.starts_with(b"\x7fELF").then(|| {
        let mut watch = ElfWatch::new();
        watch.start();
        watch.feed(0, file);
        watch.finish()
    })
}
