//! Words that several rules share: what Lambda answers, and texts from an image made fit for a message.

/// What Lambda answers to a media type that it does not take.
pub(super) const MEDIA_TYPE_REFUSED: &str = "Lambda answers the update call with InvalidParameterValueException: The \
     image manifest, config or layer media type for the source image … is not supported";

/// Longest text from an image that a message repeats, in characters: one build step can be a whole shell script.
const MAX_QUOTED: usize = 80;

/// A text from the image, between backticks: one line, printable, not endless.
pub(super) fn quoted(text: &str) -> String {
    let mut out = String::from("`");
    for (position, letter) in text.trim().chars().enumerate() {
        if position == MAX_QUOTED {
            out.push('…');
            break;
        }
        // Bidirectional overrides count too: they would show a text other than the one that is there.
        let disguise = matches!(letter, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        if letter == '\n' || letter == '\t' {
            out.push(' ');
        } else if letter.is_control() || disguise {
            out.extend(letter.escape_default());
        } else {
            out.push(letter);
        }
    }
    out.push('`');
    out
}

/// `1 layer`, `3 layers`.
pub(super) fn count(number: usize, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}

/// `layer 2`, `layers 0, 1 and 5`: at most a handful by number, the rest counted.
pub(super) fn layer_list(layers: &[usize]) -> String {
    const LISTED: usize = 5;
    match layers {
        [only] => format!("layer {only}"),
        few if few.len() <= LISTED => {
            let numbers: Vec<String> = few.iter().map(ToString::to_string).collect();
            let (last, rest) = numbers.split_last().map_or(("", &[][..]), |(last, rest)| (last.as_str(), rest));
            format!("layers {} and {last}", rest.join(", "))
        }
        many => {
            let numbers: Vec<String> = many.iter().take(LISTED).map(ToString::to_string).collect();
            format!("layers {} and {} more", numbers.join(", "), many.len() - LISTED)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hostile_text_stays_one_printable_line() {
        assert_eq!(quoted("RUN a\n\tb"), "`RUN a  b`");
        assert_eq!(quoted("\u{1b}[31mred"), "`\\u{1b}[31mred`");
        assert_eq!(quoted("a\u{202e}b"), "`a\\u{202e}b`");
        assert_eq!(quoted(&"x".repeat(10_000)).chars().count(), MAX_QUOTED + 3);
    }

    #[test]
    fn lists_of_layers_stay_short() {
        assert_eq!(layer_list(&[4]), "layer 4");
        assert_eq!(layer_list(&[0, 1, 5]), "layers 0, 1 and 5");
        assert_eq!(layer_list(&[0, 1, 2, 3, 4, 5, 6]), "layers 0, 1, 2, 3, 4 and 2 more");
    }
}
