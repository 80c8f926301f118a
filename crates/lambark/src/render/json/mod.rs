//! Machine formats: versioned copies of what is inside, never the inside itself.

mod build;
mod cache;
pub mod check;
mod config;
mod deploy;
mod emulate;
mod fix;
mod init;
pub mod knowledge;
mod lint;
mod policy;
mod record;
mod rehearse;
mod rollback;
mod rules;
mod run;
mod ship;
mod status;
#[cfg(test)]
mod tests;
mod v1;
mod write;

pub use build::{build, build_plan};
pub use cache::{cache_list, cache_pruned};
pub use check::check;
pub use config::config;
pub use deploy::deploy;
pub use emulate::emulate;
pub use fix::{fix, push, resolve, undone};
pub use init::init;
pub use lint::{lint, schema as lint_schema};
pub use policy::policy;
pub use record::{record_list, record_prune, record_show, record_verify};
pub use rehearse::rehearse;
pub use rollback::rollback;
pub use rules::{explain, explain_lint, rules};
pub use run::run;
pub use ship::{ship, ship_plan};
pub use status::status;
pub use write::document;
