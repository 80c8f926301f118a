//! What a client has learnt about whom: schemes, credentials, tokens.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use lambark_oci::EcrHost;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use reqwest::{Method, Url};

use super::token::Token;
use super::{Access, Challenge, Credential, Credentials};
use crate::error::{Error, Exchange};
use crate::redirect::is_loopback;
use crate::traffic::Kind;
use crate::transport::{Call, Transport};
use lambark_oci::Secret;

/// Most bytes of a token server's answer that are read.
const MAX_TOKEN_BYTES: u64 = 256 * 1024;

type Slot = Arc<tokio::sync::Mutex<Option<Token>>>;

/// How a registry wants to be addressed.
#[derive(Clone, Debug)]
enum Scheme {
    Basic,
    Bearer { realm: Url, service: Option<String> },
}

/// One client's memory of authentication.
pub(crate) struct Session {
    source: Arc<dyn Credentials>,
    found: tokio::sync::Mutex<HashMap<(String, String), Option<Credential>>>,
    schemes: Mutex<HashMap<String, Scheme>>,
    tokens: Mutex<HashMap<(String, String), Slot>>,
}

impl Session {
    pub(crate) fn new(source: Arc<dyn Credentials>) -> Session {
        Session { source, found: tokio::sync::Mutex::default(), schemes: Mutex::default(), tokens: Mutex::default() }
    }

    /// The `Authorization` to send before the registry asked for any: what it asked for last time; Basic at once to
    /// ECR, which takes nothing else; otherwise nothing.
    pub(crate) async fn header(&self, transport: &Transport, access: &Access) -> Result<Option<HeaderValue>, Error> {
        let scheme = self.schemes.lock().unwrap_or_else(PoisonError::into_inner).get(&access.host).cloned();
        match scheme {
            Some(Scheme::Bearer { realm, service }) => match self.credential(access).await? {
                Some(Credential::Bearer(token)) => Ok(Some(bearer(&token))),
                _ => self.token(transport, access, &realm, service.as_deref(), None, &[]).await.map(Some),
            },
            Some(Scheme::Basic) => Ok(self.credential(access).await?.as_ref().and_then(basic)),
            None if EcrHost::parse(&access.host).is_some() => {
                Ok(self.credential(access).await?.as_ref().and_then(basic))
            }
            None => Ok(None),
        }
    }

    /// The `Authorization` that answers a 401's challenges; `None` if what was sent already is all there is.
    pub(crate) async fn answer(
        &self,
        transport: &Transport,
        access: &Access,
        exchange: &Exchange,
        challenges: &[Challenge],
        sent: Option<&HeaderValue>,
    ) -> Result<Option<HeaderValue>, Error> {
        let refuse = |reason: String| Error::Unauthorized { exchange: exchange.clone(), reason: reason.into() };
        if let Some(challenge) = challenges.iter().find(|challenge| challenge.scheme == "bearer") {
            if let Some(Credential::Bearer(token)) = self.credential(access).await? {
                let header = bearer(&token);
                return Ok((sent != Some(&header)).then_some(header));
            }
            let realm = challenge.parameter("realm").and_then(|realm| Url::parse(realm).ok());
            let realm = realm.ok_or_else(|| refuse("the registry's challenge names no token server".to_owned()))?;
            let service = challenge.parameter("service").map(str::to_owned);
            self.learn(access, Scheme::Bearer { realm: realm.clone(), service: service.clone() });
            let asked: Vec<&str> = challenge.parameter("scope").unwrap_or_default().split_whitespace().collect();
            return self.token(transport, access, &realm, service.as_deref(), sent, &asked).await.map(Some);
        }
        if challenges.iter().any(|challenge| challenge.scheme == "basic") {
            self.learn(access, Scheme::Basic);
            let header = match self.credential(access).await? {
                Some(credential) => basic(&credential)
                    .ok_or_else(|| refuse("the registry wants a password, the stored credential is a token".into()))?,
                None => return Err(refuse(self.nothing_known(&access.host))),
            };
            return Ok((sent != Some(&header)).then_some(header));
        }
        let schemes: Vec<&str> = challenges.iter().map(|challenge| challenge.scheme.as_str()).collect();
        Err(refuse(match schemes.as_slice() {
            [] => "the registry wants credentials and does not say of what kind".to_owned(),
            some => format!("the registry wants {}, which lambark does not speak", some.join(" or ")),
        }))
    }

    fn learn(&self, access: &Access, scheme: Scheme) {
        self.schemes.lock().unwrap_or_else(PoisonError::into_inner).insert(access.host.clone(), scheme);
    }

    fn nothing_known(&self, host: &str) -> String {
        let searched = self.source.searched();
        let searched = if searched.is_empty() { String::new() } else { format!(" (searched: {searched})") };
        format!("no credentials known for {host}{searched}")
    }

    async fn credential(&self, access: &Access) -> Result<Option<Credential>, Error> {
        let key = (access.host.clone(), access.repository.clone());
        // Held across the search: two requests that start together must not run a helper program twice.
        let mut found = self.found.lock().await;
        if let Some(known) = found.get(&key) {
            return Ok(known.clone());
        }
        let credential = self.source.find(&access.host, &access.repository).await?;
        found.insert(key, credential.clone());
        Ok(credential)
    }

