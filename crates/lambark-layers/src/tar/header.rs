//! One block of 512 bytes as a tar header.

use std::ops::Range;

/// Size of a block in bytes.
pub(crate) const BLOCK: usize = 512;

/// Where the fields lie.
pub(super) const NAME: Range<usize> = 0..100;
pub(super) const MODE: Range<usize> = 100..108;
pub(super) const UID: Range<usize> = 108..116;
pub(super) const GID: Range<usize> = 116..124;
pub(super) const SIZE: Range<usize> = 124..136;
pub(super) const MTIME: Range<usize> = 136..148;
pub(super) const CHECKSUM: Range<usize> = 148..156;
pub(super) const TYPE: usize = 156;
pub(super) const LINK: Range<usize> = 157..257;
pub(super) const MAGIC: Range<usize> = 257..265;
const PREFIX: Range<usize> = 345..500;
/// star has times behind a shorter prefix, and says so in the last four bytes.
const STAR_PREFIX: Range<usize> = 345..476;
const STAR_TRAILER: Range<usize> = 508..512;
const GNU_SPARSE: Range<usize> = 386..482;
const GNU_MORE_SPARSE: usize = 482;
const GNU_REAL_SIZE: Range<usize> = 483..495;

/// A header, not yet believed.
#[derive(Clone, Copy)]
pub(crate) struct Header<'a>(&'a [u8; BLOCK]);

impl<'a> Header<'a> {
    pub(crate) fn new(block: &'a [u8; BLOCK]) -> Header<'a> {
        Header(block)
    }

    /// Whether a block is one of the two that end an archive.
    pub(crate) fn is_zero(block: &[u8; BLOCK]) -> bool {
        block.iter().all(|byte| *byte == 0)
    }

    /// Whether the checksum fits, over the bytes as unsigned or, as some old writers had it, signed numbers.
    pub(crate) fn checksum_is_right(self) -> bool {
        let Some(stored) = number(&self.0[CHECKSUM]).and_then(|sum| i64::try_from(sum).ok()) else { return false };
        let signed: i64 = self.summed().map(|byte| i64::from(byte.cast_signed())).sum();
        stored == i64::from(self.checksum()) || stored == signed
    }

    /// What the checksum should be.
    pub(super) fn checksum(self) -> u32 {
        self.summed().map(u32::from).sum()
    }

    /// All bytes, the checksum's own field as spaces.
    fn summed(self) -> impl Iterator<Item = u8> {
        let behind = &self.0[CHECKSUM.end..];
        self.0[..CHECKSUM.start].iter().chain(&[b' '; 8]).chain(behind).copied()
    }

    pub(super) fn kind(self) -> u8 {
        self.0[TYPE]
    }

    /// The number in a field, `None` if there is none or it does not fit.
    pub(super) fn number(self, field: Range<usize>) -> Option<u64> {
        number(&self.0[field])
    }

    pub(super) fn link(self) -> &'a [u8] {
        text(&self.0[LINK])
    }

    /// The path, prefix and name joined.
    pub(super) fn path(self) -> Vec<u8> {
        let name = text(&self.0[NAME]);
        let prefix = if &self.0[MAGIC] != b"ustar\x0000" {
            &[]
        } else if &self.0[STAR_TRAILER] == b"tar\0" {
            text(&self.0[STAR_PREFIX])
        } else {
            text(&self.0[PREFIX])
        };
        let mut path = Vec::with_capacity(prefix.len() + 1 + name.len());
        if !prefix.is_empty() {
            path.extend_from_slice(prefix);
            path.push(b'/');
        }
        path.extend_from_slice(name);
        path
    }

    /// Size of a GNU sparse file with its holes.
    pub(super) fn gnu_real_size(self) -> Option<u64> {
        number(&self.0[GNU_REAL_SIZE])
    }

    /// Whether a block with more of the sparse map follows.
    pub(super) fn has_more_sparse(self) -> bool {
        // A map that is not full cannot go on, whatever the byte says.
        self.0[GNU_MORE_SPARSE] != 0 && self.0[GNU_SPARSE].iter().any(|byte| *byte != 0)
    }
}

/// Whether one more block follows a continuation of a GNU sparse map.
pub(super) fn sparse_continues(block: &[u8; BLOCK]) -> bool {
    block[504] != 0
}

/// What stands before the first NUL.
fn text(field: &[u8]) -> &[u8] {
    field.split(|byte| *byte == 0).next().unwrap_or_default()
}

