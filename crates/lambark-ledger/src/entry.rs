//! What an entry says.

use std::collections::BTreeMap;
use std::fmt;

use lambark_oci::Digest;
use serde::{Deserialize, Serialize};

/// What stands for the entry before the first: a hash that no bytes are known to have.
pub const NOTHING_BEFORE: &str = "sha256:0000000000000000000000000000000000000000000000000000000000000000";

/// The same as a digest.
pub(crate) fn nothing_before() -> Digest {
    NOTHING_BEFORE.parse().expect("a digest: it is written out above")
}

/// Who did it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Who {
    /// Whose word it is.
    pub kind: WhoKind,
    /// The ARN, or the name that the environment gave.
    pub name: String,
}

/// Whose word it is who did it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum WhoKind {
    /// AWS's: the caller's ARN by STS.
    Sts,
    /// The environment of GitHub Actions.
    Github,
    /// The environment of GitLab CI.
    Gitlab,
    /// The environment of CodeBuild.
    Codebuild,
    /// This machine's: a user's name.
    Local,
}

impl fmt::Display for WhoKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            WhoKind::Sts => "sts",
            WhoKind::Github => "github",
            WhoKind::Gitlab => "gitlab",
            WhoKind::Codebuild => "codebuild",
            WhoKind::Local => "local",
        })
    }
}

/// How it went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// It is about to be done: written before the first request that changes something.
    Intended,
    /// It was done.
    Succeeded,
    /// It was not done, or not wholly.
    Failed,
    /// It went wrong and was undone.
    RolledBack,
    /// It went wrong and could not be undone.
    NotRolledBack,
    /// It was left in the middle; a later run found it and undid or finished it.
    Abandoned,
    /// Entries were read.
    Read,
    /// Entries were exported.
    Exported,
    /// Entries were removed because they were old enough.
    Pruned,
}

impl Outcome {
    /// Every outcome.
    pub const ALL: [Outcome; 9] = [
        Outcome::Intended,
        Outcome::Succeeded,
        Outcome::Failed,
        Outcome::RolledBack,
        Outcome::NotRolledBack,
        Outcome::Abandoned,
        Outcome::Read,
        Outcome::Exported,
        Outcome::Pruned,
    ];

    /// The word in the canonical form.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Outcome::Intended => "intended",
            Outcome::Succeeded => "succeeded",
            Outcome::Failed => "failed",
            Outcome::RolledBack => "rolled-back",
            Outcome::NotRolledBack => "not-rolled-back",
            Outcome::Abandoned => "abandoned",
            Outcome::Read => "read",
            Outcome::Exported => "exported",
            Outcome::Pruned => "pruned",
        }
    }

    /// Whether it ends the intent that its entry names in `of`.
    #[must_use]
    pub fn is_an_end(self) -> bool {
        match self {
            Outcome::Succeeded
            | Outcome::Failed
            | Outcome::RolledBack
            | Outcome::NotRolledBack
            | Outcome::Abandoned => true,
            Outcome::Intended | Outcome::Read | Outcome::Exported | Outcome::Pruned => false,
        }
    }

    /// Whether it tells of a use of the ledger itself, and not of a function or an image.
    #[must_use]
    pub fn is_of_the_ledger(self) -> bool {
        matches!(self, Outcome::Read | Outcome::Exported | Outcome::Pruned)
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Where the chain begins after old entries were removed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Anchor {
    /// The last entry that was removed.
    pub id: u64,
    /// Its hash, which the first entry that is left names as the one before.
    pub hash: Digest,
}

/// What is to be recorded. What nobody knows stays `None` and is left out of the entry.
///
/// Names and order of the fields are those of the canonical form: they never change under one version of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Draft {
    /// When, in milliseconds since 1970 (UTC).
    pub time: u64,
    /// Who.
    pub who: Who,
    /// The verb: `deploy`, `rollback`, `push`, …
    pub verb: String,
    /// How it went.
    pub outcome: Outcome,
    /// The entry whose intent this ends.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub of: Option<u64>,
    /// The service of `lambark.toml`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
    /// The function: its name or ARN.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub function: Option<String>,
    /// The alias that moves.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alias: Option<String>,
    /// The repository, with its host.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub repository: Option<String>,
    /// The tag.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tag: Option<String>,
    /// The image that ran, or that the tag named.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub digest_before: Option<Digest>,
    /// The image that shall run, or that the tag shall name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub digest_after: Option<Digest>,
    /// The function's version that the alias named.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version_before: Option<String>,
    /// The function's version that the alias shall name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version_after: Option<String>,
    /// What the rules said of the image.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verdict: Option<String>,
    /// The version of the rules, which is lambark's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rules: Option<String>,
    /// The attestations that belong to the image.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attestations: Vec<Digest>,
    /// The commit that the image was built from, or that the pipeline stands at.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// The CI run's address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub run_url: Option<String>,
    /// Why.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The ticket.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ticket: Option<String>,
    /// Who approved.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub approved_by: Option<String>,
    /// A short free text: what went wrong, for instance. Longer ones are cut.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// What has no field of its own: an alias's revision, its weights.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub facts: BTreeMap<String, String>,
    /// Where the chain begins now, of an entry that tells of a removal; others have none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub anchor: Option<Anchor>,
}

impl Draft {
    /// An entry that says only when, who, what and how it went.
    #[must_use]
    pub fn new(time: u64, who: Who, verb: &str, outcome: Outcome) -> Draft {
        Draft {
            time,
            who,
            verb: verb.to_owned(),
            outcome,
            of: None,
            service: None,
            function: None,
            alias: None,
            repository: None,
            tag: None,
            digest_before: None,
            digest_after: None,
            version_before: None,
            version_after: None,
            verdict: None,
            rules: None,
            attestations: Vec::new(),
            commit: None,
            run_url: None,
            reason: None,
            ticket: None,
            approved_by: None,
            detail: None,
            facts: BTreeMap::new(),
            anchor: None,
        }
    }

    /// The same, as the end of `intent`: what was to be done, and now how it went.
    #[must_use]
    pub fn end(intent: &Entry, time: u64, outcome: Outcome) -> Draft {
        Draft { time, outcome, of: Some(intent.id), ..intent.body.clone() }
    }
}

/// What stands in the ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its number, from 1 on without a gap.
    pub id: u64,
    /// The hash of the entry before.
    pub previous: Digest,
    /// The hash of this entry's canonical form.
    pub hash: Digest,
    /// What it says.
    pub body: Draft,
    /// The canonical form: the bytes that the hash is of.
    pub canonical: Vec<u8>,
}
