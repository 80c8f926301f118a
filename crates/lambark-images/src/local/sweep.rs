//! A layout directory that is written again and again: what nothing leads to any more is taken away.

use std::collections::HashSet;
use std::fs;
use std::io;
use std::path::Path;

use lambark_oci::{Descriptor, Digest, Document};

use super::files::{Directory, unreadable};
use super::index;
use super::layout::document_in;
use crate::Error;

/// Where a builder keeps what it has begun to write.
const BEGUN: &str = "ingest";

/// Removes the blobs that `index.json` does not lead to, and what was begun and never finished. Nobody may write to the
/// directory meanwhile.
///
/// # Errors
/// When it is no whole layout, or something in it cannot be removed. Nothing is removed from what is not whole.
pub fn sweep(directory: &Path) -> Result<(), Error> {
    let used = used(directory)?;
    let blobs = directory.join("blobs");
    let failed = |source| Error::Write { path: directory.to_owned(), source };
    for algorithm in fs::read_dir(&blobs).map_err(|error| unreadable(&blobs, error))? {
        let algorithm = algorithm.map_err(failed)?;
        let name = algorithm.file_name().to_string_lossy().into_owned();
        for blob in fs::read_dir(algorithm.path()).map_err(failed)? {
            let blob = blob.map_err(failed)?;
            let digest = format!("{name}:{}", blob.file_name().to_string_lossy()).parse::<Digest>();
            if digest.is_ok_and(|digest| !used.contains(&digest)) {
                fs::remove_file(blob.path()).map_err(failed)?;
            }
        }
    }
    match fs::remove_dir_all(directory.join(BEGUN)) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(failed(error)),
        _ => Ok(()),
    }
}

/// What can be reached.
fn used(directory: &Path) -> Result<HashSet<Digest>, Error> {
    let files = Directory(directory.to_owned());
    let (mut used, mut todo) = (HashSet::new(), vec![index::read(&files)?]);
    while let Some(document) = todo.pop() {
        let children: Vec<&Descriptor> = match document.document() {
            Document::Index(index) => index.manifests.iter().collect(),
            Document::Manifest(manifest) => std::iter::once(&manifest.config).chain(&manifest.layers).collect(),
            Document::Schema1 | Document::OldArtifact => Vec::new(),
        };
        for child in children {
            // Each is followed once, so that the work is bounded by what is in the directory.
            let is_new = used.insert(child.digest.clone());
            if is_new && (child.media_type.is_index() || child.media_type.is_manifest()) {
                todo.push(document_in(&files, child)?);
            }
        }
    }
    Ok(used)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use lambark_oci::MediaType;

    use super::*;

    fn blob(directory: &Path, text: &str) -> Digest {
        let digest = Descriptor::of(MediaType::new("text/plain"), text.as_bytes()).digest;
        fs::create_dir_all(directory.join("blobs/sha256")).unwrap();
        fs::write(directory.join("blobs/sha256").join(digest.hex()), text).unwrap();
        digest
    }

    fn descriptor(kind: &str, digest: &Digest, text: &str) -> String {
        format!(
            r#"{{"mediaType":"application/vnd.oci.image.{kind}.v1+json","digest":"{digest}","size":{}}}"#,
            text.len()
        )
    }

    /// A layout of an index that holds one image, and a blob that nothing leads to.
    fn layout(directory: &Path) -> (Vec<Digest>, Digest) {
        let (config, layer) = (blob(directory, "{}"), blob(directory, "a layer"));
        let manifest = format!(
            r#"{{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{},"layers":[{}]}}"#,
            descriptor("config", &config, "{}"),
            descriptor("layer", &layer, "a layer"),
        );
        let image = blob(directory, &manifest);
        let index = |child: String| format!(r#"{{"schemaVersion":2,"manifests":[{child}]}}"#);
        let inner = index(descriptor("manifest", &image, &manifest));
        let top = blob(directory, &inner);
        fs::write(directory.join("index.json"), index(descriptor("index", &top, &inner))).unwrap();
        fs::write(directory.join("oci-layout"), r#"{"imageLayoutVersion":"1.0.0"}"#).unwrap();
        (vec![config, layer, image, top], blob(directory, "yesterday's layer"))
    }

    fn is_there(directory: &Path, digest: &Digest) -> bool {
        directory.join("blobs/sha256").join(digest.hex()).exists()
    }

    #[test]
    fn what_nothing_leads_to_goes_and_the_rest_stays() {
        let place = tempfile::tempdir().unwrap();
        let (used, old) = layout(place.path());
        fs::create_dir_all(place.path().join("ingest/half")).unwrap();
        sweep(place.path()).unwrap();
        assert!(used.iter().all(|digest| is_there(place.path(), digest)));
        assert!(!is_there(place.path(), &old) && !place.path().join("ingest").exists());
        sweep(place.path()).unwrap();
    }

    #[test]
    fn nothing_is_removed_from_a_layout_that_is_not_whole() {
        let place = tempfile::tempdir().unwrap();
        let (used, old) = layout(place.path());
        fs::remove_file(place.path().join("blobs/sha256").join(used[2].hex())).unwrap();
        assert!(sweep(place.path()).is_err());
        assert!(is_there(place.path(), &old));
        fs::write(place.path().join("index.json"), "half").unwrap();
        assert!(sweep(place.path()).is_err() && is_there(place.path(), &old));
    }
}
