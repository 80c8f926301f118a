//! What the twin takes from outside, at most.

/// Bytes of one JSON or form request. AWS's own largest is a manifest of 4 MiB inside JSON, where each quote takes two.
pub const MAX_API_BODY_BYTES: usize = 16 * 1024 * 1024;

/// Connections served at once; more wait for a place. A client that opens sockets in a loop must not take all file
/// descriptors.
pub const MAX_CONNECTIONS: usize = 1024;

/// Seconds a client may take to send its request's headers.
pub const HEADER_SECONDS: u64 = 30;

/// Bytes of blobs held at once by a twin that keeps everything in memory. Ten images of Lambda's own limit do not fit;
/// with a data directory there is no such bound.
pub const MAX_MEMORY_BYTES: u64 = 8 * 1024 * 1024 * 1024;
