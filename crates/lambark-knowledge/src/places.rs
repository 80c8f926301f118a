//! Images, functions and platforms that a log names.

use lambark_oci::Reference;
use serde::Serialize;

use crate::limits::MAX_PLACES;

/// What kind of place a pattern finds; its first group that took part is the name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// An image reference.
    Image,
    /// The repository of a push, whose tag is told in a later line.
    Repository,
    /// The tag and digest of a push.
    Pushed,
    /// A function.
    Function,
}

/// How places are recognised, each in one cleaned line.
pub(crate) const PATTERNS: &[(Kind, &str)] = &[
    (
        Kind::Image,
        r"(\d{12}\.dkr[.-]ecr[\w.-]*\.amazonaws\.com(?:\.cn)?/[\w./-]+(?::[\w.-]+)?(?:@sha256:[0-9a-f]{64})?)",
    ),
    (Kind::Image, r"(\d{12}\.dkr-ecr\.[\w.-]+\.on\.aws/[\w./-]+(?::[\w.-]+)?(?:@sha256:[0-9a-f]{64})?)"),
    (Kind::Image, r"(?:naming to|pushing manifest for|Successfully tagged|Status: \S+ newer image for) (\S+)"),
    (Kind::Image, r"source image (\S+[:@]\S+)"),
    (Kind::Image, r"--image-uri[= ](\S+)"),
    (Kind::Image, r#"Image_?Uri["']?[:=] ?["']?([^\s"',]+)"#),
    (Kind::Image, r"docker (?:image )?(?:push|pull) (?:-q |--quiet )?(\S+)"),
    (Kind::Repository, r"The push refers to (?:a )?repository \[([^\]\s]+)\]"),
    (Kind::Pushed, r"([\w.-]+): digest: (sha256:[0-9a-f]{64}) size: \d+"),
    (Kind::Function, r"arn:aws[\w-]*:lambda:[\w-]+:\d+:function:([\w-]+)"),
    (Kind::Function, r#"--function-name[= ]["']?([\w-]+)"#),
    (Kind::Function, r#"FunctionName["']?[:=] ?["']?([\w-]+)"#),
    (Kind::Function, r"Lambda Function \(([\w-]+)\)"),
    (Kind::Function, r"Lambda function '?([\w-]+)'? (?:reached|for version)"),
    (Kind::Function, r"/aws/lambda/([\w-]+)"),
];

/// A name, and where it was seen first and last.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Place {
    /// The name.
    pub name: String,
    /// The line where it was seen first, counted from 1.
    pub line: u64,
    /// Where it was seen last.
    #[serde(rename = "lastLine")]
    pub last_line: u64,
}

/// What was found so far.
#[derive(Clone, Debug, Default)]
pub(crate) struct Places {
    pub(crate) images: Vec<Place>,
    pub(crate) functions: Vec<Place>,
    /// The repository of the push that is under way.
    pushing: Option<String>,
}

impl Places {
    /// Takes what a pattern of `kind` found: its groups.
    pub(crate) fn take(&mut self, kind: Kind, groups: &[&str], line: u64) {
        let [first, ..] = groups else { return };
        match kind {
            Kind::Image => {
                if let Some(image) = image(first) {
                    note(&mut self.images, image, line);
                }
            }
            Kind::Repository => self.pushing = Some((*first).to_owned()),
            Kind::Pushed => {
                let pushed = self.pushing.as_ref().and_then(|repository| image(&format!("{repository}:{first}")));
                if let Some(image) = pushed {
                    note(&mut self.images, image, line);
                }
            }
            Kind::Function => note(&mut self.functions, (*first).to_owned(), line),
        }
    }
}

fn note(places: &mut Vec<Place>, name: String, line: u64) {
    if let Some(place) = places.iter_mut().find(|place| place.name == name) {
        place.last_line = line;
        return;
    }
    // The newest is nearer to the error at the end of a log than any in the middle.
    if places.len() >= MAX_PLACES {
        places.pop();
    }
    places.push(Place { name, line, last_line: line });
}

/// A reference that names a registry and whose host could be one.
fn image(text: &str) -> Option<String> {
    let text = text.trim_matches(['"', '\'', '`', ',', ';', '(', ')', '[', ']', '.', ':']);
    let text = text.strip_prefix("docker://").unwrap_or(text);
    let reference: Reference = text.parse().ok()?;
    // A name that Docker fills in is no place where Lambda looks; an AWS host without account is a redacted one.
    let redacted = reference.host().ends_with("amazonaws.com") && reference.ecr().is_none();
    (reference.host() != "docker.io" && !redacted).then(|| reference.to_string())
}

/// The place nearest to a line: in it, else the last before it, else the first after it.
pub(crate) fn nearest(places: &[Place], line: u64) -> Option<&Place> {
    let before = places.iter().filter(|place| place.line <= line).max_by_key(|place| place.last_line.min(line));
    before.or_else(|| places.iter().min_by_key(|place| place.line))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_are_references_with_a_registry() {
        for (text, found) in [
            (
                "123456789012.dkr.ecr.us-east-1.amazonaws.com/app:v1.",
                Some("123456789012.dkr.ecr.us-east-1.amazonaws.com/app:v1"),
            ),
            ("\"localhost:5000/app:v1\",", Some("localhost:5000/app:v1")),
            ("docker.io/library/app:v1", None),
            ("app:v1", None),
            ("%s", None),
            ("<account>.dkr.ecr.us-east-1.amazonaws.com/app", None),
            ("xxx.dkr.ecr.us-east-1.amazonaws.com/app:v1", None),
        ] {
            assert_eq!(image(text).as_deref(), found, "{text}");
        }
    }

    #[test]
    fn a_push_is_put_together_from_two_lines() {
        let mut places = Places::default();
        places.take(Kind::Repository, &["localhost:5000/app"], 3);
        places.take(Kind::Pushed, &["v1", "sha256:0"], 9);
        assert_eq!(places.images[0].name, "localhost:5000/app:v1");
    }

    #[test]
    fn the_nearest_counts() {
        let place = |name: &str, line, last_line| Place { name: name.to_owned(), line, last_line };
        let places = [place("a", 1, 90), place("b", 40, 40), place("c", 70, 70)];
        let name = |line| nearest(&places, line).map(|place| place.name.as_str());
        assert_eq!((name(50), name(95), name(0)), (Some("a"), Some("a"), Some("a")));
        let places = [place("a", 1, 1), place("b", 40, 40), place("c", 70, 70)];
        assert_eq!(nearest(&places, 50).map(|place| place.name.as_str()), Some("b"));
    }

    #[test]
    fn there_are_not_too_many() {
        let mut places = Places::default();
        for line in 0..10_000 {
            places.take(Kind::Function, &[&format!("f{line}")], line);
        }
        assert_eq!(places.functions.len(), MAX_PLACES);
        assert_eq!(places.functions[MAX_PLACES - 1].name, "f9999");
    }
}
