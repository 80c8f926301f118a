//! The inside of a sandbox: this same program, started anew with one thread.
//!
//! It takes two starts. The first (`outer`) makes the namespaces and waits while its parent maps ids; a process that
//! makes a process namespace is not in it, so the second (`inner`) is its first process, sets up all else, gives up
//! every right, and then starts programs when told (`init`).
//!
//! In a container that an engine made there is one start, and one process (`guest`) that is both sides: what starts
//! programs is a thread of it.

mod guest;
mod init;
mod inner;
mod loopback;
mod memory;
mod mounts;
mod outer;
mod rights;

pub(crate) use mounts::STACK;

use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::panic::AssertUnwindSafe;

use crate::engine::GUEST;
use crate::wire::{Word, send};

/// First argument of the first helper.
pub(crate) const OUTER: &str = "lambark-sandbox-outer";

/// First argument of the second helper.
pub(crate) const INNER: &str = "lambark-sandbox-inner";

/// Becomes the sandbox if this process was started for that, and then never returns.
///
/// It has to be the first statement of `main`: namespaces can only be changed while there is one thread.
pub fn child_main_if_asked() {
    let Some(asked) = std::env::args_os().nth(1) else { return };
    let done = match asked.to_str() {
        Some(OUTER) => control().and_then(|socket| outer::run(&socket)),
        Some(INNER) => control().and_then(|socket| guarded(&socket, inner::run)),
        Some(GUEST) => guest::run(),
        _ => return,
    };
    let status = match done {
        Ok(()) => 0,
        Err(_) => 1,
    };
    std::process::exit(status);
}

/// The socket to whoever started the sandbox, which is standard input.
fn control() -> io::Result<UnixStream> {
    let socket: OwnedFd = rustix::io::fcntl_dupfd_cloexec(io::stdin(), 3)?;
    Ok(UnixStream::from(socket))
}

/// Works, and tells if that meets a bug: nobody sees what this process prints.
fn guarded(control: &UnixStream, work: impl FnOnce(&UnixStream) -> io::Result<()>) -> io::Result<()> {
    // After it nothing is used but the socket, whose frames are each sent in one go.
    std::panic::catch_unwind(AssertUnwindSafe(|| work(control))).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
        let text = text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default();
        Err(tell(control, Failed { step: "a bug in lambark".to_owned(), error: io::Error::other(text) }))
    })
}

/// A step of setting up, by name, for the error that it may become.
trait Step<T> {
    fn step(self, name: &str) -> Result<T, Failed>;
}

/// A step that failed.
struct Failed {
    step: String,
    error: io::Error,
}

impl<T, E: Into<io::Error>> Step<T> for Result<T, E> {
    fn step(self, name: &str) -> Result<T, Failed> {
        self.map_err(|error| Failed { step: name.to_owned(), error: error.into() })
    }
}

/// Tells a failed step; whoever is told ends the sandbox.
fn tell(control: &UnixStream, Failed { step, error }: Failed) -> io::Error {
    let word = Word::Failed { step, errno: error.raw_os_error(), text: error.to_string() };
    // If nobody hears it, nobody waits for it.
    let _ = send(control, &word, &[]);
    error
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::wire::receive;

    #[test]
    fn a_bug_is_told() {
        let (ours, theirs) = UnixStream::pair().unwrap();
        assert!(guarded(&theirs, |_| Ok(())).is_ok());
        let page = 4096 / std::hint::black_box(1);
        assert!(guarded(&theirs, |_| panic!("no page has {page} bytes")).is_err());
        let (word, _) = receive::<Word>(&ours).unwrap().unwrap();
        let Word::Failed { step, text, .. } = word else { panic!("{word:?}") };
        assert_eq!((step.as_str(), text.as_str()), ("a bug in lambark", "no page has 4096 bytes"));
    }
}
