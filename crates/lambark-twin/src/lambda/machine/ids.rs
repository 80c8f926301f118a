//! Ids that look like AWS's: UUIDs of version 4.

use std::fmt;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};

use serde::{Deserialize, Serialize};

/// A `RevisionId`.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(crate) struct Revision(u128);

impl Revision {
    /// Whether a client's `RevisionId` is this one.
    pub(crate) fn is(self, text: &str) -> bool {
        self.to_string() == text
    }
}

impl fmt::Display for Revision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let id = self.0;
        let part = |from: u32, digits: u32| (id >> from) & ((1 << (4 * digits)) - 1);
        write!(
            f,
            "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
            part(96, 8),
            part(80, 4),
            part(64, 4),
            part(48, 4),
            part(0, 12)
        )
    }
}

/// Where ids come from. They need to differ, also from those of an earlier run over the same data; they guard nothing.
#[derive(Debug)]
pub(crate) struct Ids {
    base: u64,
    next: AtomicU64,
}

impl Default for Ids {
    fn default() -> Ids {
        // The standard library's own source of randomness.
        Ids { base: RandomState::new().build_hasher().finish(), next: AtomicU64::new(0) }
    }
}

impl Ids {
    /// The next id.
    pub(crate) fn draw(&self) -> Revision {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let (high, low) = (mix(self.base.wrapping_add(number)), mix(self.base ^ number.rotate_left(32)));
        let bits = (u128::from(high) << 64) | u128::from(low);
        // The version and variant bits of a random UUID.
        Revision((bits & !(0xf000_u128 << 64) & !(0xc000_u128 << 48)) | (0x4000_u128 << 64) | (0x8000_u128 << 48))
    }
}

/// The mixing step of splitmix64: each bit of the input moves half of the output's.
pub(crate) fn mix(number: u64) -> u64 {
    let mut bits = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_differ_and_are_random_uuids() {
        let ids = Ids::default();
        let drawn: std::collections::HashSet<String> = (0..1000).map(|_| ids.draw().to_string()).collect();
        assert_eq!(drawn.len(), 1000);
        for id in drawn {
            let parts: Vec<&str> = id.split('-').collect();
            assert_eq!(parts.iter().map(|part| part.len()).collect::<Vec<_>>(), [8, 4, 4, 4, 12], "{id}");
            assert!(parts[2].starts_with('4') && parts[3].starts_with(['8', '9', 'a', 'b']), "{id}");
        }
    }
}
