//! An archive, entry by entry.

use std::io::{self, BufRead};

use super::extensions::Extensions;
use super::header::{self, BLOCK, Header};
use super::path::shown;
use crate::Flaw;
use crate::limits::{MAX_EXTENSION_BYTES, MAX_HEADERS_BYTES, MAX_PATH_BYTES};

/// What an entry is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Kind {
    /// A regular file.
    #[default]
    File,
    /// A directory.
    Directory,
    /// A symbolic link.
    Symlink,
    /// A hard link.
    Hardlink,
    /// A character or block device.
    Device,
    /// A named pipe.
    Fifo,
    /// No file: a global PAX header, a volume label.
    Note,
}

/// One entry. Its memory is used again for the next.
#[derive(Default)]
pub struct Member {
    /// Every byte in front of the content: extension headers with theirs, the header, sparse maps. At the archive's
    /// end: the bytes that mark it.
    pub(super) raw: Vec<u8>,
    /// Where in `raw` the header begins.
    pub(super) header_at: usize,
    /// Where in the archive `raw` begins.
    pub(super) offset: u64,
    /// What it is.
    pub kind: Kind,
    /// Its path as stored, at most [`MAX_PATH_BYTES`] long; anything may stand in it.
    pub path: Vec<u8>,
    /// The target of a link as stored, at most as long.
    pub link: Vec<u8>,
    /// Permission bits, `0o7777`.
    pub mode: u32,
    pub(super) uid: u64,
    pub(super) gid: u64,
    /// When it was last changed, in whole seconds since 1970. What cannot be read is 0.
    pub modified: u64,
    /// Size of the file, with the holes of a sparse one.
    pub size: u64,
    /// Whether the content in the archive is something else than the file, because of holes.
    pub sparse: bool,
}

/// Reads an archive once, from its beginning. A defect of the archive is an [`io::Error`] with a [`Flaw`] inside.
pub struct TarReader<R> {
    reader: R,
    offset: u64,
    member: Member,
    content_left: u64,
    padding_left: u64,
}

impl<R: BufRead> TarReader<R> {
    /// An archive that begins where `reader` stands.
    pub fn new(reader: R) -> TarReader<R> {
        TarReader { reader, offset: 0, member: Member::default(), content_left: 0, padding_left: 0 }
    }

    /// The reader, behind everything that was read.
    pub fn into_inner(self) -> R {
        self.reader
    }

    /// The entry that [`TarReader::advance`] came to.
    pub fn member(&self) -> &Member {
        &self.member
    }

    /// Goes to the next entry, past what is left of this one; `false` at the archive's end.
    ///
    /// # Errors
    /// A [`Flaw`] of the archive, or the source's own trouble.
    pub fn advance(&mut self) -> io::Result<bool> {
        while !self.content()?.is_empty() {
            let count = self.content()?.len();
            self.consume(count);
        }
        while !self.padding()?.is_empty() {
            let count = self.padding()?.len();
            self.consume(count);
        }
        self.member.raw.clear();
        self.member.offset = self.offset;
        let mut extensions = Extensions::default();
        loop {
            let at = self.offset;
            let Some(header_at) = self.block()? else {
                return if self.member.raw.is_empty() {
                    Ok(false)
                } else {
                    Err(Flaw::Truncated(format!("the tar stops behind the extension header at byte {at}")).into())
                };
            };
            let block = block_at(&self.member.raw, header_at);
            if Header::is_zero(block) {
                return self.end(header_at, at);
            }
            let header = Header::new(block);
            if !header.checksum_is_right() {
                return Err(corrupt(format!("the header at byte {at} has a bad checksum")));
            }
            let kind = header.kind();
            if matches!(kind, b'x' | b'X' | b'L' | b'K') {
                self.extension(kind, header_at, at, &mut extensions)?;
            } else {
                self.entry(header_at, at, extensions)?;
                return Ok(true);
            }
        }
    }

