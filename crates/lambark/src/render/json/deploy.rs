//! `lambark.deploy/v1`.

use std::io::{self, Write};

use serde_json::{Value, json};

use crate::operations::deploy::{End, Outcome, Step};
use crate::operations::deployment::probe::Probed;
use crate::operations::deployment::{Back, Call, Reason, Unfinished};

/// Writes everything that happened, and how it ended.
///
/// # Errors
/// When `out` fails.
pub fn deploy(out: &mut dyn Write, outcome: &Outcome, head: Option<&str>) -> io::Result<()> {
    let mut document = value(outcome);
    document["ledgerHead"] = head.into();
    super::document(out, &document)
}

/// The document.
pub(super) fn value(outcome: &Outcome) -> Value {
    let digest = outcome.image.as_ref().and_then(|image| image.digest());
    json!({
        "schema": "lambark.deploy/v1",
        "service": outcome.service,
        "function": outcome.function,
        "functionArn": outcome.function_arn,
        "imageUri": outcome.image.as_ref().map(ToString::to_string),
        "digest": digest,
        "from": outcome.from,
        "version": outcome.version,
        "alias": outcome.alias,
        "steps": outcome.steps.iter().map(step).collect::<Vec<_>>(),
        "end": end(&outcome.end),
    })
}

fn end(end: &End) -> Value {
    match end {
        End::Planned(calls) => json!({ "is": "planned", "calls": calls.iter().map(call).collect::<Vec<_>>() }),
        End::Deployed => json!({ "is": "deployed" }),
        End::RolledBack { reason: why, back: taken } => {
            json!({ "is": "rolledBack", "reason": reason(why), "back": back(taken) })
        }
        End::NotRolledBack { reason: why, back: taken } => {
            json!({ "is": "notRolledBack", "reason": reason(why), "back": back(taken) })
        }
        End::Overtaken { by, back: taken } => json!({
            "is": "overtaken", "by": by.trim_start_matches([';', ' ']), "back": back(taken),
        }),
    }
}

pub(super) fn call(call: &Call) -> Value {
    let arguments: serde_json::Map<String, Value> =
        call.arguments.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
    json!({ "service": call.service, "operation": call.operation, "arguments": arguments, "why": call.why })
}

pub(super) fn reason(reason: &Reason) -> Value {
    json!({ "code": reason.code, "words": reason.words, "meaning": reason.meaning })
}

pub(super) fn back(back: &Back) -> Value {
    json!({ "restored": back.restored, "left": back.left, "failed": back.failed, "commands": back.commands })
}

/// What an earlier deployment left.
pub(super) fn unfinished(left: &Unfinished) -> Value {
    let is = match left {
        Unfinished::Unpublished { .. } => "unpublished",
        Unfinished::NoTraffic { .. } => "noTraffic",
        Unfinished::Partial { .. } => "partial",
    };
    json!({ "is": is, "version": left.version(), "digest": left.digest() })
}

fn probed(before: bool, probed: &Probed) -> Value {
    json!({
        "step": "tested", "test": probed.name, "beforeTraffic": before, "passed": probed.faults.is_empty(),
        "faults": probed.faults, "millis": probed.millis,
    })
}

pub(super) fn step(step: &Step) -> Value {
    match step {
        Step::Found { function, arn, traffic, image, broken } => json!({
            "step": "found", "function": function, "arn": arn, "traffic": traffic, "digest": image,
            "broken": broken.as_ref().map(reason),
        }),
        Step::Unfinished { left, finished } => {
            json!({ "step": "unfinished", "left": unfinished(left), "finished": finished })
        }
        Step::Undone { left } => json!({ "step": "undone", "left": unfinished(left) }),
        Step::Chosen { image, named, verdict, depth, remembered, found, mended, to_mend, skipped } => json!({
            "step": "image", "imageUri": image.to_string(), "named": named, "verdict": verdict.to_string(),
            "depth": depth.to_string(), "rememberedLayers": remembered, "mended": mended, "toMend": to_mend,
            "findings": found.iter().map(|it| json!({
                "rule": it.rule, "severity": it.severity.to_string(), "message": it.message,
            })).collect::<Vec<_>>(),
            "notLooked": skipped.iter().map(|(rule, why)| json!({ "rule": rule, "reason": why })).collect::<Vec<_>>(),
        }),
        Step::WayBack { to, image, without } => {
            json!({ "step": "wayBack", "to": to, "digest": image, "notSure": without })
        }
        Step::Kept { tag } => json!({ "step": "tagged", "tag": tag }),
        Step::KeptVersion { version } => json!({ "step": "numbered", "version": version }),
        Step::State { what, state, reason: why } => {
            json!({ "step": "state", "of": what, "state": state, "reason": why.as_ref().map(reason) })
        }
        Step::Updated { already } => json!({ "step": "updated", "already": already }),
        Step::Created => json!({ "step": "created" }),
        Step::Published { version } => json!({ "step": "published", "version": version }),
        Step::Probed { before, probed: it } => probed(*before, it),
        Step::Moved { alias, version, percent, stays } => json!({
            "step": "moved", "alias": alias, "version": version, "percent": percent, "staysSeconds": stays,
        }),
        Step::InPlace { traffic } => json!({ "step": "inPlace", "traffic": traffic }),
        Step::Failed(why) => json!({ "step": "failed", "reason": reason(why) }),
        Step::NotRecorded { reason } => json!({ "step": "notRecorded", "reason": reason }),
        Step::Back(taken) => json!({ "step": "back", "back": back(taken) }),
    }
}
