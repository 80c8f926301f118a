//! What can go wrong in the dialogue, and whose fault it is.

use std::fmt;
use std::time::Duration;

use lambark_oci::{Digest, DocumentError};
use reqwest::{Method, StatusCode, Url};
use serde::Deserialize;

use crate::auth::CredentialsError;
use crate::redirect::shown;

/// Most characters of an answer's text that an error message repeats.
const MAX_SHOWN_CHARS: usize = 400;
/// Most entries of a registry's error list that are kept.
const MAX_ERRORS: usize = 8;

/// A request as error messages name it: method and URL without its query, which may be a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exchange(Box<str>);

impl Exchange {
    pub(crate) fn new(method: &Method, url: &Url) -> Exchange {
        Exchange(format!("{method} {}", shown(url)).into())
    }
}

impl fmt::Display for Exchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One entry of a registry's error list, verbatim.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiError {
    /// The code, such as `MANIFEST_UNKNOWN`; empty if there was none.
    pub code: String,
    /// The message.
    pub message: String,
}

/// What a refusing answer said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Detail {
    /// The registry's own errors; empty if the body was none of the registry's JSON.
    pub errors: Vec<ApiError>,
    /// A summary of any other body.
    pub summary: String,
}

impl Detail {
    /// Reads an error body: the specification's JSON, Lambda's or a proxy's JSON, HTML, or text.
    pub(crate) fn read(body: &[u8]) -> Detail {
        #[derive(Deserialize)]
        struct Body {
            #[serde(default)]
            errors: Vec<Entry>,
        }
        #[derive(Deserialize)]
        struct Entry {
            #[serde(default)]
            code: Option<String>,
            #[serde(default)]
            message: Option<String>,
        }
        if let Ok(Body { errors }) = serde_json::from_slice::<Body>(body)
            && !errors.is_empty()
        {
            let keep = |text: Option<String>| one_line(&text.unwrap_or_default());
            let entries = errors.into_iter().take(MAX_ERRORS);
            let errors = entries.map(|e| ApiError { code: keep(e.code), message: keep(e.message) }).collect();
            return Detail { errors, summary: String::new() };
        }
        let text = String::from_utf8_lossy(body);
        let trimmed = text.trim_start();
        let summary = if trimmed.is_empty() {
            String::new()
        } else if trimmed.starts_with('<') {
            match html_title(trimmed) {
                Some(title) => format!("an HTML page titled `{title}`"),
                None => "an HTML page".to_owned(),
            }
        } else {
            one_line(trimmed)
        };
        Detail { errors: Vec::new(), summary }
    }

    pub(crate) fn has_code(&self, code: &str) -> bool {
        self.errors.iter().any(|error| error.code.eq_ignore_ascii_case(code))
    }

    /// Whether any text of it contains `needle`, which is lower-case.
    pub(crate) fn mentions(&self, needle: &str) -> bool {
        let in_errors = self.errors.iter().any(|error| error.message.to_ascii_lowercase().contains(needle));
        in_errors || self.summary.to_ascii_lowercase().contains(needle)
    }
}

impl fmt::Display for Detail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.errors.is_empty() {
            return f.write_str(if self.summary.is_empty() { "no further words" } else { &self.summary });
        }
        for (position, error) in self.errors.iter().enumerate() {
            let separator = if position == 0 { "" } else { "; " };
            match (error.code.as_str(), error.message.as_str()) {
                ("", message) => write!(f, "{separator}{message}")?,
                (code, "") => write!(f, "{separator}{code}")?,
                (code, message) => write!(f, "{separator}{code}: {message}")?,
            }
        }
        Ok(())
    }
}

/// Control characters become spaces (an answer must not write to the terminal), and length is bounded.
fn one_line(text: &str) -> String {
    let mut line: String = text.chars().take(MAX_SHOWN_CHARS).map(|c| if c.is_control() { ' ' } else { c }).collect();
    if text.chars().nth(MAX_SHOWN_CHARS).is_some() {
        line.push('…');
    }
    line.trim().to_owned()
}

