//! What to ask a token server for, and its answer.

use std::time::{Duration, Instant};

use lambark_oci::Reference;
use serde::Deserialize;

use lambark_oci::Secret;

/// How long a token lives whose server does not say: the least that the specification allows.
const DEFAULT_LIFE: Duration = Duration::from_secs(60);
/// Longest life that is believed. A process that runs longer asks again.
const MAX_LIFE: Duration = Duration::from_secs(60 * 60);
/// A token is not used in its last seconds: it would expire on the way.
const MARGIN: Duration = Duration::from_secs(5);

/// What a request does to which repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Access {
    /// The registry as the image name writes it.
    pub(crate) host: String,
    pub(crate) repository: String,
    pub(crate) push: bool,
    /// A second repository, read for a mount.
    pub(crate) mount_from: Option<String>,
}

impl Access {
    pub(crate) fn pull(reference: &Reference) -> Access {
        Access {
            host: reference.host().to_owned(),
            repository: reference.repository().to_owned(),
            push: false,
            mount_from: None,
        }
    }

    pub(crate) fn push(reference: &Reference) -> Access {
        Access { push: true, ..Access::pull(reference) }
    }

    /// The scopes to ask for.
    pub(crate) fn scopes(&self) -> Vec<String> {
        let actions = if self.push { "pull,push" } else { "pull" };
        let mut scopes = vec![format!("repository:{}:{actions}", self.repository)];
        if let Some(from) = self.mount_from.as_ref().filter(|from| **from != self.repository) {
            scopes.push(format!("repository:{from}:pull"));
        }
        scopes
    }
}

/// A token and when it ends.
#[derive(Clone, Debug)]
pub(crate) struct Token {
    pub(crate) secret: Secret,
    pub(crate) ends: Instant,
}

#[derive(Deserialize)]
struct Answer {
    #[serde(default)]
    token: Option<String>,
    #[serde(default)]
    access_token: Option<String>,
    #[serde(default)]
    expires_in: Option<u64>,
}

impl Token {
    /// Reads a token server's answer, received at `now`. Its own clock (`issued_at`) is not trusted.
    pub(crate) fn read(body: &[u8], now: Instant) -> Result<Token, &'static str> {
        let answer: Answer = serde_json::from_slice(body).map_err(|_| "its answer is not the expected JSON")?;
        let text = [answer.token, answer.access_token].into_iter().flatten().find(|text| !text.is_empty());
        let text = text.ok_or("its answer holds no token")?;
        if !text.bytes().all(|b| b.is_ascii_graphic()) {
            return Err("its token holds characters that no header can");
        }
        let life = answer.expires_in.map_or(DEFAULT_LIFE, Duration::from_secs).min(MAX_LIFE);
        Ok(Token { secret: Secret::from(text), ends: now + life })
    }

    pub(crate) fn is_usable(&self, now: Instant) -> bool {
        now + MARGIN < self.ends
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn scopes_name_what_is_done() {
        let reference: Reference = "r.example/team/app:v1".parse().unwrap();
        assert_eq!(Access::pull(&reference).scopes(), ["repository:team/app:pull"]);
        assert_eq!(Access::push(&reference).scopes(), ["repository:team/app:pull,push"]);
        let mount = Access { mount_from: Some("base".into()), ..Access::push(&reference) };
        assert_eq!(mount.scopes(), ["repository:team/app:pull,push", "repository:base:pull"]);
    }

    #[test]
    fn answers_of_token_servers() {
        let now = Instant::now();
        let read = |body: &str| Token::read(body.as_bytes(), now);
        let token = read(r#"{"token":"a","access_token":"b","expires_in":300}"#).unwrap();
        assert_eq!((token.secret.reveal(), token.ends), ("a", now + Duration::from_secs(300)));
        assert_eq!(read(r#"{"access_token":"b"}"#).unwrap().ends, now + DEFAULT_LIFE);
        assert_eq!(read(r#"{"token":"","access_token":"b"}"#).unwrap().secret.reveal(), "b");
        assert_eq!(read(r#"{"token":"a","expires_in":18446744073709551615}"#).unwrap().ends, now + MAX_LIFE);
        assert!(!read(r#"{"token":"a","expires_in":3}"#).unwrap().is_usable(now));
        for bad in
            ["", "{}", "[]", "<html>", r#"{"token":"a\nb"}"#, r#"{"token":""}"#, r#"{"token":"a","expires_in":-1}"#]
        {
            assert!(read(bad).is_err(), "{bad}");
        }
    }
}
