//! The ledger: what was done to functions and images, by whom, why, and how it went.
//!
//! Entries are numbered from 1 and chained: each holds the hash of the [canonical form](mod@canonical) of the one
//! before, so that none can be changed, removed or put elsewhere without [`Ledger::verify`] naming it. Whoever wrote
//! down the hash of the head notices a cut tail too. What the chain does not prove, and how to verify it by hand, is in
//! `docs/record.md`.
//!
//! A ledger is a SQLite database, which several processes may append to at once, or ([`Ledger::none`]) lives as long as
//! the process and leaves its entries in a file of JSON Lines.
//!
//! ```no_run
//! use lambark_ledger::{Draft, Ledger, Outcome, Who, WhoKind};
//!
//! # fn deploy() {}
//! # fn main() -> Result<(), lambark_ledger::Error> {
//! let mut ledger = Ledger::open("/var/lib/team/ledger.db".as_ref())?;
//! let who = Who { kind: WhoKind::Local, name: "octo".into() };
//! let mut draft = Draft::new(1_764_395_400_000, who, "deploy", Outcome::Intended);
//! draft.function = Some("backend-prod".into());
//! let intent = ledger.append(&draft)?;
//! deploy();
//! ledger.append(&Draft::end(&intent, 1_764_395_412_000, Outcome::Succeeded))?;
//! # Ok(()) }
//! ```
//!
//! The crate knows no clock and no environment: times are passed in, as milliseconds since 1970 in UTC.

mod artifact;
pub mod canonical;
mod check;
mod database;
mod entry;
mod error;
mod ledger;
pub mod limits;
mod row;
#[cfg(test)]
mod samples;
mod verify;

pub use entry::{Anchor, Draft, Entry, NOTHING_BEFORE, Outcome, Who, WhoKind};
pub use error::Error;
pub use ledger::{Damage, Filter, Head, Ledger, Listing, Prunable};
pub use verify::{Fault, FaultKind, Report};
