//! Proof that a deflate stream says what went in, and where its last block begins.
//!
//! A stream cannot be lengthened before the final bit of its last block is cleared, and nothing
//! in the stream says where that block begins: it has to be walked from the front. Since every
//! symbol passes by anyway, and the data that it must stand for is at hand, each literal and each
//! match is compared with that data. Nothing is written, so the walk costs less than inflating,
//! and a block that passes is right whatever the compressor did.

use super::bits::BitReader;
use super::huffman::{
    DISTANCE_SYMBOLS, LENGTH_SYMBOLS, LITERAL_SYMBOLS, Meaning, Table, distance_meanings, literal_meanings,
    plain_meanings,
};

/// What the walk found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ends {
    /// The bit that marks the last block as the last, counted from the start of the stream.
    pub(super) final_bit: usize,
    /// The first bit after the last block.
    pub(super) end_bit: usize,
}

/// Why a stream is not the one that was wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// The stream stops within a block.
    #[error("the stream ends within a block")]
    Truncated,
    /// A block of the reserved type 3, or a stored block whose length is not repeated properly.
    #[error("a block has an invalid header")]
    Header,
    /// Code lengths that form no complete Huffman code.
    #[error("a block has an incomplete or oversubscribed Huffman code")]
    Code,
    /// A symbol that stands for something else than the data at that place.
    #[error("the stream decodes to other data from byte {0} of the block on")]
    Differs(usize),
}

static LITERALS: [Meaning; LITERAL_SYMBOLS] = literal_meanings();
static DISTANCES: [Meaning; DISTANCE_SYMBOLS] = distance_meanings();
static PLAIN: [Meaning; LENGTH_SYMBOLS] = plain_meanings();

/// The order in which the lengths of the code length code are written (RFC 1951, 3.2.7).
const LENGTH_ORDER: [usize; LENGTH_SYMBOLS] = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];

/// Walks deflate streams; holds the tables, so that they are allocated once.
pub(super) struct Auditor {
    literals: Table,
    distances: Table,
    lengths: Table,
}

impl Auditor {
    pub(super) fn new() -> Self {
        Self { literals: Table::new(), distances: Table::new(), lengths: Table::new() }
    }

    /// Walks `stream` up to the end of its last block and compares it with `plain`.
    ///
    /// # Errors
    ///
    /// A [`Fault`] when the stream is malformed or does not decode to exactly `plain`.
    pub(super) fn audit(&mut self, stream: &[u8], plain: &[u8]) -> Result<Ends, Fault> {
        let mut bits = BitReader::new(stream);
        let mut done = 0;
        loop {
            bits.refill();
            let final_bit = bits.position();
            let last = bits.take(1) == 1;
            done = match bits.take(2) {
                0 => stored(&mut bits, plain, done)?,
                1 => {
                    self.read_fixed_codes()?;
                    self.compressed(&mut bits, plain, done)?
                }
                2 => {
                    self.read_codes(&mut bits)?;
                    self.compressed(&mut bits, plain, done)?
                }
                _ => return Err(Fault::Header),
            };
            if bits.overrun() {
                return Err(Fault::Truncated);
            }
            if last {
                let end_bit = bits.position();
                return if done == plain.len() { Ok(Ends { final_bit, end_bit }) } else { Err(Fault::Differs(done)) };
            }
        }
    }

    fn read_fixed_codes(&mut self) -> Result<(), Fault> {
        let mut lengths = [8; LITERAL_SYMBOLS];
        lengths[144..256].fill(9);
        lengths[256..280].fill(7);
        self.literals.build(&lengths, &LITERALS)?;
        self.distances.build(&[5; DISTANCE_SYMBOLS], &DISTANCES)
    }

    fn read_codes(&mut self, bits: &mut BitReader<'_>) -> Result<(), Fault> {
        bits.refill();
        let literal_count = 257 + bits.take(5) as usize;
        let distance_count = 1 + bits.take(5) as usize;
        let length_count = 4 + bits.take(4) as usize;
        if literal_count > LITERAL_SYMBOLS {
            return Err(Fault::Header);
        }
        let mut lengths = [0; LENGTH_SYMBOLS];
        for &symbol in &LENGTH_ORDER[..length_count] {
            bits.refill();
            lengths[symbol] = low_byte(bits.take(3));
        }
        self.lengths.build(&lengths, &PLAIN)?;

        let mut lengths = [0; LITERAL_SYMBOLS + DISTANCE_SYMBOLS];
        let lengths = &mut lengths[..literal_count + distance_count];
        self.read_lengths(bits, lengths)?;
        let (literals, distances) = lengths.split_at(literal_count);
        self.literals.build(literals, &LITERALS)?;
        self.distances.build(distances, &DISTANCES)
    }