    /// A token for `access`, from memory unless it is the one that was just rejected.
    async fn token(
        &self,
        transport: &Transport,
        access: &Access,
        realm: &Url,
        service: Option<&str>,
        rejected: Option<&HeaderValue>,
        asked: &[&str],
    ) -> Result<HeaderValue, Error> {
        let mut scopes = access.scopes();
        let key = (access.host.clone(), scopes.join(" "));
        let slot = self.tokens.lock().unwrap_or_else(PoisonError::into_inner).entry(key).or_default().clone();
        // Held across the exchange: requests that start together share one token.
        let mut slot = slot.lock().await;
        if let Some(token) = slot.as_ref().filter(|token| token.is_usable(Instant::now())) {
            let header = bearer(&token.secret);
            if rejected != Some(&header) {
                return Ok(header);
            }
        }
        for scope in asked {
            if !scopes.iter().any(|own| own == scope) {
                scopes.push((*scope).to_owned());
            }
        }
        let credential = self.credential(access).await?;
        let token = self.exchange(transport, access, realm, service, &scopes, credential.as_ref()).await?;
        let header = bearer(&token.secret);
        *slot = Some(token);
        Ok(header)
    }

    async fn exchange(
        &self,
        transport: &Transport,
        access: &Access,
        realm: &Url,
        service: Option<&str>,
        scopes: &[String],
        credential: Option<&Credential>,
    ) -> Result<Token, Error> {
        let exchange = Exchange::new(&Method::GET, realm);
        let refuse = |reason: &str| Error::Unauthorized { exchange: exchange.clone(), reason: reason.into() };
        check_realm(&transport.base(&access.host)?, realm, credential.is_some()).map_err(refuse)?;
        let (call, header) = match credential {
            Some(Credential::IdentityToken(secret)) => (refresh(access, realm, service, scopes, secret), None),
            other => (query(access, realm, service, scopes), other.and_then(basic)),
        };
        let body = transport.ask_token_server(&call, header.as_ref(), MAX_TOKEN_BYTES).await;
        let body = body.map_err(|error| match error {
            Error::Unauthorized { exchange, reason } if credential.is_none() => Error::Unauthorized {
                exchange,
                reason: format!("{reason}; {}", self.nothing_known(&access.host)).into(),
            },
            other => other,
        })?;
        Token::read(&body, Instant::now()).map_err(refuse)
    }
}

/// Whether a token server may be asked at all, and told credentials.
fn check_realm(registry: &Url, realm: &Url, with_credentials: bool) -> Result<(), &'static str> {
    match realm.scheme() {
        "https" => Ok(()),
        "http" if is_loopback(realm) => Ok(()),
        "http" if registry.scheme() == "http" && (!with_credentials || registry.host() == realm.host()) => Ok(()),
        "http" => Err("the registry names a token server without TLS: no credentials are sent there"),
        _ => Err("the registry names a token server that is neither http nor https"),
    }
}

fn query(access: &Access, realm: &Url, service: Option<&str>, scopes: &[String]) -> Call {
    let mut url = realm.clone();
    {
        let mut pairs = url.query_pairs_mut();
        if let Some(service) = service {
            pairs.append_pair("service", service);
        }
        for scope in scopes {
            pairs.append_pair("scope", scope);
        }
    }
    Call { method: Method::GET, url, headers: HeaderMap::new(), body: None, access: access.clone(), kind: Kind::Auth }
}

/// The OAuth2 form of the exchange, for refresh tokens.
fn refresh(access: &Access, realm: &Url, service: Option<&str>, scopes: &[String], secret: &Secret) -> Call {
    let mut form = url::form_urlencoded::Serializer::new(String::new());
    form.append_pair("grant_type", "refresh_token").append_pair("client_id", "lambark");
    form.append_pair("service", service.unwrap_or_default()).append_pair("scope", &scopes.join(" "));
    let body = form.append_pair("refresh_token", secret.reveal()).finish();
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded"));
    Call {
        method: Method::POST,
        url: realm.clone(),
        headers,
        body: Some(Bytes::from(body)),
        access: access.clone(),
        kind: Kind::Auth,
    }
}

fn basic(credential: &Credential) -> Option<HeaderValue> {
    let Credential::Basic { username, password } = credential else { return None };
    sensitive(&format!("Basic {}", STANDARD.encode(format!("{username}:{}", password.reveal()))))
}

fn bearer(token: &Secret) -> HeaderValue {
    // A token that no header can hold is refused when it is read; one from a file cannot be sent and gives a 401.
    sensitive(&format!("Bearer {}", token.reveal())).unwrap_or_else(|| HeaderValue::from_static("Bearer"))
}

fn sensitive(text: &str) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_str(text).ok()?;
    value.set_sensitive(true);
    Some(value)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn credentials_never_go_to_a_token_server_in_the_clear() {
        for (registry, realm, with, without) in [
            ("https://r.example/", "https://auth.example/token", true, true),
            ("https://r.example/", "http://auth.example/token", false, false),
            ("https://r.example/", "http://r.example/token", false, false),
            ("https://r.example/", "http://127.0.0.1:1/token", true, true),
            ("http://r.example/", "http://auth.example/token", false, true),
            ("http://r.example/", "http://r.example:81/token", true, true),
            ("http://r.example/", "file:///token", false, false),
        ] {
            let check = |credentials| check_realm(&registry.parse().unwrap(), &realm.parse().unwrap(), credentials);
            assert_eq!((check(true).is_ok(), check(false).is_ok()), (with, without), "{registry} {realm}");
        }
    }

    #[test]
    fn authorization_values_are_marked_as_secret() {
        let credential = Credential::Basic { username: "AWS".into(), password: Secret::new("tok") };
        let header = basic(&credential).unwrap();
        assert_eq!(header.to_str().unwrap(), "Basic QVdTOnRvaw==");
        assert!(header.is_sensitive() && bearer(&Secret::new("x")).is_sensitive());
        assert!(!format!("{header:?} {credential:?}").contains("tok"));
    }
}
