//! Telling somebody how far the work is.

use std::io::{self, Read};

/// Somebody who wants to know how far the work is.
pub trait Progress: Send + Sync {
    /// A state change worth a line.
    fn step(&self, text: &str);

    /// Bytes begin to move; `total` when it is known.
    fn transfer(&self, what: &str, total: Option<u64>) -> Box<dyn Transfer>;
}

/// One movement of bytes; it ends when it is dropped.
pub trait Transfer: Send + Sync {
    /// So many more bytes have passed.
    fn advance(&self, bytes: u64);
}

/// Nobody wants to know.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silent;

impl Progress for Silent {
    fn step(&self, _: &str) {}

    fn transfer(&self, _: &str, _: Option<u64>) -> Box<dyn Transfer> {
        Box::new(Silent)
    }
}

impl Transfer for Silent {
    fn advance(&self, _: u64) {}
}

/// A reader that reports what passes.
pub struct Counted<R> {
    inner: R,
    transfer: Box<dyn Transfer>,
}

impl<R> Counted<R> {
    /// Reads from `inner` and tells `transfer`.
    pub fn new(inner: R, transfer: Box<dyn Transfer>) -> Counted<R> {
        Counted { inner, transfer }
    }
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.transfer.advance(read as u64);
        Ok(read)
    }
}
