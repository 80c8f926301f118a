//! How long each text of an entry may be, in bytes of UTF-8. Entries are kept for years and read by people: what has
//! no bound fills the disk that a later deployment needs.

/// Who: the longest ARN that STS gives for an assumed role fits into it.
pub const MAX_NAME_BYTES: usize = 2048;

/// Words of one kind: verb, verdict, version of a function or of lambark.
pub const MAX_WORD_BYTES: usize = 64;

/// A service, a function (an ARN has at most 170 characters), an alias or a tag (128 each).
pub const MAX_RESOURCE_BYTES: usize = 256;

/// A repository with its host: 255 and 256, and what stands between.
pub const MAX_REPOSITORY_BYTES: usize = 520;

/// A commit: twice what git writes with SHA-256, for other systems.
pub const MAX_COMMIT_BYTES: usize = 128;

/// The address of a CI run: what browsers take without trouble.
pub const MAX_URL_BYTES: usize = 2048;

/// A reason: two pages of text. More belongs into the ticket.
pub const MAX_REASON_BYTES: usize = 4096;

/// A ticket's name or address, or who approved.
pub const MAX_TICKET_BYTES: usize = 1024;

/// Free text of an outcome. Longer text is cut, never refused: an end that cannot be recorded is worse than a short one.
pub const MAX_DETAIL_BYTES: usize = 4096;

/// Attestations of one image: real ones have a handful.
pub const MAX_ATTESTATIONS: usize = 64;

/// Facts of one entry.
pub const MAX_FACTS: usize = 64;

/// One fact's name.
pub const MAX_FACT_NAME_BYTES: usize = 64;

/// One fact. Longer text is cut.
pub const MAX_FACT_BYTES: usize = 1024;

/// Largest artifact that is read, in bytes: some ten thousand entries, far more than one pipeline writes.
pub const MAX_ARTIFACT_BYTES: u64 = 64 * 1024 * 1024;

/// Largest canonical form that is read, in bytes: all texts at their limits, each byte escaped as `\u00XX`.
pub const MAX_CANONICAL_BYTES: usize = 2 * 1024 * 1024;

/// Largest value or row that is read from a database, in bytes: room for a canonical form and what stands beside it.
pub const MAX_ROW_BYTES: i32 = 4 * 1024 * 1024;

/// How long an append waits for others that append, in milliseconds. An append takes a few; a copy of the file that
/// somebody makes with a lock takes seconds.
pub const BUSY_MILLISECONDS: u64 = 10_000;

/// How long entries have to be kept if nothing else is said, in days: seven years, two of them leap years.
pub const RETENTION_DAYS: u64 = 2557;
