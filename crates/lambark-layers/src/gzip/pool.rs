//! Threads that compress blocks.

use std::io;
use std::num::NonZeroUsize;
use std::sync::mpsc::{self, Receiver, Sender, SyncSender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};

use crc32fast::Hasher;

use super::block::{BlockCompressor, BlockError};
use super::level::Level;

/// A block's two buffers. They travel to a worker and back, and are used again.
#[derive(Default)]
pub(super) struct Buffers {
    pub(super) plain: Vec<u8>,
    pub(super) packed: Vec<u8>,
}

/// A block that was compressed: `packed` stands for `plain`.
pub(super) struct Packed {
    pub(super) buffers: Buffers,
    /// The checksum of `plain`, with its length, so that it can be combined.
    pub(super) checksum: Hasher,
}

/// The place where one block's result will be. Keeping these in order keeps the blocks in order.
pub(super) type Pending = Receiver<Result<Packed, BlockError>>;

struct Job {
    buffers: Buffers,
    reply: SyncSender<Result<Packed, BlockError>>,
}

/// Up to `threads` workers; one is started with each of the first blocks, so that a small layer
/// costs no more than it needs. Dropping the pool ends and joins them.
pub(super) struct Pool {
    level: Level,
    threads: NonZeroUsize,
    jobs: Option<Sender<Job>>,
    queue: Arc<Mutex<Receiver<Job>>>,
    workers: Vec<JoinHandle<()>>,
}

impl Pool {
    pub(super) fn new(level: Level, threads: NonZeroUsize) -> Self {
        let (jobs, queue) = mpsc::channel();
        Self { level, threads, jobs: Some(jobs), queue: Arc::new(Mutex::new(queue)), workers: Vec::new() }
    }

    /// Hands a block to the workers; `buffers.plain` must not be empty.
    ///
    /// The queue has no bound of its own: the writer keeps count of what is in flight.
    ///
    /// # Errors
    ///
    /// When the system gives no thread, or the workers are gone.
    pub(super) fn submit(&mut self, buffers: Buffers) -> io::Result<Pending> {
        if self.workers.len() < self.threads.get() {
            self.start_worker()?;
        }
        let (reply, pending) = mpsc::sync_channel(1);
        let lost = || io::Error::other(BlockError::WorkerLost);
        let jobs = self.jobs.as_ref().ok_or_else(lost)?;
        jobs.send(Job { buffers, reply }).map_err(|_| lost())?;
        Ok(pending)
    }

    fn start_worker(&mut self) -> io::Result<()> {
        let queue = Arc::clone(&self.queue);
        let level = self.level;
        let name = format!("gzip-{}", self.workers.len());
        self.workers.push(thread::Builder::new().name(name).spawn(move || work(&queue, level))?);
        Ok(())
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        // Without a sender the workers' `recv` fails as soon as the queue is empty.
        self.jobs = None;
        for worker in self.workers.drain(..) {
            // A panic of a worker has been reported already: its block's reply never came.
            let _ = worker.join();
        }
    }
}

fn work(queue: &Mutex<Receiver<Job>>, level: Level) {
    let mut compressor = BlockCompressor::new(level);
    loop {
        // Only `recv` happens under the lock, which leaves nothing half-done to a poisoned one.
        let job = queue.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(Job { mut buffers, reply }) = job else { return };
        let result = compressor.compress(&buffers.plain, &mut buffers.packed).map(|()| {
            let mut checksum = Hasher::new();
            checksum.update(&buffers.plain);
            Packed { buffers, checksum }
        });
        // Nobody waits for the result any more when the writer was dropped.
        let _ = reply.send(result);
    }
}
