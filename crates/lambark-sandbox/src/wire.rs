//! What is said between this program and the sandbox: frames of JSON over a socket, with descriptors beside them.
//!
//! What comes from inside is not trusted: a function that took over the sandbox's first process could say anything,
//! and gets no more by it than wrong answers about itself.

use std::io::{self, IoSlice, IoSliceMut, Read, Write};
use std::mem::MaybeUninit;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;

use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer, SendAncillaryMessage, SendFlags,
    recvmsg, sendmsg,
};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::limits::MAX_FRAME_BYTES;

/// Most descriptors beside one frame.
const MAX_DESCRIPTORS: usize = 2;

/// From this program to the first of the two helpers, which makes the namespaces.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Outer {
    /// The cache's directory of layers, which becomes the working directory.
    pub(crate) directory: String,
    /// Whether there is a network namespace of its own.
    pub(crate) own_network: bool,
}

/// From this program to the first helper, once ids are mapped.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Mapped;

/// From this program to the second helper, the sandbox's first process.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Inner {
    /// Names of directories beneath the working directory, topmost first; one alone is the root as it is.
    pub(crate) layers: Vec<String>,
    pub(crate) tmp_bytes: u64,
    pub(crate) memory_bytes: Option<u64>,
    pub(crate) own_network: bool,
    /// This machine's `resolv.conf`, if it is wanted inside.
    pub(crate) resolv_conf: Option<String>,
    pub(crate) hostname: String,
    /// Whether a range of ids is mapped, so that there is one to change to.
    pub(crate) many_ids: bool,
}

/// From this program to the sandbox's first process, later.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Order {
    /// Start a program; its standard output and error lie beside the frame.
    Spawn { id: u64, program: String, args: Vec<String>, env: Vec<(String, String)>, working_directory: String },
    /// Ask a program to end.
    Terminate { id: u64 },
    /// Say what is in a directory.
    List { id: u64, path: String },
    /// Kill all programs.
    KillProcesses,
    /// Say how much memory there was.
    Measure,
}

/// From the helpers to this program.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Word {
    /// The namespaces are made: ids may be mapped.
    Unshared,
    /// All is set up. Beside the frame: a descriptor of the sandbox's first process and, with its own network, the
    /// listening socket.
    Ready,
    /// A step of setting up failed.
    Failed { step: String, errno: Option<i32>, text: String },
    /// The program runs.
    Started { id: u64 },
    /// It does not.
    NotStarted { id: u64, failure: NotStarted },
    /// It ended.
    Exited { id: u64, code: Option<i32>, signal: Option<i32>, out_of_memory: bool },
    /// What is in a directory, or the number of the error.
    Listed { id: u64, names: Result<Vec<String>, i32> },
    /// The most memory so far, in bytes.
    Memory { peak: u64 },
}

/// Why a program does not run.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum NotStarted {
    /// The working directory could not be entered.
    WorkingDirectory(String),
    /// It could not be executed.
    Program { errno: Option<i32>, text: String },
}

/// Sends one frame.
pub(crate) fn send(socket: &UnixStream, message: &impl Serialize, descriptors: &[BorrowedFd<'_>]) -> io::Result<()> {
    let body = serde_json::to_vec(message)?;
    let length = u32::try_from(body.len()).ok().filter(|length| *length <= MAX_FRAME_BYTES).ok_or_else(too_long)?;
    let header = length.to_be_bytes();
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MAX_DESCRIPTORS))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    if !descriptors.is_empty() && !control.push(SendAncillaryMessage::ScmRights(descriptors)) {
        return Err(io::Error::other("too many descriptors for one frame"));
    }
    // Four bytes go as a whole or not at all, as there is room or none.
    let sent = retried(|| sendmsg(socket, &[IoSlice::new(&header)], &mut control, SendFlags::NOSIGNAL))?;
    let mut stream = socket;
    stream.write_all(&header[sent..])?;
    stream.write_all(&body)
}

/// Receives one frame and what lies beside it; `None` when the other side has gone.
pub(crate) fn receive<T: DeserializeOwned>(socket: &UnixStream) -> io::Result<Option<(T, Vec<OwnedFd>)>> {
    let mut header = [0; 4];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MAX_DESCRIPTORS))];
    let mut control = RecvAncillaryBuffer::new(&mut space);
    let read = retried(|| {
        recvmsg(socket, &mut [IoSliceMut::new(&mut header)], &mut control, RecvFlags::CMSG_CLOEXEC)
            .map(|received| received.bytes)
    })?;
    if read == 0 {
        return Ok(None);
    }
    let mut descriptors = Vec::new();
    for message in control.drain() {
        if let RecvAncillaryMessage::ScmRights(received) = message {
            descriptors.extend(received);
        }
    }
    let mut stream = socket;
    stream.read_exact(&mut header[read..])?;
    let length = u32::from_be_bytes(header);
    if length > MAX_FRAME_BYTES {
        return Err(too_long());
    }
    let mut body = Vec::new();
    stream.take(u64::from(length)).read_to_end(&mut body)?;
    Ok(Some((serde_json::from_slice(&body)?, descriptors)))
}

fn retried<T>(mut call: impl FnMut() -> rustix::io::Result<T>) -> io::Result<T> {
    loop {
        match call() {
            Err(rustix::io::Errno::INTR) => {}
            other => return Ok(other?),
        }
    }
}

fn too_long() -> io::Error {
    io::Error::other(format!("a frame is longer than {MAX_FRAME_BYTES} bytes"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use std::fs::File;
    use std::os::fd::AsFd;

    use super::*;

    #[test]
    fn frames_and_descriptors_arrive_in_order() {
        let (ours, theirs) = UnixStream::pair().unwrap();
        let (reader, writer) = io::pipe().unwrap();
        send(&ours, &Order::KillProcesses, &[writer.as_fd()]).unwrap();
        send(&ours, &Order::Measure, &[]).unwrap();
        drop((ours, writer));
        let (first, mut descriptors) = receive::<Order>(&theirs).unwrap().unwrap();
        assert!(matches!(first, Order::KillProcesses));
        File::from(descriptors.pop().unwrap()).write_all(b"hello").unwrap();
        let (second, none) = receive::<Order>(&theirs).unwrap().unwrap();
        assert!(matches!(second, Order::Measure) && none.is_empty());
        assert!(receive::<Order>(&theirs).unwrap().is_none());
        let mut text = String::new();
        File::from(OwnedFd::from(reader)).read_to_string(&mut text).unwrap();
        assert_eq!(text, "hello");
    }

    #[test]
    fn a_frame_of_bogus_length_or_content_is_an_error() {
        for bytes in [&u32::MAX.to_be_bytes()[..], b"\0\0\0\x02{", b"\0\0\0\x02{]", b"\0\0"] {
            let (mut ours, theirs) = UnixStream::pair().unwrap();
            ours.write_all(bytes).unwrap();
            drop(ours);
            assert!(receive::<Order>(&theirs).is_err(), "{bytes:?}");
        }
    }
}