    /// Behind a block of zeros: a second one, or nothing.
    fn end(&mut self, header_at: usize, at: u64) -> io::Result<bool> {
        if header_at > 0 {
            return Err(corrupt(format!("the archive ends at byte {at}, behind an extension header without an entry")));
        }
        match self.block()? {
            Some(second) if !Header::is_zero(block_at(&self.member.raw, second)) => {
                Err(corrupt(format!("a single block of zeros at byte {at} is followed by something else")))
            }
            _ => Ok(false),
        }
    }

    fn extension(&mut self, kind: u8, header_at: usize, at: u64, extensions: &mut Extensions) -> io::Result<()> {
        let size = size_of(Header::new(block_at(&self.member.raw, header_at)), at)?;
        if size > MAX_EXTENSION_BYTES {
            let reason =
                format!("the extension header at byte {at} has {size} bytes; {MAX_EXTENSION_BYTES} is the limit");
            return Err(Flaw::Stopped(reason).into());
        }
        let start = self.member.raw.len();
        for _ in 0..size.div_ceil(BLOCK as u64) {
            if self.block()?.is_none() {
                return Err(self.cut(at));
            }
        }
        // At most MAX_EXTENSION_BYTES, and that many were read.
        let size = usize::try_from(size).unwrap_or_default();
        let content = &self.member.raw[start..start + size];
        match kind {
            b'L' => extensions.set_gnu_path(content),
            b'K' => extensions.set_gnu_link(content),
            _ => extensions
                .read_pax(content)
                .map_err(|reason| corrupt(format!("the extension header at byte {at}: {reason}")))?,
        }
        Ok(())
    }

    fn entry(&mut self, header_at: usize, at: u64, mut extensions: Extensions) -> io::Result<()> {
        let block = *block_at(&self.member.raw, header_at);
        let header = Header::new(&block);
        self.member.header_at = header_at;
        self.member.path = extensions.take_path().unwrap_or_else(|| header.path());
        self.member.link = extensions.take_link().unwrap_or_else(|| header.link().to_vec());
        for name in [&self.member.path, &self.member.link] {
            if name.len() > MAX_PATH_BYTES {
                let reason = format!("a path at byte {at} is longer than {MAX_PATH_BYTES} bytes");
                return Err(Flaw::Stopped(reason).into());
            }
        }
        let field = |name: &str, range| {
            let bad = || corrupt(format!("the header at byte {at} has no number in its field `{name}`"));
            header.number(range).ok_or_else(bad)
        };
        self.member.mode = u32::try_from(field("mode", header::MODE)? & 0o7777).unwrap_or_default();
        self.member.uid = extensions.uid.map_or_else(|| field("uid", header::UID), Ok)?;
        // Fractions are beyond what a layer's files are asked for, and no defect of this field ends a reading.
        self.member.modified = extensions.modified.or_else(|| header.number(header::MTIME)).unwrap_or(0);
        self.member.gid = extensions.gid.map_or_else(|| field("gid", header::GID), Ok)?;
        let kind = kind_of(header.kind(), &self.member.path);
        self.member.kind = kind;
        let stored = extensions.size.map_or_else(|| size_of(header, at), Ok)?;
        let gnu_sparse = header.kind() == b'S';
        self.member.sparse = kind == Kind::File && (gnu_sparse || extensions.sparse);
        // Only files, and what is no entry at all, have content; a size elsewhere counts for nothing.
        let has_content = matches!(kind, Kind::File | Kind::Note) || header.kind() == b'D';
        self.content_left = if has_content { stored } else { 0 };
        self.padding_left = self.content_left.next_multiple_of(BLOCK as u64) - self.content_left;
        self.member.size = match kind {
            Kind::File if gnu_sparse => header
                .gnu_real_size()
                .filter(|size| *size <= i64::MAX.cast_unsigned())
                .ok_or_else(|| corrupt(format!("the sparse file at byte {at} has no size")))?,
            Kind::File => extensions.real_size.unwrap_or(stored),
            _ => 0,
        };
        let mut more = gnu_sparse && header.has_more_sparse();
        while more {
            let Some(map) = self.block()? else { return Err(self.cut(at)) };
            more = header::sparse_continues(block_at(&self.member.raw, map));
        }
        Ok(())
    }

