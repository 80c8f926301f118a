//! `lambark.config/v1`.

use std::io::{self, Write};

use serde_json::json;

use crate::operations::settings::Outcome;

/// Writes what the file says and what is wrong with it.
///
/// # Errors
/// When `out` fails.
pub fn config(out: &mut dyn Write, outcome: &Outcome) -> io::Result<()> {
    let remarks = outcome
        .remarks
        .iter()
        .map(|remark| json!({ "service": remark.service, "wrong": remark.wrong, "text": remark.text }));
    super::document(
        out,
        &json!({
            "schema": "lambark.config/v1",
            "file": outcome.file,
            "config": outcome.config,
            "remarks": remarks.collect::<Vec<_>>(),
        }),
    )
}
