//! Exports for one reader alone: the format of age, version 1 (<https://age-encryption.org/v1>), with X25519 recipients.
//!
//! Only the writing half is here, on the primitives of `ring`, which lambark has for TLS anyway: the crate of that name
//! would bring seventy others. Whoever has the identity reads it with `age --decrypt`.

mod bech32;

use std::str::FromStr;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD_NO_PAD;
use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::agreement::{EphemeralPrivateKey, UnparsedPublicKey, X25519, agree_ephemeral};
use ring::error::Unspecified;
use ring::rand::{SecureRandom, SystemRandom};
use ring::{hkdf, hmac};

/// Bytes of a key, shared or public.
const KEY_BYTES: usize = 32;

/// Bytes of the key that a file has of its own.
const FILE_KEY_BYTES: usize = 16;

/// Plain bytes that are sealed together.
const CHUNK_BYTES: usize = 64 * 1024;

/// Characters of a line in the head.
const LINE_CHARACTERS: usize = 64;

/// Who may read: the public half of an age identity, `age1…`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recipient {
    key: [u8; KEY_BYTES],
    text: String,
}

impl FromStr for Recipient {
    type Err = String;

    fn from_str(text: &str) -> Result<Recipient, String> {
        if text.starts_with("AGE-SECRET-KEY-") {
            // It is not repeated: whoever reads the message should not learn it.
            return Err("that is an identity, which decrypts: give the recipient that belongs to it, age1…".to_owned());
        }
        let key = bech32::decode("age", text).and_then(|bytes| <[u8; KEY_BYTES]>::try_from(bytes).ok());
        let key = key.ok_or("a recipient is age1 and 58 more characters, as `age-keygen` prints it")?;
        Ok(Recipient { key, text: text.to_owned() })
    }
}

impl Recipient {
    /// `age1…`
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

/// Seals `plain` so that each of `recipients` can read it, and nobody else.
///
/// # Errors
/// When this machine has no randomness, or a recipient is not a key.
pub fn encrypt(plain: &[u8], recipients: &[Recipient]) -> Result<Vec<u8>, Unspecified> {
    let random = SystemRandom::new();
    let mut file_key = [0; FILE_KEY_BYTES];
    random.fill(&mut file_key)?;
    let mut out = "age-encryption.org/v1\n".to_owned();
    for recipient in recipients {
        out.push_str(&stanza(&file_key, recipient, &random)?);
    }
    out.push_str("---");
    let mac = hmac::Key::new(hmac::HMAC_SHA256, &derive(&file_key, &[], b"header")?);
    let mac = hmac::sign(&mac, out.as_bytes());
    let mut out = format!("{out} {}\n", BASE64_STANDARD_NO_PAD.encode(mac)).into_bytes();
    payload(plain, &file_key, &random, &mut out)?;
    Ok(out)
}

/// The file's key, sealed for one recipient.
fn stanza(file_key: &[u8], recipient: &Recipient, random: &SystemRandom) -> Result<String, Unspecified> {
    let private = EphemeralPrivateKey::generate(&X25519, random)?;
    let public = private.compute_public_key()?;
    let salt = [public.as_ref(), &recipient.key].concat();
    let theirs = UnparsedPublicKey::new(&X25519, &recipient.key);
    let key = agree_ephemeral(private, &theirs, |shared| derive(shared, &salt, b"age-encryption.org/v1/X25519"))??;
    let mut sealed = file_key.to_vec();
    seal(&key, [0; NONCE_LEN], &mut sealed)?;
    let (public, sealed) = (BASE64_STANDARD_NO_PAD.encode(public), BASE64_STANDARD_NO_PAD.encode(sealed));
    // A body always ends with a line that is not full. This one has 43 characters: it is that line.
    debug_assert!(sealed.len() < LINE_CHARACTERS);
    Ok(format!("-> X25519 {public}\n{sealed}\n"))
}

/// The content, in chunks that can be neither reordered nor cut off.
fn payload(plain: &[u8], file_key: &[u8], random: &SystemRandom, out: &mut Vec<u8>) -> Result<(), Unspecified> {
    let mut salt = [0; 16];
    random.fill(&mut salt)?;
    out.extend_from_slice(&salt);
    let key = derive(file_key, &salt, b"payload")?;
    let chunks = plain.len().div_ceil(CHUNK_BYTES).max(1);
    for index in 0..chunks {
        let from = index * CHUNK_BYTES;
        let mut chunk = plain[from..plain.len().min(from + CHUNK_BYTES)].to_vec();
        // Eleven bytes of counter, and one that says whether it is the last.
        let mut nonce = [0; NONCE_LEN];
        nonce[3..11].copy_from_slice(&(index as u64).to_be_bytes());
        nonce[11] = u8::from(index + 1 == chunks);
        seal(&key, nonce, &mut chunk)?;
        out.extend_from_slice(&chunk);
    }
    Ok(())
}

fn derive(secret: &[u8], salt: &[u8], purpose: &[u8]) -> Result<[u8; KEY_BYTES], Unspecified> {
    let mut key = [0; KEY_BYTES];
    let extracted = hkdf::Salt::new(hkdf::HKDF_SHA256, salt).extract(secret);
    extracted.expand(&[purpose], hkdf::HKDF_SHA256)?.fill(&mut key)?;
    Ok(key)
}

/// Seals with a key that seals nothing else under the same nonce.
fn seal(key: &[u8], nonce: [u8; NONCE_LEN], bytes: &mut Vec<u8>) -> Result<(), Unspecified> {
    let key = LessSafeKey::new(UnboundKey::new(&CHACHA20_POLY1305, key)?);
    key.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::empty(), bytes)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use std::io::Write;
    use std::process::{Command, Stdio};

