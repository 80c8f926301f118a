//! `lambark.policy/v1`.

use std::io::{self, Write};

use serde_json::{Value, json};

use crate::operations::policy::Outcome;
use crate::operations::policy::needs::Statement;

/// Writes a policy and what each action of it is for.
///
/// # Errors
/// When `out` fails.
pub fn policy(out: &mut dyn Write, outcome: &Outcome) -> io::Result<()> {
    let needs = outcome.needs.iter().map(|need| {
        json!({
            "action": need.action,
            "statement": need.statement.sid(),
            "optional": need.statement == Statement::Optional,
            "for": need.why,
        })
    });
    super::document(
        out,
        &json!({
            "schema": "lambark.policy/v1",
            "subject": outcome.subject.word(),
            "document": outcome.document,
            "needs": needs.collect::<Vec<Value>>(),
        }),
    )
}
