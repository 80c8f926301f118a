//! The writer: cuts plain data into blocks, and puts what becomes of them in a row.

use std::collections::VecDeque;
use std::io::{self, Write};
use std::num::NonZeroUsize;
use std::thread;

use crc32fast::Hasher;

use super::block::{BLOCK_SIZE, BlockError, STREAM_END};
use super::level::Level;
use super::pool::{Buffers, Packed, Pending, Pool};

/// More threads than this are not started unless asked for: one thread that decodes zstd and
/// hashes cannot feed more.
const DEFAULT_THREADS_MAX: NonZeroUsize = NonZeroUsize::new(8).expect("eight is not zero");

/// More threads than this are never started: each takes up to 6 MiB.
pub const THREADS_MAX: NonZeroUsize = NonZeroUsize::new(64).expect("64 is not zero");

/// Magic number, deflate, no flags, no time, no hint, and an operating system left open
/// (RFC 1952, section 2.3): nothing that could differ between two runs.
const HEADER: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];

/// What went through a [`GzipWriter`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Summary {
    /// Bytes of plain data.
    pub plain_size: u64,
    /// Bytes written to the sink.
    pub gzip_size: u64,
    /// CRC-32 of the plain data, as in the trailer.
    pub crc32: u32,
}

/// Writes one gzip member (RFC 1952), compressing on several threads.
///
/// The bytes depend on the data and the level alone: not on the number of threads, nor on how the
/// data was cut into calls of `write`, nor on `flush`. They may change from release to release.
///
/// The sink is written to from the calling thread only, within `write`, `flush` and `finish`.
/// Memory is bounded: see [`GzipWriter::with_threads`]. A writer that is dropped before `finish`
/// leaves the sink with a truncated stream.
pub struct GzipWriter<W> {
    sink: W,
    pool: Pool,
    filling: Buffers,
    in_flight: VecDeque<Pending>,
    in_flight_max: usize,
    spare: Vec<Buffers>,
    checksum: Hasher,
    plain_size: u64,
    gzip_size: u64,
    /// Set while something may go wrong; still set afterwards when it did.
    broken: bool,
}

/// The number of threads used unless another one is asked for: what the machine offers, up to 8.
#[must_use]
pub fn default_threads() -> NonZeroUsize {
    thread::available_parallelism().unwrap_or(NonZeroUsize::MIN).min(DEFAULT_THREADS_MAX)
}

impl<W: Write> GzipWriter<W> {
    /// A writer with [`default_threads`].
    pub fn new(sink: W, level: Level) -> Self {
        Self::with_threads(sink, level, default_threads())
    }

    /// A writer with `threads` compressing threads, at most [`THREADS_MAX`].
    ///
    /// It holds at most `2 * threads + 2` blocks of [`BLOCK_SIZE`], plain and compressed, and
    /// about 2 MiB more for each thread: 17 MiB in all with two threads, at the very worst.
    pub fn with_threads(sink: W, level: Level, threads: NonZeroUsize) -> Self {
        let threads = threads.min(THREADS_MAX);
        Self {
            sink,
            pool: Pool::new(level, threads),
            filling: Buffers::default(),
            in_flight: VecDeque::new(),
            // One block for each thread to work on, as many that wait, and the oldest one that
            // is being written out.
            in_flight_max: 2 * threads.get() + 1,
            spare: Vec::new(),
            checksum: Hasher::new(),
            plain_size: 0,
            gzip_size: 0,
            broken: false,
        }
    }

    /// Ends the stream, flushes the sink and hands it back.
    ///
    /// # Errors
    ///
    /// The sink's errors, and [`BlockError`] inside an [`io::ErrorKind::Other`].
    pub fn finish(mut self) -> io::Result<(W, Summary)> {
        self.guarded(Self::write_end)?;
        let Self { sink, checksum, plain_size, gzip_size, .. } = self;
        Ok((sink, Summary { plain_size, gzip_size, crc32: checksum.finalize() }))
    }

    fn write_end(&mut self) -> io::Result<()> {
        if !self.filling.plain.is_empty() {
            self.submit()?;
        }
        while let Some(oldest) = self.in_flight.pop_front() {
            self.wait_and_write(&oldest)?;
        }
        if self.gzip_size == 0 {
            self.emit(&HEADER)?;
        }
        self.emit(&STREAM_END)?;
        self.emit(&self.checksum.clone().finalize().to_le_bytes())?;
        // The format wants the size modulo 2^32: the lower half.
        let size = self.plain_size.to_le_bytes();
        self.emit(&size[..4])?;
        self.sink.flush()
    }

    /// Runs `step` unless an earlier one has failed, after which the stream cannot be continued.
    fn guarded<T>(&mut self, step: impl FnOnce(&mut Self) -> io::Result<T>) -> io::Result<T> {
        if self.broken {
            return Err(io::Error::other("the gzip stream is broken by an earlier error"));
        }
        self.broken = true;
        let value = step(self)?;
        self.broken = false;
        Ok(value)
    }

    fn accept(&mut self, data: &[u8]) -> io::Result<usize> {
        let plain = &mut self.filling.plain;
        if plain.capacity() < BLOCK_SIZE {
            // All at once: growing by steps would copy, and end with room for two blocks.
            plain.reserve_exact(BLOCK_SIZE - plain.len());
        }
        let accepted = data.len().min(BLOCK_SIZE - plain.len());
        plain.extend_from_slice(&data[..accepted]);
        if plain.len() == BLOCK_SIZE {
            self.submit()?;
        }
        Ok(accepted)
    }

    /// Hands the filled block to the workers, after making room for it.
    fn submit(&mut self) -> io::Result<()> {
        if self.in_flight.len() == self.in_flight_max
            && let Some(oldest) = self.in_flight.pop_front()
        {
            self.wait_and_write(&oldest)?;
        }
        self.write_what_is_done()?;
        let next = self.spare.pop().unwrap_or_default();
        let full = std::mem::replace(&mut self.filling, next);
        self.in_flight.push_back(self.pool.submit(full)?);
        Ok(())
    }

    fn write_what_is_done(&mut self) -> io::Result<()> {
        while let Some(Ok(result)) = self.in_flight.front().map(Pending::try_recv) {
            self.in_flight.pop_front();
            self.write_block(result)?;
        }
        Ok(())
    }

    fn wait_and_write(&mut self, pending: &Pending) -> io::Result<()> {
        self.write_block(pending.recv().unwrap_or(Err(BlockError::WorkerLost)))
    }

    fn write_block(&mut self, result: Result<Packed, BlockError>) -> io::Result<()> {
        let Packed { mut buffers, checksum } = result.map_err(io::Error::other)?;
        if self.gzip_size == 0 {
            self.emit(&HEADER)?;
        }
        self.emit(&buffers.packed)?;
        self.checksum.combine(&checksum);
        self.plain_size += buffers.plain.len() as u64;
        buffers.plain.clear();
        self.spare.push(buffers);
        Ok(())
    }

    fn emit(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.sink.write_all(bytes)?;
        self.gzip_size += bytes.len() as u64;
        Ok(())
    }
}

impl<W: Write> Write for GzipWriter<W> {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        self.guarded(|writer| writer.accept(data))
    }

    /// Writes out the blocks that are in flight and flushes the sink.
    ///
    /// The block that is being filled stays: to cut it here would make the output depend on when
    /// `flush` was called.
    fn flush(&mut self) -> io::Result<()> {
        self.guarded(|writer| {
            while let Some(oldest) = writer.in_flight.pop_front() {
                writer.wait_and_write(&oldest)?;
            }
            writer.sink.flush()
        })
    }
}
