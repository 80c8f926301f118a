//! What is too much. Every size, count and depth that a file can choose stops at one of these.

/// Largest file that is read, in bytes: a build script or template of a megabyte is generated, and nobody edits it.
pub const MAX_FILE_BYTES: usize = 1 << 20;

/// How deep scripts may call scripts, functions call functions, and substitutions hold substitutions.
pub const MAX_DEPTH: usize = 16;

/// Most commands that are looked at in one sequence. A script that calls itself in two places doubles at each level.
pub const MAX_COMMANDS: usize = 20_000;

/// Longest value that a variable may grow to, in bytes: `X=$X$X` doubles each time.
pub const MAX_VALUE_BYTES: usize = 16 << 10;

/// Most words of one command: an option list that is longer is not written by a person.
pub const MAX_WORDS: usize = 4_096;

/// Most notes on one file: a file that is something else than its name says gives one a line.
pub const MAX_NOTES_PER_FILE: usize = 10;

/// Most findings of one rule in one file; the rest adds nothing that a reader would still read.
pub const MAX_FINDINGS_PER_RULE_AND_FILE: usize = 50;
