//! The HTTP client under the SDK: rustls on ring, the platform's roots, the environment's proxies.

use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore};
use aws_smithy_http_client::{Builder, Connector};
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

use crate::connect::Settings;
use crate::error::Error;

/// Characters of one line of PEM.
const PEM_LINE: usize = 64;

/// Refuses certificates that the client below would panic on.
pub(super) fn check_certificates(bundles: &[Vec<u8>]) -> Result<(), Error> {
    let unusable = |reason: &str| Error::Settings { what: "a CA certificate for AWS".into(), reason: reason.into() };
    let mut roots = RootCertStore::empty();
    for bundle in bundles {
        let mut count = 0;
        for certificate in CertificateDer::pem_slice_iter(bundle) {
            let certificate = certificate.map_err(|_| unusable("it is no PEM certificate"))?;
            roots.add(certificate).map_err(|_| unusable("it is no certificate that can be trusted"))?;
            count += 1;
        }
        if count == 0 {
            return Err(unusable("it holds no PEM certificate"));
        }
    }
    Ok(())
}

/// The client. An endpoint on this machine is never reached through a proxy.
pub(super) fn client(settings: &Settings) -> SharedHttpClient {
    let mut trust = TrustStore::empty().with_native_roots(true);
    for bundle in &settings.ca_certificates {
        trust = trust.with_pem_certificate(bundle.clone());
    }
    // A container without a CA bundle has no platform roots at all.
    if rustls_native_certs::load_native_certs().certs.is_empty() {
        for certificate in webpki_root_certs::TLS_SERVER_ROOT_CERTS {
            trust = trust.with_pem_certificate(pem(certificate));
        }
    }
    let context = TlsContext::builder()
        .with_trust_store(trust)
        .build()
        .expect("a context of a trust store alone is always built");
    let local = settings.endpoint_url.as_deref().is_some_and(is_local);
    Builder::new().build_with_connector_fn(move |settings, components| {
        let mut builder = Connector::builder()
            .tls_provider(Provider::rustls(CryptoMode::Ring))
            .tls_context(context.clone())
            .proxy_config(if local { ProxyConfig::disabled() } else { ProxyConfig::from_env() });
        builder.set_connector_settings(settings.cloned());
        builder.set_sleep_impl(components.and_then(RuntimeComponents::sleep_impl));
        builder.build()
    })
}

fn pem(certificate: &CertificateDer<'_>) -> Vec<u8> {
    let text = STANDARD.encode(certificate);
    let mut pem = b"-----BEGIN CERTIFICATE-----\n".to_vec();
    for line in text.as_bytes().chunks(PEM_LINE) {
        pem.extend_from_slice(line);
        pem.push(b'\n');
    }
    pem.extend_from_slice(b"-----END CERTIFICATE-----\n");
    pem
}

/// Whether an endpoint's URL names this machine.
fn is_local(url: &str) -> bool {
    let host = url.split_once("://").map_or(url, |(_, rest)| rest);
    let host = host.split(['/', '?']).next().unwrap_or_default();
    let name = match host.strip_prefix('[') {
        Some(v6) => v6.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    };
    name == "localhost"
        || name.ends_with(".localhost")
        || name.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn a_bad_certificate_is_an_error_and_no_panic() {
        for pem in ["", "text", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"] {
            let error = check_certificates(&[pem.as_bytes().to_vec()]).unwrap_err();
            assert!(matches!(error, Error::Settings { .. }), "{error}");
        }
        let good: Vec<u8> = webpki_root_certs::TLS_SERVER_ROOT_CERTS.iter().take(2).flat_map(pem).collect();
        check_certificates(&[good]).unwrap();
        check_certificates(&[]).unwrap();
    }

    #[test]
    fn endpoints_on_this_machine_are_known() {
        for (url, local) in [
            ("http://127.0.0.1:4510", true),
            ("http://localhost:4566/", true),
            ("http://[::1]:4510", true),
            ("http://sqs.localhost", true),
            ("https://lambda.us-east-1.amazonaws.com", false),
            ("http://127.0.0.1.example.com", false),
        ] {
            assert_eq!(is_local(url), local, "{url}");
        }
    }
}
