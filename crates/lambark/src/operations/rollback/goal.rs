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
