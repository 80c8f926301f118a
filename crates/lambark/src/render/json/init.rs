//! `lambark.init/v1`.

use std::io::{self, Write};

use serde_json::{Value, json};
use similar::TextDiff;

use crate::operations::init::Outcome;
use crate::operations::init::find::{Fact, Service};
use crate::operations::init::plan::{File, Status};
use crate::operations::init::script::{Became, Script};

/// Writes what was found, and each file with its status and diff.
///
/// # Errors
/// When `out` fails.
pub fn init(out: &mut dyn Write, outcome: &Outcome) -> io::Result<()> {
    let findings = &outcome.findings;
    super::document(
        out,
        &json!({
            "schema": "lambark.init/v1",
            "configured": findings.configured,
            "region": findings.region.as_ref().map(fact),
            "account": findings.account.as_ref().map(fact),
            "services": findings.services.iter().map(service).collect::<Vec<_>>(),
            "notes": findings.notes,
            "scripts": outcome.scripts.iter().map(script).collect::<Vec<_>>(),
            "files": outcome.files.iter().map(file).collect::<Vec<_>>(),
            "refused": outcome.is_refused(),
            "written": outcome.written,
        }),
    )
}

fn fact(fact: &Fact) -> Value {
    json!({ "value": fact.value, "from": fact.from })
}

fn service(service: &Service) -> Value {
    let known = |it: &Option<Fact>| it.as_ref().map(fact);
    json!({
        "name": service.name,
        "dockerfile": known(&service.dockerfile),
        "target": known(&service.target),
        "context": known(&service.context),
        "repository": known(&service.repository),
        "function": known(&service.function),
        "architecture": service.architecture.as_ref().map(|it| json!({ "value": it.value.as_str(), "from": it.from })),
        "alias": known(&service.alias),
        "contradictions": service.contradictions,
    })
}

fn script(script: &Script) -> Value {
    let lines = script.lines.iter().map(|line| {
        let (became, what) = match &line.became {
            Became::Lambark(what) => ("lambark", what),
            Became::NotNeeded(what) => ("not-needed", what),
            Became::Yours(what) => ("yours", what),
        };
        json!({ "line": line.number, "text": line.text, "became": became, "what": what })
    });
    json!({ "path": script.path, "lines": lines.collect::<Vec<_>>() })
}

fn file(file: &File) -> Value {
    let (status, reason) = match &file.status {
        Status::New => ("new", None),
        Status::Same => ("same", None),
        Status::Kept => ("kept", None),
        Status::Block => ("changed", None),
        Status::Overwritten => ("overwritten", None),
        Status::Refused(reason) => ("refused", Some(reason)),
    };
    let old = file.old.as_deref().unwrap_or_default();
    let before = if file.old.is_some() { format!("a/{}", file.path) } else { "/dev/null".to_owned() };
    let diff = TextDiff::from_lines(old, &file.new);
    let diff = (old != file.new).then(|| diff.unified_diff().header(&before, &format!("b/{}", file.path)).to_string());
    json!({ "path": file.path, "what": file.what, "status": status, "reason": reason, "diff": diff })
}
