//! Keeping what will be needed of an ELF file while it passes by.

use lambark_rules::facts::Elf;

use super::image::{Class, Image, Piece};
use super::tables::{Dynamic, MAX_DYNAMIC_BYTES, MAX_INTERPRETER_BYTES, Segments, Span, facts};
use crate::limits::{ELF_HEAD_BYTES, ELF_TABLES_BYTES};

/// How much of a string table behind the head is kept, in bytes. Tools that patch a library put a new one at its end,
/// where the names of libraries come first or last among those of symbols.
const STRINGS_BYTES: usize = 1024 * 1024;

/// How much of the tables of versions behind the head is kept, in bytes.
const VERSIONS_BYTES: usize = 64 * 1024;

/// How much of the head's end is kept once more in front of a piece: as much as the longest thing that is in one part.
const ACROSS_BYTES: usize = MAX_DYNAMIC_BYTES;

/// The beginning of an ELF file, and pieces of the rest. Its memory is used again for the next file.
pub(crate) struct ElfWatch {
    head: Vec<u8>,
    /// How long the head may get.
    limit: usize,
    pieces: Vec<Piece>,
    stage: Stage,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// The head is not full, and how long it has to be is not known.
    Head,
    /// The head is not full.
    Tables,
    /// The dynamic section is to come.
    Dynamic,
    /// It is known what is wanted.
    Rest,
}

impl ElfWatch {
    pub(crate) fn new() -> ElfWatch {
        ElfWatch { head: Vec::new(), limit: ELF_HEAD_BYTES, pieces: Vec::new(), stage: Stage::Head }
    }

    /// Begins with a new file.
    pub(crate) fn start(&mut self) {
        self.head.clear();
        self.head.shrink_to(ELF_HEAD_BYTES);
        self.limit = ELF_HEAD_BYTES;
        self.pieces.clear();
        self.stage = Stage::Head;
    }

    /// Takes the next bytes, which lie at `offset`.
    pub(crate) fn feed(&mut self, mut offset: u64, mut rest: &[u8]) {
        for full in [Stage::Head, Stage::Tables] {
            let (head, behind) = rest.split_at(rest.len().min(self.limit - self.head.len()));
            self.keep(head);
            (offset, rest) = (offset + head.len() as u64, behind);
            if rest.is_empty() {
                return;
            }
            if self.stage == full {
                self.head_is_full();
            }
        }
        self.pieces.iter_mut().for_each(|piece| piece.take(offset, rest));
        if self.stage == Stage::Dynamic {
            let old = self.pieces.len();
            self.want_tables();
            self.pieces[old..].iter_mut().for_each(|piece| piece.take(offset, rest));
        }
    }

    fn keep(&mut self, head: &[u8]) {
        // Growing by doubling would end with up to twice the limit. What is reserved costs nothing before it is filled.
        if self.head.capacity() < self.head.len() + head.len() && self.head.capacity() > ELF_HEAD_BYTES / 4 {
            self.head.reserve_exact(self.limit - self.head.len());
        }
        self.head.extend_from_slice(head);
    }

    /// Makes the head longer where tables go on, or goes on to what lies behind.
    fn head_is_full(&mut self) {
        let tables_end = self.image().and_then(|image| Segments::read(image).tables_end).unwrap_or_default();
        let wanted = usize::try_from(tables_end).unwrap_or(usize::MAX).min(ELF_TABLES_BYTES);
        if self.stage == Stage::Head && wanted > self.limit {
            self.limit = wanted;
            self.stage = Stage::Tables;
        } else {
            self.want_segments();
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
        self.stage = Stage::Rest;
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
        self.stage = Stage::Rest;
        let versions = |offset| Span { offset, size: VERSIONS_BYTES as u64 };
        self.want(dynamic.strings, STRINGS_BYTES);
        self.want(dynamic.versions_needed.map(versions), VERSIONS_BYTES);
        self.want(dynamic.versions_defined.map(versions), VERSIONS_BYTES);
    }

    /// Wants up to `most` bytes of what lies at `span` and behind the head.
    fn want(&mut self, span: Option<Span>, most: usize) {
        let Some(Span { offset, size }) = span else { return };
        let end = offset.saturating_add(size);
        let head = self.head.len() as u64;
        if end <= head || size == 0 {
            return;
        }
        // A record or a name may lie across the head's end, and has to be in one piece.
        let start = offset.max(head.saturating_sub(ACROSS_BYTES as u64));
        let size = usize::try_from(end - start).unwrap_or(usize::MAX).min(most.saturating_add(ACROSS_BYTES));
        let mut piece = Piece::new(start, size);
        let known = usize::try_from(start).ok().and_then(|start| self.head.get(start..)).unwrap_or_default();
        piece.take(start, known);
        self.pieces.push(piece);
    }
}
