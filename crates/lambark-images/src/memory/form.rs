//! A layer's facts as they are written: JSON, compressed. Every field is named here once more, so that a fact which is
//! added does not compile before somebody decided how it is kept.

use std::borrow::Cow;
use std::fmt;
use std::io::Read;

use lambark_oci::Digest;
use lambark_rules::facts::{Content, Elf, Ending, EntryKind, FileNotes, GlibcVersion, TarEntry};
use serde::de::{Error as _, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::Remembered;

/// Most entries of a layer that is remembered. Larger ones are read each time.
pub(super) const MAX_ENTRIES: usize = 500_000;

/// Most bytes of JSON that are kept or read.
pub(super) const MAX_TEXT_BYTES: u64 = 128 * 1024 * 1024;

/// How hard zstd tries: level 3 gains a thirtieth of the size and costs a seventh more time.
const COMPRESSION_LEVEL: i32 = 1;

#[derive(Serialize, Deserialize)]
struct Layer<E> {
    digest: Digest,
    size: u64,
    beginning: Digest,
    diff_id: Digest,
    plain_size: u64,
    entries: E,
}

/// What is written of a layer; `None` if that is more than is kept of one.
pub(super) fn written(beginning: &Digest, content: &Content) -> Option<Vec<u8>> {
    let Content { digest, size, diff_id, plain_size, ending, entries } = content;
    if *ending != Ending::Complete || entries.len() > MAX_ENTRIES {
        return None;
    }
    let layer = Layer {
        digest: digest.clone(),
        size: *size,
        beginning: beginning.clone(),
        diff_id: diff_id.clone(),
        plain_size: *plain_size,
        entries: Entries(entries),
    };
    let text = serde_json::to_vec(&layer).ok().filter(|text| text.len() as u64 <= MAX_TEXT_BYTES)?;
    zstd::encode_all(text.as_slice(), COMPRESSION_LEVEL).ok()
}

/// The same read back; `None` if it is anything else.
pub(super) fn read(payload: &[u8]) -> Option<Remembered> {
    let mut text = Vec::new();
    zstd::Decoder::new(payload).ok()?.take(MAX_TEXT_BYTES).read_to_end(&mut text).ok()?;
    let Layer { digest, size, beginning, diff_id, plain_size, entries } = serde_json::from_slice(&text).ok()?;
    let ReadEntries(entries) = entries;
    Some(Remembered {
        beginning,
        content: Content { digest, size, diff_id, plain_size, ending: Ending::Complete, entries },
    })
}

/// On their way out.
struct Entries<'a>(&'a [TarEntry]);

impl Serialize for Entries<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(Entry::of))
    }
}

/// On their way in, no more than [`MAX_ENTRIES`].
struct ReadEntries(Vec<TarEntry>);

impl<'de> Deserialize<'de> for ReadEntries {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<ReadEntries, D::Error> {
        struct Bounded;
        impl<'de> Visitor<'de> for Bounded {
            type Value = ReadEntries;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "at most {MAX_ENTRIES} entries")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut entries: A) -> Result<ReadEntries, A::Error> {
                let mut all = Vec::new();
                while let Some(entry) = entries.next_element::<Entry<'de>>()? {
                    if all.len() == MAX_ENTRIES {
                        return Err(A::Error::invalid_length(MAX_ENTRIES + 1, &self));
                    }
                    all.push(entry.into());
                }
                Ok(ReadEntries(all))
            }
        }
        deserializer.deserialize_seq(Bounded)
    }
}

/// Path, kind, mode, owner, group, size, notes: a list, because names of fields would be two thirds of the text.
#[derive(Serialize, Deserialize)]
struct Entry<'a>(#[serde(borrow)] Cow<'a, str>, Kind<'a>, u32, u64, u64, u64, Option<Notes>);

#[derive(Serialize, Deserialize)]
enum Kind<'a> {
    #[serde(rename = "f")]
    File,
    #[serde(rename = "d")]
    Directory,
    #[serde(rename = "l", borrow)]
    Symlink(Cow<'a, str>),
    #[serde(rename = "h", borrow)]
    Hardlink(Cow<'a, str>),
    #[serde(rename = "v")]
    Device,
    #[serde(rename = "p")]
    Fifo,
}

#[derive(Serialize, Deserialize)]
struct Notes {
    elf: Option<Headers>,
    shebang: Option<Box<str>>,
    runtime_api: bool,
}

#[derive(Serialize, Deserialize)]
struct Headers {
    machine: u16,
    interpreter: Option<Box<str>>,
    needed: Vec<Box<str>>,
    run_path: Vec<Box<str>>,
    glibc_needed: Option<(u32, u32)>,
    glibc_provided: Option<(u32, u32)>,
    complete: bool,
}

impl<'a> Entry<'a> {
    fn of(entry: &'a TarEntry) -> Entry<'a> {
        let TarEntry { path, kind, mode, uid, gid, size, notes } = entry;
        let kind = match kind {
            EntryKind::File => Kind::File,
            EntryKind::Directory => Kind::Directory,
            EntryKind::Symlink(target) => Kind::Symlink(Cow::Borrowed(target)),
            EntryKind::Hardlink(target) => Kind::Hardlink(Cow::Borrowed(target)),
            EntryKind::Device => Kind::Device,
            EntryKind::Fifo => Kind::Fifo,
        };
        let notes = notes.as_deref().cloned().map(Notes::from);
        Entry(Cow::Borrowed(path), kind, *mode, *uid, *gid, *size, notes)
    }
}

impl From<Entry<'_>> for TarEntry {
    fn from(Entry(path, kind, mode, uid, gid, size, notes): Entry<'_>) -> TarEntry {
        let kind = match kind {
            Kind::File => EntryKind::File,
            Kind::Directory => EntryKind::Directory,
            Kind::Symlink(target) => EntryKind::Symlink(target.into()),
            Kind::Hardlink(target) => EntryKind::Hardlink(target.into()),
            Kind::Device => EntryKind::Device,
            Kind::Fifo => EntryKind::Fifo,
        };
        TarEntry { path: path.into(), kind, mode, uid, gid, size, notes: notes.map(|notes| Box::new(notes.into())) }
    }
}

impl From<FileNotes> for Notes {
    fn from(FileNotes { elf, shebang, runtime_api }: FileNotes) -> Notes {
        Notes { elf: elf.map(Headers::from), shebang, runtime_api }
    }
}

impl From<Notes> for FileNotes {
    fn from(Notes { elf, shebang, runtime_api }: Notes) -> FileNotes {
        FileNotes { elf: elf.map(Elf::from), shebang, runtime_api }
    }
}

impl From<Elf> for Headers {
    fn from(elf: Elf) -> Headers {
        let Elf { machine, interpreter, needed, run_path, glibc_needed, glibc_provided, complete } = elf;
        let numbers = |GlibcVersion { major, minor }| (major, minor);
        let (glibc_needed, glibc_provided) = (glibc_needed.map(numbers), glibc_provided.map(numbers));
        Headers { machine, interpreter, needed, run_path, glibc_needed, glibc_provided, complete }
    }
}

impl From<Headers> for Elf {
    fn from(headers: Headers) -> Elf {
        let Headers { machine, interpreter, needed, run_path, glibc_needed, glibc_provided, complete } = headers;
        let version = |(major, minor)| GlibcVersion { major, minor };
        let (glibc_needed, glibc_provided) = (glibc_needed.map(version), glibc_provided.map(version));
        Elf { machine, interpreter, needed, run_path, glibc_needed, glibc_provided, complete }
    }
}
