//! TLS: one provider, and where the roots of trust come from.

use std::sync::Once;

use reqwest::{Certificate, ClientBuilder, NoProxy, Proxy};

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

/// The one HTTP client of a registry client, and of whoever else sends requests by the same settings: it neither follows
/// redirects, nor repeats a request, nor reads the environment.
///
/// # Errors
/// [`Error::Options`] when a certificate or a proxy is unusable.
pub fn http_client(options: &Options) -> Result<reqwest::Client, Error> {
    install_provider();
    let mut certificates = Vec::new();
    for bundle in &options.ca_certificates {
        certificates.extend(read_bundle(bundle)?);
    }
    let build = |roots: Roots| -> Result<reqwest::Client, Error> {
        let mut builder = with_proxies(reqwest::Client::builder(), &options.proxy)?
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .user_agent(options.user_agent.clone())
            .connect_timeout(options.timeouts.connect)
            .pool_idle_timeout(std::time::Duration::from_secs(30));
        builder = match roots {
            Roots::Platform => builder.tls_certs_merge(certificates.clone()),
            Roots::BuiltIn => {
                let ders = webpki_root_certs::TLS_SERVER_ROOT_CERTS.iter();
                let known = ders.filter_map(|der| Certificate::from_der(der).ok());
                builder.tls_certs_only(known.chain(certificates.clone()))
            }
        };
        builder.build().map_err(|error| unusable("the TLS set-up", &error.to_string()))
    };
    // A container without a CA bundle has no platform roots at all.
    build(Roots::Platform).or_else(|_| build(Roots::BuiltIn))
}

#[derive(Clone, Copy)]
enum Roots {
    Platform,
    BuiltIn,
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
