//! The stored bytes, as codecs like them: as much as there is, taken as needed.

use std::io::{self, Read};

/// How much is read at once. Large enough to make system calls rare, small enough to stay in a processor's cache.
const CHUNK: usize = 128 * 1024;

pub(super) struct Input<R> {
    reader: R,
    buffer: Box<[u8]>,
    start: usize,
    end: usize,
}

impl<R> Input<R> {
    pub(super) fn new(reader: R) -> Input<R> {
        Input { reader, buffer: Box::default(), start: 0, end: 0 }
    }

    pub(super) fn into_inner(self) -> R {
        self.reader
    }

    /// Takes `count` bytes off what [`Input::fill`] gave.
    pub(super) fn consume(&mut self, count: usize) {
        self.start = (self.start + count).min(self.end);
    }
}

impl<R: Read> Input<R> {
    /// What has been read and not consumed; nothing only at the end.
    pub(super) fn fill(&mut self) -> io::Result<&[u8]> {
        if self.start == self.end {
            if self.buffer.is_empty() {
                self.buffer = vec![0; CHUNK].into();
            }
            self.start = 0;
            self.end = 0;
            self.end = read_some(&mut self.reader, &mut self.buffer)?;
        }
        Ok(&self.buffer[self.start..self.end])
    }

    /// The next byte, or `None` at the end.
    pub(super) fn byte(&mut self) -> io::Result<Option<u8>> {
        let byte = self.fill()?.first().copied();
        self.consume(1);
        Ok(byte)
    }

    /// Plain bytes; past the buffer where nothing lies in it.
    pub(super) fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if self.start == self.end {
            return read_some(&mut self.reader, out);
        }
        let waiting = self.fill()?;
        let count = waiting.len().min(out.len());
        out[..count].copy_from_slice(&waiting[..count]);
        self.consume(count);
        Ok(count)
    }
}

/// One read, tried again when a signal interrupts it.
fn read_some(reader: &mut impl Read, out: &mut [u8]) -> io::Result<usize> {
    loop {
        match reader.read(out) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            read => return read,
        }
    }
}
