//! Layers: compressed, archived, and written.

use std::io::{self, BufReader, Read, Write};
use std::num::NonZeroUsize;

use lambark_layers::gzip::{GzipWriter, LEVELS, Level};
use lambark_layers::tar::{MendPlan, mend, scan};
use lambark_layers::{ReadOptions, decode, read_elf, read_layer, sniff};
use lambark_oci::Digest;
use lambark_rules::facts::{Ending, FileSystem, TarEntry};

/// Longest input that is decoded: a few bytes of zstd stand for 128 KiB, and a fuzzer looks for the slowest.
const MAX_STORED: usize = 4 * 1024;

/// A reader that gives a few bytes at a time, as a network does.
struct Trickle<'a>(&'a [u8]);

impl Read for Trickle<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let count = (self.0.len() % 7 + 1).min(out.len()).min(self.0.len());
        let (now, later) = self.0.split_at(count);
        out[..count].copy_from_slice(now);
        self.0 = later;
        Ok(count)
    }
}

/// A layer is read to its end whatever it is; its digest is its bytes'; how the bytes arrive and how many threads look
/// makes no difference; what unpacks is what the same bytes unpack to by themselves.
///
/// # Panics
///
/// When one of that does not hold.
pub fn layer(data: &[u8]) {
    let data = &data[..data.len().min(MAX_STORED)];
    let read = |pipeline| {
        let content = read_layer(Trickle(data), &ReadOptions { pipeline });
        content.unwrap_or_else(|error| panic!("a slice has no trouble of its own: {error}"))
    };
    let (one, two) = (read(false), read(true));
    assert_eq!(format!("{one:?}"), format!("{two:?}"), "one thread and two see the same");
    assert_eq!((&one.digest, one.size), (&Digest::of(data), data.len() as u64), "the digest is of the stored bytes");

    let mut plain = Vec::new();
    let decoded = decode(data, sniff(data)).read_to_end(&mut plain);
    if decoded.is_ok() {
        assert_eq!((&one.diff_id, one.plain_size), (&Digest::of(&plain), plain.len() as u64));
    }
}

/// A tar is looked at without trouble, the same however it arrives, and has no more entries than headers.
///
/// # Panics
///
/// When one of that does not hold.
pub fn tar(data: &[u8]) {
    let whole = scan(data).unwrap_or_else(|error| panic!("a slice has no trouble of its own: {error}"));
    let slow = scan(BufReader::with_capacity(3, Trickle(data)));
    let slow = slow.unwrap_or_else(|error| panic!("a slice has no trouble of its own: {error}"));
    assert_eq!(whole, slow, "how the bytes arrive makes no difference");
    assert!(whole.entries.len() * 512 <= data.len(), "an entry has a header");
    if whole.ending == Ending::Complete {
        mended(data, &whole.entries);
    }
}

/// A whole archive that is mended is whole, lacks nothing any more, and has lost nothing.
fn mended(data: &[u8], entries: &[TarEntry]) {
    let plan = |entries: &[TarEntry]| MendPlan::for_layer(entries, &FileSystem::merge(&[entries], 0), 0);
    let mut new = Vec::new();
    let plan_of_old = plan(entries);
    let done = mend(Trickle(data), &plan_of_old, &mut new);
    let done = done.unwrap_or_else(|error| panic!("a whole archive can be mended: {error}"));
    assert_eq!(plan_of_old.is_empty(), new == data, "what needs no repair keeps every byte, and only that");
    let again = scan(new.as_slice()).unwrap_or_else(|error| panic!("a slice has no trouble of its own: {error}"));
    assert_eq!(again.ending, Ending::Complete);
    let expected = entries.len() as u64 + done.inserted - done.moved;
    assert_eq!(again.entries.len() as u64, expected, "entries are moved or added, never lost");
    let files = |entries: &[TarEntry]| {
        let contents = entries.iter().filter(|entry| entry.size > 0).map(|entry| (entry.path.clone(), entry.size));
        contents.collect::<Vec<_>>()
    };
    assert_eq!(files(entries), files(&again.entries), "files stay in order");
    // A directory with the name of a whiteout cannot have an entry: that would be a whiteout.
    if !entries.iter().any(|entry| entry.path.rsplit('/').skip(1).any(|name| name.starts_with(".wh."))) {
        let plan_of_new = plan(&again.entries);
        assert!(plan_of_new.is_empty(), "mended once is mended: {plan_of_new}");
    }
}

/// What is written at any level and by any number of threads is one gzip stream of the same bytes, which another
/// library reads.
///
/// # Panics
///
/// When it is not.
pub fn gzip(data: &[u8]) {
    let Some((first, plain)) = data.split_first() else { return };
    let level = LEVELS[usize::from(*first) % LEVELS.len()].level;
    let (one, two) = (written(plain, level, 1), written(plain, level, 2));
    assert_eq!(one, two, "level {level}: the number of threads shows");
    let (mut back, mut rest) = (Vec::new(), one.as_slice());
    flate2::bufread::GzDecoder::new(&mut rest)
        .read_to_end(&mut back)
        .unwrap_or_else(|error| panic!("level {level}: another library reads it: {error}"));
    assert!(back == plain, "level {level}: other bytes come back");
    assert!(rest.is_empty(), "level {level}: one member");
}

fn written(plain: &[u8], level: Level, threads: usize) -> Vec<u8> {
    let threads = NonZeroUsize::new(threads).unwrap_or(NonZeroUsize::MIN);
    let mut writer = GzipWriter::with_threads(Vec::new(), level, threads);
    // Pieces of uneven length: blocks must not depend on how the data was handed over.
    let written = plain.chunks(997).try_for_each(|piece| writer.write_all(piece)).and_then(|()| writer.finish());
    written.unwrap_or_else(|error| panic!("memory takes every byte: {error}")).0
}

/// An ELF file is understood or not, whatever its tables say.
///
/// # Panics
///
/// Never, or it is a bug.
pub fn elf(data: &[u8]) {
    let Some(elf) = read_elf(data) else { return };
    let texts = elf.needed.iter().chain(&elf.run_path).chain(&elf.interpreter);
    let length: usize = texts.map(|text| text.len()).sum();
    // Lists may name one string many times, so there is no tighter bound than a file of such pointers.
    assert!(length <= data.len().saturating_mul(data.len()), "{length} bytes of names");
}
