//! Whose request it is: account and Region.

use hyper::HeaderMap;
use hyper::header::AUTHORIZATION;
use serde::{Deserialize, Serialize};

use crate::settings::Settings;

/// Account and Region of a call.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize, Deserialize)]
pub(crate) struct Scope {
    pub(crate) account: String,
    pub(crate) region: String,
}

/// What a signed request says of itself: `Credential=KEY/DATE/REGION/SERVICE/aws4_request`. The signature is not
/// checked: the twin has no secrets to guard, and any key will do.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Signed {
    pub(crate) access_key: String,
    pub(crate) region: String,
    pub(crate) service: String,
}

impl Signed {
    /// Reads the credential's scope from the `Authorization` header, if it is a signature.
    pub(crate) fn of(headers: &HeaderMap) -> Option<Signed> {
        let value = headers.get(AUTHORIZATION)?.to_str().ok()?;
        let credential = value.strip_prefix("AWS4-")?.split_once("Credential=")?.1;
        let mut parts = credential.split([',', ' ']).next()?.split('/');
        let (access_key, _date, region, service) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        let plain = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        // The Region names directories later on.
        (plain(region) && plain(service)).then(|| Signed {
            access_key: access_key.to_owned(),
            region: region.to_owned(),
            service: service.to_owned(),
        })
    }
}

impl Scope {
    /// The caller's, by the signature, or by the settings where there is none. An access key of twelve digits is an
    /// account of that number, so that one twin serves several.
    pub(crate) fn of(headers: &HeaderMap, settings: &Settings) -> Scope {
        match Signed::of(headers) {
            Some(signed) if is_account(&signed.access_key) => {
                Scope { account: signed.access_key, region: signed.region }
            }
            Some(signed) => Scope { account: settings.account.clone(), region: signed.region },
            None => Scope { account: settings.account.clone(), region: settings.region.clone() },
        }
    }
}

/// Twelve digits.
pub(crate) fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn headers(value: &str) -> HeaderMap {
        [(AUTHORIZATION, value.parse().unwrap())].into_iter().collect()
    }

    #[test]
    fn the_region_is_the_credentials() {
        let value = "AWS4-HMAC-SHA256 Credential=test/20261122/eu-central-1/lambda/aws4_request, SignedHeaders=host, Signature=0";
        let signed = Signed::of(&headers(value)).unwrap();
        assert_eq!((signed.region.as_str(), signed.service.as_str()), ("eu-central-1", "lambda"));
        assert_eq!(Scope::of(&headers(value), &Settings::default()).region, "eu-central-1");
    }

    #[test]
    fn an_access_key_of_twelve_digits_is_an_account() {
        let value = "AWS4-HMAC-SHA256 Credential=210987654321/20261122/us-east-1/ecr/aws4_request, Signature=0";
        assert_eq!(Scope::of(&headers(value), &Settings::default()).account, "210987654321");
    }

    #[test]
    fn what_is_no_signature_gives_the_settings_region() {
        for value in
            ["Basic QVdTOnRvaw==", "AWS4-HMAC-SHA256 Credential=x", "AWS4-HMAC-SHA256 Credential=a/b/../../c/d"]
        {
            assert_eq!(Signed::of(&headers(value)), None, "{value}");
            assert_eq!(Scope::of(&headers(value), &Settings::default()).region, "us-east-1");
        }
    }
}
