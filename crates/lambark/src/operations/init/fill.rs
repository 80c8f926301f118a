//! Texts with places to fill in: `{%NAME%}`, which means nothing in YAML, HCL, TOML, shell and Markdown.

/// `template` with each place filled in once: what comes in is not looked at again, whatever it says.
pub(super) fn fill(template: &str, values: &[(&str, &str)]) -> String {
    let mut filled = String::new();
    let mut rest = template;
    while let Some(at) = rest.find("{%") {
        let Some(end) = rest[at..].find("%}").map(|end| at + end) else { break };
        let name = &rest[at + 2..end];
        filled.push_str(&rest[..at]);
        match values.iter().find(|(known, _)| *known == name) {
            Some((_, value)) => filled.push_str(value),
            // A place that nobody fills is a mistake in a template; the tests look for what is left.
            None => filled.push_str(&rest[at..end + 2]),
        }
        rest = &rest[end + 2..];
    }
    filled.push_str(rest);
    filled
}

/// A text that came from a repository, as one line of a comment.
pub(super) fn one_line(text: &str) -> String {
    text.chars().map(|c| if crate::render::escape::is_hidden(c) { '?' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_filled_once() {
        assert_eq!(fill("a {%X%} ${{ y }} {%Z%}", &[("X", "{%Z%}"), ("Z", "2")]), "a {%Z%} ${{ y }} 2");
        assert_eq!(fill("{%X%} {%", &[]), "{%X%} {%");
    }

    #[test]
    fn a_comment_stays_one_line() {
        assert_eq!(one_line("a\nb\u{1b}c\u{2028}"), "a?b?c?");
    }
}
