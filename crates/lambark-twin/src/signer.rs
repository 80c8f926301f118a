//! Tokens and presigned URLs: what the twin hands out and knows again.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::hmac;
use ring::rand::{SecureRandom, SystemRandom};
use serde::{Deserialize, Serialize};

use crate::Error;
use crate::clock::Millis;
use crate::scope::Scope;
use crate::store::Shelf;

/// The kind under which the key is kept, so that a token outlives a restart as AWS's do.
const KIND: &str = "signing-key";

/// Signs with a key of this twin's own.
pub(crate) struct Signer {
    key: hmac::Key,
}

/// What a registry password says.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub(crate) struct Token {
    #[serde(flatten)]
    pub(crate) scope: Scope,
    pub(crate) expires: Millis,
}

/// Why a password opens nothing.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum TokenError {
    /// It is not of this twin's making.
    Unknown,
    /// Its time is over.
    Expired,
}

impl Signer {
    /// The key on the shelf, or a new one.
    pub(crate) fn open(shelf: &Shelf) -> Result<Signer, Error> {
        let kept: Vec<[u8; 32]> = shelf.load_all(KIND)?;
        let secret = match kept.first() {
            Some(secret) => *secret,
            None => {
                let mut secret = [0; 32];
                let none = |_| Error::Start(std::io::Error::other("this machine has no random numbers"));
                SystemRandom::new().fill(&mut secret).map_err(none)?;
                shelf.save(KIND, &["registry"], &secret)?;
                secret
            }
        };
        Ok(Signer { key: hmac::Key::new(hmac::HMAC_SHA256, &secret) })
    }

    /// A registry password.
    pub(crate) fn token(&self, token: &Token) -> String {
        let payload = serde_json::to_vec(token).expect("strings and a number always serialise");
        let payload = URL_SAFE_NO_PAD.encode(payload);
        let signature = self.sign("token", &payload);
        format!("{payload}.{signature}")
    }

    /// What a registry password says, if it is one of ours and still good.
    pub(crate) fn open_token(&self, password: &str, now: Millis) -> Result<Token, TokenError> {
        let (payload, signature) = password.split_once('.').ok_or(TokenError::Unknown)?;
        if !self.is_signed("token", payload, signature) {
            return Err(TokenError::Unknown);
        }
        let payload = URL_SAFE_NO_PAD.decode(payload).map_err(|_| TokenError::Unknown)?;
        let token: Token = serde_json::from_slice(&payload).map_err(|_| TokenError::Unknown)?;
        if token.expires <= now { Err(TokenError::Expired) } else { Ok(token) }
    }

    /// A signature over `text` for one `purpose`; it is good for no other.
    pub(crate) fn sign(&self, purpose: &str, text: &str) -> String {
        URL_SAFE_NO_PAD.encode(hmac::sign(&self.key, message(purpose, text).as_bytes()))
    }

    pub(crate) fn is_signed(&self, purpose: &str, text: &str, signature: &str) -> bool {
        URL_SAFE_NO_PAD
            .decode(signature)
            .is_ok_and(|tag| hmac::verify(&self.key, message(purpose, text).as_bytes(), &tag).is_ok())
    }
}

fn message(purpose: &str, text: &str) -> String {
    format!("{purpose}\n{text}")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::store::Store;

    fn token() -> Token {
        let scope = Scope { account: "123456789012".to_owned(), region: "eu-central-1".to_owned() };
        Token { scope, expires: Millis(1000) }
    }

    #[test]
    fn a_token_opens_until_it_expires() {
        let signer = Signer::open(Store::open(None).unwrap().shelf()).unwrap();
        let password = signer.token(&token());
        assert_eq!(signer.open_token(&password, Millis(999)), Ok(token()));
        assert_eq!(signer.open_token(&password, Millis(1000)), Err(TokenError::Expired));
    }

    #[test]
    fn nothing_else_opens() {
        let signer = Signer::open(Store::open(None).unwrap().shelf()).unwrap();
        let other = Signer::open(Store::open(None).unwrap().shelf()).unwrap();
        let password = signer.token(&token());
        let (payload, _) = password.split_once('.').unwrap();
        let borrowed = format!("{payload}.{}", signer.sign("storage", payload));
        for wrong in ["", "tok", ".", &other.token(&token()), &borrowed, &password[1..]] {
            assert_eq!(signer.open_token(wrong, Millis(0)), Err(TokenError::Unknown), "{wrong}");
        }
    }

    #[test]
    fn a_token_outlives_a_restart() {
        let place = tempfile::tempdir().unwrap();
        let open = || Signer::open(Store::open(Some(place.path())).unwrap().shelf()).unwrap();
        let password = open().token(&token());
        assert_eq!(open().open_token(&password, Millis(0)), Ok(token()));
    }
}
