//! A pattern of an entry: a regular expression, and the letters that every text which matches it must have.

use std::sync::OnceLock;

use memchr::memmem::Finder;
use regex::{Regex, RegexBuilder};
use regex_syntax::hir::{Hir, HirKind};

use crate::limits::{MAX_COMPILED_BYTES, MAX_PATTERN_BYTES};
use crate::squeeze;

/// Letters that a needle has at least: shorter ones are in every second line of any log.
const MIN_NEEDLE: usize = 4;

/// Letters of a needle that are searched for at first: enough to be rare, and few enough that all needles together
/// stay in a processor's cache.
const MAX_NEEDLE: usize = 24;

/// Letters that a pattern's needle must have to be looked for in text without any white space: a short one would be
/// found across words that have nothing to do with each other.
const MIN_SQUEEZED: usize = 12;

/// Why a pattern cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PatternError {
    /// It is no regular expression, or one that would take too much memory.
    #[error("the pattern `{pattern}` is no regular expression: {reason}")]
    Syntax {
        /// The pattern.
        pattern: String,
        /// What the parser says.
        reason: String,
    },
    /// Nothing in it can be searched for fast.
    #[error("the pattern `{0}` has no {MIN_NEEDLE} letters in a row that every match must have")]
    NoNeedle(String),
    /// It is too long.
    #[error("the pattern has more than {MAX_PATTERN_BYTES} bytes")]
    TooLong,
}

/// A pattern, ready to search with. The regular expression is compiled when it is first needed: most never are.
#[derive(Debug)]
pub(crate) struct Pattern {
    source: String,
    regex: OnceLock<Option<Regex>>,
    squeezed: OnceLock<Option<Regex>>,
    /// One of these is in the squeezed text of every match, shortened for the search.
    needles: Vec<String>,
    /// For each of these lists: one of its needles is in the squeezed text of every match.
    required: Vec<Vec<String>>,
    /// The same, ready to search with.
    finders: OnceLock<Vec<Vec<Finder<'static>>>>,
}

impl Pattern {
    pub(crate) fn new(source: &str) -> Result<Pattern, PatternError> {
        if source.len() > MAX_PATTERN_BYTES {
            return Err(PatternError::TooLong);
        }
        let hir = regex_syntax::parse(source).map_err(|error| PatternError::Syntax {
            pattern: source.to_owned(),
            reason: last_line(&error.to_string()),
        })?;
        let mut required = groups(&hir);
        required.retain(|group| shortest(group) >= MIN_NEEDLE);
        let best = required.iter().max_by_key(|group| shortest(group).min(MAX_NEEDLE));
        let best = best.ok_or_else(|| PatternError::NoNeedle(source.to_owned()))?;
        let needles = best.iter().map(|needle| needle[..needle.len().min(MAX_NEEDLE)].to_owned()).collect();
        let (regex, squeezed, finders) = (OnceLock::new(), OnceLock::new(), OnceLock::new());
        Ok(Pattern { source: source.to_owned(), regex, squeezed, needles, required, finders })
    }

    /// Compiles it now, so that one which is too large is told before it is needed.
    pub(crate) fn compile(&self) -> Result<(), PatternError> {
        let syntax = |reason: &regex::Error| PatternError::Syntax {
            pattern: self.source.clone(),
            reason: last_line(&reason.to_string()),
        };
        build(&self.source).map(|_| ()).map_err(|error| syntax(&error))
    }

    pub(crate) fn needles(&self) -> &[String] {
        &self.needles
    }

    /// Whether squeezed text has all letters that a match must have.
    pub(crate) fn may_match(&self, squeezed: &[u8]) -> bool {
        // Making one costs more than searching a line with it.
        let make = |group: &Vec<String>| group.iter().map(|needle| Finder::new(needle).into_owned()).collect();
        let finders = self.finders.get_or_init(|| self.required.iter().map(make).collect());
        finders.iter().all(|group| group.iter().any(|finder| finder.find(squeezed).is_some()))
    }

    /// The regular expression; `None` for one that does not compile, which is told when the entry is read.
    pub(crate) fn regex(&self) -> Option<&Regex> {
        self.regex.get_or_init(|| build(&self.source).ok()).as_ref()
    }

