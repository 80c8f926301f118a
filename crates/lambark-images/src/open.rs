//! From a name to a source or a sink.

use std::fs::File;
use std::path::Path;
use std::sync::{Arc, OnceLock};

use lambark_oci::name::LocalName;
use lambark_oci::{Digest, ImageName, Reference};
use lambark_registry::Traffic;

use crate::engine::Engine;
use crate::local::archive_sink::{ArchiveKind, ArchiveSink};
use crate::local::classic::ClassicSource;
use crate::local::files::{Archive, Directory, Files};
use crate::local::index_json::Slot;
use crate::local::layout::LayoutSource;
use crate::local::layout_sink::LayoutSink;
use crate::registry::{Dialogue, RegistrySink, RegistrySource};
use crate::{ControlPlane, Error, Memory, Recall, Sink, Source};

/// Makes the registry client's options; called only when a registry is spoken to.
type MakeOptions = dyn Fn() -> Result<lambark_registry::Options, lambark_registry::Error> + Send + Sync;

/// How images may be reached, and what is remembered of them.
pub struct Access {
    offline: bool,
    options: Box<MakeOptions>,
    control: Option<Arc<dyn ControlPlane>>,
    engine: Engine,
    memory: Option<Memory>,
    dialogue: OnceLock<Dialogue>,
}

impl Access {
    /// Reaches registries as `options` say, unless `offline`.
    pub fn new(
        offline: bool,
        options: impl Fn() -> Result<lambark_registry::Options, lambark_registry::Error> + Send + Sync + 'static,
    ) -> Access {
        Access {
            offline,
            options: Box::new(options),
            control: None,
            engine: Engine::default(),
            memory: None,
            dialogue: OnceLock::new(),
        }
    }

    /// The same, with somebody to ask beside the registries of ECR.
    #[must_use]
    pub fn with_control(mut self, control: Arc<dyn ControlPlane>) -> Access {
        self.control = Some(control);
        self
    }

    /// The same, with a container engine on this machine. It is asked even offline: it is no other machine.
    #[must_use]
    pub fn with_engine(mut self, engine: Engine) -> Access {
        self.engine = engine;
        self
    }

    /// The same, with what this machine remembers of layers; nothing is remembered without.
    #[must_use]
    pub fn with_memory(mut self, memory: Option<Memory>) -> Access {
        self.memory = memory;
        self
    }

    /// What an earlier look is worth for an image that is looked at where it lies: in a registry everything, on this
    /// machine nothing, because a look is what finds damage there.
    #[must_use]
    pub fn recall_at(&self, name: &ImageName) -> Recall<'_> {
        match &self.memory {
            None => Recall::Nothing,
            Some(memory) if name.reference().is_some() => Recall::Use(memory),
            Some(memory) => Recall::Learn(memory),
        }
    }

    /// What all dialogues with registries cost so far.
    #[must_use]
    pub fn traffic(&self) -> Traffic {
        self.dialogue.get().map_or_else(Traffic::default, Dialogue::traffic)
    }

    pub(crate) fn dialogue(&self, reference: &Reference) -> Result<Dialogue, Error> {
        if self.offline {
            return Err(Error::Usage(format!("{reference} lies in a registry, and --offline was given")));
        }
        let dialogue = match self.dialogue.get() {
            Some(dialogue) => dialogue.clone(),
            None => {
                let new = Dialogue::new((self.options)()?)?;
                self.dialogue.get_or_init(|| new).clone()
            }
        };
        if let Some(address) = self.control_of(reference).and_then(|control| control.address(reference.host())) {
            dialogue.set_address(reference.host(), &address)?;
        }
        Ok(dialogue)
    }

    /// Who may be asked about a repository beside its registry; nobody about a registry that is not ECR's.
    #[must_use]
    pub fn control_of(&self, reference: &Reference) -> Option<&Arc<dyn ControlPlane>> {
        self.control.as_ref().filter(|_| reference.ecr().is_some())
    }
}

/// Opens an image for reading.
///
/// # Errors
/// When the path is no image, or the name's kind cannot be read here.
pub fn open(name: &ImageName, access: &Access) -> Result<Arc<dyn Source>, Error> {
    match name {
        ImageName::Registry(reference) => {
            Ok(Arc::new(RegistrySource::new(name.clone(), reference.clone(), access.dialogue(reference)?)))
        }
        ImageName::Layout(local) => layout_directory(name, local),
        ImageName::OciArchive(local) | ImageName::DockerArchive(local) => archive(name, local),
        ImageName::Path(path) => {
            let local = LocalName::new(path.clone());
            if Path::new(path).is_dir() { layout_directory(name, &local) } else { archive(name, &local) }
        }
        ImageName::Engine(image) => access.engine.open(name, image),
    }
}

fn layout_directory(name: &ImageName, local: &LocalName) -> Result<Arc<dyn Source>, Error> {
    let path = Path::new(&local.path);
    if let Err(source) = std::fs::metadata(path) {
        return Err(Error::Read { path: path.to_owned(), source });
    }
    if !path.join("index.json").exists() {
        let reason = "the directory has no index.json, so it is no OCI layout".to_owned();
        return Err(Error::NotAnImage { path: path.to_owned(), reason });
    }
    let files: Box<dyn Files> = Box::new(Directory(path.to_owned()));
    Ok(Arc::new(LayoutSource::new(name.clone(), local.clone(), files)))
}

