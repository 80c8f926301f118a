//! A layer's stored bytes become a directory: read once, checked against both of its digests.

use std::io::{self, BufReader, Read};
use std::path::Path;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use lambark_images::progress::Counted;
use lambark_images::{Progress, Source};
use lambark_layers::{Flaw, SNIFF_BYTES, decode, sniff};
use lambark_oci::{Digest, Hasher};

use super::marks::Marks;
use super::unpack::Unpacker;
use crate::Error;
use crate::image::Layer;
use crate::limits::MAX_LAYER_BYTES;

/// Size of the pieces in which plain bytes are handled.
const PIECE: usize = 256 * 1024;

/// How many pieces may wait.
const PIECES: usize = 4;

/// Unpacks `layer` into `directory`, which is empty.
pub(super) fn unpack(
    source: &dyn Source,
    layer: &Layer,
    directory: &Path,
    many_ids: bool,
    progress: &dyn Progress,
) -> Result<Marks, Error> {
    let transfer = progress.transfer(&format!("unpacking {}", layer.blob.digest.short()), Some(layer.blob.size));
    let reader = Counted::new(source.blob(&layer.blob)?, transfer);
    let mut stored = Hashed::new(reader, &layer.blob.digest);
    let unpacked = unpack_stream(&mut stored, layer, directory, many_ids);
    let (marks, diff_id) = unpacked.map_err(|error| match Flaw::of(&error) {
        Some(flaw) => Error::Layer { layer: layer.diff_id.clone(), reason: flaw.to_string() },
        None => Error::Io { what: format!("unpack layer {}", layer.diff_id.short()), source: error },
    })?;
    let actual = stored.hasher.finish();
    if layer.verify_stored && actual != layer.blob.digest {
        let (expected, place) = (layer.blob.digest.clone(), source.place());
        return Err(lambark_images::Error::WrongDigest { expected, actual, place }.into());
    }
    if diff_id != layer.diff_id {
        let reason = format!("it unpacks to {diff_id}, but the config says otherwise");
        return Err(Error::Layer { layer: layer.diff_id.clone(), reason });
    }
    Ok(marks)
}

/// Decompresses on a thread of its own, while this one hashes the plain bytes and makes files of them.
fn unpack_stream<R: Read + Send>(
    stored: &mut Hashed<R>,
    layer: &Layer,
    directory: &Path,
    many_ids: bool,
) -> io::Result<(Marks, Digest)> {
    let mut unpacker = Unpacker::new(directory, many_ids)?;
    let diff_id = thread::scope(|scope| {
        let (full, pieces) = sync_channel(PIECES);
        let decoding = thread::Builder::new().name("layer".to_owned()).spawn_scoped(scope, move || {
            decode_into(stored, &full);
            stored
        })?;
        let mut plain = Hashed::new(Pieces { pieces, piece: Vec::new(), taken: 0 }, &layer.diff_id);
        let unpacked = unpacker.unpack(BufReader::with_capacity(PIECE, &mut plain));
        // What stands behind the archive's end belongs to both digests.
        let rest = unpacked.and_then(|()| io::copy(&mut plain, &mut io::sink()));
        let Hashed { hasher, reader, .. } = plain;
        // Nobody takes pieces any more: the other thread must not wait for it.
        drop(reader);
        let stored = decoding.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        rest?;
        io::copy(stored, &mut io::sink())?;
        io::Result::Ok(hasher.finish())
    })?;
    Ok((unpacker.finish()?, diff_id))
}

/// Sends the plain bytes behind the stored ones, piece by piece; an error is the last one.
fn decode_into(stored: &mut impl Read, full: &SyncSender<io::Result<Vec<u8>>>) {
    let mut first = Vec::with_capacity(SNIFF_BYTES);
    if let Err(error) = (&mut *stored).take(SNIFF_BYTES as u64).read_to_end(&mut first) {
        // Without anybody who takes it, nobody wants to know.
        let _ = full.send(Err(error));
        return;
    }
    let actual = sniff(&first);
    let mut plain = decode(first.chain(stored), actual);
    loop {
        let mut piece = Vec::with_capacity(PIECE);
        let read = (&mut plain).take(PIECE as u64).read_to_end(&mut piece).map(|_| piece);
        let last = read.as_ref().map_or(true, Vec::is_empty);
        if full.send(read).is_err() || last {
            return;
        }
    }
}

/// Pieces from another thread as one stream.
struct Pieces {
    pieces: Receiver<io::Result<Vec<u8>>>,
    piece: Vec<u8>,
    taken: usize,
}

impl Read for Pieces {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if self.taken == self.piece.len() {
            self.taken = 0;
            self.piece.clear();
            // The other thread ends behind an empty piece or an error.
            self.piece = self.pieces.recv().unwrap_or_else(|_| Ok(Vec::new()))?;
        }
        let count = (&self.piece[self.taken..]).read(out)?;
        self.taken += count;
        Ok(count)
    }
}

/// Bytes that are hashed and counted as they pass.
struct Hashed<R> {
    reader: R,
    hasher: Hasher,
    left: u64,
}

impl<R> Hashed<R> {
    fn new(reader: R, expected: &Digest) -> Hashed<R> {
        Hashed { reader, hasher: Hasher::like(expected), left: MAX_LAYER_BYTES }
    }
}

impl<R: Read> Read for Hashed<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let read = self.reader.read(out)?;
        self.hasher.update(&out[..read]);
        self.left = self
            .left
            .checked_sub(read as u64)
            .ok_or_else(|| Flaw::Stopped(format!("it has more than {MAX_LAYER_BYTES} bytes")))?;
        Ok(read)
    }
}
