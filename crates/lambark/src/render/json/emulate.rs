//! `lambark.emulate/v1`.

use std::io::{self, Write};

use lambark_twin::Settings;
use serde_json::json;

/// Writes where the twin at `url` listens: one document, as soon as it does.
///
/// # Errors
/// When `out` fails.
pub fn emulate(out: &mut dyn Write, url: &str, settings: &Settings) -> io::Result<()> {
    super::document(
        out,
        &json!({
            "schema": "lambark.emulate/v1",
            "url": url,
            "account": settings.account,
            "region": settings.region,
            "data": settings.data,
            "settleMs": u64::try_from(settings.settle.as_millis()).unwrap_or(u64::MAX),
            "pessimistic": settings.pessimistic,
            "processId": std::process::id(),
        }),
    )
}
