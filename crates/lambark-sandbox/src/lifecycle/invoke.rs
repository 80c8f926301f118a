//! One invocation: the event goes out to the runtime and to the extensions that want it, and all come back.

use super::machine::{Invocation, Machine, Phase, Runtime, wrong_state};
use super::words::{Action, Answer, Body, ExtensionEvent, Invoked, Work};
use crate::fault::Failure;

impl Machine {
    pub(super) fn invoke(&mut self, work: Work) {
        match std::mem::replace(&mut self.phase, Phase::Over) {
            Phase::Ready => {}
            Phase::Broken(failure) => {
                let invoked = Invoked { answer: Err(failure), aftermath: None };
                return self.actions.push(Action::InvokeEnded(invoked));
            }
            phase => {
                self.phase = phase;
                let failure = Failure::fault("Sandbox.Failure", "the environment is not ready for an event");
                let invoked = Invoked { answer: Err(failure), aftermath: None };
                return self.actions.push(Action::InvokeEnded(invoked));
            }
        }
        for index in 0..self.extensions.len() {
            if self.extensions[index].wants(ExtensionEvent::Invoke)
                && let Some(ticket) = self.extensions[index].take_ticket()
            {
                self.answer(ticket, invoke_event(&work));
            }
        }
        if let Runtime::Waiting(ticket) = self.runtime {
            self.runtime = Runtime::Busy;
            self.answer(ticket, runtime_event(&work));
        }
        self.phase = Phase::Invoking(Box::new(Invocation { work, answer: None }));
    }

    /// `POST /runtime/invocation/ID/response`
    pub(super) fn response(&mut self, request_id: &str, body: Body, broken_off: Option<Failure>) -> Answer {
        let invocation = match self.open_invocation(request_id) {
            Ok(invocation) => invocation,
            Err(refusal) => return *refusal,
        };
        match body {
            Body::TooLarge => {
                invocation.answer = Some(Err(Failure::response_too_large()));
                let limit = crate::fault::MAX_RESPONSE_BYTES;
                let message = format!("Exceeded maximum allowed payload size ({limit} bytes).");
                Answer::refused(413, "RequestEntityTooLarge", &message)
            }
            Body::Whole(bytes) => {
                invocation.answer = Some(broken_off.map_or(Ok(bytes), Err));
                Answer::accepted()
            }
        }
    }

    /// `POST /runtime/invocation/ID/error`
    pub(super) fn error(&mut self, request_id: &str, failure: Failure) -> Answer {
        match self.open_invocation(request_id) {
            Ok(invocation) => {
                invocation.answer = Some(Err(failure));
                Answer::accepted()
            }
            Err(refusal) => *refusal,
        }
    }

    /// The invocation of this id if it still waits for its answer.
    fn open_invocation(&mut self, request_id: &str) -> Result<&mut Invocation, Box<Answer>> {
        let Phase::Invoking(invocation) = &mut self.phase else {
            return Err(Box::new(wrong_state("Ready", "InvocationResponse")));
        };
        if invocation.work.request_id != request_id {
            return Err(Box::new(Answer::refused(400, "InvalidRequestID", "Invalid request ID")));
        }
        if invocation.answer.is_some() {
            return Err(Box::new(wrong_state("RuntimeResponseSent", "InvocationResponse")));
        }
        Ok(invocation)
    }
}

fn runtime_event(work: &Work) -> Answer {
    let mut headers = vec![
        ("Lambda-Runtime-Aws-Request-Id", work.request_id.clone()),
        ("Lambda-Runtime-Deadline-Ms", work.deadline_ms.to_string()),
        ("Lambda-Runtime-Invoked-Function-Arn", work.arn.clone()),
        ("Lambda-Runtime-Trace-Id", work.trace_id.clone()),
    ];
    headers.extend(work.client_context.clone().map(|context| ("Lambda-Runtime-Client-Context", context)));
    Answer { status: 200, headers, body: work.payload.clone() }
}

fn invoke_event(work: &Work) -> Answer {
    let event = serde_json::json!({
        "eventType": "INVOKE",
        "deadlineMs": work.deadline_ms,
        "requestId": work.request_id,
        "invokedFunctionArn": work.arn,
        "tracing": { "type": "X-Amzn-Trace-Id", "value": work.trace_id },
    });
    let mut answer = Answer::json(200, &event);
    answer.headers.push(("Lambda-Extension-Event-Identifier", work.request_id.clone()));
    answer
}
