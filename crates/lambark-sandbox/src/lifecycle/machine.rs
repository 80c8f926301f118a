//! The machine's state, and where each event goes.

use std::borrow::Cow;

use bytes::Bytes;

use super::extensions::Extension;
use super::words::{Action, Answer, Call, Event, Invoked, Shutdown, Ticket, Who, Work};
use crate::Exit;
use crate::fault::{self, Failure};

/// What the APIs tell about the function.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct About {
    /// The function's name.
    pub name: String,
    /// Its version, `$LATEST` for instance.
    pub version: String,
    /// Its handler; empty if it has none.
    pub handler: String,
    /// The account's number.
    pub account: String,
}

/// One incarnation of an execution environment.
#[derive(Debug)]
pub struct Machine {
    pub(super) about: About,
    pub(super) phase: Phase,
    pub(super) runtime: Runtime,
    pub(super) extensions: Vec<Extension>,
    /// The first fault's type decides, whatever falls over after it.
    pub(super) first_fault: Option<Cow<'static, str>>,
    /// What the runtime posted to `init/error`.
    pub(super) reported: Option<Failure>,
    pub(super) actions: Vec<Action>,
}

#[derive(Debug)]
pub(super) enum Phase {
    /// Nothing runs yet.
    New,
    /// External extensions run and have to register before the runtime starts.
    Registering,
    /// The runtime runs too; init lasts until all have asked for their first event.
    Starting,
    /// All wait for an event.
    Ready,
    /// Something ended between two invocations: the next one fails with it, since Lambda freezes the environment there
    /// and notices no earlier.
    Broken(Failure),
    /// An event is being handled.
    Invoking(Box<Invocation>),
    /// Extensions are being told of the end.
    ShuttingDown(Shutdown),
    /// Nothing more happens in this incarnation.
    Over,
}

#[derive(Debug)]
pub(super) struct Invocation {
    pub(super) work: Work,
    pub(super) answer: Option<Result<Bytes, Failure>>,
}

/// The runtime as the Runtime API sees it.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Runtime {
    NotStarted,
    /// Works: on its init, on an event, or on nothing that we know of.
    Busy,
    /// Waits for an event.
    Waiting(Ticket),
    /// Reported that its init failed.
    InitFailed,
    Gone,
}

impl Machine {
    /// An environment in which nothing has happened yet.
    #[must_use]
    pub fn new(about: About) -> Machine {
        Machine {
            about,
            phase: Phase::New,
            runtime: Runtime::NotStarted,
            extensions: Vec::new(),
            first_fault: None,
            reported: None,
            actions: Vec::new(),
        }
    }

    /// Takes what happened, and says what is to be done, in this order.
    pub fn handle(&mut self, event: Event) -> Vec<Action> {
        match event {
            Event::Boot(names) => self.boot(names),
            Event::Called(ticket, call) => self.called(ticket, call),
            Event::HungUp(ticket) => self.hung_up(ticket),
            Event::NotLaunched(who, failure) => self.not_launched(who, failure),
            Event::Exited(who, exit) => self.exited(who, exit),
            Event::Invoke(work) => self.invoke(work),
            Event::Shutdown(shutdown) => self.shut_down(shutdown),
        }
        std::mem::take(&mut self.actions)
    }

    /// What the function answered to an event that is not over yet, for an invocation that is cut off.
    pub fn take_answer(&mut self) -> Option<Result<Bytes, Failure>> {
        let Phase::Invoking(invocation) = &mut self.phase else { return None };
        invocation.answer.take()
    }

    /// How many external extensions were found, and how many registered from inside the runtime.
    #[must_use]
    pub fn extensions(&self) -> (usize, usize) {
        let external = self.extensions.iter().filter(|extension| extension.external).count();
        (external, self.extensions.len() - external)
    }

    fn called(&mut self, ticket: Ticket, call: Call) {
        let answer = match call {
            Call::Next => return self.next(ticket),
            Call::ExtensionNext(identifier) => return self.extension_next(ticket, &identifier),
            Call::Response { request_id, body, broken_off } => self.response(&request_id, body, broken_off),
            Call::Error { request_id, failure } => self.error(&request_id, failure),
            Call::InitError(failure) => self.init_error(failure),
            Call::Register { name, events, identifier, wants_account } => {
                self.register(&name, events, identifier, wants_account)
            }
            Call::ExtensionInitError(identifier) => self.extension_gives_up(&identifier, "Extension.InitError"),
            Call::ExtensionExitError(identifier) => self.extension_gives_up(&identifier, "Extension.ExitError"),
        };
        self.answer(ticket, answer);
        // A registration may be the last that the runtime's start waited for.
        self.advance();
    }

