//! From the parser's offsets, which count characters, to bytes.

/// Every how many characters the byte offset is remembered.
const STRIDE: usize = 256;

/// Byte offsets of characters: a table, so that looking one up costs a short walk and not one from the start.
#[derive(Debug)]
pub(super) struct CharOffsets<'t> {
    text: &'t str,
    /// The byte offset of each `STRIDE`th character; empty if the text is ASCII and both offsets are the same.
    table: Vec<usize>,
}

impl<'t> CharOffsets<'t> {
    pub(super) fn new(text: &'t str) -> CharOffsets<'t> {
        let table = if text.is_ascii() {
            Vec::new()
        } else {
            text.char_indices().step_by(STRIDE).map(|(byte, _)| byte).collect()
        };
        CharOffsets { text, table }
    }

    /// The byte offset of a character; the text's length if there are fewer.
    pub(super) fn byte(&self, character: usize) -> usize {
        if self.table.is_empty() {
            return character.min(self.text.len());
        }
        let Some(&start) = self.table.get(character / STRIDE) else { return self.text.len() };
        self.text[start..].char_indices().nth(character % STRIDE).map_or(self.text.len(), |(byte, _)| start + byte)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_found_behind_characters_of_every_width() {
        for text in ["", "abc", "é", "aé\u{1f980}b"] {
            let long = text.repeat(300);
            let offsets = CharOffsets::new(&long);
            for (character, (byte, _)) in long.char_indices().enumerate() {
                assert_eq!(offsets.byte(character), byte);
            }
            assert_eq!(offsets.byte(long.chars().count()), long.len());
            assert_eq!(offsets.byte(usize::MAX), long.len());
        }
    }
}
