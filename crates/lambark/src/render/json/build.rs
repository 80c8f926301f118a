//! `lambark.build/v1` and `lambark.build-plan/v1`.

use std::io::{self, Write};

use serde_json::{Value, json};

use super::fix::repaired;
use crate::operations::build::Outcome;
use crate::operations::build::planner::Plan;
use crate::render::build::steps;

/// Writes what was built and what became of it.
///
/// # Errors
/// When `out` fails.
pub fn build(out: &mut dyn Write, outcome: &Outcome) -> io::Result<()> {
    let mut document = repaired("lambark.build/v1", &outcome.repair);
    let judgement = &outcome.repair.repair.judgement;
    document["builder"] = builder(&outcome.plan);
    document["commands"] = steps(&outcome.plan).into();
    document["notes"] = outcome.plan.notes.clone().into();
    document["written"] = outcome.written.into();
    document["createdRepository"] = outcome.created_repository.into();
    document["verdictBefore"] = judgement.verdict.to_string().into();
    document["findingsBefore"] = judgement
        .findings
        .iter()
        .map(|finding| json!({ "rule": finding.rule, "severity": finding.severity.to_string() }))
        .collect();
    let stages = outcome.stages.iter().map(|(stage, took)| (stage.as_str().to_owned(), json!(took.as_secs_f64())));
    document["seconds"] = Value::Object(stages.collect());
    super::document(out, &document)
}

/// Writes the commands that would be run.
///
/// # Errors
/// When `out` fails.
pub fn build_plan(out: &mut dyn Write, what: &str, plan: &Plan) -> io::Result<()> {
    super::document(
        out,
        &json!({
            "schema": "lambark.build-plan/v1",
            "image": what,
            "builder": builder(plan),
            "commands": steps(plan),
            "notes": plan.notes,
        }),
    )
}

fn builder(plan: &Plan) -> Value {
    json!({ "program": plan.program.to_string(), "described": plan.described })
}
