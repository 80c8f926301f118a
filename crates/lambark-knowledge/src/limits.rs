//! What is read at most, so that no log and no entry, however made, costs more than this.

/// Bytes of one entry: the longest of ours has a fiftieth of that.
pub const MAX_ENTRY_BYTES: usize = 256 * 1024;

/// Nesting of front matter: ours has two levels, incident records rarely more than four.
pub(crate) const MAX_YAML_DEPTH: usize = 16;

/// Values of front matter, all levels together.
pub(crate) const MAX_YAML_VALUES: usize = 4096;

/// Bytes of one pattern: a sentence has a hundred; a regular expression of megabytes would only be an attack.
pub(crate) const MAX_PATTERN_BYTES: usize = 2048;

/// Bytes that one compiled pattern may take: `.{1,400}` takes some 100 kB, `(.{1000}){1000}` would take the machine.
pub(crate) const MAX_COMPILED_BYTES: usize = 1024 * 1024;

/// Bytes of a line that are looked at as one: longer ones (a log in a single line of JSON) are cut there, and the pieces
/// are put together again like neighbouring lines.
pub(crate) const MAX_SEGMENT_BYTES: usize = 4096;

/// Neighbouring lines, before and after, in which the rest of a broken message is looked for: a CloudFormation table
/// of 40 columns breaks the longest message into eight lines.
pub(crate) const NEIGHBOURS: usize = 8;

/// Bytes of all those lines together.
pub(crate) const MAX_WINDOW_BYTES: usize = 16 * 1024;

/// Bytes that are gathered before they are searched: small enough for the second-level cache of a processor.
pub(crate) const CHUNK_BYTES: usize = 128 * 1024;

/// Occurrences of one pattern that are looked at closely. A log that repeats a message for ever tells nothing new, and
/// must not cost more; what follows is not counted, and said so.
pub(crate) const MAX_OCCURRENCES: u32 = 200;

/// How often one pattern is looked for in vain across neighbouring lines, which costs a hundred times as much as in one:
/// a log that nearly has a message in every line must not take minutes.
pub(crate) const MAX_MISSES: u32 = 1_000;

/// How often one pattern is looked for in vain in lines that differ in their digits alone (times, counters): a log that
/// nearly has a message in every line must not cost more than one that has it.
pub(crate) const MAX_MISSES_OF_A_SHAPE: u32 = 200;

/// Shapes of lines, a pattern each, of which misses are counted; a log with more of them repeats nothing.
pub(crate) const MAX_SHAPES: usize = 4_096;

/// Different images, functions and platforms that are kept from one log.
pub(crate) const MAX_PLACES: usize = 64;

/// Characters of a matching line that are kept.
pub(crate) const MAX_SHOWN_CHARS: usize = 400;
