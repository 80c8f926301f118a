//! Image names as far as files tell them: often a half of the name is a variable.

use crate::step::Value;

/// The parts of an image name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ImageName<'a> {
    /// The registry's host, if the first part looks like one.
    pub host: Option<&'a str>,
    /// The repository, without host, tag and digest.
    pub repository: &'a str,
    /// The tag.
    pub tag: Option<&'a str>,
    /// The digest with its algorithm.
    pub digest: Option<&'a str>,
}

impl<'a> ImageName<'a> {
    /// Takes a name apart. Variables count as the part in which they stand.
    #[must_use]
    pub fn parse(text: &'a str) -> ImageName<'a> {
        let text = text.strip_prefix("docker://").unwrap_or(text);
        let (name, digest) = cut_last(text, '@').map_or((text, None), |(name, digest)| (name, Some(digest)));
        let after_slash = cut_last(name, '/').map_or(name, |(_, last)| last);
        let tag = cut_last(after_slash, ':').map(|(_, tag)| tag);
        let name = tag.map_or(name, |tag| &name[..name.len() - tag.len() - 1]);
        match cut_first(name, '/') {
            Some((host, repository)) if looks_like_host(host) => {
                ImageName { host: Some(host), repository, tag, digest }
            }
            _ => ImageName { host: None, repository: name, tag, digest },
        }
    }
}

/// Splits at the last `mark` that does not stand in a variable.
fn cut_last(text: &str, mark: char) -> Option<(&str, &str)> {
    outside_variables(text).filter(|(_, letter)| *letter == mark).last().map(|(at, _)| (&text[..at], &text[at + 1..]))
}

fn cut_first(text: &str, mark: char) -> Option<(&str, &str)> {
    outside_variables(text).find(|(_, letter)| *letter == mark).map(|(at, _)| (&text[..at], &text[at + 1..]))
}

/// The letters of a text that do not stand in `${…}`, `$(…)` or `{{…}}`.
fn outside_variables(text: &str) -> impl Iterator<Item = (usize, char)> {
    let mut depth = 0_usize;
    let mut previous = ' ';
    text.char_indices().filter(move |(_, letter)| {
        let opens = matches!(letter, '{' | '(') && (depth > 0 || previous == '$' || previous == '{' || *letter == '{');
        if opens {
            depth += 1;
        }
        let outside = depth == 0;
        if matches!(letter, '}' | ')') {
            depth = depth.saturating_sub(1);
        }
        previous = *letter;
        outside
    })
}

fn looks_like_host(text: &str) -> bool {
    text.contains(['.', ':', '$', '{']) || text == "localhost"
}

/// Whether two names mean the same repository: `None` if that cannot be told.
#[must_use]
pub fn same_repository(one: &Value, other: &Value) -> Option<bool> {
    let (a, b) = (ImageName::parse(&one.text), ImageName::parse(&other.text));
    if a.repository.is_empty() || b.repository.is_empty() {
        return None;
    }
    if a.repository == b.repository {
        return Some(true);
    }
    let plain = |name: &str| !name.contains(['$', '{', '(']);
    (plain(a.repository) && plain(b.repository) && one_is_whole(&a, one) && one_is_whole(&b, other)).then_some(false)
}

/// Whether the repository is all there: a name that is one variable may hold host, repository and tag at once.
fn one_is_whole(name: &ImageName<'_>, value: &Value) -> bool {
    value.known || name.host.is_some() || name.tag.is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_with_variables_are_taken_apart() {
        let name = ImageName::parse("123456789012.dkr.ecr.us-east-1.amazonaws.com/app:v1");
        assert_eq!((name.repository, name.tag), ("app", Some("v1")));
        let name = ImageName::parse("${REGISTRY}/team/app:${TAG:-latest}");
        assert_eq!((name.host, name.repository, name.tag), (Some("${REGISTRY}"), "team/app", Some("${TAG:-latest}")));
        let name = ImageName::parse("app@sha256:aa");
        assert_eq!((name.repository, name.tag, name.digest), ("app", None, Some("sha256:aa")));
        let name = ImageName::parse("localhost:5000/a/b");
        assert_eq!((name.host, name.repository, name.tag), (Some("localhost:5000"), "a/b", None));
        let name = ImageName::parse("$REPO:latest");
        assert_eq!((name.repository, name.tag), ("$REPO", Some("latest")));
        assert_eq!(ImageName::parse("${{ env.A }}/x:${{ github.sha }}").repository, "x");
    }
}
