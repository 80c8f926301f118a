//! The life of one execution environment as a machine without side effects: events in, actions out.
//!
//! Init (extensions, then the runtime), any number of invocations, shutdown. The machine holds no clock, no socket and
//! no process: whoever drives it starts processes, answers requests and watches deadlines, and a test needs none of
//! that. One machine is one incarnation of the environment; after a fault a new one begins.
//!
//! The order of things and the wording of faults follow AWS's Runtime Interface Emulator, whose sources are public;
//! where AWS's documentation says otherwise, the documentation wins.

mod extensions;
mod init;
mod invoke;
mod machine;
#[cfg(test)]
mod tests;
mod words;

pub use machine::{About, Machine};
pub use words::{Action, Answer, Body, Call, Event, ExtensionEvent, Invoked, Shutdown, Ticket, Who, Work};
