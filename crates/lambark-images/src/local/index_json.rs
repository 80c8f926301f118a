//! A new `index.json` from an old one: one name moves, every other entry stays as it is.

use lambark_oci::{Descriptor, Digest, RawDocument};
use serde_json::{Value, json};

use super::index::{CONTAINERD_NAME, REF_NAME, is_named};
use crate::Error;

/// What a name in a layout is and where it stands.
#[derive(Clone, Debug)]
pub(crate) enum Slot {
    /// The entry of this digest, whatever it is called: a repair in place.
    Entry(Digest),
    /// The entry of this tag, or a new one.
    Tag(String),
    /// The entry of this name (`app:v1`), as Docker names it, or a new one.
    Docker(String),
    /// The one entry without a tag, or a new one.
    Untagged,
}

impl Slot {
    /// The tag or name that picks the entry.
    pub(crate) fn tag(&self) -> Option<&str> {
        match self {
            Slot::Tag(tag) | Slot::Docker(tag) => Some(tag),
            Slot::Entry(_) | Slot::Untagged => None,
        }
    }
}

/// A name in full, as Docker and containerd keep it: `app:v1` is `docker.io/library/app:v1`.
fn in_full(name: &str) -> String {
    match name.split_once('/') {
        Some((host, _)) if host.contains(['.', ':']) || host == "localhost" => name.to_owned(),
        Some(_) => format!("docker.io/{name}"),
        None => format!("docker.io/library/{name}"),
    }
}

/// `old` with `image` in `slot`, followed by `referrers`.
pub(crate) fn with_image(
    old: Option<&RawDocument>,
    slot: &Slot,
    image: &RawDocument,
    referrers: &[Descriptor],
) -> Result<Vec<u8>, Error> {
    let mut root: Value = match old {
        Some(old) => serde_json::from_slice(old.bytes())
            .map_err(|error| Error::Malformed { place: "index.json".to_owned(), reason: error.to_string() })?,
        None => json!({ "schemaVersion": 2, "mediaType": lambark_oci::media_type::OCI_INDEX }),
    };
    let known = old.and_then(RawDocument::index).map(|index| index.manifests.clone()).unwrap_or_default();
    let entries = root.as_object_mut().and_then(|root| root.get_mut("manifests")).and_then(Value::as_array_mut);
    let mut entries: Vec<Value> = entries.map(std::mem::take).unwrap_or_default();
    let position = known.iter().position(|entry| fills(entry, slot));
    let mut new = json!(image.descriptor());
    match (position.and_then(|position| known.get(position)), slot) {
        (Some(old), _) if !old.annotations.is_empty() => new["annotations"] = json!(carried(old)),
        (_, Slot::Tag(tag)) => new["annotations"] = json!({ REF_NAME: tag }),
        (_, Slot::Docker(name)) => {
            let tag = name.rsplit(':').next().unwrap_or_default();
            new["annotations"] = json!({ CONTAINERD_NAME: in_full(name), REF_NAME: tag });
        }
        _ => {}
    }
    match position.and_then(|position| entries.get_mut(position)) {
        Some(place) => *place = new,
        None => entries.push(new),
    }
    for referrer in referrers {
        if !known.iter().any(|entry| entry.digest == referrer.digest) {
            entries.push(json!(referrer));
        }
    }
    root["manifests"] = Value::Array(entries);
    serde_json::to_vec_pretty(&root)
        .map_err(|error| Error::Malformed { place: "index.json".to_owned(), reason: error.to_string() })
}

fn fills(entry: &Descriptor, slot: &Slot) -> bool {
    match slot {
        Slot::Entry(digest) => entry.digest == *digest,
        Slot::Tag(tag) | Slot::Docker(tag) => is_named(entry, tag),
        Slot::Untagged => {
            !entry.annotations.contains_key(REF_NAME)
                && matches!(
                    lambark_oci::ChildRole::of(entry),
                    lambark_oci::ChildRole::Image | lambark_oci::ChildRole::Index
                )
        }
    }
}

/// The old entry's annotations that stay true of the new one: its names and its date, not what speaks of the object.
fn carried(old: &Descriptor) -> serde_json::Map<String, Value> {
    let stays = |key: &str| key == REF_NAME || key == CONTAINERD_NAME || key == "org.opencontainers.image.created";
    old.annotations.iter().filter(|(key, _)| stays(key)).map(|(key, value)| (key.clone(), json!(value))).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn image(note: &str) -> RawDocument {
        let json = format!(r#"{{"schemaVersion":2,"manifests":[],"annotations":{{"n":"{note}"}}}}"#);
        RawDocument::parse(json.into_bytes().into(), None).unwrap()
    }

    fn written(old: Option<&RawDocument>, slot: &Slot, new: &RawDocument) -> RawDocument {
        RawDocument::parse(with_image(old, slot, new, &[]).unwrap().into(), None).unwrap()
    }

    fn digests(index: &RawDocument) -> Vec<Digest> {
        index.index().unwrap().manifests.iter().map(|entry| entry.digest.clone()).collect()
    }

    #[test]
    fn a_name_moves_and_the_others_stay() {
        let (a, b, c) = (image("a"), image("b"), image("c"));
        let one = written(None, &Slot::Tag("v1".into()), &a);
        let two = written(Some(&one), &Slot::Tag("v2".into()), &b);
        assert_eq!(digests(&two), [a.digest().clone(), b.digest().clone()]);
        let moved = written(Some(&two), &Slot::Tag("v1".into()), &c);
        assert_eq!(digests(&moved), [c.digest().clone(), b.digest().clone()]);
        let in_place = written(Some(&two), &Slot::Entry(b.digest().clone()), &c);
        assert_eq!(digests(&in_place), [a.digest().clone(), c.digest().clone()]);
        assert_eq!(in_place.index().unwrap().manifests[1].annotations[REF_NAME], "v2");
    }

    #[test]
    fn an_untagged_image_replaces_the_untagged_one_only() {
        let (a, b, c) = (image("a"), image("b"), image("c"));
        let tagged = written(None, &Slot::Tag("v1".into()), &a);
        let both = written(Some(&tagged), &Slot::Untagged, &b);
        assert_eq!(digests(&written(Some(&both), &Slot::Untagged, &c)), [a.digest().clone(), c.digest().clone()]);
    }

    #[test]
    fn docker_finds_what_goes_by_its_names() {
        assert_eq!(in_full("app:v1"), "docker.io/library/app:v1");
        assert_eq!(in_full("team/app:v1"), "docker.io/team/app:v1");
        for whole in ["ghcr.io/app:v1", "localhost/app:v1", "127.0.0.1:5000/app:v1"] {
            assert_eq!(in_full(whole), whole);
        }
        let (a, b) = (image("a"), image("b"));
        let one = written(None, &Slot::Docker("app:v1".into()), &a);
        assert_eq!(one.index().unwrap().manifests[0].annotations[REF_NAME], "v1");
        assert_eq!(digests(&written(Some(&one), &Slot::Docker("app:v1".into()), &b)), [b.digest().clone()]);
    }

    #[test]
    fn unknown_fields_stay() {
        let old = br#"{"schemaVersion":2,"x":1,"manifests":[{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855","size":0,"y":2}]}"#;
        let old = RawDocument::parse(old.to_vec().into(), None).unwrap();
        let new = with_image(Some(&old), &Slot::Tag("t".into()), &image("a"), &[]).unwrap();
        let value: Value = serde_json::from_slice(&new).unwrap();
        assert_eq!((&value["x"], &value["manifests"][0]["y"]), (&json!(1), &json!(2)));
    }
}
