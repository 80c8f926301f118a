//! gzip, member after member (RFC 1952).

use std::io::{self, Read};

use crc32fast::Hasher;
use flate2::{Decompress, FlushDecompress, Status};

use super::input::Input;
use crate::Flaw;
use crate::limits::MAX_GZIP_HEADER_BYTES;

/// Bits of the header's flags.
const HEADER_CRC: u8 = 1 << 1;
const EXTRA: u8 = 1 << 2;
const NAME: u8 = 1 << 3;
const COMMENT: u8 = 1 << 4;
const RESERVED: u8 = 0b1110_0000;

const DEFLATE: u8 = 8;

pub(super) struct Gzip {
    inflate: Decompress,
    crc: Hasher,
    /// Plain bytes of this member, modulo 2^32 as its trailer counts them.
    length: u32,
    inside: bool,
    members: u64,
}

impl Gzip {
    pub(super) fn new() -> Gzip {
        Gzip { inflate: Decompress::new(false), crc: Hasher::new(), length: 0, inside: false, members: 0 }
    }

    pub(super) fn members(&self) -> u64 {
        self.members
    }

    pub(super) fn read<R: Read>(&mut self, input: &mut Input<R>, out: &mut [u8]) -> io::Result<usize> {
        loop {
            if !self.inside {
                if self.members > 0 && input.fill()?.is_empty() {
                    return Ok(0);
                }
                self.begin(input)?;
            }
            let waiting = input.fill()?;
            let at_end = waiting.is_empty();
            let (read_before, written_before) = (self.inflate.total_in(), self.inflate.total_out());
            let status = self.inflate.decompress(waiting, out, FlushDecompress::None);
            // Both are at most the length of a slice.
            let consumed = usize::try_from(self.inflate.total_in() - read_before).unwrap_or(usize::MAX);
            let written = usize::try_from(self.inflate.total_out() - written_before).unwrap_or(usize::MAX);
            input.consume(consumed);
            let status = status.map_err(|error| self.corrupt(&format!("its deflate data is bad ({error})")))?;
            self.crc.update(&out[..written]);
            self.length = self.length.wrapping_add(u32::try_from(written).unwrap_or(0));
            if status == Status::StreamEnd {
                self.end(input)?;
            }
            if written > 0 {
                return Ok(written);
            }
            if status != Status::StreamEnd && at_end {
                return Err(self.truncated("data"));
            }
            if status != Status::StreamEnd && consumed == 0 {
                return Err(self.corrupt("its deflate data leads nowhere"));
            }
        }
    }

    fn begin<R: Read>(&mut self, input: &mut Input<R>) -> io::Result<()> {
        self.header(input)?;
        self.inflate.reset(false);
        self.crc.reset();
        self.length = 0;
        self.inside = true;
        self.members += 1;
        Ok(())
    }

    fn header<R: Read>(&self, input: &mut Input<R>) -> io::Result<()> {
        let first = input.byte()?;
        if first.is_some_and(|byte| byte != 0x1f) && self.members > 0 {
            return Err(Flaw::Corrupt("bytes that are no gzip follow the gzip data".to_owned()).into());
        }
        let mut header = Header { input, gzip: self, count: 0 };
        let [second, method, flags] = [header.byte()?, header.byte()?, header.byte()?];
        if first != Some(0x1f) || second != 0x8b {
            return Err(self.corrupt("its magic number is wrong"));
        }
        if method != DEFLATE || flags & RESERVED != 0 {
            return Err(self.corrupt(&format!("its method {method} or its flags {flags:#04x} are not defined")));
        }
        header.skip(6)?;
        if flags & EXTRA != 0 {
            let length = u16::from_le_bytes([header.byte()?, header.byte()?]);
            header.skip(length.into())?;
        }
        for text in [NAME, COMMENT] {
            if flags & text != 0 {
                while header.byte()? != 0 {}
            }
        }
        if flags & HEADER_CRC != 0 {
            header.skip(2)?;
        }
        Ok(())
    }

    fn end<R: Read>(&mut self, input: &mut Input<R>) -> io::Result<()> {
        let mut trailer = [0; 8];
        for byte in &mut trailer {
            *byte = input.byte()?.ok_or_else(|| self.truncated("trailer"))?;
        }
        self.inside = false;
        let [a, b, c, d, e, f, g, h] = trailer;
        if u32::from_le_bytes([a, b, c, d]) != self.crc.clone().finalize() {
            return Err(self.corrupt("its checksum does not fit its data"));
        }
        if u32::from_le_bytes([e, f, g, h]) != self.length {
            return Err(self.corrupt("its length does not fit its data"));
        }
        Ok(())
    }

    fn truncated(&self, part: &str) -> io::Error {
        Flaw::Truncated(format!("the gzip data stops inside the {part}{}", self.which())).into()
    }

    fn corrupt(&self, reason: &str) -> io::Error {
        Flaw::Corrupt(format!("the gzip data is corrupt: {reason}{}", self.which())).into()
    }

    /// Names the member where there are several.
    fn which(&self) -> String {
        match self.members {
            0 | 1 => String::new(),
            members => format!(" (member {members})"),
        }
    }
}

struct Header<'a, R> {
    input: &'a mut Input<R>,
    gzip: &'a Gzip,
    count: usize,
}

impl<R: Read> Header<'_, R> {
    fn byte(&mut self) -> io::Result<u8> {
        self.count += 1;
        if self.count > MAX_GZIP_HEADER_BYTES {
            let reason = format!("the gzip header is longer than {MAX_GZIP_HEADER_BYTES} bytes");
            return Err(Flaw::Stopped(reason).into());
        }
        self.input.byte()?.ok_or_else(|| self.gzip.truncated("header"))
    }

    fn skip(&mut self, count: usize) -> io::Result<()> {
        (0..count).try_for_each(|_| self.byte().map(drop))
    }
}
