//! Program headers, the dynamic section, symbol versions.

use lambark_rules::facts::{Elf, GlibcVersion};

use super::image::Image;
use crate::tar::shown;

/// Most program headers that are looked at. Real files have about a dozen.
const MAX_SEGMENTS: u16 = 256;

/// Longest dynamic section that is read, in bytes: four thousand entries. Real ones have some dozens.
pub(super) const MAX_DYNAMIC_BYTES: usize = 64 * 1024;

/// Longest path of a loader, in bytes: what Linux takes.
pub(super) const MAX_INTERPRETER_BYTES: usize = 4096;

/// Longest name of a library or a version, in bytes.
const MAX_NAME_BYTES: usize = 4096;

/// Most bytes of names kept of one file. Thousands of entries may point at the same long name.
const MAX_NAMES_BYTES: usize = 64 * 1024;

/// Most records of symbol versions that are followed. The C library defines about fifty.
const MAX_VERSIONS: usize = 16 * 1024;

const PT_LOAD: u32 = 1;
const PT_DYNAMIC: u32 = 2;
const PT_INTERP: u32 = 3;

const PF_X: u32 = 1;

const DT_NULL: u64 = 0;
const DT_NEEDED: u64 = 1;
const DT_STRTAB: u64 = 5;
const DT_STRSZ: u64 = 10;
const DT_RPATH: u64 = 15;
const DT_RUNPATH: u64 = 29;
const DT_VERDEF: u64 = 0x6fff_fffc;
const DT_VERNEED: u64 = 0x6fff_fffe;

/// Where something lies in the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) offset: u64,
    pub(super) size: u64,
}

/// The program headers that matter.
#[derive(Default)]
pub(super) struct Segments {
    /// `PT_LOAD`: address, and where it lies in the file.
    loads: Vec<(u64, Span)>,
    pub(super) dynamic: Option<Span>,
    pub(super) interpreter: Option<Span>,
    /// How far the file's beginning holds tables and no code, if its linker kept them apart.
    pub(super) tables_end: Option<u64>,
    /// Whether all were there to be read.
    complete: bool,
}

impl Segments {
    pub(super) fn read(image: Image<'_>) -> Segments {
        let mut segments = Segments::default();
        segments.complete = segments.fill(image).is_some();
        segments
    }

    fn fill(&mut self, image: Image<'_>) -> Option<()> {
        let class = image.class;
        let (table_at, size_at, count_at) = if class.wide { (32, 54, 56) } else { (28, 42, 44) };
        let table = class.word(image.head, table_at)?;
        let size = class.u16(image.head, size_at)?;
        let count = class.u16(image.head, count_at)?;
        for index in 0..count.min(MAX_SEGMENTS) {
            let at = table.checked_add(u64::from(index) * u64::from(size))?;
            let header = image.bytes(at, if class.wide { 56 } else { 32 })?;
            let (offset, address, size) = if class.wide { (8, 16, 32) } else { (4, 8, 16) };
            let span = Span { offset: class.word(header, offset)?, size: class.word(header, size)? };
            match class.u32(header, 0)? {
                PT_LOAD => {
                    let executable = class.u32(header, if class.wide { 4 } else { 24 })? & PF_X != 0;
                    if self.loads.is_empty() && span.offset == 0 && !executable {
                        self.tables_end = Some(span.size);
                    }
                    self.loads.push((class.word(header, address)?, span));
                }
                PT_DYNAMIC => self.dynamic = Some(span),
                PT_INTERP => self.interpreter = Some(span),
                _ => {}
            }
        }
        (count <= MAX_SEGMENTS).then_some(())
    }

    /// Where in the file an address of the running program comes from.
    fn offset_of(&self, address: u64) -> Option<u64> {
        self.loads.iter().find_map(|(start, span)| {
            let into = address.checked_sub(*start).filter(|into| *into < span.size)?;
            span.offset.checked_add(into)
        })
    }
}

/// The dynamic section's entries that matter. Names are offsets into the string table.
#[derive(Default)]
pub(super) struct Dynamic {
    needed: Vec<u64>,
    run_paths: Vec<u64>,
    pub(super) strings: Option<Span>,
    pub(super) versions_needed: Option<u64>,
    pub(super) versions_defined: Option<u64>,
}

impl Dynamic {
    /// `None` if the section is not there, or not all of it.
    pub(super) fn read(image: Image<'_>, segments: &Segments) -> Option<Dynamic> {
        let span = segments.dynamic?;
        let size = usize::try_from(span.size).ok().filter(|size| *size <= MAX_DYNAMIC_BYTES)?;
        let bytes = image.bytes(span.offset, size)?;
        let word = if image.class.wide { 8 } else { 4 };
        let mut dynamic = Dynamic::default();
        let (mut strings, mut strings_size) = (None, 0);
        for entry in bytes.chunks_exact(2 * word) {
            let value = image.class.word(entry, word)?;
            match image.class.word(entry, 0)? {
                DT_NULL => break,
                DT_NEEDED => dynamic.needed.push(value),
                DT_RPATH | DT_RUNPATH => dynamic.run_paths.push(value),
                DT_STRTAB => strings = segments.offset_of(value),
                DT_STRSZ => strings_size = value,
                DT_VERNEED => dynamic.versions_needed = segments.offset_of(value),
                DT_VERDEF => dynamic.versions_defined = segments.offset_of(value),
                _ => {}
            }
        }
        dynamic.strings = strings.map(|offset| Span { offset, size: strings_size });
        Some(dynamic)
    }
}

