//! What the function's processes print, as it comes, and Lambda's own lines between.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::fs::File;
use std::io;
use std::rc::Rc;

use tokio::net::unix::pipe;

use crate::outcome::LOG_TAIL_BYTES;

/// Takes the log, piece by piece: whole lines of Lambda's own, anything of the function's.
pub type LogSink = Box<dyn FnMut(&[u8]) + Send>;

/// Bytes read from a pipe at once: a pipe's whole buffer.
const READ_BYTES: usize = 64 * 1024;

/// The log of a function: passed on as it comes, the tail kept.
pub(crate) struct Log {
    sink: LogSink,
    tail: VecDeque<u8>,
    at_line_start: bool,
}

impl Log {
    pub(crate) fn new(sink: LogSink) -> Log {
        Log { sink, tail: VecDeque::new(), at_line_start: true }
    }

    /// A line of Lambda's own, never in the middle of one of the function's.
    pub(crate) fn line(&mut self, line: &str) {
        if !self.at_line_start {
            self.push(b"\n");
        }
        self.push(format!("{line}\n").as_bytes());
    }

    fn push(&mut self, bytes: &[u8]) {
        let Some(last) = bytes.last() else { return };
        self.at_line_start = *last == b'\n';
        (self.sink)(bytes);
        let kept = &bytes[bytes.len().saturating_sub(LOG_TAIL_BYTES)..];
        self.tail.extend(kept);
        let surplus = self.tail.len().saturating_sub(LOG_TAIL_BYTES);
        self.tail.drain(..surplus);
    }

    /// The tail so far; the next one begins here.
    pub(crate) fn take_tail(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.tail).into()
    }
}

/// The pipes of one incarnation's processes.
#[derive(Clone)]
pub(crate) struct Pipes {
    log: Rc<RefCell<Log>>,
    open: Rc<RefCell<Vec<Rc<pipe::Receiver>>>>,
}

impl Pipes {
    pub(crate) fn new(log: Rc<RefCell<Log>>) -> Pipes {
        Pipes { log, open: Rc::default() }
    }

    /// Passes on what comes through this pipe, until its end.
    pub(crate) fn follow(&self, pipe: File) -> io::Result<()> {
        let pipe = Rc::new(pipe::Receiver::from_owned_fd(pipe.into())?);
        self.open.borrow_mut().push(Rc::clone(&pipe));
        let pipes = self.clone();
        tokio::task::spawn_local(async move {
            while pipe.readable().await.is_ok() && pipes.read(&pipe) {}
            pipes.open.borrow_mut().retain(|other| !Rc::ptr_eq(other, &pipe));
        });
        Ok(())
    }

    /// Passes on what was written before now: a runtime that prints, then asks for its next event, has printed before
    /// the END line.
    pub(crate) fn drain(&self) {
        for pipe in self.open.borrow().iter() {
            self.read(pipe);
        }
    }

    /// Reads all there is. False at the pipe's end.
    fn read(&self, pipe: &pipe::Receiver) -> bool {
        let mut buffer = vec![0; READ_BYTES];
        // Bounded, so that a process that never stops printing cannot hold everything else up.
        for _ in 0..16 {
            match pipe.try_read(&mut buffer) {
                Ok(0) => return false,
                Ok(count) => self.log.borrow_mut().push(&buffer[..count]),
                Err(error) => return error.kind() == io::ErrorKind::WouldBlock,
            }
        }
        true
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use std::sync::{Arc, Mutex};

    #[test]
    fn lambdas_lines_stand_alone_and_the_tail_is_bounded() {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let sink = Arc::clone(&seen);
        let mut log = Log::new(Box::new(move |bytes| sink.lock().unwrap().extend_from_slice(bytes)));
        log.line("START");
        log.push(b"half a line");
        log.line("END");
        assert_eq!(*seen.lock().unwrap(), b"START\nhalf a line\nEND\n");
        assert_eq!(log.take_tail(), b"START\nhalf a line\nEND\n");
        log.push(&[b'x'; 10_000]);
        log.push(b"end");
        let tail = log.take_tail();
        assert_eq!(tail.len(), LOG_TAIL_BYTES);
        assert!(tail.ends_with(b"xend"));
        assert_eq!(seen.lock().unwrap().len(), 22 + 10_003);
    }
}
