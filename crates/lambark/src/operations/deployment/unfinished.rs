//! What an earlier deployment left behind when it broke off: told from live state and Descriptions, with nothing else
//! to go by. Pure.

use lambark_oci::Digest;

use super::live::{LATEST, Live, Version};

/// A deployment that did not come to its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unfinished {
    /// `$LATEST` has an image that no version has: it broke off between the update and the publishing, or somebody
    /// changed `$LATEST` by hand.
    Unpublished {
        /// `$LATEST`'s image.
        digest: Digest,
    },
    /// A version was published for this alias and never got its traffic.
    NoTraffic {
        /// The version.
        version: String,
        /// Its image.
        digest: Option<Digest>,
        /// Who published it, if its Description tells.
        who: Option<String>,
    },
    /// A part of the traffic goes to a version, and nobody raises it.
    Partial {
        /// The version.
        version: String,
        /// Its image.
        digest: Option<Digest>,
        /// Its share, from 0.0 to 1.0.
        weight: String,
        /// Who published it, if its Description tells.
        who: Option<String>,
    },
}

impl Unfinished {
    /// The image that was on its way.
    #[must_use]
    pub fn digest(&self) -> Option<&Digest> {
        match self {
            Unfinished::Unpublished { digest } => Some(digest),
            Unfinished::NoTraffic { digest, .. } | Unfinished::Partial { digest, .. } => digest.as_ref(),
        }
    }

    /// The version that was on its way.
    #[must_use]
    pub fn version(&self) -> Option<&str> {
        match self {
            Unfinished::Unpublished { .. } => None,
            Unfinished::NoTraffic { version, .. } | Unfinished::Partial { version, .. } => Some(version),
        }
    }
}

/// Finds what is unfinished. `versions` stand newest first.
#[must_use]
pub fn find(live: &Live, versions: &[Version]) -> Option<Unfinished> {
    let by_number = |number: &str| versions.iter().find(|version| version.number.to_string() == number);
    if let Some(alias) = &live.alias
        && let Some((version, weight)) = alias.weights.iter().next()
    {
        let known = by_number(version);
        return Some(Unfinished::Partial {
            version: version.clone(),
            digest: known.and_then(|version| version.digest.clone()),
            weight: format!("{weight}"),
            who: known.and_then(|version| version.note.as_ref()?.who()),
        });
    }
    let latest = live.settings().image_digest()?;
    let newest = versions.first();
    if let (Some(alias), Some(newest)) = (&live.alias, newest)
        && alias.version != LATEST
    {
        let note = newest.note.as_ref().filter(|note| note.alias.as_deref() == Some(alias.name.as_str()));
        let older = alias.version.parse::<u64>().is_ok_and(|carrier| carrier < newest.number);
        // Published for this alias, still what `$LATEST` has, and the alias never came to it.
        if let (Some(note), true, true) = (note, older, newest.digest.as_ref() == Some(&latest)) {
            return Some(Unfinished::NoTraffic {
                version: newest.number.to_string(),
                digest: newest.digest.clone(),
                who: note.who(),
            });
        }
    }
    let published = versions.iter().any(|version| version.digest.as_ref() == Some(&latest));
    (!published && !versions.is_empty()).then_some(Unfinished::Unpublished { digest: latest })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::super::fixtures::{Pointed, digest, live, version};
    use super::*;

    #[test]
    fn what_a_deployment_left_is_told_from_what_is_there() {
        let old = || version(1, "old", None);
        let ours = || version(2, "new", Some(("old", Some("1"))));
        let by_hand = || version(2, "new", None);
        let name = |left: Option<Unfinished>| {
            left.map_or("nothing", |left| match left {
                Unfinished::Unpublished { .. } => "unpublished",
                Unfinished::NoTraffic { .. } => "no traffic",
                Unfinished::Partial { .. } => "partial",
            })
        };
        type Case<'a> = (&'a str, &'a str, Option<Pointed<'a>>, Vec<Version>, &'a str);
        let table: [Case<'_>; 14] = [
            ("before anything", "old", Some(("1", "old", None)), vec![old()], "nothing"),
            ("updated", "new", Some(("1", "old", None)), vec![old()], "unpublished"),
            ("published", "new", Some(("1", "old", None)), vec![ours(), old()], "no traffic"),
            ("published by hand", "new", Some(("1", "old", None)), vec![by_hand(), old()], "nothing"),
            ("a share", "new", Some(("1", "old", Some(("2", 0.1)))), vec![ours(), old()], "partial"),
            ("a share by hand", "new", Some(("1", "old", Some(("2", 0.1)))), vec![by_hand(), old()], "partial"),
            ("done", "new", Some(("2", "new", None)), vec![ours(), old()], "nothing"),
            ("taken back", "old", Some(("1", "old", None)), vec![ours(), old()], "nothing"),
            ("the alias alone taken back", "new", Some(("1", "old", None)), vec![ours(), old()], "no traffic"),
            ("no alias, updated", "new", None, vec![old()], "unpublished"),
            ("no alias, done", "new", None, vec![ours(), old()], "nothing"),
            ("no alias, never published", "new", None, vec![], "nothing"),
            ("an alias of $LATEST, updated", "new", Some((LATEST, "new", None)), vec![old()], "unpublished"),
            ("an alias of $LATEST, published", "new", Some((LATEST, "new", None)), vec![ours(), old()], "nothing"),
        ];
        for (case, latest, alias, versions, expected) in table {
            assert_eq!(name(find(&live(latest, alias), &versions)), expected, "{case}");
        }
    }

    #[test]
    fn it_is_told_whose_it_is_and_how_far_it_came() {
        let versions = [version(2, "new", Some(("old", Some("1")))), version(1, "old", None)];
        let left = find(&live("new", Some(("1", "old", Some(("2", 0.25))))), &versions).unwrap();
        assert_eq!((left.version(), left.digest()), (Some("2"), Some(&digest("new"))));
        let Unfinished::Partial { weight, who, .. } = left else { panic!("{left:?}") };
        assert_eq!((weight.as_str(), who.as_deref()), ("0.25", Some("by ci")));
        // A version of another alias is none of this one's business.
        let mut other = version(2, "new", Some(("old", Some("1"))));
        other.note.as_mut().unwrap().alias = Some("test".to_owned());
        assert_eq!(find(&live("new", Some(("1", "old", None))), &[other, version(1, "old", None)]), None);
    }
}
