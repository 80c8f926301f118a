//! What stops the twin itself. What a client did wrong is an answer, not an error.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

/// Why the twin cannot run.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The address is in use, or not this machine's.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// Where to.
        address: SocketAddr,
        /// The operating system's word.
        source: io::Error,
    },
    /// An address that others on the network could reach, without consent.
    #[error("{0} can be reached from outside this machine")]
    NotLoopback(SocketAddr),
    /// The data directory cannot be read or written, or holds something else.
    #[error("{path}: {source}")]
    Data {
        /// The file or directory.
        path: PathBuf,
        /// The operating system's word.
        source: io::Error,
    },
    /// No thread or no reactor: this machine's.
    #[error("cannot start: {0}")]
    Start(io::Error),
}
