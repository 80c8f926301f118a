//! `lambark.status/v1`.

use std::io::{self, Write};

use serde_json::{Value, json};

use super::deploy::{reason, unfinished};
use crate::operations::deployment::Version;
use crate::operations::deployment::presence::Presence;
use crate::operations::status::{Image, Outcome};

/// Writes what there is.
///
/// # Errors
/// When `out` fails.
pub fn status(out: &mut dyn Write, outcome: &Outcome) -> io::Result<()> {
    super::document(
        out,
        &json!({
            "schema": "lambark.status/v1",
            "function": outcome.function,
            "functionArn": outcome.arn,
            "state": outcome.state,
            "wrong": outcome.wrong.iter().map(reason).collect::<Vec<_>>(),
            "traffic": outcome.traffic,
            "aliasMissing": outcome.alias_missing,
            "latest": outcome.latest,
            "image": outcome.image.as_ref().map(image),
            "unfinished": outcome.unfinished.as_ref().map(unfinished),
            "versions": outcome.versions.iter().map(version).collect::<Vec<_>>(),
        }),
    )
}

fn image(image: &Image) -> Value {
    let (presence, why) = match &image.presence {
        Presence::There => ("there", None),
        Presence::Gone(why) => ("gone", Some(why)),
        Presence::NotLooked(why) => ("notLooked", Some(why)),
    };
    json!({
        "imageUri": image.reference.to_string(),
        "presence": presence,
        "presenceReason": why,
        "verdict": image.verdict.as_ref().ok().map(ToString::to_string),
        "notLooked": image.verdict.as_ref().err(),
        "findings": image.found.iter().map(|it| json!({
            "rule": it.rule, "severity": it.severity.to_string(), "message": it.message,
        })).collect::<Vec<_>>(),
    })
}

fn version(version: &Version) -> Value {
    let note = version.note.as_ref();
    json!({
        "version": version.number.to_string(),
        "digest": version.digest,
        "made": version.made,
        "byLambark": note.is_some(),
        "from": note.and_then(|note| note.from.as_ref()),
        "commit": note.and_then(|note| note.commit.as_ref()),
        "run": note.and_then(|note| note.run.as_ref()),
        "by": note.and_then(|note| note.by.as_ref()),
    })
}
