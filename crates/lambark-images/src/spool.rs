//! Bytes that are still being made and already being sent.
//!
//! A layer that is re-encoded is written to a temporary file while its upload reads along behind; when the upload
//! breaks, it starts again from the file instead of encoding again. Memory stays constant whatever the layer's size.

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::unix::fs::FileExt;
use std::sync::{Arc, Condvar, Mutex, PoisonError};

/// How much is known of the bytes so far.
#[derive(Clone, Copy, Debug)]
enum State {
    /// So many bytes are there, more may come.
    Growing(u64),
    /// All of them are there.
    Complete(u64),
    /// The maker gave up; no more will come.
    Abandoned,
}

struct Shared {
    file: File,
    state: Mutex<State>,
    changed: Condvar,
}

/// The writing end. Dropping it without [`SpoolWriter::complete`] tells every reader that the bytes never come.
pub struct SpoolWriter {
    shared: Arc<Shared>,
    written: u64,
}

/// The reading side: any number of readers, each from the first byte.
#[derive(Clone)]
pub struct Spool {
    shared: Arc<Shared>,
}

/// A new spool in the system's directory for temporary files; the file has no name and goes away by itself.
///
/// # Errors
/// When no temporary file can be made.
pub fn spool() -> io::Result<(SpoolWriter, Spool)> {
    let shared =
        Arc::new(Shared { file: tempfile::tempfile()?, state: Mutex::new(State::Growing(0)), changed: Condvar::new() });
    Ok((SpoolWriter { shared: Arc::clone(&shared), written: 0 }, Spool { shared }))
}

impl Shared {
    fn set(&self, state: State) {
        *self.state.lock().unwrap_or_else(PoisonError::into_inner) = state;
        self.changed.notify_all();
    }
}

impl SpoolWriter {
    /// Says that all bytes are there.
    pub fn complete(self) {
        self.shared.set(State::Complete(self.written));
    }
}

impl Write for SpoolWriter {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        self.shared.file.write_all_at(buffer, self.written)?;
        self.written += buffer.len() as u64;
        self.shared.set(State::Growing(self.written));
        Ok(buffer.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for SpoolWriter {
    fn drop(&mut self) {
        let mut state = self.shared.state.lock().unwrap_or_else(PoisonError::into_inner);
        if matches!(*state, State::Growing(_)) {
            *state = State::Abandoned;
            self.shared.changed.notify_all();
        }
    }
}

impl Spool {
    /// A reader from the first byte; it waits for bytes that are still being made.
    #[must_use]
    pub fn reader(&self) -> SpoolReader {
        SpoolReader { shared: Arc::clone(&self.shared), position: 0 }
    }
}

/// Reads along behind the writer.
pub struct SpoolReader {
    shared: Arc<Shared>,
    position: u64,
}

impl Read for SpoolReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut state = self.shared.state.lock().unwrap_or_else(PoisonError::into_inner);
        let end = loop {
            match *state {
                State::Growing(end) | State::Complete(end) if end > self.position => break end,
                State::Complete(_) => return Ok(0),
                State::Abandoned => return Err(io::Error::other("the layer could not be encoded to its end")),
                State::Growing(_) => {
                    state = self.shared.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
                }
            }
        };
        drop(state);
        let available = usize::try_from(end - self.position).unwrap_or(usize::MAX).min(buffer.len());
        let read = self.shared.file.read_at(&mut buffer[..available], self.position)?;
        self.position += read as u64;
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn a_reader_follows_the_writer_and_another_starts_again() {
        let (mut writer, spool) = spool().unwrap();
        let mut follower = spool.reader();
        let reading = std::thread::spawn(move || {
            let mut all = Vec::new();
            follower.read_to_end(&mut all).unwrap();
            all
        });
        let content: Vec<u8> = (0..300_000_u32).flat_map(u32::to_le_bytes).collect();
        for piece in content.chunks(7_001) {
            writer.write_all(piece).unwrap();
        }
        writer.complete();
        assert_eq!(reading.join().unwrap(), content);
        let mut again = Vec::new();
        spool.reader().read_to_end(&mut again).unwrap();
        assert_eq!(again, content);
    }

    #[test]
    fn a_writer_that_gives_up_is_an_error_to_its_readers() {
        let (mut writer, spool) = spool().unwrap();
        writer.write_all(b"half").unwrap();
        drop(writer);
        let mut bytes = Vec::new();
        assert!(spool.reader().read_to_end(&mut bytes).is_err());
        assert!(bytes.is_empty());
    }
}
