//! A text that stands in a file in pieces: the script of a YAML block without its indentation, a recipe without its
//! tabs, a quoted string without its escapes. Keeps the way back from the text to the file.

use std::ops::Range;
use std::sync::Arc;

use crate::source::{SourceFile, Span};
use crate::step::Value;

/// A text and where each piece of it stands in its file.
///
/// A front end cuts the embedded script into pieces ([`push`](Fragment::push) for what stands in the file as it is,
/// [`push_as`](Fragment::push_as) for what is written otherwise there) and hands it to [`crate::shell::run`].
#[derive(Clone, Debug)]
pub struct Fragment {
    file: Arc<str>,
    text: String,
    pieces: Vec<Piece>,
    unsound: Option<&'static str>,
}

#[derive(Clone, Debug)]
struct Piece {
    /// Where it begins in the text.
    at: usize,
    /// What it is in the file.
    file: Range<usize>,
    /// Whether the file holds the same bytes.
    verbatim: bool,
}

impl Fragment {
    /// An empty text in `file`.
    #[must_use]
    pub fn new(file: &SourceFile) -> Fragment {
        Fragment { file: Arc::clone(file.path()), text: String::new(), pieces: Vec::new(), unsound: None }
    }

    /// The whole file.
    #[must_use]
    pub fn whole(file: &SourceFile) -> Fragment {
        let mut fragment = Fragment::new(file);
        fragment.push(file, 0..file.text().len());
        fragment
    }

    /// Adds a stretch of the file as it stands there.
    pub fn push(&mut self, file: &SourceFile, range: Range<usize>) {
        let text = file.text().get(range.clone()).unwrap_or_default();
        if !text.is_empty() {
            self.pieces.push(Piece { at: self.text.len(), file: range, verbatim: true });
            self.text.push_str(text);
        }
    }

    /// Adds text for which the file has something else at `range`: an escape, a folded line end, an expression.
    pub fn push_as(&mut self, range: Range<usize>, text: &str) {
        if !text.is_empty() {
            self.pieces.push(Piece { at: self.text.len(), file: range, verbatim: false });
            self.text.push_str(text);
        }
    }

    /// Adds another text of the same file.
    pub fn append(&mut self, other: &Fragment) {
        let at = self.text.len();
        self.pieces.extend(other.pieces.iter().map(|piece| Piece { at: at + piece.at, ..piece.clone() }));
        self.text.push_str(&other.text);
    }

    /// A stretch of this text, as a text of its own.
    #[must_use]
    pub fn part(&self, range: Range<usize>) -> Fragment {
        let mut part = Fragment { text: String::new(), pieces: Vec::new(), ..self.clone() };
        self.copy_to(&mut part, range);
        part
    }

    /// Says that this text must not be edited where it stands, and why (`it is used through a YAML anchor`).
    pub fn forbid_edits(&mut self, why: &'static str) {
        self.unsound = Some(why);
    }

