//! Where an answer may send us, and what goes along.

use reqwest::Url;

/// Most redirects that one request follows. ECR and every storage behind a registry need one; two leave room for a
/// mirror.
pub const MAX_REDIRECTS: usize = 5;

/// Whether credentials for `a` may be sent to `b`: same scheme, host and port.
pub(crate) fn same_origin(a: &Url, b: &Url) -> bool {
    a.scheme() == b.scheme() && a.host() == b.host() && a.port_or_known_default() == b.port_or_known_default()
}

/// Whether a URL carries its own proof of permission. Storage refuses a request that shows two, and it does so also
/// where it lies on the registry's own host, as in an emulator.
pub(crate) fn is_presigned(url: &Url) -> bool {
    const SIGNATURES: [&str; 4] = ["x-amz-signature", "x-amz-algorithm", "x-goog-signature", "signature"];
    url.query_pairs().any(|(key, _)| SIGNATURES.iter().any(|known| key.eq_ignore_ascii_case(known)))
}

/// Whether a URL stays on this machine.
pub(crate) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

/// Where `location` leads from `from`.
///
/// # Errors
/// The reason why it is not followed.
pub(crate) fn target(from: &Url, location: &str) -> Result<Url, &'static str> {
    let mut to = from.join(location).map_err(|_| "its Location is no URL")?;
    if !matches!(to.scheme(), "http" | "https") {
        return Err("its Location is neither http nor https");
    }
    if from.scheme() == "https" && to.scheme() == "http" && !is_loopback(&to) {
        return Err("it leads from https to plain http");
    }
    if !to.username().is_empty() || to.password().is_some() {
        return Err("its Location carries a user name");
    }
    to.set_fragment(None);
    Ok(to)
}

/// A URL as it may be shown: without query (presigned URLs are secrets), user name or fragment.
pub(crate) fn shown(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    match url.port() {
        Some(port) => format!("{}://{host}:{port}{}", url.scheme(), url.path()),
        None => format!("{}://{host}{}", url.scheme(), url.path()),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn url(text: &str) -> Url {
        text.parse().unwrap()
    }

    #[test]
    fn the_query_is_never_shown() {
        let presigned = url("https://user:pw@storage.example:8443/b/k?X-Amz-Signature=secret#frag");
        assert_eq!(shown(&presigned), "https://storage.example:8443/b/k");
    }

    #[test]
    fn presigned_urls_are_known_by_their_query() {
        for signed in ["?a=b&X-Amz-Signature=x", "?X-Amz-Algorithm=AWS4-HMAC-SHA256", "?Expires=1&Signature=x"] {
            assert!(is_presigned(&url(&format!("https://h/p{signed}"))), "{signed}");
        }
        for plain in ["", "?digest=sha256:x", "?a=signature", "/signature"] {
            assert!(!is_presigned(&url(&format!("https://h/p{plain}"))), "{plain}");
        }
    }

    #[test]
    fn origins_are_scheme_host_and_port() {
        assert!(same_origin(&url("https://a/x"), &url("https://a:443/y?z")));
        assert!(same_origin(&url("https://A/x"), &url("https://a/y")));
        for other in ["http://a/x", "https://a:444/x", "https://b/x", "https://a.b/x"] {
            assert!(!same_origin(&url("https://a/x"), &url(other)), "{other}");
        }
    }

    #[test]
    fn redirects_are_relative_or_absolute_and_never_downgrade() {
        let from = url("https://r.example/v2/a/blobs/x?q=1");
        assert_eq!(target(&from, "/other?s=1").unwrap().as_str(), "https://r.example/other?s=1");
        assert_eq!(target(&from, "//s.example/y").unwrap().as_str(), "https://s.example/y");
        assert_eq!(target(&from, "http://localhost:1/y").unwrap().as_str(), "http://localhost:1/y");
        for (location, reason) in [
            ("http://s.example/y", "plain http"),
            ("http://localhost.example/y", "plain http"),
            ("file:///etc/passwd", "neither"),
            ("javascript:alert(1)", "neither"),
            ("https://user@s.example/", "user name"),
            ("https://[/", "no URL"),
        ] {
            assert!(target(&from, location).unwrap_err().contains(reason), "{location}");
        }
        assert!(target(&url("http://r.example/"), "http://s.example/").is_ok());
    }

    #[test]
    fn loopback_is_this_machine_only() {
        for here in ["http://localhost:5000/", "http://127.0.0.1/", "http://127.9.9.9/", "http://[::1]:1/"] {
            assert!(is_loopback(&url(here)), "{here}");
        }
        for there in ["http://localhost.example/", "http://10.0.0.1/", "http://[::2]/", "http://128.0.0.1/"] {
            assert!(!is_loopback(&url(there)), "{there}");
        }
    }
}
