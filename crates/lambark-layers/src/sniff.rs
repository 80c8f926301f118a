//! What a blob is, by its first bytes.

use lambark_oci::Compression;
use lambark_rules::facts::Actual;

use crate::tar::Header;

/// How many first bytes [`sniff`] wants: one block of a tar.
pub const SNIFF_BYTES: usize = 512;

const GZIP: &[u8] = &[0x1f, 0x8b];
const ZSTD: &[u8] = &[0x28, 0xb5, 0x2f, 0xfd];
/// A skippable frame's magic number is any of sixteen; these are the bytes behind the first.
const ZSTD_SKIPPABLE: &[u8] = &[0x2a, 0x4d, 0x18];

/// What a blob is whose first bytes are `first`: [`SNIFF_BYTES`] of them, fewer only if it has no more.
#[must_use]
pub fn sniff(first: &[u8]) -> Actual {
    if first.is_empty() {
        Actual::Empty
    } else if first.starts_with(GZIP) {
        Actual::Tar(Compression::Gzip)
    } else if is_zstd(first) {
        Actual::Tar(Compression::Zstd)
    } else if is_tar(first) {
        Actual::Tar(Compression::None)
    } else {
        let mut bytes = [0; 4];
        bytes.iter_mut().zip(first).for_each(|(to, from)| *to = *from);
        Actual::Other(bytes)
    }
}

fn is_zstd(first: &[u8]) -> bool {
    let skippable = matches!(first, [0x50..=0x5f, rest @ ..] if rest.starts_with(ZSTD_SKIPPABLE));
    first.starts_with(ZSTD) || skippable
}

fn is_tar(first: &[u8]) -> bool {
    // A tar that was cut inside its first block still shows its magic.
    let magic = first.get(257..262) == Some(b"ustar".as_slice());
    magic || first.first_chunk().is_some_and(|block| Header::is_zero(block) || Header::new(block).checksum_is_right())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn magic_numbers() {
        let gzip = Actual::Tar(Compression::Gzip);
        let zstd = Actual::Tar(Compression::Zstd);
        let table: [(&[u8], Actual); 9] = [
            (b"", Actual::Empty),
            (&[0x1f, 0x8b], gzip),
            (&[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 1], gzip),
            (&[0x28, 0xb5, 0x2f, 0xfd, 0], zstd),
            (&[0x50, 0x2a, 0x4d, 0x18], zstd),
            (&[0x5f, 0x2a, 0x4d, 0x18], zstd),
            (&[0x60, 0x2a, 0x4d, 0x18], Actual::Other([0x60, 0x2a, 0x4d, 0x18])),
            (b"<!", Actual::Other(*b"<!\0\0")),
            (&[0; 511], Actual::Other([0; 4])),
        ];
        for (first, actual) in table {
            assert_eq!(sniff(first), actual, "{first:?}");
        }
    }

    #[test]
    fn a_plain_tar_shows_by_magic_by_checksum_or_by_a_zero_block() {
        let tar = Actual::Tar(Compression::None);
        assert_eq!(sniff(&[0; SNIFF_BYTES]), tar);

        let mut cut = [0; 300];
        cut[257..262].copy_from_slice(b"ustar");
        assert_eq!(sniff(&cut), tar);

        // Version 7: no magic, only a checksum. 'a' and eight spaces for the checksum itself make 97 + 256 = 0o541.
        let mut old = [0; SNIFF_BYTES];
        old[0] = b'a';
        old[148..156].copy_from_slice(b"000541\0 ");
        assert_eq!(sniff(&old), tar);
        old[1] = b'b';
        assert_eq!(sniff(&old), Actual::Other(*b"ab\0\0"));
    }
}
