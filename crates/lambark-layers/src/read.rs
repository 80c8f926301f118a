//! A whole layer in one pass: digests, sizes, entries.

use std::io::{self, BufRead, Read};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use lambark_oci::{Algorithm, Digest, Hasher};
use lambark_rules::facts::{Content, Ending};

use crate::decode::{Decoded, decode};
use crate::limits::{MAX_LAYER_PLAIN_BYTES, MAX_LAYER_STORED_BYTES};
use crate::tar::{Scan, scan};
use crate::{Flaw, SNIFF_BYTES, sniff};

/// Version of what reading notes of a layer: raised whenever the same bytes give another [`Content`] than before, because
/// what was noted is kept, and taken for what would be noted now.
pub const READER_VERSION: u32 = 1;

/// How a layer is read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ReadOptions {
    /// Whether unpacking and looking at the entries run on two threads. Worth it when there are fewer layers than
    /// processors; it costs about a megabyte.
    pub pipeline: bool,
}

/// Size of the pieces in which plain bytes are handled.
const CHUNK: usize = 256 * 1024;

/// How many pieces a pipeline has: one being unpacked, one being looked at, two so that neither waits at once.
const CHUNKS: usize = 4;

/// Reads a layer from its first byte to its last, whatever it is.
///
/// A defect of the layer is its [`Ending`], and the stored bytes are still read to their end, so that their digest and
/// size are known; those of the plain tar then cover what could be unpacked.
///
/// # Errors
/// The source's own.
pub fn read_layer<R: Read>(reader: R, options: &ReadOptions) -> io::Result<Content> {
    read_within(reader, options, MAX_LAYER_STORED_BYTES, MAX_LAYER_PLAIN_BYTES)
}

fn read_within<R: Read>(reader: R, options: &ReadOptions, most_stored: u64, most_plain: u64) -> io::Result<Content> {
    let mut stored = Stored { reader, hasher: Hasher::new(Algorithm::Sha256), size: 0, limit: most_stored };
    let mut first = Vec::with_capacity(SNIFF_BYTES);
    (&mut stored).take(SNIFF_BYTES as u64).read_to_end(&mut first)?;
    let actual = sniff(&first);
    let decoded = decode(first.chain(&mut stored), actual);
    let mut plain = Plain { decoded, size: 0, failure: None, limit: most_plain };
    let looked = if options.pipeline { in_two_threads(&mut plain)? } else { in_one_thread(&mut plain)? };
    let flaw = match plain.failure {
        Some(error) => Some(Flaw::of(&error).cloned().ok_or(error)?),
        None => None,
    };
    let (plain_size, rest) = (plain.size, stored.drain());
    // Bytes that cannot be unpacked explain an archive that breaks off; a source that never ends explains nothing.
    let flaw = match rest {
        Err(error) => Some(flaw.or(Flaw::of(&error).cloned()).ok_or(error)?),
        Ok(()) => flaw,
    };
    let Scan { entries, ending } = looked.scan;
    let ending = flaw.map_or(ending, Ending::from);
    let digest = stored.hasher.finish();
    Ok(Content { digest, size: stored.size, diff_id: looked.diff_id, plain_size, ending, entries })
}

/// The bytes as stored, hashed and counted as they pass.
struct Stored<R> {
    reader: R,
    hasher: Hasher,
    size: u64,
    limit: u64,
}

impl<R: Read> Stored<R> {
    fn drain(&mut self) -> io::Result<()> {
        let mut buffer = vec![0; CHUNK];
        loop {
            match self.read(&mut buffer) {
                Ok(0) => return Ok(()),
                Err(error) if error.kind() != io::ErrorKind::Interrupted => return Err(error),
                _ => {}
            }
        }
    }
}

impl<R: Read> Read for Stored<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if self.size > self.limit {
            return Err(Flaw::Stopped(format!("it stores more than {} bytes", self.limit)).into());
        }
        let read = self.reader.read(out)?;
        self.hasher.update(&out[..read]);
        self.size += read as u64;
        Ok(read)
    }
}

/// The plain bytes, counted. When they fail they end, and the failure is kept aside.
struct Plain<R> {
    decoded: Decoded<R>,
    size: u64,
    failure: Option<io::Error>,
    limit: u64,
}

impl<R: Read> Plain<R> {
    /// Fills `out` as far as there are bytes, and says how far.
    fn fill(&mut self, out: &mut [u8]) -> usize {
        let mut filled = 0;
        while filled < out.len() && self.failure.is_none() {
            match self.decoded.read(&mut out[filled..]) {
                Ok(0) => break,
                Ok(read) => filled += read,
                Err(error) => self.failure = Some(error),
            }
        }
        self.size += filled as u64;
        if self.size > self.limit && self.failure.is_none() {
            let reason = format!("it unpacks to more than {} bytes", self.limit);
            self.failure = Some(Flaw::Stopped(reason).into());
        }
        filled
    }
}