fn html_title(html: &str) -> Option<String> {
    let lower = html.to_ascii_lowercase();
    let start = lower.find("<title>")? + "<title>".len();
    let end = start + lower.get(start..)?.find("</title>")?;
    let title = one_line(html.get(start..end)?);
    (!title.is_empty()).then_some(title)
}

/// Why the dialogue failed. Each variant's documentation says whose fault it is.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The user's settings: a CA bundle, a proxy URL.
    #[error("{what} is unusable: {reason}")]
    Options {
        /// Which setting, and where it comes from.
        what: Box<str>,
        /// What is wrong with it.
        reason: Box<str>,
    },
    /// The user's machine: a broken credentials file or helper program.
    #[error(transparent)]
    Credentials(#[from] CredentialsError),
    /// The network, a proxy, a name that does not exist, or TLS.
    #[error("{exchange}: {reason}")]
    Unreachable {
        /// The request.
        exchange: Exchange,
        /// What happened.
        reason: Box<str>,
        /// Whether the connection stood, and was cut before the answer was complete.
        cut: bool,
    },
    /// The registry, which accepted the connection and then went silent.
    #[error("{exchange}: no {what} within {} s", .after.as_secs_f32())]
    TimedOut {
        /// The request.
        exchange: Exchange,
        /// What was waited for.
        what: &'static str,
        /// How long.
        after: Duration,
    },
    /// The user's credentials: none known, expired or refused.
    #[error("{exchange}: not authorised: {reason}")]
    Unauthorized {
        /// The request.
        exchange: Exchange,
        /// What is missing or what the registry said.
        reason: Box<str>,
    },
    /// The user's permissions (HTTP 403).
    #[error("{exchange}: denied: {detail}{}", if *.hint { " (on a manifest write ECR also answers so when the repository holds as many images as its quota allows: then it is no credential fault)" } else { "" })]
    Forbidden {
        /// The request.
        exchange: Exchange,
        /// What the registry said.
        detail: Box<Detail>,
        /// Whether ECR's images-per-repository quota may be the cause.
        hint: bool,
    },
    /// The name: no such repository, manifest or blob (HTTP 404).
    #[error("{exchange}: not found: {detail}")]
    NotFound {
        /// The request.
        exchange: Exchange,
        /// What the registry said.
        detail: Box<Detail>,
    },
    /// Nobody in particular: too many requests, for longer than is waited.
    #[error("{exchange}: too many requests: {detail}{}", ask(*.retry_after))]
    RateLimited {
        /// The request.
        exchange: Exchange,
        /// What the registry said.
        detail: Box<Detail>,
        /// The wait that the registry asked for.
        retry_after: Option<Duration>,
    },
    /// The registry: any other refusal.
    #[error("{exchange}: HTTP {status}: {detail}")]
    Status {
        /// The request.
        exchange: Exchange,
        /// The answer's status.
        status: StatusCode,
        /// What the registry said.
        detail: Box<Detail>,
    },
    /// The registry or a proxy: a redirect that is not followed.
    #[error("{exchange}: redirect not followed: {reason}")]
    Redirect {
        /// The request that was answered by it.
        exchange: Exchange,
        /// Why not.
        reason: Box<str>,
    },
    /// The registry: an answer that breaks the protocol.
    #[error("{exchange}: {reason}")]
    Protocol {
        /// The request.
        exchange: Exchange,
        /// How it breaks it.
        reason: Box<str>,
    },
    /// The registry or its storage: other bytes than the digest says.
    #[error("{exchange}: the bytes have the digest {actual}, not {expected}")]
    DigestMismatch {
        /// The request.
        exchange: Exchange,
        /// The digest asked for.
        expected: Box<Digest>,
        /// The digest of what came.
        actual: Box<Digest>,
    },
    /// The registry, or the manifest that named the size.
    #[error("{exchange}: {} bytes came, {expected} were declared", more(*.actual, *.expected))]
    SizeMismatch {
        /// The request.
        exchange: Exchange,
        /// The size declared, in bytes.
        expected: u64,
        /// How many bytes came at least.
        actual: u64,
    },
    /// The registry: a body larger than is read.
    #[error("{exchange}: the answer is larger than the {limit} bytes that are read")]
    TooLarge {
        /// The request.
        exchange: Exchange,
        /// The limit in bytes.
        limit: u64,
    },
    /// Whoever wrote the manifest, or a proxy that answered in the registry's place.
    #[error("{exchange}: {source}")]
    Document {
        /// The request.
        exchange: Exchange,
        /// Why it cannot be judged.
        source: Box<DocumentError>,
    },
    /// Nobody: the repository's tags are immutable and this one exists.
    #[error("{exchange}: the tag `{tag}` exists and is immutable: {detail}")]
    ImmutableTag {
        /// The request.
        exchange: Exchange,
        /// The tag.
        tag: Box<str>,
        /// What the registry said.
        detail: Box<Detail>,
    },
    /// The account: the repository holds as many images as its quota allows.
    #[error("{exchange}: the repository's image quota is reached (no credential fault): {detail}")]
    ImageQuota {
        /// The request.
        exchange: Exchange,
        /// What the registry said.
        detail: Box<Detail>,
    },
    /// Most likely the name: ECR cuts the connection when an upload starts in a repository that does not exist.
    #[error("{exchange}: the registry cut the connection ({reason}); ECR does so when the repository does not exist")]
    UploadCut {
        /// The request.
        exchange: Exchange,
        /// What the network said.
        reason: Box<str>,
    },
    /// The caller: the reader that feeds an upload failed.
    #[error("{exchange}: reading what was to be sent: {source}")]
    Source {
        /// The request that it fed.
        exchange: Exchange,
        /// The reader's error.
        source: std::io::Error,
    },
}

