//! Lookup tables for the Huffman codes of deflate (RFC 1951, section 3.2.2).

use super::audit::Fault;

/// Deflate's longest code, in bits.
pub(super) const LONGEST_CODE: usize = 15;

/// Symbols of the literal and length code, of which 286 and 287 never occur in data.
pub(super) const LITERAL_SYMBOLS: usize = 288;
/// Symbols of the distance code, of which 30 and 31 never occur in data.
pub(super) const DISTANCE_SYMBOLS: usize = 32;
/// Symbols of the code that the code lengths are written in.
pub(super) const LENGTH_SYMBOLS: usize = 19;

/// Codes up to this length are found by one lookup; longer ones, which are rare, by a second one.
///
/// Short codes fill many slots, one for each way to go on. In a single table of 2^15 slots they
/// would be spread over more memory than the first cache holds.
const FIRST_BITS: u32 = 10;
const FIRST_SLOTS: usize = 1 << FIRST_BITS;
const FIRST_MASK: u64 = (1 << FIRST_BITS) - 1;

/// Room for the first lookup and all second ones, which take up to 2^5 slots for each prefix of
/// ten bits. In a complete code a prefix stands for two symbols or more: 144 prefixes at most.
const SLOTS: usize = 8192;
const SLOTS_MASK: usize = SLOTS - 1;

/// What a symbol means, in one word: the lowest four bits are the length of its code.
#[derive(Clone, Copy)]
pub(super) struct Meaning(u32);

const EXTRA_SHIFT: u32 = 4;
const KIND_SHIFT: u32 = 8;
const VALUE_SHIFT: u32 = 16;
const KIND_LITERAL: u32 = 1 << KIND_SHIFT;
const KIND_RANGE: u32 = 2 << KIND_SHIFT;
const KIND_END: u32 = 4 << KIND_SHIFT;
const KIND_LINK: u32 = 8 << KIND_SHIFT;

impl Meaning {
    const INVALID: Self = Self(0);

    const fn literal(value: u16) -> Self {
        Self(KIND_LITERAL | (value as u32) << VALUE_SHIFT)
    }

    const fn range(base: u16, extra_bits: u8) -> Self {
        Self(KIND_RANGE | (base as u32) << VALUE_SHIFT | (extra_bits as u32) << EXTRA_SHIFT)
    }

    /// Says that the code is longer than [`FIRST_BITS`], and where to look on.
    fn link(first_slot: u16) -> Self {
        Self(KIND_LINK | u32::from(first_slot) << VALUE_SHIFT)
    }

    #[inline(always)]
    fn is_link(self) -> bool {
        self.0 & KIND_LINK != 0
    }

    /// The length of the code in bits.
    #[inline(always)]
    pub(super) fn code_length(self) -> u32 {
        self.0 & 0xf
    }

    #[inline(always)]
    pub(super) fn extra_bits(self) -> u32 {
        self.0 >> EXTRA_SHIFT & 0xf
    }

    #[inline(always)]
    pub(super) fn is_literal(self) -> bool {
        self.0 & KIND_LITERAL != 0
    }

    #[inline(always)]
    pub(super) fn is_range(self) -> bool {
        self.0 & KIND_RANGE != 0
    }

    #[inline(always)]
    pub(super) fn is_end(self) -> bool {
        self.0 & KIND_END != 0
    }

    /// The literal byte, or the smallest length or distance of the range.
    #[inline(always)]
    pub(super) fn value(self) -> usize {
        (self.0 >> VALUE_SHIFT) as usize
    }
}

/// Lengths 3 to 258 as symbols 257 to 285.
const LENGTHS: [(u16, u8); 29] = [
    (3, 0),
    (4, 0),
    (5, 0),
    (6, 0),
    (7, 0),
    (8, 0),
    (9, 0),
    (10, 0),
    (11, 1),
    (13, 1),
    (15, 1),
    (17, 1),
    (19, 2),
    (23, 2),
    (27, 2),
    (31, 2),
    (35, 3),
    (43, 3),
    (51, 3),
    (59, 3),
    (67, 4),
    (83, 4),
    (99, 4),
    (115, 4),
    (131, 5),
    (163, 5),
    (195, 5),
    (227, 5),
    (258, 0),
];

pub(super) const fn literal_meanings() -> [Meaning; LITERAL_SYMBOLS] {
    let mut meanings = [Meaning::INVALID; LITERAL_SYMBOLS];
    let mut symbol = 0;
    while symbol < 256 {
        meanings[symbol as usize] = Meaning::literal(symbol);
        symbol += 1;
    }
    meanings[256] = Meaning(KIND_END);
    let mut index = 0;
    while index < LENGTHS.len() {
        meanings[257 + index] = Meaning::range(LENGTHS[index].0, LENGTHS[index].1);
        index += 1;
    }
    meanings
}

pub(super) const fn distance_meanings() -> [Meaning; DISTANCE_SYMBOLS] {
    let mut meanings = [Meaning::INVALID; DISTANCE_SYMBOLS];
    let mut base = 1;
    let mut symbol = 0_u8;
    while symbol < 30 {
        let extra_bits = if symbol < 2 { 0 } else { symbol / 2 - 1 };
        meanings[symbol as usize] = Meaning::range(base, extra_bits);
        base += 1 << extra_bits;
        symbol += 1;
    }
    meanings
}

pub(super) const fn plain_meanings() -> [Meaning; LENGTH_SYMBOLS] {
    let mut meanings = [Meaning::INVALID; LENGTH_SYMBOLS];
    let mut symbol = 0_u16;
    while (symbol as usize) < LENGTH_SYMBOLS {
        meanings[symbol as usize] = Meaning::literal(symbol);
        symbol += 1;
    }
    meanings
}

