//! TLS: one provider, and where the roots of trust come from.

use std::sync::{Once, OnceLock};
use std::time::Duration;

use reqwest::{Certificate, ClientBuilder, NoProxy, Proxy, Url};

use crate::config::{CaBundle, Options, ProxySettings};
use crate::error::Error;
use lambark_oci::Secret;

/// Hosts that no proxy ever sees.
const NEVER_PROXIED: &str = "localhost,127.0.0.0/8,::1";

/// Makes `ring` the process's TLS provider, if none is installed yet. [`Client::new`](crate::Client::new) calls it;
/// a binary that uses TLS in other ways too calls it first thing.
pub fn install_provider() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // An error means that somebody installed one before, which is what is wanted.
        rustls::crypto::ring::default_provider().install_default().ok();
    });
}

/// The HTTP clients of a registry client. The roots of trust are read from the disk when TLS is first spoken: a registry
/// on this machine needs none of the hundreds.
pub(crate) struct Clients {
    plain: reqwest::Client,
    secure: OnceLock<reqwest::Client>,
    settings: Settings,
}

impl Clients {
    /// # Errors
    /// [`Error::Options`] when a certificate or a proxy is unusable.
    pub(crate) fn new(options: &Options) -> Result<Clients, Error> {
        let settings = Settings::new(options)?;
        Ok(Clients { plain: settings.client(Roots::None)?, secure: OnceLock::new(), settings })
    }

    /// The client for an address.
    ///
    /// # Errors
    /// [`Error::Options`] when TLS cannot be spoken at all.
    pub(crate) fn to(&self, url: &Url) -> Result<&reqwest::Client, Error> {
        // A proxy may itself speak TLS.
        if url.scheme() == "http" && self.settings.proxy.http.is_none() {
            return Ok(&self.plain);
        }
        if let Some(client) = self.secure.get() {
            return Ok(client);
        }
        let client = self.settings.secure()?;
        Ok(self.secure.get_or_init(|| client))
    }
}

/// A client for whoever else sends requests by the same settings: it neither follows redirects, nor repeats a request,
/// nor reads the environment.
///
/// # Errors
/// [`Error::Options`] when a certificate or a proxy is unusable.
pub fn http_client(options: &Options) -> Result<reqwest::Client, Error> {
    Settings::new(options)?.secure()
}

/// What a client is made from.
struct Settings {
    certificates: Vec<Certificate>,
    proxy: ProxySettings,
    user_agent: String,
    connect_timeout: Duration,
}

impl Settings {
    fn new(options: &Options) -> Result<Settings, Error> {
        install_provider();
        let mut certificates = Vec::new();
        for bundle in &options.ca_certificates {
            certificates.extend(read_bundle(bundle)?);
        }
        Ok(Settings {
            certificates,
            proxy: options.proxy.clone(),
            user_agent: options.user_agent.clone(),
            connect_timeout: options.timeouts.connect,
        })
    }

    fn secure(&self) -> Result<reqwest::Client, Error> {
        // A container without a CA bundle has no platform roots at all.
        self.client(Roots::Platform).or_else(|_| self.client(Roots::BuiltIn))
    }

    fn client(&self, roots: Roots) -> Result<reqwest::Client, Error> {
        let mut builder = with_proxies(reqwest::Client::builder(), &self.proxy)?
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .user_agent(self.user_agent.clone())
            .connect_timeout(self.connect_timeout)
            .pool_idle_timeout(Duration::from_secs(30));
        builder = match roots {
            Roots::Platform => builder.tls_certs_merge(self.certificates.clone()),
            Roots::BuiltIn => {
                let ders = webpki_root_certs::TLS_SERVER_ROOT_CERTS.iter();
                let known = ders.filter_map(|der| Certificate::from_der(der).ok());
                builder.tls_certs_only(known.chain(self.certificates.clone()))
            }
            Roots::None => builder.tls_certs_only([]),
        };
        builder.build().map_err(|error| unusable("the TLS set-up", &error.to_string()))
    }
}

