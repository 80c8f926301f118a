//! Limits of a sandbox, and on what an image may ask of this machine.

/// Size of `/tmp` unless the function is configured otherwise, in bytes (AWS's documentation of ephemeral storage).
pub const DEFAULT_TMP_BYTES: u64 = 512 * 1024 * 1024;

/// Most files that a process may have open: Lambda's quota.
pub const MAX_OPEN_FILES: u64 = 1024;

/// Most processes and threads together: Lambda's quota. It stops a fork bomb.
pub const MAX_PROCESSES: u64 = 1024;

/// Most extensions that Lambda starts (documented: ten in one environment).
pub const MAX_EXTENSIONS: usize = 10;

/// The port at which processes inside reach the Runtime API. AWS documents none, only the variable that names it; this
/// is the default of its own emulator.
pub const API_PORT: u16 = 9001;

/// The function's user inside, in a sandbox with many ids or with one. Lambda documents only that it is an ordinary one.
pub const FUNCTION_UID: u32 = 993;

/// The function's group inside.
pub const FUNCTION_GID: u32 = 990;

/// First id outside that ids inside are mapped to when root makes a sandbox: no user of this machine has any of them
/// (systemd keeps the range below for containers; ordinary users lie far below).
pub const FIRST_ID_OUTSIDE: u32 = 0x7000_0000;

/// How many ids are mapped then.
pub const IDS: u32 = 65_536;

/// Largest message to or from a sandbox, in bytes: the kernel takes some megabytes of arguments and environment.
pub const MAX_FRAME_BYTES: u32 = 16 * 1024 * 1024;

/// Largest message to or from a companion in a container, in bytes: twice the largest answer in base 64, for an error
/// that a function reports is both its answer and its failure.
pub const MAX_MESSAGE_BYTES: u32 = 32 * 1024 * 1024;

/// Most names of a directory that are told, since an image chooses how many there are.
pub const MAX_LISTED: usize = 1000;

/// How long a sandbox may take until it is ready, in seconds. It takes some milliseconds; this is for a machine that
/// does nothing else any more.
pub const START_SECONDS: u64 = 30;

/// How much more than the function's memory and `/tmp` a sandbox's control group may have, in bytes: its own two
/// processes, and what the kernel keeps for them.
pub const KEEPERS_BYTES: u64 = 64 * 1024 * 1024;

/// Most bytes of one layer, stored or plain: Lambda takes 10 GB for a whole image, and a little more is still unpacked
/// so that the function's error is seen rather than ours.
pub const MAX_LAYER_BYTES: u64 = 16 * 1024 * 1024 * 1024;

/// Most entries of one layer. Large images have some hundred thousand in all layers together.
pub const MAX_LAYER_ENTRIES: u64 = 1_000_000;

/// Most directories above a file: what is made recursively here ends somewhere. Deep ones of real images have twenty.
pub const MAX_DEPTH: usize = 200;

/// Most bytes of the option that names stacked layers: mount(2) takes a page with all options.
pub const MAX_OVERLAY_OPTION_BYTES: usize = 4000;
