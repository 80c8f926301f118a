//! The client that the operations hang on.

use std::sync::Arc;

use bytes::Bytes;
use lambark_oci::Reference;
use reqwest::header::{HeaderMap, HeaderValue};
use reqwest::{Method, Url};

use crate::auth::Access;
use crate::config::Options;
use crate::error::{Error, Exchange};
use crate::traffic::{Kind, Traffic};
use crate::transport::{Call, Transport};

/// A client of registries: one connection pool, one memory of tokens, one count of traffic. Clones share all three.
///
/// Every operation takes a [`Reference`] for its host and repository; which manifest or blob is meant is said
/// separately, so that the reference's own tag and digest play no part.
#[derive(Clone)]
pub struct Client {
    pub(crate) transport: Arc<Transport>,
}

impl Client {
    /// A client that behaves as `options` say.
    ///
    /// # Errors
    /// [`Error::Options`] when a CA bundle or a proxy URL is unusable.
    pub fn new(options: Options) -> Result<Client, Error> {
        Ok(Client { transport: Arc::new(Transport::new(options)?) })
    }

    /// What this client and its clones sent and received so far.
    #[must_use]
    pub fn traffic(&self) -> Traffic {
        self.transport.counters().snapshot()
    }

    /// Says that the registry which names call `host` is spoken to at `address` (`http://127.0.0.1:4510`): an emulator
    /// of it. Everything else, credentials above all, goes by its name.
    ///
    /// # Errors
    /// [`Error::Options`] when the address is no URL of HTTP.
    pub fn set_address(&self, host: &str, address: &str) -> Result<(), Error> {
        let unusable = || Error::Options {
            what: format!("the address of the registry {host}").into(),
            reason: "it is no URL".into(),
        };
        let url = Url::parse(address).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
        let mut url = url.ok_or_else(unusable)?;
        // What else a URL may hold (a password, a path) is no part of a registry's address.
        url.set_username("").and_then(|()| url.set_password(None)).map_err(|()| unusable())?;
        url.set_path("/");
        url.set_query(None);
        url.set_fragment(None);
        self.transport.set_address(host, url);
        Ok(())
    }

    /// `…/v2/REPOSITORY/REST`. Repository names, digests and tags hold no character that a path must escape.
    pub(crate) fn url(&self, repository: &Reference, rest: &str) -> Result<Url, Error> {
        let base = self.transport.base(repository.host())?;
        let mut url = base;
        url.set_path(&format!("/v2/{}/{rest}", repository.repository()));
        Ok(url)
    }

    pub(crate) fn call(&self, method: Method, url: Url, access: Access, kind: Kind) -> Call {
        Call { method, url, headers: HeaderMap::new(), body: None, access, kind }
    }
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client").field("traffic", &self.traffic()).finish_non_exhaustive()
    }
}

impl Call {
    pub(crate) fn with_header(mut self, name: reqwest::header::HeaderName, value: HeaderValue) -> Call {
        self.headers.insert(name, value);
        self
    }

    pub(crate) fn with_body(mut self, body: Bytes) -> Call {
        self.body = Some(body);
        self
    }

    pub(crate) fn exchange(&self) -> Exchange {
        Exchange::new(&self.method, &self.url)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use lambark_oci::{Digest, MediaType, Target};

    fn sendable<T: Send>(_: &T) {}

    #[test]
    fn every_operation_can_be_spawned() {
        let client = Client::new(Options::default()).unwrap();
        let reference: Reference = "r.example/a".parse().unwrap();
        let (digest, target) = (Digest::of(b""), Target::Tag("t".into()));
        sendable(&client.manifest(&reference, &target, None));
        sendable(&client.put_manifest(&reference, &target, &MediaType::new("a/b"), Bytes::new()));
        sendable(&client.blob(&reference, &digest, None));
        sendable(&client.blob_range(&reference, &digest, 0, 1));
        sendable(&client.mount(&reference, &digest, "b"));
        let source: crate::Source = Arc::new(|| Ok(Box::new(std::io::empty())));
        sendable(&client.upload_known(&reference, &digest, 0, &source, None));
        sendable(&client.upload_unknown(&reference, &source));
        sendable(&client.referrers(&reference, &digest, None));
    }

    #[test]
    fn an_emulator_stands_in_for_a_registry() {
        let client = Client::new(Options::default()).unwrap();
        let host = "123456789012.dkr.ecr.us-east-1.amazonaws.com";
        client.set_address(host, "http://user:word@127.0.0.1:4510/x?y#z").unwrap();
        let url = client.url(&format!("{host}/a/b").parse().unwrap(), "tags").unwrap();
        assert_eq!(url.as_str(), "http://127.0.0.1:4510/v2/a/b/tags");
        for bad in ["", "ftp://h", "not a url"] {
            assert!(matches!(client.set_address(host, bad), Err(Error::Options { .. })), "{bad}");
        }
    }

    #[test]
    fn docker_hub_lies_elsewhere_and_this_machine_speaks_plain_http() {
        let options = Options { plain_http: ["r.example:80".to_owned()].into(), ..Options::default() };
        let client = Client::new(options).unwrap();
        for (reference, url) in [
            ("docker.io/library/x", "https://registry-1.docker.io/v2/library/x/tags"),
            ("r.example/a/b", "https://r.example/v2/a/b/tags"),
            ("r.example:80/a", "http://r.example/v2/a/tags"),
            ("localhost:5000/a", "http://localhost:5000/v2/a/tags"),
            ("127.0.0.1:5000/a", "http://127.0.0.1:5000/v2/a/tags"),
            ("[::1]:5000/a", "http://[::1]:5000/v2/a/tags"),
        ] {
            assert_eq!(client.url(&reference.parse().unwrap(), "tags").unwrap().as_str(), url, "{reference}");
        }
    }
}
