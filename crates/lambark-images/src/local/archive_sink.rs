//! Writing an archive: an OCI layout in a tar, for `docker-archive:` with Docker's `manifest.json` beside it. The tar
//! is written beside its place and renamed at the end, so that the old archive stays whole until then.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use lambark_oci::limits::MAX_MANIFEST_BYTES;
use lambark_oci::{Descriptor, Digest, RawDocument};
use serde_json::{Value, json};
use tempfile::NamedTempFile;

use super::files::{Archive, Files, read_small};
use super::index;
use super::index_json::{Slot, with_image};
use super::layout::{blob_path, document_in};
use super::layout_sink::{LAYOUT_VERSION, current_of, persist, unwritable};
use crate::Error;
use crate::sink::{BlobWriter, OpenBlob, Sink, copy_checked};

/// Which of the two kinds of archive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ArchiveKind {
    Oci,
    Docker,
}

/// An archive to write.
pub(crate) struct ArchiveSink {
    path: PathBuf,
    kind: ArchiveKind,
    slot: Slot,
    /// What stands there now; its other content is taken along.
    old: Option<Archive>,
    state: Mutex<State>,
}

struct State {
    /// `None` once it was published.
    tar: Option<tar::Builder<NamedTempFile>>,
    written: BTreeSet<String>,
    referrers: Vec<Descriptor>,
}

impl ArchiveSink {
    pub(crate) fn open(path: &Path, kind: ArchiveKind, slot: Slot) -> Result<ArchiveSink, Error> {
        let old = if path.exists() { Some(Archive::open(path)?) } else { None };
        if old.as_ref().is_some_and(|old| !old.has("index.json")) {
            let reason = "a classic docker archive is not changed in place".to_owned();
            let instead =
                Some(format!("lambark fix docker-archive:{0} --to docker-archive:{0}.lambda.tar", path.display()));
            return Err(Error::Refused { reason, instead });
        }
        Ok(ArchiveSink { old, ..ArchiveSink::new(path, kind, slot)? })
    }

    /// An archive that takes the place of whatever stands there.
    pub(crate) fn new(path: &Path, kind: ArchiveKind, slot: Slot) -> Result<ArchiveSink, Error> {
        let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let file = tempfile::Builder::new()
            .prefix(".lambark-")
            .tempfile_in(directory)
            .map_err(|error| unwritable(directory, error))?;
        let state = State { tar: Some(tar::Builder::new(file)), written: BTreeSet::new(), referrers: Vec::new() };
        Ok(ArchiveSink { path: path.to_owned(), kind, slot, old: None, state: Mutex::new(state) })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn append(&self, name: &str, size: u64, content: impl Read) -> Result<(), Error> {
        let mut state = self.state();
        if !state.written.insert(name.to_owned()) {
            return Ok(());
        }
        let failed = |error| unwritable(&self.path, error);
        let Some(tar) = &mut state.tar else { return Err(failed(io::Error::other("it was published already"))) };
        let mut header = tar::Header::new_ustar();
        header.set_size(size);
        header.set_mode(0o644);
        tar.append_data(&mut header, name, content).map_err(failed)
    }

    fn old_index(&self) -> Result<Option<RawDocument>, Error> {
        self.old.as_ref().map(|old| index::read(old)).transpose()
    }

    /// Takes along what the old archive held: other images, and the blobs that an undo needs.
    fn take_along(&self) -> Result<(), Error> {
        let Some(old) = &self.old else { return Ok(()) };
        for name in old.names() {
            if matches!(name, "index.json" | "oci-layout" | "manifest.json" | "repositories") {
                continue;
            }
            if let Some(opened) = old.open(name)? {
                self.append(name, opened.size, opened.content)?;
            }
        }
        Ok(())
    }

    fn append_file(&self, mut file: File, digest: &Digest) -> Result<(), Error> {
        let failed = |error| unwritable(&self.path, error);
        let size = file.stream_position().map_err(failed)?;
        file.rewind().map_err(failed)?;
        self.append(&blob_path(digest), size, file)
    }

    /// Docker's own list of images: the old one with this image in its place.
    fn manifest_json(&self, image: &RawDocument) -> Result<Option<Vec<u8>>, Error> {
        let old =
            self.old.as_ref().map(|old| read_small(old, "manifest.json", MAX_MANIFEST_BYTES)).transpose()?.flatten();
        if self.kind == ArchiveKind::Oci && old.is_none() {
            return Ok(None);
        }
        let Some(manifest) = image.manifest() else {
            return Err(Error::Usage("a docker archive holds one image, not an index".to_owned()));
        };
        let mut items: Vec<Value> = old.and_then(|old| serde_json::from_slice(&old).ok()).unwrap_or_default();
        let tag = self.slot.tag();
        let is_ours = |item: &Value| match tag {
            Some(tag) => item["RepoTags"].as_array().is_some_and(|tags| tags.iter().any(|name| name == tag)),
            None => true,
        };
        let layers: Vec<String> = manifest.layers.iter().map(|layer| blob_path(&layer.digest)).collect();
        let mut item = json!({ "Config": blob_path(&manifest.config.digest), "RepoTags": null, "Layers": layers });
        match items.iter_mut().find(|item| is_ours(item)) {
            Some(old) => {
                item["RepoTags"] = old["RepoTags"].take();
                *old = item;
            }
            None => {
                item["RepoTags"] = json!(tag.filter(|tag| tag.contains(':')).into_iter().collect::<Vec<_>>());
                items.push(item);
            }
        }
        Ok(Some(Value::Array(items).to_string().into_bytes()))
    }
}

impl Sink for ArchiveSink {
    fn place(&self) -> String {
        let prefix = if self.kind == ArchiveKind::Oci { "oci-archive" } else { "docker-archive" };
        format!("{prefix}:{}", self.path.display())
    }