/// Octal digits between spaces and NULs, or a number of base 256 behind a marked first byte. Nothing at all is 0, as
/// in every reader. Negative owners (GNU tar writes them for "unknown") wrap; sizes are checked by their reader.
fn number(field: &[u8]) -> Option<u64> {
    let blank = |byte: &u8| matches!(byte, b' ' | 0);
    match field {
        [first, ..] if first & 0x80 != 0 => base_256(field),
        _ => {
            let from = field.iter().position(|byte| !blank(byte)).unwrap_or(field.len());
            let digits = &field[from..];
            let end = digits.iter().position(blank).unwrap_or(digits.len());
            let (digits, rest) = digits.split_at(end);
            if !rest.iter().all(blank) {
                return None;
            }
            digits.iter().try_fold(0_u64, |value, digit| match digit {
                b'0'..=b'7' => value.checked_mul(8)?.checked_add(u64::from(digit - b'0')),
                _ => None,
            })
        }
    }
}

fn base_256(field: &[u8]) -> Option<u64> {
    let (first, rest) = field.split_first()?;
    let negative = first & 0x40 != 0;
    let mut value = if negative { -1_i128 } else { 0 };
    let top = first & 0x7f | if negative { 0x80 } else { 0 };
    for byte in std::iter::once(&top).chain(rest) {
        value = (value << 8) | i128::from(*byte);
    }
    i64::try_from(value).ok().map(i64::cast_unsigned)
}

/// Writes a number as octal digits and a NUL; in base 256 where it has too many digits.
pub(super) fn write_number(field: &mut [u8], value: u64) {
    let digits = field.len() - 1;
    let text = format!("{value:0digits$o}");
    if text.len() == digits {
        field[..digits].copy_from_slice(text.as_bytes());
        field[digits] = 0;
        return;
    }
    let bytes = value.to_be_bytes();
    field.fill(0);
    let count = bytes.len().min(field.len());
    let at = field.len() - count;
    field[at..].copy_from_slice(&bytes[bytes.len() - count..]);
    field[0] |= 0x80;
}

/// Writes the checksum that the rest of the block asks for.
pub(super) fn write_checksum(block: &mut [u8; BLOCK]) {
    let sum = Header::new(block).checksum();
    // At most 512 * 255, six octal digits.
    block[CHECKSUM].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn numbers_as_writers_write_them() {
        let table: [(&[u8], Option<u64>); 14] = [
            (b"0000644\0", Some(0o644)),
            (b"000644 \0", Some(0o644)),
            (b"   644 \0", Some(0o644)),
            (b"   644\0 ", Some(0o644)),
            (b"\0\0\0\0\0\0\0\0", Some(0)),
            (b"        ", Some(0)),
            (b"77777777", Some(0o7777_7777)),
            (b"0000648\0", None),
            (b"-000644\0", None),
            (b"00 0644\0", None),
            (b"\x80\0\0\0\0\x20\0\0", Some(0x20_0000)),
            (b"\xff\xff\xff\xff\xff\xff\xff\xff", Some(u64::MAX)),
            (b"\x80\0\0\0\x7f\xff\xff\xff\xff\xff\xff\xff", Some(i64::MAX.cast_unsigned())),
            (b"\x80\0\0\0\x80\0\0\0\0\0\0\0", None),
        ];
        for (field, value) in table {
            assert_eq!(number(field), value, "{field:?}");
        }
    }

    #[test]
    fn a_written_number_reads_back() {
        for value in [0, 1, 0o644, 0o777_7777, 0o1000_0000, 0xffff_fffe, 0x00ff_ffff_ffff_ffff] {
            let mut field = [0; 8];
            write_number(&mut field, value);
            assert_eq!(number(&field), Some(value), "{value:#x}");
        }
        let mut field = [0; 12];
        write_number(&mut field, i64::MAX.cast_unsigned());
        assert_eq!(number(&field), Some(i64::MAX.cast_unsigned()));
    }

    #[test]
    fn the_prefix_counts_only_where_the_magic_says_so() {
        let mut block = [0; BLOCK];
        block[0] = b'n';
        block[345..348].copy_from_slice(b"dir");
        assert_eq!(Header::new(&block).path(), b"n");
        block[MAGIC].copy_from_slice(b"ustar  \0");
        assert_eq!(Header::new(&block).path(), b"n");
        block[MAGIC].copy_from_slice(b"ustar\x0000");
        assert_eq!(Header::new(&block).path(), b"dir/n");
        block[475..480].copy_from_slice(b"12345");
        block[STAR_TRAILER].copy_from_slice(b"tar\0");
        block[348..476].fill(b'x');
        assert_eq!(Header::new(&block).path().len(), 131 + 2);
    }

    #[test]
    fn a_checksum_is_taken_signed_or_unsigned() {
        let mut block = [0; BLOCK];
        block[0] = 0xe9;
        write_checksum(&mut block);
        assert!(Header::new(&block).checksum_is_right());
        let signed = 8 * 32 + i64::from(0xe9_u8.cast_signed());
        block[CHECKSUM].copy_from_slice(format!("{signed:06o}\0 ").as_bytes());
        assert!(Header::new(&block).checksum_is_right());
        block[1] = 1;
        assert!(!Header::new(&block).checksum_is_right());
    }
}