    /// Why nothing here may be edited, if so.
    #[must_use]
    pub fn unsound(&self) -> Option<&'static str> {
        self.unsound
    }

    /// The text.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Where a stretch of the text stands in the file.
    #[must_use]
    pub fn span(&self, range: Range<usize>) -> Span {
        let start = self.offset(range.start, false);
        let end = if range.end > range.start { self.offset(range.end, true) } else { start };
        Span { file: Arc::clone(&self.file), start, end: end.max(start) }
    }

    /// Whether the stretch stands in the file byte for byte, in one piece, and may be edited.
    #[must_use]
    pub fn is_literal(&self, range: Range<usize>) -> bool {
        let Some(piece) = self.piece(range.start, false) else { return false };
        self.unsound.is_none() && piece.verbatim && range.end - piece.at <= piece.file.len()
    }

    /// The whole text as a value of the model.
    #[must_use]
    pub fn to_value(&self, known: bool) -> Value {
        let whole = 0..self.text.len();
        let literal = known && self.is_literal(whole.clone());
        Value { text: self.text.clone(), known, span: self.span(whole), literal }
    }

    /// The same text with some stretches (in order, not overlapping) replaced; what comes in stands where the old was.
    #[must_use]
    pub fn replacing(&self, replacements: &[(Range<usize>, String)]) -> Fragment {
        let mut new = Fragment { text: String::new(), pieces: Vec::new(), ..self.clone() };
        let mut at = 0;
        for (range, text) in replacements {
            self.copy_to(&mut new, at..range.start);
            let span = self.span(range.clone());
            new.push_as(span.start..span.end, text);
            at = range.end;
        }
        self.copy_to(&mut new, at..self.text.len());
        new
    }

    fn copy_to(&self, other: &mut Fragment, range: Range<usize>) {
        let first = self.pieces.partition_point(|piece| piece.at <= range.start).saturating_sub(1);
        for (number, piece) in self.pieces.iter().enumerate().skip(first).take_while(|(_, piece)| piece.at < range.end)
        {
            let end = self.pieces.get(number + 1).map_or(self.text.len(), |next| next.at);
            let (from, to) = (piece.at.max(range.start), end.min(range.end));
            let Some(text) = self.text.get(from..to).filter(|text| !text.is_empty()) else { continue };
            let file = if piece.verbatim {
                piece.file.start + (from - piece.at)..piece.file.start + (to - piece.at)
            } else {
                piece.file.clone()
            };
            other.pieces.push(Piece { at: other.text.len(), file, verbatim: piece.verbatim });
            other.text.push_str(text);
        }
    }

    /// The file's offset of the text's. At a joint `end` chooses the end of the piece before, not the start of the next.
    fn offset(&self, at: usize, end: bool) -> usize {
        let Some(piece) = self.piece(at, end) else { return 0 };
        let within = at - piece.at;
        match (piece.verbatim, end) {
            (true, _) => (piece.file.start + within).min(piece.file.end),
            (false, true) => piece.file.end,
            (false, false) => piece.file.start,
        }
    }

    fn piece(&self, at: usize, end: bool) -> Option<&Piece> {
        let after = self.pieces.partition_point(|piece| if end { piece.at < at } else { piece.at <= at });
        self.pieces.get(after.saturating_sub(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_in_pieces_finds_its_way_back() {
        let (file, _) = SourceFile::new("f", "run: |\n  one\n  two\n".into());
        let mut fragment = Fragment::new(&file);
        fragment.push(&file, 9..13);
        fragment.push(&file, 15..19);
        assert_eq!(fragment.text(), "one\ntwo\n");
        assert_eq!(fragment.span(0..3), file.span(9..12));
        assert_eq!(fragment.span(4..7), file.span(15..18));
        assert_eq!(fragment.span(2..5), file.span(11..16));
        assert!(fragment.is_literal(4..7) && !fragment.is_literal(2..5));
    }

    #[test]
    fn what_is_put_in_stands_where_the_old_was() {
        let (file, _) = SourceFile::new("f", "run: |\n  one\n  two three\n".into());
        let mut fragment = Fragment::new(&file);
        fragment.push(&file, 9..13);
        fragment.push(&file, 15..25);
        let replaced = fragment.replacing(&[(0..2, "1".into()), (4..7, "zwei".into())]);
        assert_eq!(replaced.text(), "1e\nzwei three\n");
        assert_eq!(replaced.span(0..1), file.span(9..11));
        assert_eq!(replaced.span(3..7), file.span(15..18));
        assert_eq!(replaced.span(8..13), file.span(19..24));
        assert!(replaced.is_literal(8..13) && !replaced.is_literal(3..7));
        let value = fragment.to_value(true);
        assert!(!value.literal && value.known);
    }

    #[test]
    fn what_is_written_otherwise_is_no_place_to_edit() {
        let (file, _) = SourceFile::new("f", r#""a\"b""#.into());
        let mut fragment = Fragment::new(&file);
        fragment.push(&file, 1..2);
        fragment.push_as(2..4, "\"");
        fragment.push(&file, 4..5);
        assert_eq!(fragment.text(), "a\"b");
        assert_eq!(fragment.span(1..2), file.span(2..4));
        assert!(fragment.is_literal(0..1) && !fragment.is_literal(1..2) && !fragment.is_literal(0..3));
        fragment.forbid_edits("an anchor");
        assert!(!fragment.is_literal(0..1));
    }
}
