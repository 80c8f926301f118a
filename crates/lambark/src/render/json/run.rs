//! `lambark.run/v1`.

use std::io::{self, Write};

use lambark_sandbox::{Failure, Outcome};
use serde_json::{Value, json};

use crate::operations::run;

/// Writes what came of a run: one invocation's values beside the others, or a list of them if a number was asked for,
/// so that the form does not depend on that number.
///
/// # Errors
/// When `out` fails.
pub fn run(out: &mut dyn Write, outcome: &run::Outcome, list: bool) -> io::Result<()> {
    let mut document = json!({
        "schema": "lambark.run/v1",
        "image": outcome.image,
        "engine": outcome.engine.as_ref().map(|by| by.engine.as_str()),
        "initDurationMs": milliseconds(outcome.init.duration),
        "initError": outcome.init.failure.as_ref().map(error),
    });
    match &outcome.invocations[..] {
        [one] if !list => extend(&mut document, invocation(one)),
        many => document["invocations"] = many.iter().map(invocation).collect(),
    }
    document["explanation"] = match &outcome.advice {
        Some(advice) => json!({ "meaning": advice.meaning, "help": advice.help }),
        None => Value::Null,
    };
    super::document(out, &document)
}

fn invocation(outcome: &Outcome) -> Value {
    json!({
        "requestId": outcome.request_id,
        "durationMs": milliseconds(outcome.duration),
        "billedDurationMs": outcome.billed_ms,
        "maxMemoryUsedMb": outcome.max_memory_used_mb,
        "functionError": outcome.function_error(),
        "error": outcome.failure.as_ref().map(error),
        "errorAfterAnswer": outcome.aftermath.as_ref().map(error),
        // A response that is no JSON is given as text.
        "payload": serde_json::from_slice(&outcome.payload)
            .unwrap_or_else(|_| Value::from(String::from_utf8_lossy(&outcome.payload))),
        "logTail": String::from_utf8_lossy(&outcome.log),
    })
}

fn error(failure: &Failure) -> Value {
    json!({ "type": failure.error_type(), "message": failure.message() })
}

/// As the REPORT line has it: hundredths of a millisecond.
fn milliseconds(duration: std::time::Duration) -> f64 {
    (lambark_sandbox::report::milliseconds(duration) * 100.0).round() / 100.0
}

fn extend(document: &mut Value, more: Value) {
    if let (Value::Object(document), Value::Object(more)) = (document, more) {
        document.extend(more);
    }
}
