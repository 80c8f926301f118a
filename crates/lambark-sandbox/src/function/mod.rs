//! A function that runs: started once, invoked as often as wanted.

mod drive;
mod handle;
pub mod house;
mod launch;
mod life;
mod logs;
#[cfg(target_os = "linux")]
mod sandboxed;
mod settings;
#[cfg(test)]
mod tests;

pub(crate) use handle::Task;
pub use handle::{Function, FunctionError};
pub use logs::LogSink;
pub use settings::{FunctionSettings, INIT_LIMIT, MEMORY_MB, TIMEOUT_SECONDS, TMP_MB};
