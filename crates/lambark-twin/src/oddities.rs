//! ECR's ways at the registry HTTP API, each of which a test can switch.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// How the registry face differs from the specification. The defaults are ECR's, as far as they are known
/// (`docs/twin.md` tells how well).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct Oddities {
    /// The status of the answer to a `PATCH` of an upload. ECR: 201; the specification: 202.
    pub(crate) patch_status: u16,
    /// Fewest bytes of each part of an upload but the last. ECR: 5 MiB.
    pub(crate) least_part_bytes: u64,
    /// `Range` stays at the first part however many arrived. ECR: yes.
    pub(crate) stale_range: bool,
    /// Mounts are answered 201 where they are possible. ECR: yes; `false`: always 202 with an upload.
    pub(crate) mounts: bool,
    /// Blobs can be mounted from any repository of the account and Region, whatever its account setting says.
    pub(crate) mounts_everywhere: bool,
    /// The answer to a manifest that was put names its `Location`. ECR: no.
    pub(crate) manifest_location: bool,
    /// The answer to a manifest that was put names its digest. ECR: it did not once (google/containerregistry#10, 2017);
    /// it must by now, because containerd takes no answer without.
    pub(crate) manifest_digest: bool,
    /// A push to a repository that is not there is cut off; `false`: 404 `NAME_UNKNOWN`. ECR: cut.
    pub(crate) cuts_on_missing_repository: bool,
    /// A push makes the repository. ECR: only by a template, so no.
    pub(crate) create_on_push: bool,
    /// `PutImage` and manifest `PUT` over the rate are refused. ECR: yes; the twin only when asked.
    pub(crate) throttles: bool,
    /// Manifests per second that each account and Region may put. ECR: 10.
    pub(crate) put_image_rate: f64,
    /// Most images of one repository. ECR: 100,000.
    pub(crate) images_per_repository: usize,
    /// Blobs are fetched from a presigned URL. ECR: yes.
    pub(crate) presigned: bool,
    /// Seconds until a presigned URL expires. ECR: one hour.
    pub(crate) presigned_seconds: u64,
    /// What a tag names is converted to a type that the client takes. ECR: yes.
    pub(crate) converts: bool,
    /// A client that takes no index is given the linux/amd64 child of the one that a tag names. Not established.
    pub(crate) index_gives_child: bool,
    /// The referrers API is there. ECR: yes.
    pub(crate) referrers: bool,
}

impl Default for Oddities {
    fn default() -> Oddities {
        Oddities {
            patch_status: 201,
            least_part_bytes: 5 * 1024 * 1024,
            stale_range: true,
            mounts: true,
            mounts_everywhere: false,
            manifest_location: false,
            manifest_digest: true,
            cuts_on_missing_repository: true,
            create_on_push: false,
            throttles: false,
            put_image_rate: 10.0,
            images_per_repository: 100_000,
            presigned: true,
            presigned_seconds: 3600,
            converts: true,
            index_gives_child: true,
            referrers: true,
        }
    }
}

impl Oddities {
    /// These, with the fields of `changes` in their place.
    ///
    /// # Errors
    /// The reader's word on a field that there is not, or that has another type.
    pub(crate) fn with(&self, changes: &Value) -> Result<Oddities, serde_json::Error> {
        let mut all = serde_json::to_value(self)?;
        match (all.as_object_mut(), changes.as_object()) {
            (Some(all), Some(changes)) => all.extend(changes.clone()),
            _ => return Err(serde::de::Error::custom("expected an object")),
        }
        serde_json::from_value(all)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use serde_json::json;

    #[test]
    fn what_is_not_named_stays() {
        let changed = Oddities { mounts: false, ..Oddities::default() };
        let changed = changed.with(&json!({ "patchStatus": 202 })).unwrap();
        assert_eq!((changed.patch_status, changed.mounts), (202, false));
    }

    #[test]
    fn every_way_is_documented() {
        let documented = include_str!("../../../docs/twin.md");
        let ways = serde_json::to_value(Oddities::default()).unwrap();
        for way in ways.as_object().unwrap().keys() {
            assert!(documented.contains(&format!("`{way}`")), "{way} is not in docs/twin.md");
        }
    }

    #[test]
    fn what_there_is_not_is_refused() {
        for wrong in [json!({ "pathcStatus": 202 }), json!({ "patchStatus": "201" }), json!([])] {
            assert!(Oddities::default().with(&wrong).is_err(), "{wrong}");
        }
    }
}