/// Everything that facts want to know.
pub(super) fn facts(image: Image<'_>) -> Elf {
    let machine = image.class.u16(image.head, 18).unwrap_or_default();
    let segments = Segments::read(image);
    let mut reading = Reading { image, names_left: MAX_NAMES_BYTES, versions_left: MAX_VERSIONS, strings: None };
    let mut elf = Elf { machine, complete: segments.complete, ..Elf::default() };
    if let Some(span) = segments.interpreter {
        elf.interpreter = reading.interpreter(span);
        elf.complete &= elf.interpreter.is_some();
    }
    if segments.dynamic.is_some() {
        elf.complete &= match Dynamic::read(image, &segments) {
            Some(dynamic) => reading.dynamic(&dynamic, &mut elf).is_some(),
            None => false,
        };
    }
    elf
}

struct Reading<'a> {
    image: Image<'a>,
    strings: Option<Span>,
    names_left: usize,
    versions_left: usize,
}

impl<'a> Reading<'a> {
    fn interpreter(&mut self, span: Span) -> Option<Box<str>> {
        let size = usize::try_from(span.size).ok().filter(|size| *size <= MAX_INTERPRETER_BYTES)?;
        let bytes = self.image.bytes(span.offset, size)?;
        bytes.split(|byte| *byte == 0).next().map(shown)
    }

    /// Fills in as much as there is; `None` if something is lacking.
    fn dynamic(&mut self, dynamic: &Dynamic, elf: &mut Elf) -> Option<()> {
        self.strings = dynamic.strings;
        let mut whole = Some(());
        for name in &dynamic.needed {
            match self.kept_name(*name) {
                Some(name) => elf.needed.push(shown(name)),
                None => whole = None,
            }
        }
        for paths in &dynamic.run_paths {
            match self.kept_name(*paths) {
                Some(paths) => {
                    let paths = paths.split(|byte| *byte == b':').filter(|path| !path.is_empty());
                    elf.run_path.extend(paths.map(shown));
                }
                None => whole = None,
            }
        }
        for (table, newest, read) in [
            (
                dynamic.versions_needed,
                &mut elf.glibc_needed,
                Reading::needed_versions as fn(&mut Reading<'a>, _, _) -> _,
            ),
            (dynamic.versions_defined, &mut elf.glibc_provided, Reading::defined_versions),
        ] {
            if let Some(table) = table {
                whole = read(self, table, newest).and(whole);
            }
        }
        whole
    }

    /// `Verneed`: a list of libraries, each with a list of versions.
    fn needed_versions(&mut self, mut library: u64, newest: &mut Option<GlibcVersion>) -> Option<()> {
        let class = self.image.class;
        loop {
            let record = self.record(library, 16)?;
            let mut version = library.checked_add(class.u32(record, 8)?.into())?;
            for _ in 0..class.u16(record, 2)? {
                let record = self.record(version, 16)?;
                self.note_version(class.u32(record, 8)?, newest)?;
                match class.u32(record, 12)? {
                    0 => break,
                    next => version = version.checked_add(next.into())?,
                }
            }
            match class.u32(record, 12)? {
                0 => return Some(()),
                next => library = library.checked_add(next.into())?,
            }
        }
    }

    /// `Verdef`: a list of versions, the first name of each its own.
    fn defined_versions(&mut self, mut version: u64, newest: &mut Option<GlibcVersion>) -> Option<()> {
        let class = self.image.class;
        loop {
            let record = self.record(version, 20)?;
            let name = version.checked_add(class.u32(record, 12)?.into())?;
            let name = class.u32(self.record(name, 8)?, 0)?;
            self.note_version(name, newest)?;
            match class.u32(record, 16)? {
                0 => return Some(()),
                next => version = version.checked_add(next.into())?,
            }
        }
    }

    /// One record of a list. Lists may be circles, so their records are counted.
    fn record(&mut self, offset: u64, size: usize) -> Option<&'a [u8]> {
        self.versions_left = self.versions_left.checked_sub(1)?;
        self.image.bytes(offset, size)
    }

    fn note_version(&self, name: u32, newest: &mut Option<GlibcVersion>) -> Option<()> {
        let name = std::str::from_utf8(self.name(name.into())?).unwrap_or_default();
        // Other libraries have versions too, and the C library has some without a number.
        if let Ok(version) = name.parse() {
            *newest = (*newest).max(Some(version));
        }
        Some(())
    }

    fn kept_name(&mut self, offset: u64) -> Option<&'a [u8]> {
        let name = self.name(offset)?;
        self.names_left = self.names_left.checked_sub(name.len() + 1)?;
        Some(name)
    }

    /// A name of the string table.
    fn name(&self, offset: u64) -> Option<&'a [u8]> {
        let table = self.strings.filter(|table| offset < table.size)?;
        let bytes = self.image.from(table.offset.checked_add(offset)?)?;
        let left = usize::try_from(table.size - offset).unwrap_or(usize::MAX);
        let bytes = &bytes[..bytes.len().min(left).min(MAX_NAME_BYTES)];
        Some(&bytes[..memchr::memchr(0, bytes)?])
    }
}