    fn read_lengths(&self, bits: &mut BitReader<'_>, lengths: &mut [u8]) -> Result<(), Fault> {
        let mut at = 0;
        while at < lengths.len() {
            bits.refill();
            let code = self.lengths.look_up(bits.peek());
            bits.consume(code.code_length());
            let (value, times) = match code.value() {
                16 => {
                    let before = at.checked_sub(1).ok_or(Fault::Code)?;
                    (lengths[before], 3 + bits.take(2))
                }
                17 => (0, 3 + bits.take(3)),
                18 => (0, 11 + bits.take(7)),
                length => (u8::try_from(length).map_err(|_| Fault::Code)?, 1),
            };
            let end = at + times as usize;
            lengths.get_mut(at..end).ok_or(Fault::Code)?.fill(value);
            at = end;
        }
        Ok(())
    }

    /// Walks the symbols of one block that starts at byte `done`; returns the byte where it ends.
    ///
    /// The loop is bounded: each turn moves `done` towards the end of `plain`, or returns.
    fn compressed(&self, bits: &mut BitReader<'_>, plain: &[u8], mut done: usize) -> Result<usize, Fault> {
        loop {
            bits.refill();
            let mut symbol = self.literals.look_up(bits.peek());
            if symbol.is_literal() {
                // Three codes of at most 15 bits fit in what one refill brings.
                for _ in 0..2 {
                    check_literal(symbol, plain, done)?;
                    done += 1;
                    bits.consume(symbol.code_length());
                    symbol = self.literals.look_up(bits.peek());
                    if !symbol.is_literal() {
                        break;
                    }
                }
                if symbol.is_literal() {
                    check_literal(symbol, plain, done)?;
                    done += 1;
                    bits.consume(symbol.code_length());
                    continue;
                }
                bits.refill();
            }
            bits.consume(symbol.code_length());
            if !symbol.is_range() {
                return if symbol.is_end() { Ok(done) } else { Err(Fault::Differs(done)) };
            }
            let length = symbol.value() + bits.take(symbol.extra_bits()) as usize;
            let symbol = self.distances.look_up(bits.peek());
            bits.consume(symbol.code_length());
            let distance = symbol.value() + bits.take(symbol.extra_bits()) as usize;
            done = check_match(plain, done, length, distance).ok_or(Fault::Differs(done))?;
        }
    }
}

#[inline(always)]
fn check_literal(symbol: Meaning, plain: &[u8], done: usize) -> Result<(), Fault> {
    match plain.get(done) {
        Some(&byte) if usize::from(byte) == symbol.value() => Ok(()),
        _ => Err(Fault::Differs(done)),
    }
}

/// Compares a match with the data and returns the byte after it.
///
/// All that lies before `done` was found equal to `plain`, so the data itself serves as the
/// history that the match copies from. That holds for a match that overlaps itself, too.
#[inline(always)]
fn check_match(plain: &[u8], done: usize, length: usize, distance: usize) -> Option<usize> {
    if distance == 0 {
        return None;
    }
    let end = done + length;
    let from = done.checked_sub(distance)?;
    let same = plain.get(done..end)? == plain.get(from..from + length)?;
    same.then_some(end)
}

fn stored(bits: &mut BitReader<'_>, plain: &[u8], done: usize) -> Result<usize, Fault> {
    let header = bits.aligned_bytes(4).ok_or(Fault::Truncated)?;
    let length = u16::from_le_bytes([header[0], header[1]]);
    if length != !u16::from_le_bytes([header[2], header[3]]) {
        return Err(Fault::Header);
    }
    let bytes = bits.aligned_bytes(usize::from(length)).ok_or(Fault::Truncated)?;
    let end = done + bytes.len();
    if plain.get(done..end) == Some(bytes) { Ok(end) } else { Err(Fault::Differs(done)) }
}

