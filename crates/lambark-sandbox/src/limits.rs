//! Limits of a sandbox, and on what an image may ask of this machine.

/// Size of `/tmp` unless the function is configured otherwise, in bytes (AWS's documentation of ephemeral storage).
pub const DEFAULT_TMP_BYTES: u64 = 512 * 1024 * 1024;

/// Most files that a process may have open: Lambda's quota.
pub const MAX_OPEN_FILES: u64 = 1024;

/// Most processes and threads together: Lambda's quota. It stops a fork bomb.
pub const MAX_PROCESSES: u64 = 1024;

/// The port at which processes inside reach the Runtime API. AWS documents none, only the variable that names it; this
/// is the default of its own emulator.
pub const API_PORT: u16 = 9001;
