//! gzip written on several threads, as one member whose bytes do not depend on their number.
//!
//! Plain data is cut into blocks of [`BLOCK_SIZE`]. Workers compress each with libdeflate, whose
//! streams are complete and cannot be joined as they are. So each is walked once: every symbol is
//! compared with the data it stands for, and the walk finds the bit that says "last block", which
//! is cleared, and the end, which is aligned by an empty stored block. The pieces in a row, and
//! an empty last block, are one deflate stream. `docs/gzip-writer.md` has the alternatives with
//! their figures.

mod audit;
mod bits;
mod block;
mod huffman;
mod level;
mod pool;
mod writer;

pub use audit::Fault;
pub use block::{BLOCK_SIZE, BlockError};
pub use level::{LEVELS, Level, LevelError, LevelNote};
pub use writer::{GzipWriter, Summary, THREADS_MAX, default_threads};
