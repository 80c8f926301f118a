//! Where a rollback leads. Pure.

use lambark_oci::Digest;

use crate::operations::deployment::back::{pointed, short};
use crate::operations::deployment::live::{LATEST, Live, Version};
use crate::operations::deployment::{Error, Unfinished, note, unfinished};

/// What the user asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Aim {
    /// What had the traffic before.
    Before,
    /// A version.
    Version(String),
    /// An image.
    Digest(Digest),
}

/// Where it leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Goal {
    /// The version that the alias is to point at; `None` where `$LATEST` has the traffic.
    pub version: Option<String>,
    /// The image.
    pub digest: Digest,
    /// The deployment that broke off and is undone by this, if that is all.
    pub undoes: Option<Unfinished>,
}

/// How many versions are offered to choose from.
const MAX_CHOICES: usize = 10;

/// Finds it. `versions` stand newest first.
///
/// # Errors
/// [`Error::NothingToGoBackTo`] when nothing tells.
pub fn find(live: &Live, versions: &[Version], aim: &Aim) -> Result<Goal, Error> {
    let refused = |reason: String| Error::NothingToGoBackTo {
        function: live.settings().name.clone(),
        reason,
        choices: versions.iter().take(MAX_CHOICES).map(choice).collect(),
    };
    let undoes = unfinished::find(live, versions).filter(|_| *aim == Aim::Before);
    match &live.alias {
        Some(alias) if alias.version != LATEST => {
            let number = match &undoes {
                // It has a part of the traffic or none: what has most of it gets all of it, and `$LATEST` follows.
                Some(_) => alias.version.clone(),
                None => of_alias(&alias.version, versions, aim).map_err(&refused)?,
            };
            let known = versions.iter().find(|version| version.number.to_string() == number);
            let digest = known.and_then(|version| version.digest.clone());
            let digest = digest.ok_or_else(|| refused(format!("there is no version {number} with an image")))?;
            Ok(Goal { version: Some(number), digest, undoes })
        }
        _ => of_latest(live, versions, aim).map(|digest| Goal { version: None, digest, undoes }).map_err(refused),
    }
}

fn of_alias(current: &str, versions: &[Version], aim: &Aim) -> Result<String, String> {
    match aim {
        Aim::Version(number) => Ok(number.clone()),
        Aim::Digest(digest) => {
            let known = versions.iter().find(|version| version.digest.as_ref() == Some(digest));
            known.map(|version| version.number.to_string()).ok_or_else(|| format!("no version has {digest}"))
        }
        Aim::Before => {
            let known = versions.iter().find(|version| version.number.to_string() == current);
            let note = known.and_then(|version| version.note.as_ref());
            let note = note.ok_or_else(|| {
                format!("{} was not published by lambark, so nothing tells what it replaced", pointed(current))
            })?;
            let by_digest = || versions.iter().find(|version| version.digest.is_some() && version.digest == note.from);
            match &note.from_version {
                Some(number) => Ok(number.clone()),
                None => by_digest()
                    .map(|version| version.number.to_string())
                    .ok_or_else(|| format!("{} replaced nothing that has a version", pointed(current))),
            }
        }
    }
}

fn of_latest(live: &Live, versions: &[Version], aim: &Aim) -> Result<Digest, String> {
    let runs = live.settings().image_digest();
    match aim {
        Aim::Digest(digest) => Ok(digest.clone()),
        Aim::Version(number) => {
            let known = versions.iter().find(|version| version.number.to_string() == *number);
            let digest = known.and_then(|version| version.digest.clone());
            digest.ok_or_else(|| format!("there is no version {number} with an image"))
        }
        Aim::Before => {
            let published = versions.iter().find(|version| version.digest.is_some() && version.digest == runs);
            match published {
                Some(version) => {
                    let from = version.note.as_ref().and_then(|note| note.from.clone());
                    from.ok_or_else(|| format!("nothing tells what {} replaced", pointed(&version.number.to_string())))
                }
                // The image was never published: the deployment that brought it broke off.
                None => {
                    let newest = versions.first().and_then(|version| version.digest.clone());
                    newest.ok_or_else(|| "it has no versions, so nothing tells what it ran before".to_owned())
                }
            }
        }
    }
}

