//! What the twin takes from outside, at most.

/// Bytes of one JSON or form request. AWS's own largest is a layer part of 20 MiB in base64.
pub const MAX_API_BODY_BYTES: usize = 32 * 1024 * 1024;

/// Connections served at once; more wait for a place. A client that opens sockets in a loop must not take all file
/// descriptors.
pub const MAX_CONNECTIONS: usize = 1024;

/// Seconds a client may take to send its request's headers.
pub const HEADER_SECONDS: u64 = 30;

/// Bytes of blobs held at once by a twin that keeps everything in memory. Ten images of Lambda's own limit do not fit;
/// with a data directory there is no such bound.
pub const MAX_MEMORY_BYTES: u64 = 8 * 1024 * 1024 * 1024;

/// Bytes of one layer: ECR's own limit.
pub const MAX_LAYER_BYTES: u64 = lambark_oci::limits::ECR_LAYER_BYTES;

/// Uploads that are not complete. A client that begins uploads in a loop pushes out its oldest ones.
pub const MAX_UPLOADS: usize = 10_000;

/// Images whose judgement is remembered. One is a few hundred bytes.
pub const MAX_JUDGEMENTS: usize = 10_000;

/// Notes that are kept; the oldest go first.
pub const MAX_NOTES: usize = 1000;

/// Scripted faults that wait for a request.
pub const MAX_FAULTS: usize = 1000;

/// Seconds that a scripted fault may delay an answer.
pub const MAX_DELAY_SECONDS: u64 = 600;

/// Names of operations that are counted one by one. Whatever a client invents beyond counts as `other`.
pub const MAX_OPERATIONS: usize = 200;

/// Bytes of a synchronous invocation's payload, as of Lambda.
pub const MAX_PAYLOAD_BYTES: usize = 6 * 1024 * 1024;
