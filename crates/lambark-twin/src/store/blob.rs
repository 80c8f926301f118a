//! Content to be read: streams for the wire, readers for the gates. Neither holds a blob whole.

use std::fs::File;
use std::io::{self, Read};
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use futures_util::Stream;

/// Bytes read from a file at once.
const PIECE_BYTES: u64 = 256 * 1024;

/// One blob. Clones share the content.
#[derive(Clone, Debug)]
pub(crate) struct Blob {
    content: Content,
    size: u64,
}

#[derive(Clone, Debug)]
enum Content {
    Memory(Arc<[Bytes]>),
    /// Open, so that a blob that is being sent may be deleted meanwhile.
    File(Arc<File>),
}

impl Blob {
    pub(super) fn in_memory(segments: Vec<Bytes>, size: u64) -> Blob {
        Blob { content: Content::Memory(segments.into()), size }
    }

    pub(super) fn in_file(file: File) -> io::Result<Blob> {
        let size = file.metadata()?.len();
        Ok(Blob { content: Content::File(Arc::new(file)), size })
    }

    /// Bytes.
    pub(crate) fn size(&self) -> u64 {
        self.size
    }

    /// The content from its first byte.
    pub(crate) fn reader(&self) -> BlobReader {
        BlobReader { blob: self.clone(), position: 0, piece: Bytes::new() }
    }

    /// The first `length` bytes, or all if there are fewer.
    pub(crate) fn beginning(&self, length: usize) -> io::Result<Bytes> {
        let wanted = self.size.min(length as u64);
        let mut all = BytesMut::with_capacity(usize::try_from(wanted).unwrap_or(0));
        let mut position = 0;
        while position < wanted {
            let piece = self.piece(position, wanted)?;
            if all.is_empty() && piece.len() as u64 == wanted {
                return Ok(piece);
            }
            position += piece.len() as u64;
            all.extend_from_slice(&piece);
        }
        Ok(all.freeze())
    }

    /// The bytes of `range`, for the wire.
    pub(crate) fn stream(&self, range: Range<u64>) -> impl Stream<Item = io::Result<Bytes>> + Send + Sync + 'static {
        let blob = self.clone();
        futures_util::stream::unfold(range.start, move |position| {
            // A read of a quarter of a megabyte that mostly comes from the page cache: cheaper than another thread.
            let piece = (position < range.end).then(|| blob.piece(position, range.end));
            async move {
                let piece = piece?;
                let next = piece.as_ref().map_or(u64::MAX, |piece| position + piece.len() as u64);
                Some((piece, next))
            }
        })
    }

    /// Some bytes at `position`, at least one, none behind `end`; `position` must lie before both ends.
    fn piece(&self, position: u64, end: u64) -> io::Result<Bytes> {
        let end = end.min(self.size);
        match &self.content {
            Content::Memory(segments) => {
                let mut start = 0;
                for segment in segments.iter() {
                    let next = start + segment.len() as u64;
                    if position < next {
                        let cut = |at: u64| usize::try_from(at - start).unwrap_or(segment.len());
                        return Ok(segment.slice(cut(position)..cut(end.min(next))));
                    }
                    start = next;
                }
                Err(io::ErrorKind::UnexpectedEof.into())
            }
            Content::File(file) => {
                let length = usize::try_from(PIECE_BYTES.min(end.saturating_sub(position))).unwrap_or(0);
                let mut bytes = BytesMut::zeroed(length);
                let read = file.read_at(&mut bytes, position)?;
                if read == 0 {
                    return Err(io::ErrorKind::UnexpectedEof.into());
                }
                bytes.truncate(read);
                Ok(bytes.freeze())
            }
        }
    }
}

/// Reads a blob.
#[derive(Debug)]
pub(crate) struct BlobReader {
    blob: Blob,
    position: u64,
    piece: Bytes,
}

impl Read for BlobReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.piece.is_empty() {
            if self.position >= self.blob.size {
                return Ok(0);
            }
            self.piece = self.blob.piece(self.position, self.blob.size)?;
            self.position += self.piece.len() as u64;
        }
        let now = self.piece.split_to(self.piece.len().min(buffer.len()));
        buffer[..now.len()].copy_from_slice(&now);
        Ok(now.len())
    }
}