/// What looking at the plain bytes gave.
struct Looked {
    scan: Scan,
    diff_id: Digest,
}

/// Looks at all pieces that `next` gives: at their entries, then only at their hash.
fn look(next: impl FnMut(&mut Vec<u8>) -> usize) -> io::Result<Looked> {
    let mut pieces = Pieces { next, hasher: Hasher::new(Algorithm::Sha256), buffer: Vec::new(), start: 0, end: 0 };
    let scan = scan(&mut pieces)?;
    while !pieces.fill_buf()?.is_empty() {
        pieces.start = pieces.end;
    }
    Ok(Looked { scan, diff_id: pieces.hasher.finish() })
}

fn in_one_thread<R: Read>(plain: &mut Plain<R>) -> io::Result<Looked> {
    look(|buffer| {
        buffer.resize(CHUNK, 0);
        plain.fill(buffer)
    })
}

/// The source stays on the caller's thread, which unpacks; the other one looks. Pieces go round between them.
fn in_two_threads<R: Read>(plain: &mut Plain<R>) -> io::Result<Looked> {
    let (full, to_look) = sync_channel::<(Vec<u8>, usize)>(CHUNKS);
    let (empty, to_fill) = sync_channel::<Vec<u8>>(CHUNKS);
    thread::scope(|scope| {
        let looking = thread::Builder::new().name("layer-entries".to_owned()).spawn_scoped(scope, move || {
            look(|buffer| {
                let used = std::mem::take(buffer);
                if !used.is_empty() {
                    // The other side may have ended already, and then nobody needs it.
                    let _ = empty.try_send(used);
                }
                let Ok((piece, count)) = to_look.recv() else { return 0 };
                *buffer = piece;
                count
            })
        })?;
        unpack(plain, &full, &to_fill);
        drop(full);
        looking.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}

fn unpack<R: Read>(plain: &mut Plain<R>, full: &SyncSender<(Vec<u8>, usize)>, to_fill: &Receiver<Vec<u8>>) {
    for made in 0.. {
        let buffer = if made < CHUNKS { Some(vec![0; CHUNK]) } else { to_fill.recv().ok() };
        // Without a buffer, or with nobody to send it to, the other thread has ended, and its end is told by `join`.
        let Some(mut buffer) = buffer else { return };
        let count = plain.fill(&mut buffer);
        if count == 0 || full.send((buffer, count)).is_err() {
            return;
        }
    }
}

/// Pieces as one stream, hashed as they come.
struct Pieces<F> {
    next: F,
    hasher: Hasher,
    buffer: Vec<u8>,
    start: usize,
    end: usize,
}

impl<F: FnMut(&mut Vec<u8>) -> usize> BufRead for Pieces<F> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.start == self.end {
            self.start = 0;
            self.end = (self.next)(&mut self.buffer).min(self.buffer.len());
            self.hasher.update(&self.buffer[..self.end]);
        }
        Ok(&self.buffer[self.start..self.end])
    }

    fn consume(&mut self, count: usize) {
        self.start = (self.start + count).min(self.end);
    }
}

impl<F: FnMut(&mut Vec<u8>) -> usize> Read for Pieces<F> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let count = self.fill_buf()?.read(out)?;
        self.consume(count);
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn a_layer_that_unpacks_without_end_is_stopped() {
        let bomb = zstd::encode_all(io::repeat(0).take(64 << 20), 3).unwrap();
        for pipeline in [false, true] {
            let content = read_within(bomb.as_slice(), &ReadOptions { pipeline }, u64::MAX, 1 << 20).unwrap();
            assert!(
                matches!(&content.ending, Ending::Stopped(reason) if reason.contains("unpacks")),
                "{:?}",
                content.ending
            );
            assert!(content.plain_size <= (1 << 20) + CHUNK as u64, "{} bytes", content.plain_size);
            // The stored bytes are few, and known to their end.
            assert_eq!((content.size, content.digest), (bomb.len() as u64, Digest::of(&bomb)));
        }
    }

    #[test]
    fn a_source_without_end_is_stopped() {
        for first in [0, 7] {
            let content = read_within(io::repeat(first), &ReadOptions::default(), 1 << 20, u64::MAX).unwrap();
            assert!(matches!(content.ending, Ending::Stopped(_) | Ending::Corrupt(_)), "{:?}", content.ending);
            assert!(content.size < 2 << 20, "{} bytes", content.size);
        }
    }
}
