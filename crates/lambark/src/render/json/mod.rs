//! Machine formats: versioned copies of what is inside, never the inside itself.

#[cfg(target_os = "linux")]
mod cache;
pub mod check;
mod emulate;
mod fix;
mod init;
pub mod knowledge;
mod lint;
mod policy;
mod rehearse;
mod rules;
#[cfg(target_os = "linux")]
mod run;
#[cfg(test)]
mod tests;
mod v1;
mod write;

#[cfg(target_os = "linux")]
pub use cache::{cache_list, cache_pruned};
pub use check::check;
pub use emulate::emulate;
pub use fix::{fix, push, resolve, undone};
pub use init::init;
pub use lint::{lint, schema as lint_schema};
pub use policy::policy;
pub use rehearse::rehearse;
pub use rules::{explain, explain_lint, rules};
#[cfg(target_os = "linux")]
pub use run::run;
pub use write::document;