/// Finds the meaning of a code in one lookup, or in two.
pub(super) struct Table {
    slots: Box<[Meaning; SLOTS]>,
    /// Selects the bits of a code beyond the first [`FIRST_BITS`].
    second_mask: u64,
}

impl Table {
    pub(super) fn new() -> Self {
        Self { slots: Box::new([Meaning::INVALID; SLOTS]), second_mask: 0 }
    }

    /// Fills the table from the code length of each symbol; 0 means that a symbol has no code.
    ///
    /// # Errors
    ///
    /// [`Fault::Code`] when the lengths do not form a complete code. RFC 1951 lets a code of one
    /// symbol be incomplete, which our compressor never writes and some readers refuse.
    pub(super) fn build(&mut self, lengths: &[u8], meanings: &[Meaning]) -> Result<(), Fault> {
        let mut next = first_codes(lengths)?;
        let longest = lengths.iter().copied().max().unwrap_or(0);
        let second_bits = u32::from(longest).saturating_sub(FIRST_BITS);
        self.second_mask = (1 << second_bits) - 1;
        self.slots[..FIRST_SLOTS].fill(Meaning::INVALID);
        let mut free = FIRST_SLOTS;
        for (&length, &meaning) in lengths.iter().zip(meanings) {
            if length == 0 {
                continue;
            }
            let code = next[usize::from(length)];
            next[usize::from(length)] += 1;
            // Codes are written with their first bit lowest, unlike all other numbers.
            let code = usize::from(code.reverse_bits() >> (u16::BITS - u32::from(length)));
            let length = u32::from(length);
            let slot = Meaning(meaning.0 | length);
            if length <= FIRST_BITS {
                fill(&mut self.slots[..FIRST_SLOTS], code, length, slot);
                continue;
            }
            let prefix = code & (FIRST_SLOTS - 1);
            if !self.slots[prefix].is_link() {
                self.slots[prefix] = Meaning::link(u16::try_from(free).map_err(|_| Fault::Code)?);
                free += 1 << second_bits;
            }
            let start = self.slots[prefix].value();
            let second = self.slots.get_mut(start..start + (1 << second_bits)).ok_or(Fault::Code)?;
            fill(second, code >> FIRST_BITS, length - FIRST_BITS, slot);
        }
        Ok(())
    }

    /// The meaning of the code at the front of `bits`.
    #[inline(always)]
    pub(super) fn look_up(&self, bits: u64) -> Meaning {
        let meaning = self.slots[(bits & FIRST_MASK) as usize];
        if !meaning.is_link() {
            return meaning;
        }
        let further = (bits >> FIRST_BITS & self.second_mask & FIRST_MASK) as usize;
        // This mask changes nothing; it lets the compiler drop the bounds check.
        self.slots[(meaning.value() + further) & SLOTS_MASK]
    }
}

/// Enters a code of `length` bits under every way that the bits after it can go on.
fn fill(slots: &mut [Meaning], code: usize, length: u32, meaning: Meaning) {
    for slot in slots.iter_mut().skip(code).step_by(1 << length) {
        *slot = meaning;
    }
}

/// The first canonical code of each length.
fn first_codes(lengths: &[u8]) -> Result<[u16; LONGEST_CODE + 1], Fault> {
    let mut counts = [0_u32; LONGEST_CODE + 1];
    for &length in lengths {
        *counts.get_mut(usize::from(length)).ok_or(Fault::Code)? += 1;
    }
    let mut first = [0_u16; LONGEST_CODE + 1];
    let mut code = 0_u32;
    for length in 1..=LONGEST_CODE {
        first[length] = u16::try_from(code).map_err(|_| Fault::Code)?;
        code = (code + counts[length]) << 1;
    }
    // A complete code uses up all 2^15 words of fifteen bits; `code` was doubled once more.
    if code == 2 << LONGEST_CODE { Ok(first) } else { Err(Fault::Code) }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn codes_are_canonical_and_read_from_their_first_bit() {
        // RFC 1951, section 3.2.2: A to H with these lengths get 010, 011, 100, 101, 110, 00,
        // 1110 and 1111.
        let mut table = Table::new();
        table.build(&[3, 3, 3, 3, 3, 2, 4, 4], &plain_meanings()).unwrap();
        for (bits, symbol, length) in [(0b010, 0, 3), (0b00, 5, 2), (0b0111, 6, 4), (0b1111, 7, 4)] {
            let meaning = table.look_up(bits);
            assert_eq!((meaning.value(), meaning.code_length()), (symbol, length), "{bits:b}");
        }
    }

    #[test]
    fn incomplete_oversubscribed_and_too_long_codes_are_refused() {
        let mut table = Table::new();
        for lengths in [&[0, 0, 0][..], &[1, 0, 0], &[1, 2, 0], &[1, 1, 1], &[1, 1, 15], &[16, 1, 1]] {
            assert_eq!(table.build(lengths, &plain_meanings()), Err(Fault::Code), "{lengths:?}");
        }
    }

    #[test]
    fn lengths_and_distances_cover_their_ranges_without_gaps() {
        let follow_on = |meanings: &[Meaning], first: usize| {
            meanings.iter().fold(first, |expected, meaning| {
                assert_eq!(meaning.value(), expected);
                expected + (1 << meaning.extra_bits())
            })
        };
        // 258 has a symbol of its own although the range before it could reach that far.
        assert_eq!(follow_on(&literal_meanings()[257..285], 3), 259);
        assert_eq!(literal_meanings()[285].value(), 258);
        assert_eq!(follow_on(&distance_meanings()[..30], 1), 32_769);
    }
}
