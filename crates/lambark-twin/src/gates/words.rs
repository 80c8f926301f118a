//! The gates' texts. They are AWS's, reported in public issues; `docs/twin.md` says how often.

use lambark_rules::{Finding, Place};
use serde::{Deserialize, Serialize};

/// Which of its wordings Lambda refuses media types with.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Wording {
    /// `The image manifest, config or layer media type …`, since July 2025.
    #[default]
    Current,
    /// `The image manifest or layer media type …`, until February 2025.
    Older,
    /// Accepted at first; then a failed state with a literal `%s` in place of the image. Seen once.
    Late,
}

impl Wording {
    /// The refusal of the media-type gate.
    pub(crate) fn refusal(self, uri: &str) -> String {
        match self {
            Wording::Current => {
                format!("The image manifest, config or layer media type for the source image {uri} is not supported.")
            }
            Wording::Older => {
                format!("The image manifest or layer media type for the source image {uri} is not supported.")
            }
            Wording::Late => Wording::Current.refusal("%s"),
        }
    }
}

/// What Lambda writes into the state when an image cannot be unpacked for this finding.
pub(super) fn unpacking(finding: &Finding) -> String {
    match (finding.rule, &finding.place) {
        ("missing-parent-directory" | "late-parent-directory", Place::File { path, .. }) => {
            format!("MissingParentDirectory: Parent directory does not exist for file: {path}")
        }
        ("image-too-large", _) => {
            "SizeLimitExceeded: Uncompressed container image size exceeds 10 GiB limit".to_owned()
        }
        (_, Place::Layer { digest: Some(digest), .. }) => {
            format!("ImageLayerFailure: UnsupportedImageLayerDetected - Layer Digest {digest}")
        }
        // No text is known for the rest.
        _ => format!("ImageLayerFailure: {}", finding.message),
    }
}