fn low_byte(value: u32) -> u8 {
    value.to_le_bytes()[0]
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use libdeflater::{CompressionLvl, Compressor};

    use super::*;

    fn deflate(plain: &[u8], level: i32) -> Vec<u8> {
        let mut compressor = Compressor::new(CompressionLvl::new(level).unwrap());
        let mut stream = vec![0; compressor.deflate_compress_bound(plain.len())];
        let length = compressor.deflate_compress(plain, &mut stream).unwrap();
        stream.truncate(length);
        stream
    }

    /// Text with matches near and far and blocks of every kind, noise among them.
    fn sample() -> Vec<u8> {
        let mut state = 1_u32;
        let mut plain = Vec::new();
        for round in 0_u32..40_000 {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            if (10_000..12_000).contains(&round) {
                plain.extend_from_slice(&[(state >> 24).to_le_bytes()[0]; 1]);
                plain.extend_from_slice(&state.to_le_bytes()[1..]);
            } else {
                plain.extend_from_slice(format!("line {} of {round}\n", state >> 27).as_bytes());
            }
        }
        plain
    }

    #[test]
    fn finds_the_last_block_and_the_end_at_every_level() {
        let plain = sample();
        for level in 1..=12 {
            let stream = deflate(&plain, level);
            let ends = Auditor::new().audit(&stream, &plain).unwrap();
            assert_eq!(ends.end_bit.div_ceil(8), stream.len(), "level {level}");
            assert!(ends.final_bit > 0, "level {level} is expected to write several blocks");
            assert_eq!(stream[ends.final_bit / 8] >> (ends.final_bit % 8) & 1, 1, "level {level}");
        }
    }

    #[test]
    fn other_data_is_noticed_where_it_begins() {
        let plain = sample();
        let stream = deflate(&plain, 6);
        for place in [0, 1, plain.len() / 2, plain.len() - 1] {
            let mut other = plain.clone();
            other[place] ^= 1;
            let fault = Auditor::new().audit(&stream, &other).unwrap_err();
            let Fault::Differs(at) = fault else { panic!("{fault:?}") };
            assert!(at <= place && place < at + 258, "changed {place}, found {at}");
        }
    }

    #[test]
    fn missing_and_surplus_data_is_noticed() {
        let plain = sample();
        let stream = deflate(&plain, 6);
        let shorter = &plain[..plain.len() - 1];
        assert!(matches!(Auditor::new().audit(&stream, shorter), Err(Fault::Differs(_))));
        let mut longer = plain.clone();
        longer.push(b'x');
        assert_eq!(Auditor::new().audit(&stream, &longer), Err(Fault::Differs(plain.len())));
    }

    #[test]
    fn a_truncated_stream_is_refused_at_every_length() {
        let plain = &sample()[..3_000];
        let stream = deflate(plain, 6);
        let mut auditor = Auditor::new();
        for length in 0..stream.len() {
            assert!(auditor.audit(&stream[..length], plain).is_err(), "{length} bytes passed");
        }
    }

    #[test]
    fn a_flipped_bit_never_passes_as_the_same_data_unless_it_decodes_so() {
        let plain = &sample()[..3_000];
        let good = deflate(plain, 6);
        let mut auditor = Auditor::new();
        for bit in 0..good.len() * 8 {
            let mut stream = good.clone();
            stream[bit / 8] ^= 1 << (bit % 8);
            if auditor.audit(&stream, plain).is_ok() {
                let mut decoded = vec![0; plain.len()];
                let length = libdeflater::Decompressor::new().deflate_decompress(&stream, &mut decoded).unwrap();
                assert_eq!(&decoded[..length], plain, "bit {bit}");
            }
        }
    }

    #[test]
    fn malformed_headers_are_refused() {
        let mut auditor = Auditor::new();
        assert_eq!(auditor.audit(&[0b111], b"x"), Err(Fault::Header), "reserved type");
        let stored = [1, 1, 0, 0xff, 0xff, b'x'];
        assert_eq!(auditor.audit(&stored, b"x"), Err(Fault::Header), "length without complement");
        assert_eq!(auditor.audit(&[0b101, 0, 0, 0, 0], b"x"), Err(Fault::Code), "empty code");
        assert_eq!(auditor.audit(&[], b"x"), Err(Fault::Truncated), "no stream");
    }
}
