//! What goes into the machine and what comes out.

use bytes::Bytes;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::Exit;
use crate::fault::Failure;

/// A request that waits for its answer.
pub type Ticket = u64;

/// A process of the environment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Who {
    /// The runtime: what ENTRYPOINT and CMD start.
    Runtime,
    /// The external extension of this index, in the order in which they were found.
    Extension(usize),
}

/// What happened.
#[derive(Debug)]
pub enum Event {
    /// Begin: these external extensions were found, by name.
    Boot(Vec<String>),
    /// Somebody inside called.
    Called(Ticket, Call),
    /// Whoever waited for this answer is gone.
    HungUp(Ticket),
    /// A process could not be started.
    NotLaunched(Who, Failure),
    /// A process ended.
    Exited(Who, Exit),
    /// An event for the function.
    Invoke(Work),
    /// Make an end.
    Shutdown(Shutdown),
}

/// What is to be done.
#[derive(Debug, PartialEq, Eq)]
pub enum Action {
    /// Start this process.
    Launch(Who),
    /// Answer a request.
    Answer(Ticket, Answer),
    /// Init is over.
    InitEnded(Result<(), Failure>),
    /// The invocation is over.
    InvokeEnded(Invoked),
    /// All who were to be told of the end are gone.
    ShutDown,
}

/// A call to the Runtime or the Extensions API, understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Call {
    /// `GET /runtime/invocation/next`
    Next,
    /// `POST /runtime/invocation/ID/response`
    Response {
        /// The id in the path.
        request_id: String,
        /// What the function answered.
        body: Body,
        /// The error that a streamed response ended with.
        broken_off: Option<Failure>,
    },
    /// `POST /runtime/invocation/ID/error`
    Error {
        /// The id in the path.
        request_id: String,
        /// What the runtime reports.
        failure: Failure,
    },
    /// `POST /runtime/init/error`
    InitError(Failure),
    /// `POST /extension/register`
    Register {
        /// The name that it registers by.
        name: String,
        /// What it wants to hear of.
        events: Vec<ExtensionEvent>,
        /// The identifier that it gets.
        identifier: String,
        /// Whether it asked for the account.
        wants_account: bool,
    },
    /// `GET /extension/event/next`
    ExtensionNext(String),
    /// `POST /extension/init/error`, with the caller's identifier
    ExtensionInitError(String),
    /// `POST /extension/exit/error`, with the caller's identifier
    ExtensionExitError(String),
}

/// What an extension may subscribe to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum ExtensionEvent {
    /// Each invocation.
    Invoke,
    /// The end.
    Shutdown,
}

/// A response's body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Body {
    /// All of it.
    Whole(Bytes),
    /// More than Lambda takes: none of it is kept.
    TooLarge,
}

/// An event for the function, with all that the APIs tell about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Work {
    /// The request id.
    pub request_id: String,
    /// When the function has to be done, in milliseconds since 1970.
    pub deadline_ms: u64,
    /// The function's ARN.
    pub arn: String,
    /// The X-Ray trace header.
    pub trace_id: String,
    /// The client context, as JSON.
    pub client_context: Option<String>,
    /// The event.
    pub payload: Bytes,
}

/// How an invocation ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invoked {
    /// The response or the error, whichever came first.
    pub answer: Result<Bytes, Failure>,
    /// What ended the environment after the function had answered.
    pub aftermath: Option<Failure>,
}

/// Why and until when the environment shuts down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shutdown {
    /// `spindown`, `timeout` or `failure`.
    pub reason: &'static str,
    /// When extensions have to be gone, in milliseconds since 1970.
    pub deadline_ms: u64,
}

/// An HTTP answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// Headers beside `Content-Type`, which is JSON's.
    pub headers: Vec<(&'static str, String)>,
    /// The body.
    pub body: Bytes,
}

impl Answer {
    /// An answer of this status and body.
    #[must_use]
    pub fn json(status: u16, body: &Value) -> Answer {
        Answer { status, headers: Vec::new(), body: body.to_string().into() }
    }

    /// "We heard you."
    #[must_use]
    pub fn accepted() -> Answer {
        Answer::json(202, &json!({ "status": "OK" }))
    }

    /// A refusal in the form that both APIs share.
    #[must_use]
    pub fn refused(status: u16, error_type: &str, message: &str) -> Answer {
        Answer::json(status, &json!({ "errorMessage": message, "errorType": error_type }))
    }
}