    /// The same for text without white space; `None` if that would find too much.
    pub(crate) fn squeezed(&self) -> Option<&Regex> {
        let build_it = || {
            let long = self.required.iter().any(|group| shortest(group) >= MIN_SQUEEZED);
            long.then(|| build(&without_blanks(&self.source)).ok()).flatten()
        };
        self.squeezed.get_or_init(build_it).as_ref()
    }
}

fn build(source: &str) -> Result<Regex, regex::Error> {
    RegexBuilder::new(source).case_insensitive(true).size_limit(MAX_COMPILED_BYTES).build()
}

fn last_line(text: &str) -> String {
    text.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned()
}

/// The pattern for text whose white space was removed.
fn without_blanks(source: &str) -> String {
    let mut text = source.to_owned();
    for blank in [r"\s+", r"\s*", r"\s?", r"\s", " ?", " +", " *", " "] {
        text = text.replace(blank, "");
    }
    text
}

fn shortest(group: &[String]) -> usize {
    group.iter().map(String::len).min().unwrap_or(0)
}

/// Lists of needles, of each of which one is in every match.
fn groups(hir: &Hir) -> Vec<Vec<String>> {
    match hir.kind() {
        HirKind::Literal(literal) => {
            // A quote may be written in many ways (`"`, `\"`, `&quot;`), so no needle goes across one.
            let text = String::from_utf8_lossy(&literal.0).into_owned();
            let parts = text.split(['"', '\'', '<', '>', '&', '\\']).map(squeeze::of);
            parts.filter(|part| !part.is_empty()).map(|part| vec![part]).collect()
        }
        HirKind::Concat(parts) => parts.iter().flat_map(groups).collect(),
        HirKind::Capture(capture) => groups(&capture.sub),
        HirKind::Repetition(repetition) if repetition.min > 0 => groups(&repetition.sub),
        HirKind::Alternation(branches) => {
            let best = |branch: &Hir| groups(branch).into_iter().max_by_key(|group| shortest(group));
            branches.iter().map(best).collect::<Option<Vec<_>>>().map(|all| all.concat()).into_iter().collect()
        }
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn needles_are_what_every_match_has() {
        for (source, needles) in [
            ("The image manifest", &["theimagemanifest"][..]),
            ("(?:unpacking|launching) (a|b)", &["unpacking", "launching"]),
            (r"a(bc)?d runtime exited \w+", &["druntimeexited"]),
            (r#"with "mediatypes=false""#, &["mediatypesfalse"]),
            ("[Aa]ttestations", &["ttestations"]),
            ("does not exist in the repository of that account", &["doesnotexistintherepositor"]),
        ] {
            let shortened: Vec<&str> = needles.iter().map(|needle| &needle[..needle.len().min(MAX_NEEDLE)]).collect();
            assert_eq!(Pattern::new(source).unwrap().needles(), shortened, "{source}");
        }
    }

    #[test]
    fn what_cannot_be_searched_for_is_refused() {
        for source in [r"\w+", "a|longer", "(?:abcdef)?", "abc", "(", r"\S+ \d+"] {
            assert!(Pattern::new(source).is_err(), "{source}");
        }
        assert_eq!(Pattern::new(&"x".repeat(MAX_PATTERN_BYTES + 1)).unwrap_err(), PatternError::TooLong);
        assert!(Pattern::new("needle(.{1000}){1000}").unwrap().compile().is_err());
    }

    #[test]
    fn blanks_can_be_left_out() {
        let pattern = Pattern::new(r"reached terminal FAILED state(?:\s+(\w+))? due").unwrap();
        assert!(pattern.squeezed().unwrap().is_match("xreachedterminalFAILEDstatedue"));
        assert!(Pattern::new("short one").unwrap().squeezed().is_none());
    }

    #[test]
    fn all_that_is_required_is_looked_for() {
        let pattern = Pattern::new("first part .* (?:second|other) end").unwrap();
        assert!(pattern.may_match(b"xxfirstpartyyotherend"));
        assert!(!pattern.may_match(b"firstpart"));
    }
}
