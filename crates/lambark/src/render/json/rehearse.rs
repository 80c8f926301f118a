//! `lambark.rehearse/v1`.

use std::io::{self, Write};

use serde_json::{Value, json};

use crate::operations::rehearse::{Outcome, Step};

/// Writes everything that happened.
///
/// # Errors
/// When `out` fails.
pub fn rehearse(out: &mut dyn Write, outcome: &Outcome) -> io::Result<()> {
    super::document(
        out,
        &json!({
            "schema": "lambark.rehearse/v1",
            "deployed": outcome.deployed,
            "steps": outcome.steps.iter().map(step).collect::<Vec<_>>(),
        }),
    )
}

fn step(step: &Step) -> Value {
    match step {
        Step::Ready { url, account, region } => {
            json!({ "step": "ready", "url": url, "account": account, "region": region })
        }
        Step::Pushed { image, uri, kind, digest, as_it_is } => json!({
            "step": "pushed", "image": image, "uri": uri, "kind": kind, "digest": digest, "asItIs": as_it_is,
        }),
        Step::Refused(refusal) => json!({
            "step": "refused", "call": refusal.operation.name(), "code": refusal.code, "message": refusal.message,
        }),
        Step::Settled { call, states, failure } => json!({
            "step": "settled", "call": call, "states": states,
            "failure": failure.as_ref().map(|(code, reason)| json!({ "code": code, "reason": reason })),
        }),
        Step::Mended { steps, kind, digest } => {
            json!({ "step": "mended", "steps": steps, "kind": kind, "digest": digest })
        }
        Step::Hopeless { reason } => json!({ "step": "hopeless", "reason": reason }),
        Step::Published { version, alias } => json!({ "step": "published", "version": version, "alias": alias }),
        Step::Invoked { payload, failure } => {
            json!({ "step": "invoked", "payload": payload, "functionError": failure })
        }
        Step::NotInvoked { reason } => json!({ "step": "notInvoked", "reason": reason }),
        Step::Versions(versions) => json!({
            "step": "versions",
            "versions": versions.iter().map(|(version, digest)| json!({ "version": version, "digest": digest }))
                .collect::<Vec<_>>(),
        }),
    }
}
