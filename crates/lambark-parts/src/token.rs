//! The token server that stands beside a registry with Bearer authentication.
//!
//! Anyone may pull; `user:pass` may push as well; other credentials get 401. Tokens are JWTs signed with ES256, as
//! Docker's registry wants them.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use serde_json::{Value, json};

use crate::certificate::Certificate;

/// Docker's registry forgives a token this long after its end; subtracted, so that a lifetime means what it says.
const LEEWAY: u64 = 60;

/// A request head longer than this is nobody's we know.
const MAX_HEAD: u64 = 16 * 1024;

struct State {
    key: EcdsaKeyPair,
    random: SystemRandom,
    certificate: String,
    lifetime: AtomicU64,
    issued: AtomicU64,
    stop: AtomicBool,
}

/// A running token server.
pub(crate) struct TokenServer {
    address: SocketAddr,
    state: Arc<State>,
}

impl TokenServer {
    /// Starts to listen on a free loopback port.
    pub(crate) fn start(certificate: &Certificate) -> Result<TokenServer, Box<dyn std::error::Error>> {
        let random = SystemRandom::new();
        let key = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &certificate.key, &random)
            .map_err(|error| error.to_string())?;
        let state = Arc::new(State {
            key,
            random,
            certificate: STANDARD.encode(&certificate.der),
            lifetime: AtomicU64::new(300),
            issued: AtomicU64::new(0),
            stop: AtomicBool::new(false),
        });
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        let address = listener.local_addr()?;
        let shared = Arc::clone(&state);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if shared.stop.load(Ordering::Relaxed) {
                    return;
                }
                let state = Arc::clone(&shared);
                std::thread::spawn(move || answer(&stream, &state));
            }
        });
        Ok(TokenServer { address, state })
    }

    pub(crate) fn realm(&self) -> String {
        format!("http://{}/token", self.address)
    }

    pub(crate) fn set_lifetime(&self, seconds: u64) {
        self.state.lifetime.store(seconds, Ordering::Relaxed);
    }

    pub(crate) fn issued(&self) -> u64 {
        self.state.issued.load(Ordering::Relaxed)
    }
}

impl Drop for TokenServer {
    fn drop(&mut self) {
        self.state.stop.store(true, Ordering::Relaxed);
        // Wakes the accepting thread, which then looks at the flag.
        let _ = TcpStream::connect(self.address);
    }
}

/// Answers one request and closes. Whoever breaks off early is no concern of a test's token server.
fn answer(stream: &TcpStream, state: &State) {
    let _ = stream.set_read_timeout(Some(Duration::from_secs(10)));
    let Some((target, user)) = read_head(stream) else {
        return;
    };
    let body = match user.as_str() {
        "" | "user:pass" => state.token(&target, !user.is_empty()),
        _ => None,
    };
    let (status, body) = match body {
        Some(body) => {
            state.issued.fetch_add(1, Ordering::Relaxed);
            ("200 OK", body.to_string())
        }
        None => ("401 Unauthorized", String::new()),
    };
    let length = body.len();
    let mut stream = stream;
    let _ = write!(
        stream,
        "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}"
    );
}

/// Reads a request's head: its target and the `user:password` of Basic authentication, empty without one.
fn read_head(stream: &TcpStream) -> Option<(String, String)> {
    let mut lines = BufReader::new(stream.take(MAX_HEAD)).lines();
    let target = lines.next()?.ok()?.split(' ').nth(1)?.to_owned();
    let mut user = String::new();
    for line in lines {
        let line = line.ok()?;
        if line.is_empty() {
            break;
        }
        let Some((name, value)) = line.split_once(':') else {
            continue;
        };
        if name.eq_ignore_ascii_case("authorization") {
            let basic = value.trim().strip_prefix("Basic ")?;
            user = String::from_utf8(STANDARD.decode(basic).ok()?).ok()?;
        }
    }
    Some((target, user))
}

impl State {
    /// The answer for a request's `scope` and `service` parameters.
    fn token(&self, target: &str, may_push: bool) -> Option<Value> {
        let query = target.split_once('?').map_or("", |(_, query)| query);
        let parameter = |name: &str| {
            query
                .split('&')
                .filter_map(|pair| pair.split_once('='))
                .filter(|(key, _)| *key == name)
                .map(|(_, value)| unescape(value))
                .collect::<Vec<_>>()
        };
        let access: Vec<Value> = parameter("scope")
            .iter()
            .flat_map(|scope| scope.split(' '))
            .filter_map(|scope| grant(scope, may_push))
            .collect();
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).ok()?.as_secs();
        let lifetime = self.lifetime.load(Ordering::Relaxed);
        let claims = json!({
            "iss": "iss", "sub": if may_push { "user" } else { "" }, "aud": parameter("service").first()?,
            "exp": now + lifetime - LEEWAY.min(lifetime + now), "nbf": now - 10, "iat": now,
            "jti": format!("{now}-{}", self.issued.load(Ordering::Relaxed)), "access": access,
        });
        let head = json!({"typ": "JWT", "alg": "ES256", "x5c": [self.certificate]});
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let signed = format!("{}.{}", part(&head), part(&claims));
        let signature = self.key.sign(&self.random, signed.as_bytes()).ok()?;
        let token = format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature));
        Some(json!({"token": token, "access_token": token, "expires_in": lifetime}))
    }
}

/// What a scope such as `repository:app:pull,push` is granted.
fn grant(scope: &str, may_push: bool) -> Option<Value> {
    let (kind, rest) = scope.split_once(':')?;
    let (name, actions) = rest.rsplit_once(':')?;
    let granted: Vec<&str> = actions.split(',').filter(|action| may_push || *action == "pull").collect();
    Some(json!({"type": kind, "name": name, "actions": granted}))
}

/// Undoes percent-encoding and `+`; a broken escape stays as it is.
fn unescape(text: &str) -> String {
    let bytes = text.replace('+', " ").into_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut i = 0;
    while let Some(&byte) = bytes.get(i) {
        let hex = bytes.get(i + 1..i + 3).and_then(|hex| std::str::from_utf8(hex).ok());
        match hex.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(value) if byte == b'%' => {
                out.push(value);
                i += 3;
            }
            _ => {
                out.push(byte);
                i += 1;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_undone() {
        assert_eq!(unescape("repository%3Aa%2Fb%3Apull+x"), "repository:a/b:pull x");
        assert_eq!(unescape("100%"), "100%");
        assert_eq!(unescape("%zz"), "%zz");
    }

    #[test]
    fn anonymous_gets_pull_only() {
        let granted = grant("repository:team/app:pull,push", false);
        assert_eq!(granted, Some(json!({"type": "repository", "name": "team/app", "actions": ["pull"]})));
        assert_eq!(grant("nonsense", true), None);
    }
}