    /// `GET /runtime/invocation/next`: the runtime has nothing left to do.
    fn next(&mut self, ticket: Ticket) {
        let fits = self.runtime == Runtime::Busy && !self.owes_an_answer();
        if !fits {
            let state = match self.runtime {
                Runtime::Waiting(_) => "Ready",
                Runtime::InitFailed => "InitError",
                _ => "Running",
            };
            return self.answer(ticket, wrong_state(state, "Ready"));
        }
        self.runtime = Runtime::Waiting(ticket);
        self.advance();
    }

    fn owes_an_answer(&self) -> bool {
        matches!(&self.phase, Phase::Invoking(invocation) if invocation.answer.is_none())
    }

    /// Goes on if nobody has to be waited for any longer.
    pub(super) fn advance(&mut self) {
        match &self.phase {
            Phase::Registering if self.all_registered() => self.start_runtime(),
            Phase::Starting if self.all_waiting() => {
                self.phase = Phase::Ready;
                self.actions.push(Action::InitEnded(Ok(())));
            }
            Phase::Invoking(_) if self.all_waiting() && !self.owes_an_answer() => self.end_invocation(None),
            _ => {}
        }
    }

    fn all_waiting(&self) -> bool {
        matches!(self.runtime, Runtime::Waiting(_)) && self.extensions.iter().all(Extension::is_waiting)
    }

    fn exited(&mut self, who: Who, exit: Exit) {
        match who {
            Who::Runtime => {
                self.runtime = Runtime::Gone;
                // What registered from inside the runtime went with it.
                self.extensions.retain(|extension| extension.external);
            }
            Who::Extension(index) => self.extension_gone(index),
        }
        if let Phase::ShuttingDown(_) = self.phase {
            return self.end_shutdown_if_all_gone();
        }
        let failure = match (who, self.reported.take()) {
            (Who::Runtime, Some(reported)) => reported,
            (_, reported) => {
                self.reported = reported;
                self.first_of(fault::of_exit(who, exit))
            }
        };
        self.fail(failure);
    }

    /// The fault under the type of the first one.
    fn first_of(&mut self, failure: Failure) -> Failure {
        let Failure::Fault { error_type, cause } = failure else { return failure };
        Failure::Fault { error_type: self.first_fault.get_or_insert(error_type).clone(), cause }
    }

    /// Ends what runs with this failure.
    pub(super) fn fail(&mut self, failure: Failure) {
        match std::mem::replace(&mut self.phase, Phase::Over) {
            Phase::New | Phase::Registering | Phase::Starting => self.actions.push(Action::InitEnded(Err(failure))),
            Phase::Ready => self.phase = Phase::Broken(failure),
            Phase::Invoking(invocation) => {
                self.phase = Phase::Invoking(invocation);
                self.end_invocation(Some(failure));
            }
            // The first failure is told already.
            phase @ (Phase::Broken(_) | Phase::ShuttingDown(_) | Phase::Over) => self.phase = phase,
        }
    }

    fn hung_up(&mut self, gone: Ticket) {
        if self.runtime == Runtime::Waiting(gone) {
            self.runtime = Runtime::Busy;
        }
        self.extensions.iter_mut().for_each(|extension| extension.hung_up(gone));
    }

    pub(super) fn answer(&mut self, ticket: Ticket, answer: Answer) {
        self.actions.push(Action::Answer(ticket, answer));
    }

    /// Ends the invocation: with its answer, or with a failure, which then is also the end of the environment.
    pub(super) fn end_invocation(&mut self, failure: Option<Failure>) {
        let Some(answer) = self.take_answer().or_else(|| failure.clone().map(Err)) else { return };
        self.phase = if failure.is_some() { Phase::Over } else { Phase::Ready };
        let aftermath = failure.filter(|failure| answer.as_ref().err() != Some(failure));
        self.actions.push(Action::InvokeEnded(Invoked { answer, aftermath }));
    }
}

/// What the Runtime API answers to a call that does not fit.
pub(super) fn wrong_state(from: &str, to: &str) -> Answer {
    let message = format!("Transition from {from} to {to} is not allowed.");
    Answer::refused(403, "InvalidStateTransition", &message)
}
