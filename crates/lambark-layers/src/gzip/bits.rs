//! Bits of a deflate stream, least significant first (RFC 1951, section 3.1.1).

/// The bits that are certain to be at hand after [`BitReader::refill`].
///
/// The longest symbol of deflate, a match with all its extra bits, takes 15 + 5 + 15 + 13 = 48.
pub(super) const REFILLED: u32 = 56;

/// Reads bits from a slice that may end anywhere.
///
/// Past the end it delivers zeros, so that the hot loop needs no check for each symbol; whoever
/// uses it asks [`BitReader::overrun`] before he believes what he read.
pub(super) struct BitReader<'a> {
    data: &'a [u8],
    /// Index of the next byte to load; it grows past the end of `data` while zeros are delivered.
    next: usize,
    buffer: u64,
    held: u32,
}

impl<'a> BitReader<'a> {
    pub(super) fn new(data: &'a [u8]) -> Self {
        Self { data, next: 0, buffer: 0, held: 0 }
    }

    /// Loads bytes until at least [`REFILLED`] bits are held. The bits already held stay in place.
    #[inline(always)]
    pub(super) fn refill(&mut self) {
        if let Some((word, _)) = self.data.get(self.next..).and_then(<[u8]>::split_first_chunk::<8>) {
            // The word may overlap bits that are held already: they are the same bits, so `or` is
            // right, and only whole bytes that fit are counted.
            self.buffer |= u64::from_le_bytes(*word) << self.held;
            self.next += ((63 - self.held) >> 3) as usize;
            self.held |= REFILLED;
        } else {
            self.refill_at_the_end();
        }
    }

    #[cold]
    fn refill_at_the_end(&mut self) {
        while self.held < REFILLED {
            let byte = self.data.get(self.next).copied().unwrap_or(0);
            self.buffer |= u64::from(byte) << self.held;
            self.next += 1;
            self.held += 8;
        }
    }

    /// The next bits, without taking them; the caller masks what it needs.
    #[inline(always)]
    pub(super) fn peek(&self) -> u64 {
        self.buffer
    }

    /// Takes `count` bits, at most those that [`BitReader::refill`] left.
    #[inline(always)]
    pub(super) fn consume(&mut self, count: u32) {
        debug_assert!(count <= self.held, "more bits taken than were held");
        self.buffer >>= count;
        self.held -= count;
    }

    /// Takes and returns the next `count` bits (at most 16).
    #[inline(always)]
    pub(super) fn take(&mut self, count: u32) -> u32 {
        debug_assert!(count <= 16, "takes at most sixteen bits at once");
        let value = (self.buffer & ((1 << count) - 1) & 0xffff) as u16;
        self.consume(count);
        u32::from(value)
    }

    /// Where the next bit lies, counted from the start of the data.
    pub(super) fn position(&self) -> usize {
        self.next * 8 - self.held as usize
    }

    /// True when bits that the data does not have were taken.
    pub(super) fn overrun(&self) -> bool {
        self.position() > self.data.len() * 8
    }

    /// Drops what is left of the current byte and returns the next `length` bytes.
    pub(super) fn aligned_bytes(&mut self, length: usize) -> Option<&'a [u8]> {
        let start = self.position().div_ceil(8);
        let bytes = self.data.get(start..start.checked_add(length)?)?;
        self.next = start + length;
        self.buffer = 0;
        self.held = 0;
        Some(bytes)
    }
}
