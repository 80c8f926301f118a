//! Writing an archive again with what it lacks, everything else byte for byte.

use std::io::{self, BufRead, BufReader, Read, Write};

use super::header::{self, BLOCK};
use super::path::{components, shown};
use super::plan::{Directory, MendPlan};
use super::reader::{Kind, Member, TarReader, fill};

/// How much is read at once.
const CHUNK: usize = 256 * 1024;

/// What [`mend`] did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Mended {
    /// Directory entries written that were not there, or came later.
    pub inserted: u64,
    /// Entries left out at their old place.
    pub moved: u64,
    /// Entries with other permission bits.
    pub changed: u64,
}

/// Copies a plain tar and mends it on the way as `plan` says.
///
/// Every entry that the plan does not name keeps each of its bytes, extension headers included, and so does whatever
/// follows the archive's end mark. The reader is read to its end. Memory does not depend on the tar's size.
///
/// # Errors
/// The reader's and the writer's own; [`Flaw`](crate::Flaw) when the tar is damaged; [`io::ErrorKind::InvalidInput`]
/// when the plan was made for another tar.
pub fn mend<R: Read, W: Write>(reader: R, plan: &MendPlan, mut writer: W) -> io::Result<Mended> {
    let mut reader = BufReader::with_capacity(CHUNK, reader);
    if plan.is_empty() {
        copy_rest(&mut reader, &mut writer)?;
        return Ok(Mended::default());
    }
    rewrite(reader, plan, &mut writer)
}

fn rewrite(reader: impl BufRead, plan: &MendPlan, writer: &mut impl Write) -> io::Result<Mended> {
    let mut tar = TarReader::new(reader);
    let mut mended = Mended::default();
    let mut index = 0;
    while tar.advance()? {
        if tar.member().kind == Kind::Note {
            writer.write_all(&tar.member().raw)?;
            copy_content(&mut tar, writer)?;
            continue;
        }
        for directory in plan.inserted.get(&index).into_iter().flatten() {
            write_directory(directory, &tar.member().path, writer)?;
            mended.inserted += 1;
        }
        if plan.moved.contains(&index) {
            expect_directory(tar.member())?;
            mended.moved += 1;
        } else {
            mended.changed += write_headers(tar.member(), plan.modes.get(&index).copied(), writer)?;
            copy_content(&mut tar, writer)?;
        }
        index += 1;
    }
    expect_all_done(plan, index)?;
    writer.write_all(&tar.member().raw)?;
    copy_rest(&mut tar.into_inner(), writer)?;
    Ok(mended)
}

/// Writes all that stands before the content; says how many headers differ, 0 or 1.
fn write_headers(member: &Member, mode: Option<u32>, writer: &mut impl Write) -> io::Result<u64> {
    let Some(mode) = mode else {
        writer.write_all(&member.raw)?;
        return Ok(0);
    };
    let (before, rest) = member.raw.split_at(member.header_at);
    let (old, behind) = rest.split_at(BLOCK.min(rest.len()));
    let mut block = [0; BLOCK];
    block[..old.len()].copy_from_slice(old);
    header::write_number(&mut block[header::MODE], mode.into());
    header::write_checksum(&mut block);
    writer.write_all(before)?;
    writer.write_all(&block)?;
    writer.write_all(behind)?;
    Ok(1)
}

fn copy_content<R: BufRead>(tar: &mut TarReader<R>, writer: &mut impl Write) -> io::Result<()> {
    loop {
        let content = tar.content()?;
        let count = content.len();
        if count == 0 {
            break;
        }
        writer.write_all(content)?;
        tar.consume(count);
    }
    loop {
        let padding = tar.padding()?;
        let count = padding.len();
        if count == 0 {
            return Ok(());
        }
        writer.write_all(padding)?;
        tar.consume(count);
    }
}

fn copy_rest(reader: &mut impl BufRead, writer: &mut impl Write) -> io::Result<()> {
    loop {
        let waiting = fill(reader)?;
        let count = waiting.len();
        if count == 0 {
            return Ok(());
        }
        writer.write_all(waiting)?;
        reader.consume(count);
    }
}

