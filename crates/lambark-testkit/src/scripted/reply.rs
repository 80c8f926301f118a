//! Correct answers, before the script touches them.

use bytes::Bytes;

/// An answer in the making.
#[derive(Clone, Debug)]
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Bytes,
    /// The connection is cut in place of the answer.
    pub(super) cut: bool,
}

impl Reply {
    pub(super) fn new(status: u16) -> Reply {
        Reply { status, headers: Vec::new(), body: Bytes::new(), cut: false }
    }

    pub(super) fn cut() -> Reply {
        Reply { cut: true, ..Reply::new(0) }
    }

    pub(super) fn header(mut self, name: &str, value: impl Into<String>) -> Reply {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    pub(super) fn body(mut self, media_type: &str, body: impl Into<Bytes>) -> Reply {
        self.body = body.into();
        self.header("content-type", media_type)
    }

    pub(super) fn error(status: u16, code: &str, message: &str) -> Reply {
        let body = serde_json::json!({ "errors": [{ "code": code, "message": message, "detail": {} }] });
        Reply::new(status).body("application/json", body.to_string())
    }

    pub(super) fn set(&mut self, name: &str, value: Option<&str>) {
        self.headers.retain(|(key, _)| !key.eq_ignore_ascii_case(name));
        if let Some(value) = value {
            self.headers.push((name.to_ascii_lowercase(), value.to_owned()));
        }
    }

    /// A blob, whole or the part that `range` asks for.
    pub(super) fn of_bytes(bytes: &Bytes, range: Option<&str>) -> Reply {
        let total = bytes.len();
        let whole = || Reply::new(200).body("application/octet-stream", bytes.clone()).header("accept-ranges", "bytes");
        let Some((first, last)) = range.and_then(|text| text.strip_prefix("bytes=")?.split_once('-')) else {
            return whole();
        };
        let Ok(first) = first.parse::<usize>() else { return whole() };
        let last = last.parse::<usize>().unwrap_or(usize::MAX).min(total.saturating_sub(1));
        if first >= total || last < first {
            return Reply::new(416).header("content-range", format!("bytes */{total}"));
        }
        Reply::new(206)
            .body("application/octet-stream", bytes.slice(first..=last))
            .header("content-range", format!("bytes {first}-{last}/{total}"))
    }
}
