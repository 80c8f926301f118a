//! What a function is and how it changes: no HTTP, no store, no clock of its own.
//!
//! Everything here is a step on one [`Function`] at a moment that the caller names. Nothing runs in the background:
//! whether a new function is still `Pending`, or an update `InProgress`, is computed from the time when it is looked
//! at.

mod alias;
mod configuration;
mod function;
mod invoke;
mod publish;
mod refusal;
mod revision;
mod state;
mod unit;
mod update;

#[cfg(test)]
mod tests;

pub(crate) use alias::{Alias, AliasChange, VersionRef};
pub(crate) use configuration::{Code, Configuration, ImageCode, ImageConfig};
pub(crate) use function::{Function, Picked, Policy};
pub(crate) use refusal::Refusal;
pub(crate) use revision::Revision;
pub(crate) use state::{LastUpdate, Outcome, Plan, State, Why};
pub(crate) use unit::Unit;
pub(crate) use update::Change;
