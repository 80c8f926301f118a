//! `index.json` of a layout: which entry is the image that a name means.

use std::collections::BTreeSet;

use lambark_oci::index::ChildRole;
use lambark_oci::limits::MAX_MANIFEST_BYTES;
use lambark_oci::name::LocalName;
use lambark_oci::{Descriptor, Index, MediaType, RawDocument};

use super::files::{Files, read_small};
use crate::Error;

/// The annotation by which a layout names an entry.
pub(crate) const REF_NAME: &str = "org.opencontainers.image.ref.name";
/// The annotation by which containerd and Docker name it in full.
pub(crate) const CONTAINERD_NAME: &str = "io.containerd.image.name";

/// Reads `index.json`.
pub(crate) fn read(files: &dyn Files) -> Result<RawDocument, Error> {
    let place = format!("index.json in {}", files.path().display());
    let Some(bytes) = read_small(files, "index.json", MAX_MANIFEST_BYTES)? else {
        let reason = "it has no index.json".to_owned();
        return Err(Error::NotAnImage { path: files.path().to_owned(), reason });
    };
    let declared = MediaType::new(lambark_oci::media_type::OCI_INDEX);
    let document = RawDocument::parse(bytes.into(), Some(&declared))
        .map_err(|source| Error::Document { place: place.clone(), source })?;
    if document.index().is_none() {
        return Err(Error::Malformed { place, reason: "it is no index".to_owned() });
    }
    Ok(document)
}

/// The entry that `name` means: by digest, by tag, or the only image there is.
pub(crate) fn choose(index: &Index, name: &LocalName) -> Result<Descriptor, Error> {
    if let Some(digest) = &name.digest {
        let known = index.manifests.iter().find(|entry| entry.digest == *digest);
        // A child need not be listed; its kind is then told by its own bytes.
        return Ok(known.cloned().unwrap_or_else(|| Descriptor::new(MediaType::new(""), digest.clone(), 0)));
    }
    let candidates: Vec<&Descriptor> = match &name.tag {
        Some(tag) => index.manifests.iter().filter(|entry| is_named(entry, tag)).collect(),
        None => match images(index) {
            none if none.is_empty() => index.manifests.iter().collect(),
            images => images,
        },
    };
    let digests: BTreeSet<_> = candidates.iter().map(|entry| &entry.digest).collect();
    match (candidates.first(), digests.len()) {
        (Some(entry), 1) => Ok((*entry).clone()),
        (Some(_), _) => Err(Error::Ambiguous { place: name.path.clone(), present: describe(&candidates) }),
        (None, _) => Err(Error::NoSuchImage {
            place: name.path.clone(),
            wanted: name.tag.clone().unwrap_or_else(|| "at all".to_owned()),
            present: describe(&index.manifests.iter().collect::<Vec<_>>()),
        }),
    }
}

/// The entries that are images or indexes; referrers stand beside them.
fn images(index: &Index) -> Vec<&Descriptor> {
    let is_image = |entry: &&Descriptor| matches!(ChildRole::of(entry), ChildRole::Image | ChildRole::Index);
    index.manifests.iter().filter(is_image).collect()
}

/// Whether an entry goes by `tag`: its ref.name, or its full name in Docker's words, or that name's tag.
pub(crate) fn is_named(entry: &Descriptor, tag: &str) -> bool {
    entry.annotations.get(REF_NAME).is_some_and(|name| name == tag)
        || entry.annotations.get(CONTAINERD_NAME).is_some_and(|full| {
            let familiar = full.strip_prefix("docker.io/").unwrap_or(full);
            full == tag || familiar == tag || familiar.strip_prefix("library/") == Some(tag)
        })
}

/// The tag of an entry, if it has one.
pub(crate) fn tag_of(entry: &Descriptor) -> Option<&str> {
    entry.annotations.get(REF_NAME).or_else(|| entry.annotations.get(CONTAINERD_NAME)).map(String::as_str)
}

fn describe(entries: &[&Descriptor]) -> String {
    const SHOWN: usize = 8;
    if entries.is_empty() {
        return "nothing".to_owned();
    }
    let mut names: Vec<&str> =
        entries.iter().take(SHOWN).map(|entry| tag_of(entry).unwrap_or(entry.digest.as_str())).collect();
    if entries.len() > SHOWN {
        names.push("…");
    }
    names.join(", ")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use lambark_oci::Digest;
    use lambark_oci::media_type::OCI_MANIFEST;

    fn entry(content: &str, name: Option<&str>) -> Descriptor {
        let mut entry = Descriptor::of(MediaType::new(OCI_MANIFEST), content.as_bytes());
        entry.annotations.extend(name.map(|name| (REF_NAME.to_owned(), name.to_owned())));
        entry
    }

    fn index(manifests: &[Descriptor]) -> Index {
        let json = lambark_oci::convert::oci_index(manifests);
        RawDocument::parse(json.into(), None).unwrap().index().unwrap().clone()
    }

    fn name(tag: Option<&str>) -> LocalName {
        LocalName { tag: tag.map(str::to_owned), ..LocalName::new("lay") }
    }

    #[test]
    fn a_single_entry_is_the_image_whatever_its_tag() {
        assert_eq!(choose(&index(&[entry("a", Some("v1"))]), &name(None)).unwrap().digest, Digest::of(b"a"));
        assert!(matches!(choose(&index(&[]), &name(None)), Err(Error::NoSuchImage { .. })));
    }

    #[test]
    fn several_entries_need_a_tag_unless_they_are_the_same() {
        let two = index(&[entry("a", Some("v1")), entry("b", Some("v2"))]);
        assert!(matches!(choose(&two, &name(None)), Err(Error::Ambiguous { .. })));
        assert_eq!(choose(&two, &name(Some("v2"))).unwrap().digest, Digest::of(b"b"));
        assert!(matches!(choose(&two, &name(Some("v3"))), Err(Error::NoSuchImage { .. })));
        let same = index(&[entry("a", Some("v1")), entry("a", Some("v2"))]);
        assert_eq!(choose(&same, &name(None)).unwrap().digest, Digest::of(b"a"));
    }

    #[test]
    fn one_tag_on_two_images_is_ambiguous() {
        let twice = index(&[entry("a", Some("v1")), entry("b", Some("v1"))]);
        assert!(matches!(choose(&twice, &name(Some("v1"))), Err(Error::Ambiguous { .. })));
    }

    #[test]
    fn referrers_beside_the_image_do_not_make_it_ambiguous() {
        let mut referrer = entry("r", None);
        referrer.artifact_type = Some("application/vnd.in-toto+json".to_owned());
        assert_eq!(choose(&index(&[referrer, entry("a", None)]), &name(None)).unwrap().digest, Digest::of(b"a"));
    }

    #[test]
    fn docker_names_an_entry_in_full() {
        let mut docker = entry("a", None);
        docker.annotations.insert(CONTAINERD_NAME.to_owned(), "docker.io/library/app:v1".to_owned());
        for tag in ["docker.io/library/app:v1", "library/app:v1", "app:v1"] {
            assert!(is_named(&docker, tag), "{tag}");
        }
        assert!(!is_named(&docker, "app:v2"));
    }
}