fn ask(retry_after: Option<Duration>) -> String {
    retry_after.map_or_else(String::new, |wait| format!(" (asks to come back in {} s)", wait.as_secs()))
}

fn more(actual: u64, expected: u64) -> String {
    if actual > expected { format!("at least {actual}") } else { actual.to_string() }
}

impl Error {
    /// Whether the thing asked for does not exist.
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        matches!(self, Error::NotFound { .. })
    }

    /// Whether credentials or permissions are at fault.
    #[must_use]
    pub fn is_auth(&self) -> bool {
        matches!(self, Error::Unauthorized { .. } | Error::Forbidden { .. } | Error::Credentials(_))
    }

    /// Whether what came contradicts its digest, size or format, so that it says something about the image and not
    /// about the way to it.
    #[must_use]
    pub fn is_content(&self) -> bool {
        matches!(self, Error::DigestMismatch { .. } | Error::SizeMismatch { .. } | Error::Document { .. })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn registry_errors_are_kept_verbatim() {
        let body = br#"{"errors":[{"code":"TAG_INVALID","message":"The image tag 'v1' is immutable.","detail":{}},{"code":"X"}]}"#;
        let detail = Detail::read(body);
        assert_eq!(detail.to_string(), "TAG_INVALID: The image tag 'v1' is immutable.; X");
        assert!(detail.has_code("tag_invalid") && detail.mentions("immutable"));
    }

    #[test]
    fn other_bodies_are_summarised() {
        for (body, expected) in [
            ("<html><head><Title>502 Bad Gateway</Title></head></html>", "an HTML page titled `502 Bad Gateway`"),
            ("<!doctype html><p>", "an HTML page"),
            ("", "no further words"),
            ("  \r\n", "no further words"),
            ("plain\x1b[31m words\n", "plain [31m words"),
            ("{\"errors\":[]}", "{\"errors\":[]}"),
            ("{\"errors\":[{\"message\":\"m\"}]}", "m"),
        ] {
            assert_eq!(Detail::read(body.as_bytes()).to_string(), expected, "{body}");
        }
        assert!(Detail::read("x".repeat(100_000).as_bytes()).to_string().chars().count() <= MAX_SHOWN_CHARS + 1);
        assert!(Detail::read("<title>ÄÖ\u{130}</title>".as_bytes()).to_string().contains("ÄÖ"));
    }
}
