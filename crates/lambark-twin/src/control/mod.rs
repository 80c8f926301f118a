//! The twin's own controls: faults, scripted answers, rates, the clock, counters, notes.
//!
//! Each is there twice: as a method of [`Control`] for tests in this process, and over HTTP under `/_lambark/`
//! (`face`) for everybody else.

pub(crate) mod face;
mod fault;
mod inflict;
mod notes;
mod operation;
mod rates;
mod script;
mod state;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

pub use fault::{Fault, FaultError};
pub use notes::NoteSink;
pub use script::{Failure, InvokeAnswer, NextUpdate};
pub use state::{Behaviour, Counts};

pub(crate) use inflict::through;
pub(crate) use state::State;

use crate::oddities::Oddities;
use crate::shared::Shared;

/// The controls of a running twin.
#[derive(Clone)]
pub struct Control(pub(crate) Arc<Shared>);

impl Control {
    /// Has the next matching requests meet a fault.
    ///
    /// # Errors
    /// When the fault makes no sense, or too many are waiting.
    pub fn fault(&self, fault: Fault) -> Result<(), FaultError> {
        self.0.control.add_fault(fault)
    }

    /// Has the next `requests` of an operation (`None`: of any) refused for being too many, as its face says it.
    ///
    /// # Errors
    /// When too many faults are waiting.
    pub fn throttle(&self, operation: Option<&str>, requests: u32) -> Result<(), FaultError> {
        let operation = operation.map(str::to_owned);
        self.fault(Fault { operation, times: requests, throttle: true, ..Fault::default() })
    }

    /// Switches AWS's published rates on or off, for each account and Region. Where none is published nothing is
    /// limited. `burst` calls pass beyond the rate at once.
    pub fn limit_rates(&self, on: bool, burst: u32) {
        self.0.control.rates.switch(on, burst);
        self.0.set_oddities(Oddities { throttles: on, ..self.0.oddities() });
    }

    /// Moves the clock forward: updates settle, tokens and presigned URLs expire.
    pub fn advance(&self, by: Duration) {
        self.0.clock.advance(by);
    }

    /// How many requests of each operation came, and how many of them were of the kind that changes something.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.0.control.counts()
    }

    /// What the twin accepted without anybody having established that AWS does, and other things worth knowing.
    #[must_use]
    pub fn notes(&self) -> Vec<String> {
        self.0.control.notes.all()
    }

    /// Scripts what invocations of a function answer, whatever its account, Region and version.
    pub fn answer(&self, function: &str, answer: InvokeAnswer) {
        self.0.control.script.answer(function, answer);
    }

    /// Scripts the next creation or update of a function's code or settings.
    pub fn next_update(&self, function: &str, next: NextUpdate) {
        self.0.control.script.next_update(function, next);
    }

    /// Puts a function to sleep as Lambda does after weeks without a call; whether there is one of that name.
    #[must_use]
    pub fn idle(&self, function: &str) -> bool {
        self.0.functions.idle(function, self.0.clock.millis()) > 0
    }

    /// Chooses where the twin's behaviour is not established or not constant.
    pub fn behave(&self, behaviour: Behaviour) {
        self.0.control.set_behaviour(behaviour);
    }

    /// Forgets faults, scripts, counters and notes, and behaves as at the start. What was pushed and created stays.
    pub fn reset(&self) {
        self.0.control.reset();
        self.0.set_oddities(Oddities::default());
    }
}