    fn current_digest(&self) -> Result<Option<Digest>, Error> {
        Ok(self.old_index()?.and_then(|index| current_of(&index, &self.slot)).map(|entry| entry.digest))
    }

    fn current(&self) -> Result<Option<RawDocument>, Error> {
        let (Some(old), Some(index)) = (&self.old, self.old_index()?) else { return Ok(None) };
        current_of(&index, &self.slot).map(|entry| document_in(old, &entry)).transpose()
    }

    fn has_blob(&self, blob: &Descriptor) -> Result<bool, Error> {
        let name = blob_path(&blob.digest);
        if self.state().written.contains(&name) {
            return Ok(true);
        }
        // What the old archive has comes along when it is published.
        let old = self.old.as_ref().map(|old| old.open(&name)).transpose()?.flatten();
        Ok(old.is_some_and(|opened| opened.size == blob.size))
    }

    fn copy_blob(&self, blob: &Descriptor, open: OpenBlob) -> Result<(), Error> {
        // The size in the tar's header must be true, and the descriptor's may be wrong: check before appending.
        let mut file = tempfile::tempfile().map_err(|error| unwritable(&self.path, error))?;
        copy_checked(blob, open(), &mut file, &self.place())?;
        self.append_file(file, &blob.digest)
    }

    fn new_blob(&self) -> Result<Box<dyn BlobWriter + '_>, Error> {
        let file = tempfile::tempfile().map_err(|error| unwritable(&self.path, error))?;
        Ok(Box::new(ArchiveBlob { file, sink: self }))
    }

    fn put_referrer(&self, referrer: &RawDocument, _: &Descriptor) -> Result<(), Error> {
        self.append(&blob_path(referrer.digest()), referrer.size(), &referrer.bytes()[..])?;
        let mut descriptor = referrer.descriptor();
        descriptor.artifact_type = referrer.manifest().and_then(|manifest| manifest.artifact_kind()).map(str::to_owned);
        self.state().referrers.push(descriptor);
        Ok(())
    }

    fn publish(&self, image: &RawDocument) -> Result<(), Error> {
        self.append(&blob_path(image.digest()), image.size(), &image.bytes()[..])?;
        self.take_along()?;
        let referrers = self.state().referrers.clone();
        let index = with_image(self.old_index()?.as_ref(), &self.slot, image, &referrers)?;
        self.append("oci-layout", LAYOUT_VERSION.len() as u64, LAYOUT_VERSION)?;
        self.append("index.json", index.len() as u64, &index[..])?;
        if let Some(items) = self.manifest_json(image)? {
            self.append("manifest.json", items.len() as u64, &items[..])?;
        }
        let failed = |error| unwritable(&self.path, error);
        let tar = self.state().tar.take().ok_or_else(|| failed(io::Error::other("it was published already")))?;
        persist(tar.into_inner().map_err(failed)?, &self.path)
    }

    fn verify(&self, image: &RawDocument) -> Result<(), Error> {
        let place = self.place();
        let archive = Archive::open(&self.path)?;
        let opened = archive.open(&blob_path(image.digest()))?;
        let opened =
            opened.ok_or_else(|| Error::MissingBlob { digest: image.digest().clone(), place: place.clone() })?;
        copy_checked(&image.descriptor(), Ok(opened.content), &mut io::sink(), &place)
    }
}

/// A blob that is collected beside the archive: a tar wants the size before the content.
struct ArchiveBlob<'a> {
    file: File,
    sink: &'a ArchiveSink,
}

impl Write for ArchiveBlob<'_> {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        self.file.write(buffer)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl BlobWriter for ArchiveBlob<'_> {
    fn finish(self: Box<Self>, digest: &Digest, _: u64) -> Result<(), Error> {
        self.sink.append_file(self.file, digest)
    }
}