/// Opens the OCI layout in a directory. Messages call it as `name` does.
///
/// # Errors
/// When it is no layout.
pub fn open_layout(name: &ImageName, directory: &Path) -> Result<Arc<dyn Source>, Error> {
    layout_directory(name, &LocalName::new(directory.display().to_string()))
}

/// An archive is what it holds, whatever it was called: a layout wins over Docker's list beside it.
fn archive(name: &ImageName, local: &LocalName) -> Result<Arc<dyn Source>, Error> {
    of_archive(name, local, Archive::open(Path::new(&local.path))?, Prefer::Layout)
}

/// Which of the two descriptions in an archive counts, where it holds both.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Prefer {
    /// The layout: what a builder or an image store of today wrote.
    Layout,
    /// Docker's `manifest.json`: what an engine exports that keeps no manifests. The layout beside it was made up for
    /// the export, so that its plain layers say nothing about what a push would send.
    Classic,
}

/// Opens an archive that lies in a file without a name. Messages call it as `name` does.
///
/// # Errors
/// When it is no image archive, or holds several images.
pub fn open_unnamed(name: &ImageName, file: File, prefer: Prefer) -> Result<Arc<dyn Source>, Error> {
    let label = LocalName::new(match name {
        ImageName::OciArchive(local) | ImageName::DockerArchive(local) => local.path.clone(),
        other => other.to_string(),
    });
    let archive = Archive::of(file, Path::new(&label.path))?;
    of_archive(name, &label, archive, prefer)
}

pub(crate) fn of_archive(
    name: &ImageName,
    local: &LocalName,
    archive: Archive,
    prefer: Prefer,
) -> Result<Arc<dyn Source>, Error> {
    let (layout, classic) = (archive.has("index.json"), archive.has("manifest.json"));
    if layout && !(classic && prefer == Prefer::Classic) {
        return Ok(Arc::new(LayoutSource::new(name.clone(), local.clone(), Box::new(archive))));
    }
    if classic {
        return Ok(Arc::new(ClassicSource::open(name.clone(), local, archive)?));
    }
    let reason = "it is a tar, but holds neither index.json nor manifest.json".to_owned();
    Err(Error::NotAnImage { path: local.path.clone().into(), reason })
}

/// Opens a name for writing. `replaces` is the object whose place the new image takes, for a repair in place;
/// `mount_from` is the source's reference, whose blobs a registry may link instead of taking them again.
///
/// # Errors
/// When nothing can be written there.
pub fn open_sink(
    name: &ImageName,
    access: &Access,
    replaces: Option<&Digest>,
    mount_from: Option<&Reference>,
) -> Result<Box<dyn Sink>, Error> {
    let slot = |local: &LocalName| match (replaces, &local.tag) {
        (Some(digest), _) => Slot::Entry(digest.clone()),
        (None, Some(tag)) => Slot::Tag(tag.clone()),
        (None, None) => Slot::Untagged,
    };
    match name {
        ImageName::Registry(reference) => {
            let dialogue = access.dialogue(reference)?;
            let control = access.control_of(reference).cloned();
            Ok(Box::new(RegistrySink::new(reference.clone(), dialogue, mount_from.cloned(), control)?))
        }
        ImageName::Layout(local) => Ok(Box::new(LayoutSink::open(Path::new(&local.path), slot(local))?)),
        ImageName::OciArchive(local) => archive_sink(local, ArchiveKind::Oci, slot(local)),
        ImageName::DockerArchive(local) => {
            let slot = match slot(local) {
                Slot::Tag(name) if name.contains(':') => Slot::Docker(name),
                other => other,
            };
            archive_sink(local, ArchiveKind::Docker, slot)
        }
        ImageName::Path(path) => {
            let local = LocalName::new(path.clone());
            let slot = slot(&local);
            if Path::new(path).is_dir() {
                Ok(Box::new(LayoutSink::open(Path::new(path), slot)?))
            } else {
                archive_sink(&local, ArchiveKind::Oci, slot)
            }
        }
        ImageName::Engine(_) => Err(Error::Usage(
            "the local engine is not written to: write docker-archive:FILE and `docker load` it".to_owned(),
        )),
    }
}

/// Opens an archive without a tag for writing, which then holds this image alone; `None` for any other name. What is
/// no archive is not overwritten.
pub(crate) fn open_new_archive(name: &ImageName) -> Result<Option<Box<dyn Sink>>, Error> {
    let (local, kind) = match name {
        ImageName::OciArchive(local) => (local, ArchiveKind::Oci),
        ImageName::DockerArchive(local) => (local, ArchiveKind::Docker),
        _ => return Ok(None),
    };
    if local.tag.is_some() || local.digest.is_some() {
        return Ok(None);
    }
    let path = Path::new(&local.path);
    if path.exists() {
        let old = Archive::open(path)?;
        if !old.has("index.json") && !old.has("manifest.json") {
            let reason = "it is a tar of something else, and is not overwritten".to_owned();
            return Err(Error::NotAnImage { path: path.to_owned(), reason });
        }
    }
    Ok(Some(Box::new(ArchiveSink::new(path, kind, Slot::Untagged)?)))
}

fn archive_sink(local: &LocalName, kind: ArchiveKind, slot: Slot) -> Result<Box<dyn Sink>, Error> {
    if local.digest.is_some() {
        return Err(Error::Usage(format!("{local}: an image is written under a tag, not under a digest")));
    }
    Ok(Box::new(ArchiveSink::open(Path::new(&local.path), kind, slot)?))
}
