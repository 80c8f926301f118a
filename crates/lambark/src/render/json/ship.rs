//! `lambark.ship/v1` and `lambark.ship-plan/v1`.

use std::io::{self, Write};

use serde_json::{Value, json};

use crate::operations::build::planner::Plan;
use crate::operations::ship::{Outcome, Settings};
use crate::render::build::steps;

/// Writes what became of each service.
///
/// # Errors
/// When `out` fails.
pub fn ship(out: &mut dyn Write, outcomes: &[Outcome], head: Option<&str>) -> io::Result<()> {
    super::document(
        out,
        &json!({
            "schema": "lambark.ship/v1",
            "services": outcomes.iter().map(service).collect::<Vec<_>>(),
            "ledgerHead": head,
        }),
    )
}

fn service(outcome: &Outcome) -> Value {
    let steps = outcome
        .steps
        .iter()
        .map(|done| json!({ "step": done.step.as_str(), "text": done.text, "seconds": done.took.as_secs_f64() }));
    json!({
        "service": outcome.service,
        "reference": outcome.reference,
        "digest": outcome.digest,
        "steps": steps.collect::<Vec<_>>(),
        "deployment": outcome.deployment.as_ref().map(super::deploy::value),
        "failure": outcome.failure.as_ref().map(|failure| json!({
            "kind": failure.kind(), "message": failure.to_string(), "hint": failure.hint(),
        })),
        "exitCode": outcome.exit_code(),
    })
}

/// Writes what would be done.
///
/// # Errors
/// When `out` fails.
pub fn ship_plan(out: &mut dyn Write, planned: &[(&Settings, Option<Plan>)]) -> io::Result<()> {
    let services = planned.iter().map(|(settings, built)| {
        json!({
            "service": settings.service,
            "reference": settings.reference,
            "from": settings.from.as_str(),
            "until": settings.until.as_str(),
            "build": built.as_ref().map(steps),
            "function": settings.deploy.function,
            "alias": settings.deploy.alias,
            "tests": settings.deploy.probes.iter().map(|probe| probe.name.clone()).collect::<Vec<_>>(),
        })
    });
    let services: Vec<Value> = services.collect();
    super::document(out, &json!({ "schema": "lambark.ship-plan/v1", "services": services }))
}
