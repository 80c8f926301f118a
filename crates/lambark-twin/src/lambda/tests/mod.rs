//! The tables of `docs/twin.md` over HTTP, row by row.
#![allow(clippy::unwrap_used, reason = "tests")]

mod aliases;
mod gates;
mod images;
mod invocations;
mod lists;
mod parameters;
mod updates;
mod wire;

use crate::test_client::{Answer, Bench, REGISTRY, ROLE, here};
use serde_json::{Value, json};

const FUNCTIONS: &str = "/2015-03-31/functions";
const NONE: Value = Value::Null;

fn update_code(bench: &Bench, name: &str, body: &Value) -> Answer {
    bench.call("PUT", &format!("{FUNCTIONS}/{name}/code"), body)
}

fn publish(bench: &Bench, name: &str, body: &Value) -> Answer {
    bench.call("POST", &format!("{FUNCTIONS}/{name}/versions"), body)
}
