//! Keeping what will be needed of an ELF file while it passes by.

use lambark_rules::facts::Elf;

use super::image::{Class, Image, Piece};
use super::tables::{Dynamic, MAX_DYNAMIC_BYTES, MAX_INTERPRETER_BYTES, Segments, Span, facts};
use crate::limits::ELF_HEAD_BYTES;

/// How much of a string table behind the head is kept, in bytes. Tools that patch a library put a new one at its end,
/// where the names of libraries come first or last among those of symbols.
const STRINGS_BYTES: usize = 1024 * 1024;

/// How much of the tables of versions behind the head is kept, in bytes.
const VERSIONS_BYTES: usize = 64 * 1024;

/// The beginning of an ELF file, and pieces of the rest. Its memory is used again for the next file.
pub(crate) struct ElfWatch {
    head: Vec<u8>,
    pieces: Vec<Piece>,
    stage: Stage,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// The head is not full.
    Head,
    /// The dynamic section is to come.
    Dynamic,
    /// It is known what is wanted.
    Tables,
}

impl ElfWatch {
    pub(crate) fn new() -> ElfWatch {
        ElfWatch { head: Vec::new(), pieces: Vec::new(), stage: Stage::Head }
    }

    /// Begins with a new file.
    pub(crate) fn start(&mut self) {
        self.head.clear();
        self.pieces.clear();
        self.stage = Stage::Head;
    }

    /// Takes the next bytes, which lie at `offset`.
    pub(crate) fn feed(&mut self, offset: u64, bytes: &[u8]) {
        let room = ELF_HEAD_BYTES - self.head.len();
        let (head, rest) = bytes.split_at(bytes.len().min(room));
        if !head.is_empty() {
            // Growing by doubling would hold half again as much for a moment; the whole is touched only as it fills.
            if self.head.capacity() < self.head.len() + head.len() && self.head.capacity() > ELF_HEAD_BYTES / 4 {
                self.head.reserve_exact(ELF_HEAD_BYTES - self.head.len());
            }
            self.head.extend_from_slice(head);
        }
        if rest.is_empty() {
            return;
        }
        let offset = offset + head.len() as u64;
        if self.stage == Stage::Head {
            self.want_segments();
        }
        self.pieces.iter_mut().for_each(|piece| piece.take(offset, rest));
        if self.stage == Stage::Dynamic {
            let old = self.pieces.len();
            self.want_tables();
            self.pieces[old..].iter_mut().for_each(|piece| piece.take(offset, rest));
        }
    }

    /// What was seen.
    pub(crate) fn finish(&mut self) -> Elf {
        match self.image() {
            Some(image) => facts(image),
            None => Elf::default(),
        }
    }

    fn image(&self) -> Option<Image<'_>> {
        Some(Image { head: &self.head, pieces: &self.pieces, class: Class::of(&self.head)? })
    }

    /// The loader's path and the dynamic section, where they lie behind the head.
    fn want_segments(&mut self) {
        self.stage = Stage::Tables;
        let Some(image) = self.image() else { return };
        let segments = Segments::read(image);
        let Segments { dynamic, interpreter, .. } = segments;
        self.want(interpreter, MAX_INTERPRETER_BYTES);
        self.want(dynamic, MAX_DYNAMIC_BYTES);
        if dynamic.is_some() {
            self.stage = Stage::Dynamic;
        }
    }

    /// What the dynamic section points at, where that lies behind the head; nothing before that section has come.
    fn want_tables(&mut self) {
        let Some(image) = self.image() else { return };
        let Some(dynamic) = Dynamic::read(image, &Segments::read(image)) else { return };
        self.stage = Stage::Tables;
        let versions = |offset| Span { offset, size: VERSIONS_BYTES as u64 };
        self.want(dynamic.strings, STRINGS_BYTES);
        self.want(dynamic.versions_needed.map(versions), VERSIONS_BYTES);
        self.want(dynamic.versions_defined.map(versions), VERSIONS_BYTES);
    }

    fn want(&mut self, span: Option<Span>, most: usize) {
        let Some(Span { offset, size }) = span else { return };
        let head = self.head.len() as u64;
        if offset.checked_add(size).is_some_and(|end| end <= head) || size == 0 {
            return;
        }
        let size = usize::try_from(size).unwrap_or(usize::MAX).min(most);
        if offset < head {
            // It begins in the head, which ends in the middle of it: a piece has to be in one part.
            let start = usize::try_from(offset).unwrap_or(usize::MAX);
            let mut piece = Piece::new(offset, size);
            piece.bytes.extend(self.head.get(start..).unwrap_or_default().iter().take(size));
            self.pieces.push(piece);
            return;
        }
        self.pieces.push(Piece::new(offset, size));
    }
}
