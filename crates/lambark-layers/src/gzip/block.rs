//! One block of plain data as a piece of a deflate stream.
//!
//! A piece begins and ends on a byte boundary, contains no final block and refers to nothing
//! before it: pieces in a row, closed by [`STREAM_END`], are a deflate stream.

use libdeflater::{CompressionLvl, Compressor};

use super::audit::{Auditor, Ends, Fault};
use super::level::Level;

/// Plain bytes of a block. A constant: where the data is cut decides the bytes of the output.
///
/// libdeflate takes no dictionary, so each block starts without history. At 1 MiB that costs a
/// fifth of a percent; larger blocks gain less than that and make the ring of buffers larger.
pub const BLOCK_SIZE: usize = 1 << 20;

/// An empty final block with the fixed codes.
pub(super) const STREAM_END: [u8; 2] = [0x03, 0x00];

/// Length and complement of an empty stored block, which aligns a stream to bytes.
const EMPTY_STORED: [u8; 4] = [0x00, 0x00, 0xff, 0xff];

/// The most that a stored block can hold.
const STORED_MAX: usize = u16::MAX as usize;

/// A block could not be compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BlockError {
    /// The compressor found no room although it got as much as it had asked for.
    #[error("the compressor needs more room than it had announced")]
    NoRoom,
    /// The compressor's output is not the data: a defect of it, or of the machine's memory.
    #[error("the compressor's output failed its check: {0}")]
    Wrong(#[from] Fault),
    /// A compression thread is gone, which only a panic in it explains.
    #[error("a compression thread stopped before its block was done")]
    WorkerLost,
}

/// Compresses block after block; one for each worker.
pub(super) struct BlockCompressor(Method);

enum Method {
    Stored,
    Deflate(Box<Deflate>),
}

struct Deflate {
    compressor: Compressor,
    auditor: Auditor,
    /// Room for the worst case. The pieces themselves are kept in buffers of their own size.
    scratch: Vec<u8>,
}

impl BlockCompressor {
    pub(super) fn new(level: Level) -> Self {
        // libdeflater has no level 0; the levels from 1 on are its own.
        Self(match CompressionLvl::new(i32::from(level.get())) {
            Err(_) => Method::Stored,
            Ok(level) => Method::Deflate(Box::new(Deflate {
                compressor: Compressor::new(level),
                auditor: Auditor::new(),
                scratch: Vec::new(),
            })),
        })
    }

    /// Replaces `packed` by the piece that stands for `plain`, which must not be empty.
    ///
    /// # Errors
    ///
    /// [`BlockError`], when the compressor is not to be trusted.
    pub(super) fn compress(&mut self, plain: &[u8], packed: &mut Vec<u8>) -> Result<(), BlockError> {
        match &mut self.0 {
            Method::Stored => {
                store(plain, packed);
                Ok(())
            }
            Method::Deflate(deflate) => deflate.compress(plain, packed),
        }
    }
}

impl Deflate {
    fn compress(&mut self, plain: &[u8], packed: &mut Vec<u8>) -> Result<(), BlockError> {
        let bound = self.compressor.deflate_compress_bound(plain.len());
        if self.scratch.len() < bound {
            self.scratch.resize(bound, 0);
        }
        let length = self.compressor.deflate_compress(plain, &mut self.scratch).map_err(|_| BlockError::NoRoom)?;
        let stream = &self.scratch[..length];
        let ends = self.auditor.audit(stream, plain)?;
        packed.clear();
        packed.extend_from_slice(stream);
        reopen(packed, ends);
        Ok(())
    }
}

/// Makes a complete stream one that can be continued at the next byte.
///
/// The bits at `ends` come from a walk of this very stream, so they lie within it.
fn reopen(packed: &mut Vec<u8>, ends: Ends) {
    packed[ends.final_bit / 8] &= !(1 << (ends.final_bit % 8));
    packed.truncate(ends.end_bit.div_ceil(8));
    let used = ends.end_bit % 8;
    if used != 0 {
        // What the compressor left behind its last bit becomes the header of the empty block.
        let keep = (1_u8 << used) - 1;
        if let Some(last) = packed.last_mut() {
            *last &= keep;
        }
    }
    // The three bits of the header (not final, stored) fit in the last byte, or need one more.
    if used == 0 || used > 5 {
        packed.push(0);
    }
    packed.extend_from_slice(&EMPTY_STORED);
}

fn store(plain: &[u8], packed: &mut Vec<u8>) {
    packed.clear();
    for chunk in plain.chunks(STORED_MAX) {
        let length = u16::try_from(chunk.len()).expect("a chunk is at most 65,535 bytes");
        packed.push(0);
        packed.extend_from_slice(&length.to_le_bytes());
        packed.extend_from_slice(&(!length).to_le_bytes());
        packed.extend_from_slice(chunk);
    }
}
