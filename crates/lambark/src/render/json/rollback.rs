//! `lambark.rollback/v1`.

use std::io::{self, Write};

use serde_json::{Value, json};

use super::deploy::{call, reason, step};
use crate::operations::rollback::{End, Outcome};

/// Writes everything that happened, and how it ended.
///
/// # Errors
/// When `out` fails.
pub fn rollback(out: &mut dyn Write, outcome: &Outcome, head: Option<&str>) -> io::Result<()> {
    super::document(
        out,
        &json!({
            "schema": "lambark.rollback/v1",
            "function": outcome.function,
            "alias": outcome.alias,
            "from": outcome.from,
            "digest": outcome.goal.digest,
            "version": outcome.goal.version,
            "steps": outcome.steps.iter().map(step).collect::<Vec<_>>(),
            "end": end(&outcome.end),
            "ledgerHead": head,
        }),
    )
}

fn end(end: &End) -> Value {
    match end {
        End::Planned(calls) => json!({ "is": "planned", "calls": calls.iter().map(call).collect::<Vec<_>>() }),
        End::Already => json!({ "is": "already" }),
        End::Done => json!({ "is": "rolledBack" }),
        End::Unwell(why) => json!({ "is": "rolledBackUnwell", "reason": reason(why) }),
        End::Failed(why, commands) => {
            json!({ "is": "notRolledBack", "reason": reason(why), "commands": commands })
        }
        End::Overtaken => json!({ "is": "overtaken" }),
    }
}