    use lambark_testkit::parts;

    use super::*;

    fn output(command: &mut Command, input: &[u8]) -> Vec<u8> {
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        let input = input.to_vec();
        let writer = std::thread::spawn(move || stdin.write_all(&input));
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success());
        writer.join().unwrap().unwrap();
        output.stdout
    }

    /// The program that everybody has decrypts it.
    #[test]
    fn age_reads_what_was_sealed_for_it() {
        let Some([age, mut keygen]) = parts::age() else { return };
        let directory = tempfile::tempdir().unwrap();
        let identities: Vec<String> = (0..2).map(|_| String::from_utf8(output(&mut keygen, b"")).unwrap()).collect();
        let recipient = |identity: &String| {
            let line = identity.lines().find_map(|line| line.strip_prefix("# public key: ")).unwrap();
            line.parse::<Recipient>().unwrap()
        };
        let recipients: Vec<Recipient> = identities.iter().map(recipient).collect();
        for bytes in [0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 3 * CHUNK_BYTES] {
            let plain: Vec<u8> = (0_u8..251).cycle().take(bytes).collect();
            let sealed = encrypt(&plain, &recipients).unwrap();
            for identity in &identities {
                let file = directory.path().join("identity");
                std::fs::write(&file, identity).unwrap();
                let mut age = Command::new(age.get_program());
                age.arg("--decrypt").arg("--identity").arg(&file);
                assert_eq!(output(&mut age, &sealed), plain, "{bytes} bytes");
            }
        }
    }

    #[test]
    fn only_recipients_are_taken() {
        let good = "age12t5yvktegqvfcylww0m2dlw0ggcl935una9ps4reqmd2pclsee2qn5rk6m";
        assert_eq!(good.parse::<Recipient>().unwrap().as_str(), good);
        let upper = good.to_uppercase();
        for bad in [
            "",
            "age1",
            "age12t5yvktegqvfcylww0m2dlw0ggcl935una9ps4reqmd2pclsee2qn5rk6q",
            "age12t5yvktegqvfcylww0m2dlw0ggcl935una9ps4reqmd2pclsee2qn5rk6",
            "bge12t5yvktegqvfcylww0m2dlw0ggcl935una9ps4reqmd2pclsee2qn5rk6m",
            upper.as_str(),
            "ssh-ed25519 AAAA",
            "age1é",
        ] {
            assert!(bad.parse::<Recipient>().is_err(), "{bad}");
        }
        let secret = "AGE-SECRET-KEY-1NOBODYS";
        assert!(!secret.parse::<Recipient>().unwrap_err().contains("NOBODYS"));
    }

    /// Not only nothing of the plain text: two exports of the same have nothing in common.
    #[test]
    fn nothing_repeats() {
        let recipient = "age12t5yvktegqvfcylww0m2dlw0ggcl935una9ps4reqmd2pclsee2qn5rk6m".parse::<Recipient>().unwrap();
        let plain = b"a line that must not be seen";
        let [one, other] = [(), ()].map(|()| encrypt(plain, std::slice::from_ref(&recipient)).unwrap());
        assert!(one.starts_with(b"age-encryption.org/v1\n-> X25519 "));
        assert_ne!(one[40..], other[40..]);
        assert!(!one.windows(plain.len()).any(|window| window == plain));
    }
}