/// A ustar header; a GNU long name in front where the path has no room in it, as that takes any bytes.
fn write_directory(directory: &Directory, child: &[u8], writer: &mut impl Write) -> io::Result<()> {
    let mut path = path_like(&directory.path, child);
    path.push(b'/');
    if path.len() > header::NAME.len() {
        let mut content = path.clone();
        content.push(0);
        let mut long = blank(b"././@LongLink", b'L', b"ustar  \0");
        header::write_number(&mut long[header::SIZE], content.len() as u64);
        header::write_checksum(&mut long);
        writer.write_all(&long)?;
        content.resize(content.len().next_multiple_of(BLOCK), 0);
        writer.write_all(&content)?;
        path.truncate(header::NAME.len());
    }
    let mut block = blank(&path, b'5', b"ustar\x0000");
    header::write_number(&mut block[header::MODE], directory.mode.into());
    header::write_number(&mut block[header::UID], directory.uid);
    header::write_number(&mut block[header::GID], directory.gid);
    header::write_checksum(&mut block);
    writer.write_all(&block)
}

/// A header with no size, no owner, no time and no checksum.
fn blank(path: &[u8], kind: u8, magic: &[u8; 8]) -> [u8; BLOCK] {
    let mut block = [0; BLOCK];
    block[..path.len()].copy_from_slice(path);
    for field in [header::MODE, header::UID, header::GID, header::SIZE, header::MTIME] {
        header::write_number(&mut block[field], 0);
    }
    block[header::TYPE] = kind;
    block[header::MAGIC].copy_from_slice(magic);
    block
}

/// The directory's path in the manner of its child's, which may begin with `./` or have bytes that facts cannot hold.
/// A child that gets there through a link tells nothing.
fn path_like(directory: &str, child: &[u8]) -> Vec<u8> {
    let depth = directory.split('/').count();
    let end = components(child).nth(depth - 1).map(|(_, end)| end);
    let own = end.map(|end| &child[..end]).filter(|own| *super::path::normalised(own) == *directory);
    own.unwrap_or(directory.as_bytes()).to_vec()
}

fn expect_directory(member: &Member) -> io::Result<()> {
    if member.kind == Kind::Directory {
        return Ok(());
    }
    Err(wrong_plan(&format!("`{}` is no directory", shown(&member.path))))
}

/// Whether the tar was as long as the plan says.
fn expect_all_done(plan: &MendPlan, entries: usize) -> io::Result<()> {
    let last = [plan.inserted.keys().next_back(), plan.moved.last(), plan.modes.keys().next_back()];
    if last.into_iter().flatten().all(|index| *index < entries) {
        return Ok(());
    }
    Err(wrong_plan(&format!("it has {entries} entries")))
}

fn wrong_plan(reason: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, format!("the mending was planned for another tar: {reason}"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    /// [`mend`] copies where there is nothing to do; this is the way through the reader.
    #[test]
    fn the_reader_loses_no_byte() {
        let mut long = blank(b"././@LongLink", b'L', b"ustar  \0");
        header::write_number(&mut long[header::SIZE], 600);
        header::write_checksum(&mut long);
        let mut file = blank(b"name", b'0', b"ustar\x0000");
        header::write_number(&mut file[header::SIZE], 1000);
        header::write_checksum(&mut file);
        let mut note = blank(b"global", b'g', b"ustar\x0000");
        header::write_checksum(&mut note);
        let mut tar = [&note[..], &long, &[b'x'; 1024], &file, &[b'y'; 1024]].concat();
        for end in [0, 512, 1024, 4096] {
            let whole = [&tar[..], &vec![0; end]].concat();
            let mut out = Vec::new();
            assert_eq!(rewrite(whole.as_slice(), &MendPlan::default(), &mut out).unwrap(), Mended::default());
            assert_eq!(out, whole);
        }
        // Nor of a last padding that is cut, nor of what follows the end mark.
        for end in [&[][..], &[&[0; 1024][..], b"behind"].concat()] {
            tar.truncate(tar.len() - usize::from(end.is_empty()) * 10);
            let whole = [&tar[..], end].concat();
            let mut out = Vec::new();
            tar.resize(tar.len().next_multiple_of(512), b'y');
            rewrite(whole.as_slice(), &MendPlan::default(), &mut out).unwrap();
            assert_eq!(out, whole);
        }
    }
}
