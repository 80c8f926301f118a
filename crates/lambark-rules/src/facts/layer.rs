//! What is known of a layer.

use lambark_oci::{Compression, Descriptor, Digest};

use super::{Evidence, TarEntry};

/// One layer, as declared, as sampled, as read.
#[derive(Clone, Debug)]
pub struct LayerFacts {
    /// What the manifest says of it; `None` in a classic docker archive, which has no manifest.
    pub descriptor: Option<Descriptor>,
    /// The digest that its plain tar should have, by the config.
    pub diff_id: Option<Digest>,
    /// What its first bytes say.
    pub sample: Evidence<Sample>,
    /// What reading it to the end said.
    pub content: Evidence<Content>,
    /// Whether [`LayerFacts::content`] was not read now: an earlier look read a blob of this digest to its end.
    pub remembered: bool,
}

/// What the first bytes of a blob say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sample {
    /// The blob is not there.
    Missing,
    /// The blob is there.
    Present {
        /// What its bytes are.
        actual: Actual,
        /// How many bytes are stored, if the store said so.
        stored: Option<u64>,
    },
}

/// What a blob's bytes are, whatever its descriptor says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Actual {
    /// A tar, compressed like this or plain.
    Tar(Compression),
    /// No bytes at all.
    Empty,
    /// Something else; its first bytes, padded with zeros.
    Other([u8; 4]),
}

impl std::fmt::Display for Actual {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Actual::Tar(compression) => compression.fmt(f),
            Actual::Empty => f.write_str("empty"),
            Actual::Other([a, b, c, d]) => write!(f, "unknown bytes ({a:02x} {b:02x} {c:02x} {d:02x})"),
        }
    }
}

/// What reading a whole layer said.
#[derive(Clone, Debug)]
pub struct Content {
    /// Digest of the stored bytes.
    pub digest: Digest,
    /// How many bytes are stored.
    pub size: u64,
    /// Digest of the plain tar.
    pub diff_id: Digest,
    /// How many bytes the plain tar has.
    pub plain_size: u64,
    /// How it ended.
    pub ending: Ending,
    /// The entries of the tar, in order.
    pub entries: Vec<TarEntry>,
}

/// How reading a layer ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ending {
    /// At its proper end.
    Complete,
    /// The bytes stop in the middle.
    Truncated(String),
    /// The bytes are not what they should be: a bad checksum, a bad header.
    Corrupt(String),
    /// A named limit was passed, and reading stopped.
    Stopped(String),
}
