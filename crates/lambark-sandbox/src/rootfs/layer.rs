//! A layer's stored bytes become a directory: read once, checked against both of its digests.

use std::io::{self, BufReader, Read};
use std::path::Path;

use lambark_images::progress::Counted;
use lambark_images::{Progress, Source};
use lambark_layers::{Flaw, SNIFF_BYTES, decode, sniff};
use lambark_oci::{Digest, Hasher};

use super::image::Layer;
use super::marks::Marks;
use super::unpack::Unpacker;
use crate::Error;
use crate::limits::MAX_LAYER_BYTES;

/// Size of the pieces in which plain bytes are handled.
const PIECE: usize = 256 * 1024;

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

fn unpack_stream<R: Read>(
    stored: &mut Hashed<R>,
    layer: &Layer,
    directory: &Path,
    many_ids: bool,
) -> io::Result<(Marks, Digest)> {
    let mut first = Vec::with_capacity(SNIFF_BYTES);
    (&mut *stored).take(SNIFF_BYTES as u64).read_to_end(&mut first)?;
    let actual = sniff(&first);
    let mut plain = Hashed::new(decode(first.chain(&mut *stored), actual), &layer.diff_id);
    let mut unpacker = Unpacker::new(directory, many_ids)?;
    let mut reader = BufReader::with_capacity(PIECE, &mut plain);
    unpacker.unpack(&mut reader)?;
    drop(reader);
    // What stands behind the archive's end belongs to both digests.
    io::copy(&mut plain, &mut io::sink())?;
    let diff_id = plain.hasher.finish();
    io::copy(stored, &mut io::sink())?;
    Ok((unpacker.finish()?, diff_id))
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
