//! The parts of an ELF file that are there, and its numbers.

/// A part of a file: where it begins, how many bytes are wanted, those that have come.
pub(super) struct Piece {
    pub(super) start: u64,
    pub(super) wanted: usize,
    pub(super) bytes: Vec<u8>,
}

impl Piece {
    pub(super) fn new(start: u64, wanted: usize) -> Piece {
        Piece { start, wanted, bytes: Vec::new() }
    }

    /// Takes what belongs to it out of `bytes`, which lie at `offset`. What passed before it began is lost.
    pub(super) fn take(&mut self, offset: u64, bytes: &[u8]) {
        let next = self.start.saturating_add(self.bytes.len() as u64);
        let missing = self.wanted.saturating_sub(self.bytes.len());
        let from = next.checked_sub(offset).and_then(|from| usize::try_from(from).ok());
        if let Some(found) = from.and_then(|from| bytes.get(from..)) {
            self.bytes.extend_from_slice(&found[..found.len().min(missing)]);
        }
    }
}

/// A file with gaps.
#[derive(Clone, Copy)]
pub(super) struct Image<'a> {
    pub(super) head: &'a [u8],
    pub(super) pieces: &'a [Piece],
    pub(super) class: Class,
}

/// How the file writes numbers.
#[derive(Clone, Copy)]
pub(super) struct Class {
    pub(super) wide: bool,
    pub(super) big_endian: bool,
}

impl Class {
    /// From the first bytes of the file.
    pub(super) fn of(head: &[u8]) -> Option<Class> {
        let (class, data) = (*head.get(4)?, *head.get(5)?);
        (matches!(class, 1 | 2) && matches!(data, 1 | 2)).then_some(Class { wide: class == 2, big_endian: data == 2 })
    }

    pub(super) fn u16(self, bytes: &[u8], at: usize) -> Option<u16> {
        let bytes = *bytes.get(at..)?.first_chunk()?;
        Some(if self.big_endian { u16::from_be_bytes(bytes) } else { u16::from_le_bytes(bytes) })
    }

    pub(super) fn u32(self, bytes: &[u8], at: usize) -> Option<u32> {
        let bytes = *bytes.get(at..)?.first_chunk()?;
        Some(if self.big_endian { u32::from_be_bytes(bytes) } else { u32::from_le_bytes(bytes) })
    }

    /// An address, an offset or a size: eight bytes in a wide file, four in a narrow one.
    pub(super) fn word(self, bytes: &[u8], at: usize) -> Option<u64> {
        if !self.wide {
            return self.u32(bytes, at).map(u64::from);
        }
        let bytes = *bytes.get(at..)?.first_chunk()?;
        Some(if self.big_endian { u64::from_be_bytes(bytes) } else { u64::from_le_bytes(bytes) })
    }
}

impl<'a> Image<'a> {
    /// All that is there from `offset` on, up to a gap.
    pub(super) fn from(&self, offset: u64) -> Option<&'a [u8]> {
        let within = |start: u64, bytes: &'a [u8]| {
            let at = usize::try_from(offset.checked_sub(start)?).ok()?;
            bytes.get(at..).filter(|rest| !rest.is_empty())
        };
        let pieces = self.pieces.iter().filter_map(|piece| within(piece.start, &piece.bytes));
        // A piece may begin inside the head and reach further.
        within(0, self.head).into_iter().chain(pieces).max_by_key(|bytes| bytes.len())
    }

    /// `size` bytes at `offset`, if all of them are there.
    pub(super) fn bytes(&self, offset: u64, size: usize) -> Option<&'a [u8]> {
        if size == 0 {
            return Some(&[]);
        }
        self.from(offset)?.get(..size)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_piece_takes_what_is_its_own() {
        let file: Vec<u8> = (0..100).collect();
        for chunk in 1..=100 {
            let mut piece = Piece::new(30, 20);
            for (index, bytes) in file.chunks(chunk).enumerate() {
                piece.take((index * chunk) as u64, bytes);
            }
            assert_eq!(piece.bytes, file[30..50]);
        }
        let mut late = Piece::new(30, 20);
        late.take(40, &file[40..]);
        assert!(late.bytes.is_empty());
    }
}
