//! What lambark writes into a version's Description: the one place in AWS that says, without any ledger, what a
//! version replaced and who put it there.

use lambark_oci::Digest;

/// Longest Description that Lambda takes, in characters (documented).
const MAX_CHARS: usize = 256;
/// Begins every Description of ours.
const MARK: &str = "lambark: ";

/// What a version's Description tells.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Note {
    /// The alias that it was published for; `None` for `$LATEST`.
    pub alias: Option<String>,
    /// The version that had the traffic before, where one had.
    pub from_version: Option<String>,
    /// The image that had the traffic before.
    pub from: Option<Digest>,
    /// The commit that the image was built from.
    pub commit: Option<String>,
    /// The CI run.
    pub run: Option<String>,
    /// Who deployed it.
    pub by: Option<String>,
}

impl Note {
    /// The Description: what a way back needs comes first, so that what does not fit is what matters least.
    #[must_use]
    pub fn write(&self) -> String {
        let from = self.from.as_ref().map(|digest| match &self.from_version {
            Some(version) => format!("{digest}@{version}"),
            None => digest.to_string(),
        });
        let fields = [("from", &from), ("alias", &self.alias), ("commit", &self.commit), ("run", &self.run)];
        let mut text = MARK.to_owned();
        for (key, value) in fields.into_iter().chain([("by", &self.by)]) {
            let Some(value) = value.as_deref().map(one_word).filter(|value| !value.is_empty()) else { continue };
            let separator = if text.len() == MARK.len() { "" } else { ", " };
            let next = format!("{separator}{key} {value}");
            if text.chars().count() + next.chars().count() <= MAX_CHARS {
                text.push_str(&next);
            }
        }
        text.trim_end().to_owned()
    }

    /// Reads a Description; `None` if it is not lambark's.
    #[must_use]
    pub fn read(description: &str) -> Option<Note> {
        let rest = description.strip_prefix(MARK.trim_end())?;
        let mut note = Note::default();
        for field in rest.trim().split(", ") {
            let Some((key, value)) = field.split_once(' ') else { continue };
            let value = value.to_owned();
            match key {
                "from" => {
                    let (digest, version) = match value.split_once('@') {
                        Some((digest, version)) => (digest, Some(version.to_owned())),
                        None => (value.as_str(), None),
                    };
                    note.from = digest.parse().ok();
                    note.from_version = version.filter(|version| is_version(version));
                }
                "alias" => note.alias = Some(value),
                "commit" => note.commit = Some(value),
                "run" => note.run = Some(value),
                "by" => note.by = Some(value),
                _ => {}
            }
        }
        Some(note)
    }

    /// Which deployment it was, in a few words.
    #[must_use]
    pub fn who(&self) -> Option<String> {
        let fields = [("commit", &self.commit), ("run", &self.run), ("by", &self.by)];
        let told: Vec<String> =
            fields.iter().filter_map(|(key, value)| Some(format!("{key} {}", value.as_deref()?))).collect();
        (!told.is_empty()).then(|| told.join(", "))
    }
}

/// Whether this is a published version's number.
#[must_use]
pub fn is_version(text: &str) -> bool {
    !text.is_empty() && text.len() <= 20 && text.bytes().all(|b| b.is_ascii_digit())
}

/// A value must not look like the next field, nor hold what Lambda's console would show as something else.
fn one_word(value: &str) -> String {
    value.chars().map(|c| if c == ',' || c.is_whitespace() || c.is_control() { '_' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn full() -> Note {
        Note {
            alias: Some("live".to_owned()),
            from_version: Some("7".to_owned()),
            from: Some(Digest::of(b"old")),
            commit: Some("0123456789abcdef0123456789abcdef01234567".to_owned()),
            run: Some("https://ci.example.com/team/app/runs/1234567890".to_owned()),
            by: Some("deployer".to_owned()),
        }
    }

    #[test]
    fn what_is_written_is_read_back() {
        for note in [full(), Note { from_version: None, ..full() }, Note { by: None, run: None, ..full() }] {
            let text = note.write();
            assert!(text.starts_with("lambark: from sha256:"), "{text}");
            assert!(text.chars().count() <= MAX_CHARS);
            assert_eq!(Note::read(&text), Some(note), "{text}");
        }
        assert_eq!(Note::read(&Note::default().write()), Some(Note::default()));
    }

    #[test]
    fn what_does_not_fit_is_left_out_from_the_end() {
        let long = Note { run: Some("r".repeat(300)), by: Some("b".to_owned()), ..full() };
        let text = long.write();
        assert!(text.chars().count() <= MAX_CHARS, "{text}");
        let read = Note::read(&text).unwrap();
        assert_eq!((read.from, read.run, read.by), (long.from, None, Some("b".to_owned())));
    }

    #[test]
    fn no_value_pretends_to_be_another_field() {
        let sly = Note { by: Some("x, from sha256:evil\n, alias y".to_owned()), ..full() };
        let read = Note::read(&sly.write()).unwrap();
        assert_eq!((read.from, read.alias), (full().from, full().alias));
        assert_eq!(read.by.as_deref(), Some("x__from_sha256:evil___alias_y"));
    }

    #[test]
    fn descriptions_of_others_are_left_alone() {
        for other in ["", "release 7", "Lambark: from x", "lambark"] {
            assert_eq!(Note::read(other), None, "{other}");
        }
        let half = Note::read("lambark: from sha256:12@x, commit abc").unwrap();
        assert_eq!((half.from, half.from_version, half.commit.as_deref()), (None, None, Some("abc")));
    }
}
