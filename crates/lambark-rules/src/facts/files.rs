//! What is known of the files in a layer.

use std::fmt;
use std::str::FromStr;

/// One entry of a layer's tar.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TarEntry {
    /// The path as stored, less `./`, `/` in front, doubled and trailing slashes; `..` is kept. Bytes that are not
    /// UTF-8 stand as `\xNN`. Empty for the root itself.
    pub path: Box<str>,
    /// What it is.
    pub kind: EntryKind,
    /// Permission bits, `0o7777`.
    pub mode: u32,
    /// Owner.
    pub uid: u64,
    /// Owning group.
    pub gid: u64,
    /// Size of the content in bytes.
    pub size: u64,
    /// What was seen in the content; most files need nothing.
    pub notes: Option<Box<FileNotes>>,
}

/// What an entry is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EntryKind {
    /// A regular file.
    File,
    /// A directory.
    Directory,
    /// A symbolic link and its target as stored.
    Symlink(Box<str>),
    /// A hard link and its target, normalised like a path.
    Hardlink(Box<str>),
    /// A character or block device.
    Device,
    /// A named pipe.
    Fifo,
}

/// What was seen in a file's content while it passed by.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FileNotes {
    /// Its ELF headers.
    pub elf: Option<Elf>,
    /// What follows `#!` in its first line, as stored (a CR at the end stays).
    pub shebang: Option<Box<str>>,
    /// Whether it speaks of the Runtime API (`AWS_LAMBDA_RUNTIME_API` or `/2018-06-01/runtime`).
    pub runtime_api: bool,
}

/// What an ELF file's headers and dynamic section say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Elf {
    /// `e_machine`: 62 is x86-64, 183 is AArch64.
    pub machine: u16,
    /// `PT_INTERP`: the loader that starts it.
    pub interpreter: Option<Box<str>>,
    /// `DT_NEEDED`: the shared libraries that it asks for.
    pub needed: Vec<Box<str>>,
    /// `DT_RPATH` and `DT_RUNPATH`, split at the colons.
    pub run_path: Vec<Box<str>>,
    /// The newest `GLIBC_x.y` that it asks for.
    pub glibc_needed: Option<GlibcVersion>,
    /// The newest `GLIBC_x.y` that it provides (only the C library does).
    pub glibc_provided: Option<GlibcVersion>,
    /// Whether the dynamic section could be read in full; if not, the lists above may lack something.
    pub complete: bool,
}

/// `e_machine` of x86-64.
pub const EM_X86_64: u16 = 62;
/// `e_machine` of AArch64.
pub const EM_AARCH64: u16 = 183;

/// A version of the GNU C library's symbols.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GlibcVersion {
    /// Always 2 so far.
    pub major: u32,
    /// 17 for the oldest wheels, 34 for Amazon Linux 2023.
    pub minor: u32,
}

impl FromStr for GlibcVersion {
    type Err = ();

    /// Reads `GLIBC_2.34` and `GLIBC_2.2.5`; not `GLIBC_PRIVATE`.
    fn from_str(text: &str) -> Result<GlibcVersion, ()> {
        let mut numbers = text.strip_prefix("GLIBC_").ok_or(())?.split('.').map(str::parse);
        match (numbers.next(), numbers.next()) {
            (Some(Ok(major)), Some(Ok(minor))) => Ok(GlibcVersion { major, minor }),
            _ => Err(()),
        }
    }
}

impl fmt::Display for GlibcVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "GLIBC_{}.{}", self.major, self.minor)
    }
}
