//! Identifiers that nobody guesses: request ids, upload ids, revisions.

use std::fmt;

use ring::rand::{SecureRandom, SystemRandom};
use serde::{Deserialize, Serialize};

/// A random UUID, version 4.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(crate) struct Uuid(u128);

impl Uuid {
    pub(crate) fn random() -> Uuid {
        let mut bytes = [0_u8; 16];
        SystemRandom::new().fill(&mut bytes).expect("the signing key came from the same source when the twin started");
        bytes[6] = bytes[6] & 0x0f | 0x40;
        bytes[8] = bytes[8] & 0x3f | 0x80;
        Uuid(u128::from_be_bytes(bytes))
    }
}

impl fmt::Display for Uuid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hex = format!("{:032x}", self.0);
        write!(f, "{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
    }
}

/// The same as text.
pub(crate) fn uuid() -> String {
    Uuid::random().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_differ_and_are_random_uuids() {
        let drawn: std::collections::HashSet<String> = (0..1000).map(|_| uuid()).collect();
        assert_eq!(drawn.len(), 1000);
        for id in drawn {
            let parts: Vec<&str> = id.split('-').collect();
            assert_eq!(parts.iter().map(|part| part.len()).collect::<Vec<_>>(), [8, 4, 4, 4, 12], "{id}");
            assert!(parts[2].starts_with('4') && parts[3].starts_with(['8', '9', 'a', 'b']), "{id}");
        }
    }
}
