//! Extensions: external ones are processes of their own from `/opt/extensions`, internal ones register from inside the
//! runtime's process.

use serde_json::json;

use super::machine::{Machine, Phase};
use super::words::{Action, Answer, ExtensionEvent, Shutdown, Ticket};
use crate::limits::MAX_EXTENSIONS;

#[derive(Debug)]
pub(super) struct Extension {
    name: String,
    pub(super) external: bool,
    events: Vec<ExtensionEvent>,
    state: State,
}

#[derive(Debug)]
enum State {
    /// An external one that has not registered yet.
    Started,
    /// At work; with the identifier that it got.
    Busy(String),
    /// Waits for an event.
    Waiting(String, Ticket),
    /// Said that it gives up, and will end.
    GaveUp,
    Gone,
}

impl Extension {
    pub(super) fn external(name: String) -> Extension {
        Extension { name, external: true, events: Vec::new(), state: State::Started }
    }

    pub(super) fn is_waiting(&self) -> bool {
        matches!(self.state, State::Waiting(..))
    }

    pub(super) fn wants(&self, event: ExtensionEvent) -> bool {
        self.events.contains(&event)
    }

    /// The request that waits for an event; whoever takes it has to answer it.
    pub(super) fn take_ticket(&mut self) -> Option<Ticket> {
        let State::Waiting(identifier, ticket) = &mut self.state else { return None };
        let ticket = *ticket;
        self.state = State::Busy(std::mem::take(identifier));
        Some(ticket)
    }

    pub(super) fn hung_up(&mut self, gone: Ticket) {
        if matches!(self.state, State::Waiting(_, ticket) if ticket == gone) {
            let _ = self.take_ticket();
        }
    }

    fn identifier(&self) -> Option<&str> {
        match &self.state {
            State::Busy(identifier) | State::Waiting(identifier, _) => Some(identifier),
            State::Started | State::GaveUp | State::Gone => None,
        }
    }

    /// Whether the end of the environment waits for it.
    fn is_awaited(&self) -> bool {
        self.external && self.wants(ExtensionEvent::Shutdown) && !matches!(self.state, State::Gone)
    }
}

impl Machine {
    pub(super) fn all_registered(&self) -> bool {
        !self.extensions.iter().any(|extension| matches!(extension.state, State::Started))
    }

    pub(super) fn extension_gone(&mut self, index: usize) {
        if let Some(extension) = self.extensions.get_mut(index) {
            extension.state = State::Gone;
        }
    }

    /// `POST /extension/register`
    pub(super) fn register(
        &mut self,
        name: &str,
        events: Vec<ExtensionEvent>,
        identifier: String,
        wants_account: bool,
    ) -> Answer {
        if name.is_empty() {
            return Answer::refused(403, "Extension.InvalidExtensionName", "Empty extension name");
        }
        let known = self.extensions.iter().position(|extension| extension.name == name);
        let refusal = match known {
            Some(index) if matches!(self.extensions[index].state, State::Started) => None,
            Some(_) => Some(("Extension.InvalidExtensionState", "Extension with this name already registered")),
            None if !matches!(self.phase, Phase::Registering | Phase::Starting) => {
                Some(("Extension.RegistrationClosed", "Extension registration closed already"))
            }
            None if self.extensions.len() >= MAX_EXTENSIONS => {
                Some(("Extension.TooManyExtensions", "Extension limit (10) reached"))
            }
            None if events.contains(&ExtensionEvent::Shutdown) => {
                Some(("Extension.InvalidEventType", "SHUTDOWN: internal extensions cannot be told of the shutdown"))
            }
            None => None,
        };
        if let Some((error_type, message)) = refusal {
            return Answer::refused(403, error_type, message);
        }
        let index = known.unwrap_or_else(|| {
            self.extensions.push(Extension { external: false, ..Extension::external(name.to_owned()) });
            self.extensions.len() - 1
        });
        self.extensions[index].events = events;
        self.extensions[index].state = State::Busy(identifier.clone());
        self.registered(identifier, wants_account)
    }

    fn registered(&self, identifier: String, wants_account: bool) -> Answer {
        let about = &self.about;
        let mut body = json!({
            "functionName": about.name,
            "functionVersion": about.version,
            "handler": about.handler,
        });
        if wants_account {
            body["accountId"] = about.account.as_str().into();
        }
        let mut answer = Answer::json(200, &body);
        answer.headers.push(("Lambda-Extension-Identifier", identifier));
        answer
    }

    /// `GET /extension/event/next`
    pub(super) fn extension_next(&mut self, ticket: Ticket, identifier: &str) {
        let Some(extension) = self.extension(identifier) else {
            return self.answer(ticket, unknown(identifier));
        };
        if extension.is_waiting() {
            let message = "the extension waits for an event already";
            return self.answer(ticket, Answer::refused(403, "Extension.InvalidExtensionState", message));
        }
        extension.state = State::Waiting(identifier.to_owned(), ticket);
        match self.phase {
            Phase::ShuttingDown(shutdown) => self.tell_of_shutdown(shutdown),
            _ => self.advance(),
        }
    }

    /// `POST /extension/init/error` and `exit/error`: the extension will end, and its exit is the fault.
    pub(super) fn extension_gives_up(&mut self, identifier: &str, error_type: &'static str) -> Answer {
        let Some(extension) = self.extension(identifier) else { return unknown(identifier) };
        extension.state = State::GaveUp;
        self.first_fault.get_or_insert(error_type.into());
        Answer::accepted()
    }

    fn extension(&mut self, identifier: &str) -> Option<&mut Extension> {
        self.extensions.iter_mut().find(|extension| extension.identifier() == Some(identifier))
    }

    pub(super) fn shut_down(&mut self, shutdown: Shutdown) {
        self.phase = Phase::ShuttingDown(shutdown);
        self.tell_of_shutdown(shutdown);
        self.end_shutdown_if_all_gone();
    }

    fn tell_of_shutdown(&mut self, shutdown: Shutdown) {
        let event = json!({
            "eventType": "SHUTDOWN",
            "shutdownReason": shutdown.reason,
            "deadlineMs": shutdown.deadline_ms,
        });
        for index in 0..self.extensions.len() {
            if self.extensions[index].wants(ExtensionEvent::Shutdown)
                && let Some(ticket) = self.extensions[index].take_ticket()
            {
                self.answer(ticket, Answer::json(200, &event));
            }
        }
    }

    pub(super) fn end_shutdown_if_all_gone(&mut self) {
        if !self.extensions.iter().any(Extension::is_awaited) {
            self.phase = Phase::Over;
            self.actions.push(Action::ShutDown);
        }
    }
}

fn unknown(identifier: &str) -> Answer {
    let message = format!("Unknown extension {identifier}");
    Answer::refused(403, "Extension.UnknownExtensionIdentifier", &message)
}