fn choice(version: &Version) -> String {
    let note = version.note.as_ref().and_then(note::Note::who);
    let note = note.map_or_else(String::new, |who| format!("  ({who})"));
    format!("  --to {:<6} {}{note}", version.number, short(version.digest.as_ref()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::operations::deployment::fixtures::{digest, live, version};

    /// The goal's version and image, or the reason.
    fn goal(live: &Live, versions: &[Version], aim: &Aim) -> Result<(Option<String>, Digest), String> {
        find(live, versions, aim).map(|goal| (goal.version, goal.digest)).map_err(|error| error.to_string())
    }

    fn to(version: Option<&str>, image: &str) -> Result<(Option<String>, Digest), String> {
        Ok((version.map(str::to_owned), digest(image)))
    }

    #[test]
    fn what_the_description_names_is_where_it_leads() {
        let versions = [
            version(4, "d", Some(("c", None))),
            version(3, "c", Some(("b", Some("2")))),
            version(2, "b", Some(("a", Some("1")))),
            version(1, "a", None),
        ];
        let on = |number, image| live(image, Some((number, image, None)));
        assert_eq!(goal(&on("3", "c"), &versions, &Aim::Before), to(Some("2"), "b"));
        assert_eq!(goal(&on("2", "b"), &versions, &Aim::Before), to(Some("1"), "a"));
        // It replaced `$LATEST`, whose image has a version by now.
        assert_eq!(goal(&on("4", "d"), &versions, &Aim::Before), to(Some("3"), "c"));
        let refused = goal(&on("1", "a"), &versions, &Aim::Before).unwrap_err();
        assert!(refused.contains("version 1 was not published by lambark"), "{refused}");
        // Named ones need no Description.
        assert_eq!(goal(&on("1", "a"), &versions, &Aim::Version("4".to_owned())), to(Some("4"), "d"));
        assert_eq!(goal(&on("4", "d"), &versions, &Aim::Digest(digest("a"))), to(Some("1"), "a"));
        assert!(goal(&on("4", "d"), &versions, &Aim::Version("9".to_owned())).is_err());
        assert!(goal(&on("4", "d"), &versions, &Aim::Digest(digest("z"))).is_err());
    }

    #[test]
    fn what_broke_off_is_undone_first() {
        let versions = [version(3, "c", Some(("b", Some("2")))), version(2, "b", Some(("a", Some("1"))))];
        for (case, live, versions) in [
            ("a share", live("c", Some(("2", "b", Some(("3", 0.5))))), &versions[..]),
            ("no traffic", live("c", Some(("2", "b", None))), &versions[..]),
            ("unpublished", live("z", Some(("2", "b", None))), &versions[..]),
        ] {
            let found = find(&live, versions, &Aim::Before).unwrap();
            assert_eq!((found.version.as_deref(), &found.digest), (Some("2"), &digest("b")), "{case}");
            assert!(found.undoes.is_some(), "{case}");
            // Who names a goal gets it.
            let named = find(&live, versions, &Aim::Version("3".to_owned())).unwrap();
            assert_eq!((named.version.as_deref(), named.undoes), (Some("3"), None), "{case}");
        }
    }

    #[test]
    fn without_an_alias_it_leads_to_an_image() {
        let versions = [version(2, "b", Some(("a", None))), version(1, "a", None)];
        assert_eq!(goal(&live("b", None), &versions, &Aim::Before), to(None, "a"));
        assert_eq!(goal(&live("b", Some((LATEST, "b", None))), &versions, &Aim::Before), to(None, "a"));
        // Never published: the deployment that brought it broke off.
        assert_eq!(goal(&live("c", None), &versions, &Aim::Before), to(None, "b"));
        assert!(goal(&live("a", None), &versions, &Aim::Before).is_err());
        assert!(goal(&live("a", None), &[], &Aim::Before).is_err());
        assert_eq!(goal(&live("a", None), &versions, &Aim::Version("2".to_owned())), to(None, "b"));
        assert_eq!(goal(&live("a", None), &[], &Aim::Digest(digest("z"))), to(None, "z"));
    }

    #[test]
    fn who_has_to_choose_is_told_the_newest_first_and_not_all() {
        let versions: Vec<Version> = (1..=30).rev().map(|number| version(number, "x", None)).collect();
        let Err(Error::NothingToGoBackTo { choices, .. }) = find(&live("x", None), &versions, &Aim::Before) else {
            panic!("it found something")
        };
        assert_eq!(choices.len(), MAX_CHOICES);
        assert!(choices[0].starts_with("  --to 30 "), "{choices:?}");
    }
}