    /// Reads one block behind `raw` and says where; `None` at the end of all bytes.
    fn block(&mut self) -> io::Result<Option<usize>> {
        let start = self.member.raw.len();
        if start + BLOCK > MAX_HEADERS_BYTES {
            let reason = format!("the headers at byte {} have more than {MAX_HEADERS_BYTES} bytes", self.member.offset);
            return Err(Flaw::Stopped(reason).into());
        }
        let mut missing = BLOCK;
        while missing > 0 {
            let waiting = fill(&mut self.reader)?;
            if waiting.is_empty() {
                break;
            }
            let count = waiting.len().min(missing);
            self.member.raw.extend_from_slice(&waiting[..count]);
            self.reader.consume(count);
            self.offset += count as u64;
            missing -= count;
        }
        match missing {
            0 => Ok(Some(start)),
            BLOCK => Ok(None),
            _ => Err(Flaw::Truncated(format!("the tar stops inside the header at byte {}", self.offset)).into()),
        }
    }

    /// Some of the content that has not been consumed; nothing at its end.
    ///
    /// # Errors
    /// A [`Flaw`] of the archive, or the source's own trouble.
    pub fn content(&mut self) -> io::Result<&[u8]> {
        if self.content_left == 0 {
            return Ok(&[]);
        }
        let left = usize::try_from(self.content_left).unwrap_or(usize::MAX);
        if fill(&mut self.reader)?.is_empty() {
            return Err(self.cut(self.offset));
        }
        let waiting = fill(&mut self.reader)?;
        Ok(&waiting[..waiting.len().min(left)])
    }

    /// Some of the padding behind the content. That of the last entry may be missing: Go's reader lets it pass.
    pub(super) fn padding(&mut self) -> io::Result<&[u8]> {
        let left = usize::try_from(self.padding_left).unwrap_or(usize::MAX);
        if self.content_left > 0 || left == 0 {
            return Ok(&[]);
        }
        let waiting = fill(&mut self.reader)?;
        Ok(&waiting[..waiting.len().min(left)])
    }

    /// Takes `count` bytes off what [`TarReader::content`] gave.
    pub fn consume(&mut self, count: usize) {
        self.reader.consume(count);
        let count = count as u64;
        self.offset += count;
        let content = count.min(self.content_left);
        self.content_left -= content;
        self.padding_left = self.padding_left.saturating_sub(count - content);
    }

    fn cut(&self, at: u64) -> io::Error {
        let Member { path, .. } = &self.member;
        Flaw::Truncated(format!("the tar stops at byte {at}, inside `{}`", shown(path))).into()
    }
}

/// [`BufRead::fill_buf`], tried again when a signal interrupts it.
pub(super) fn fill(reader: &mut impl BufRead) -> io::Result<&[u8]> {
    loop {
        match reader.fill_buf() {
            Ok(_) => break,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    // What waits is given again without reading: this form is what the borrow checker can follow.
    reader.fill_buf()
}

fn block_at(raw: &[u8], at: usize) -> &[u8; BLOCK] {
    static ZEROS: [u8; BLOCK] = [0; BLOCK];
    raw.get(at..).and_then(|rest| rest.first_chunk()).unwrap_or(&ZEROS)
}

fn size_of(header: Header<'_>, at: u64) -> io::Result<u64> {
    // Negative numbers have wrapped above the largest signed one.
    let size = header.number(header::SIZE).filter(|size| i64::try_from(*size).is_ok());
    size.ok_or_else(|| corrupt(format!("the header at byte {at} has no usable size")))
}

fn kind_of(flag: u8, path: &[u8]) -> Kind {
    match flag {
        // Version 7 had no letter for directories.
        0 if path.ends_with(b"/") => Kind::Directory,
        b'1' => Kind::Hardlink,
        b'2' => Kind::Symlink,
        b'3' | b'4' => Kind::Device,
        b'5' | b'D' => Kind::Directory,
        b'6' => Kind::Fifo,
        b'g' | b'V' => Kind::Note,
        // POSIX: what is not known is a regular file.
        _ => Kind::File,
    }
}

fn corrupt(reason: String) -> io::Error {
    Flaw::Corrupt(reason).into()
}
