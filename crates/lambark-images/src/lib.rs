//! Where images lie (registry, layout, archive, engine), what is known of them, and how they are repaired.
//!
//! A [`Source`] is read, a [`Sink`] is written; [`gather()`] turns a source into facts, [`repair`] turns facts into a
//! plan and carries it out. Everything here blocks: the registry's asynchronous dialogue is bridged in `registry`.

mod bring;
pub mod cache;
mod checked;
pub mod control;
pub mod engine;
pub mod error;
pub mod gather;
mod kept;
pub mod local;
pub mod memory;
pub mod open;
pub mod parallel;
pub mod progress;
pub mod registry;
pub mod repair;
pub mod sink;
pub mod source;
pub mod spool;

pub use control::ControlPlane;
pub use engine::Engine;
pub use error::{Error, Kind};
pub use gather::{Gather, gather};
pub use kept::Kept;
pub use local::sweep::sweep;
pub use memory::{Memory, Recall};
pub use open::{Access, Prefer, open, open_layout, open_sink, open_unnamed};
pub use progress::{Progress, Silent, Transfer};
pub use registry::{push_as_is, referrers};
pub use sink::Sink;
pub use source::{Source, Top};