#[derive(Clone, Copy)]
enum Roots {
    Platform,
    BuiltIn,
    /// Nobody is trusted: for plain HTTP alone.
    None,
}

fn read_bundle(bundle: &CaBundle) -> Result<Vec<Certificate>, Error> {
    let what = format!("the CA certificate {}", bundle.origin);
    let certificates =
        Certificate::from_pem_bundle(&bundle.pem).map_err(|_| unusable(&what, "it is no PEM certificate"))?;
    if certificates.is_empty() { Err(unusable(&what, "it holds no PEM certificate")) } else { Ok(certificates) }
}

fn with_proxies(builder: ClientBuilder, settings: &ProxySettings) -> Result<ClientBuilder, Error> {
    let mut builder = builder.no_proxy();
    let exceptions = match settings.no_proxy.as_deref() {
        Some(list) if !list.trim().is_empty() => format!("{NEVER_PROXIED},{list}"),
        _ => NEVER_PROXIED.to_owned(),
    };
    type Make = fn(String) -> reqwest::Result<Proxy>;
    let kinds: [(&str, &Option<Secret>, Make); 2] = [
        ("HTTP_PROXY", &settings.http, |url| Proxy::http(url)),
        ("HTTPS_PROXY", &settings.https, |url| Proxy::https(url)),
    ];
    for (name, url, make) in kinds {
        let Some(url) = url else { continue };
        let text = url.reveal();
        let text = if text.contains("://") { text.to_owned() } else { format!("http://{text}") };
        // The reason would repeat the URL, which may hold a password.
        let proxy = make(text).map_err(|_| unusable(&format!("the proxy of {name}"), "it is no URL"))?;
        builder = builder.proxy(proxy.no_proxy(NoProxy::from_string(&exceptions)));
    }
    Ok(builder)
}

fn unusable(what: &str, reason: &str) -> Error {
    Error::Options { what: what.into(), reason: reason.into() }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn a_client_is_built_with_platform_roots_or_without() {
        install_provider();
        install_provider();
        assert!(http_client(&Options::default()).is_ok());
    }

    #[test]
    fn the_roots_are_read_when_tls_is_first_spoken() {
        let url = |text: &str| Url::parse(text).unwrap();
        let clients = Clients::new(&Options::default()).unwrap();
        clients.to(&url("http://127.0.0.1:5000/")).unwrap();
        assert!(clients.secure.get().is_none());
        clients.to(&url("https://example.com/")).unwrap();
        assert!(clients.secure.get().is_some());
        let proxy = ProxySettings { http: Some(Secret::new("https://proxy:3128")), ..ProxySettings::default() };
        let clients = Clients::new(&Options { proxy, ..Options::default() }).unwrap();
        clients.to(&url("http://registry.example:5000/")).unwrap();
        assert!(clients.secure.get().is_some(), "the proxy speaks TLS");
    }

    #[test]
    fn a_bundle_without_certificates_is_named() {
        for pem in ["", "not pem", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"] {
            let bundle = CaBundle { origin: "of SSL_CERT_FILE (/x.pem)".into(), pem: pem.into() };
            let error = http_client(&Options { ca_certificates: vec![bundle], ..Options::default() }).unwrap_err();
            assert!(matches!(&error, Error::Options { .. }), "{error}");
        }
        let bundle = CaBundle { origin: "of SSL_CERT_FILE (/x.pem)".into(), pem: Vec::new() };
        assert!(read_bundle(&bundle).unwrap_err().to_string().contains("SSL_CERT_FILE (/x.pem)"));
    }

    #[test]
    fn a_broken_proxy_is_named_without_its_password() {
        let proxy =
            ProxySettings { https: Some(Secret::new("http://user:hunter2@[::bad")), ..ProxySettings::default() };
        let error = http_client(&Options { proxy, ..Options::default() }).unwrap_err().to_string();
        assert!(error.contains("HTTPS_PROXY") && !error.contains("hunter2"), "{error}");
    }
}
