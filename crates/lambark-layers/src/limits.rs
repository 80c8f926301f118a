//! Limits on what a layer may ask of us. Each names the attack or the accident that it stops.

/// Most bytes that a layer's plain tar may have, in bytes: three times what Lambda takes for a whole image, so that an
/// image which is merely too large is still measured, while a few kilobytes that unpack to terabytes are not.
pub const MAX_LAYER_PLAIN_BYTES: u64 = 32 * 1024 * 1024 * 1024;

/// Most bytes that a layer may store: the largest one that ECR keeps. Stops a source that never ends.
pub const MAX_LAYER_STORED_BYTES: u64 = lambark_oci::limits::ECR_LAYER_BYTES;

/// Most entries of one tar. Large images have some hundred thousand in all layers together.
pub const MAX_ENTRIES: usize = 2_000_000;

/// Longest path or link target, in bytes: twice what Linux takes in one call.
pub const MAX_PATH_BYTES: usize = 8_192;

/// Most bytes that the paths, link targets and notes of one tar may need together: it bounds the memory of a scan,
/// which a compressed tar of long names would otherwise choose.
pub const MAX_NAMES_BYTES: usize = 256 * 1024 * 1024;

/// Largest PAX or GNU extension record of one entry, in bytes. Go's reader has the same limit.
pub const MAX_EXTENSION_BYTES: u64 = 1024 * 1024;

/// Most bytes of headers in front of one entry's content: extensions and sparse maps together.
pub const MAX_HEADERS_BYTES: usize = 4 * 1024 * 1024;

/// Longest gzip header (file name, comment, extra field), in bytes. Real ones have ten to some hundred.
pub const MAX_GZIP_HEADER_BYTES: usize = 256 * 1024;

/// Base-2 logarithm of the largest zstd window: 128 MiB, what `zstd --long` writes and every reader takes.
pub const MAX_ZSTD_WINDOW_LOG: u32 = 27;

/// How much of the beginning of an ELF file is kept while it passes, in bytes. Its tables lie there, except in files
/// with very many symbols.
pub const ELF_HEAD_BYTES: usize = 4 * 1024 * 1024;

/// The same for a file whose beginning is known to hold more tables: Node.js has 7.4 MiB of them.
pub const ELF_TABLES_BYTES: usize = 12 * 1024 * 1024;

/// How much of a first line is looked at, in bytes: what Linux reads of it.
pub const SHEBANG_BYTES: usize = 256;

/// Largest program (ELF or script) that is searched for a mention of the Runtime API, in bytes.
pub const MAX_SEARCHED_PROGRAM_BYTES: u64 = 256 * 1024 * 1024;

/// Largest other file that is searched for it, in bytes: modules of interpreted languages are small.
pub const MAX_SEARCHED_FILE_BYTES: u64 = 256 * 1024;
