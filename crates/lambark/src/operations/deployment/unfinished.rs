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
