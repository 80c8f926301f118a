//! Texts with variables in them: `infra/Dockerfile.${SERVICE}` means each Dockerfile that it can name.

/// A stretch of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Piece<'a> {
    Text(&'a str),
    /// A variable, by name: `SERVICE` in `$SERVICE`, `${SERVICE:-api}` and `${{ SERVICE }}`.
    Variable(&'a str),
}

/// What a variable is taken to hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Binding {
    pub(super) name: String,
    pub(super) value: String,
}

/// What the only variable of `pattern` has to hold, so that it is `text`; `None` if it has several, or none does.
pub(super) fn bind(pattern: &str, text: &str) -> Option<Binding> {
    let pieces = pieces(pattern);
    let mut names = pieces.iter().filter_map(|piece| match piece {
        Piece::Variable(name) => Some(*name),
        Piece::Text(_) => None,
    });
    let name = names.next()?;
    if names.next().is_some() {
        return None;
    }
    let at = pieces.iter().position(|piece| matches!(piece, Piece::Variable(_)))?;
    let (before, after) = (joined(&pieces[..at]), joined(&pieces[at + 1..]));
    // A variable alone names anything, and so nothing.
    if before.is_empty() && after.is_empty() {
        return None;
    }
    let value = text.strip_prefix(&*before)?.strip_suffix(&*after)?;
    let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
    (!value.is_empty() && value.bytes().all(plain)).then(|| Binding { name: name.to_owned(), value: value.to_owned() })
}

/// `text` with what the variable holds in its place.
pub(super) fn substitute(text: &str, binding: Option<&Binding>) -> String {
    let Some(binding) = binding else { return text.to_owned() };
    let mut new = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        let (length, name) = variable(&rest[at..]).unwrap_or((1, ""));
        new.push_str(&rest[..at]);
        new.push_str(if name == binding.name { &binding.value } else { &rest[at..at + length] });
        rest = &rest[at + length..];
    }
    new.push_str(rest);
    new
}

/// Whether nothing in it is a variable.
pub(super) fn is_plain(text: &str) -> bool {
    !text.contains(['$', '{', '(', '*', '?'])
}

fn joined(pieces: &[Piece<'_>]) -> String {
    pieces
        .iter()
        .map(|piece| match piece {
            Piece::Text(text) | Piece::Variable(text) => *text,
        })
        .collect()
}

fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        let Some((length, name)) = variable(&rest[at..]) else { break };
        if at > 0 {
            pieces.push(Piece::Text(&rest[..at]));
        }
        pieces.push(Piece::Variable(name));
        rest = &rest[at + length..];
    }
    if !rest.is_empty() {
        pieces.push(Piece::Text(rest));
    }
    pieces
}

/// The variable with which a text begins: how long it is there, and its name.
fn variable(text: &str) -> Option<(usize, &str)> {
    let end = |name: &str| name.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(name.len());
    if let Some(inner) = text.strip_prefix("${{") {
        let close = inner.find("}}")?;
        return Some((close + 5, inner[..close].trim()));
    }
    if let Some(inner) = text.strip_prefix("${") {
        let close = inner.find('}')?;
        return Some((close + 3, &inner[..end(&inner[..close])]));
    }
    let name = &text[1..];
    let length = end(name);
    (length > 0).then(|| (length + 1, &name[..length]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_variable_is_bound_by_what_the_text_needs() {
        let bound = |pattern, text| bind(pattern, text).map(|binding| format!("{}={}", binding.name, binding.value));
        assert_eq!(bound("a/Dockerfile.${S:-x}", "a/Dockerfile.api").as_deref(), Some("S=api"));
        assert_eq!(bound("$1/Dockerfile", "api/Dockerfile").as_deref(), Some("1=api"));
        assert_eq!(bound("${{ matrix.s }}/Dockerfile", "api/Dockerfile").as_deref(), Some("matrix.s=api"));
        for (pattern, text) in [
            ("$S", "api"),
            ("$A/$B", "a/b"),
            ("a/b", "a/b"),
            ("x/$S", "a/b"),
            ("$S/D", "a/b/D"),
            ("$", "a"),
            ("${", "a"),
        ] {
            assert_eq!(bound(pattern, text), None, "{pattern}");
        }
    }

    #[test]
    fn the_bound_variable_alone_is_put_in() {
        let binding = Binding { name: "S".to_owned(), value: "api".to_owned() };
        assert_eq!(substitute("$R/app-${S:?}:$TAG$", Some(&binding)), "$R/app-api:$TAG$");
        assert_eq!(substitute("$SS-é$S", Some(&binding)), "$SS-éapi");
        assert_eq!(substitute("$S", None), "$S");
    }
}
