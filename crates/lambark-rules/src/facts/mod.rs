//! What is known of an image, and what was not looked at.

pub mod config;
pub mod files;
pub mod filesystem;
pub mod init;
pub mod layer;
pub mod location;

use std::borrow::Cow;

use lambark_oci::{Architecture, Digest, Document, Family, Manifest, RawDocument};

pub use config::ConfigFacts;
pub use files::{Elf, EntryKind, FileNotes, GlibcVersion, TarEntry};
pub use filesystem::{FileSystem, Node, Structure};
pub use init::{InitFacts, InitFailure};
pub use layer::{Actual, Content, Ending, LayerFacts, Sample};
pub use location::{Location, Stored, StoredImage};

use crate::rule::Skip;

/// A fact, or why it is not known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Evidence<T> {
    /// Looked at.
    Known(T),
    /// Not looked at, with the reason.
    NotLooked(Cow<'static, str>),
}

impl<T> Evidence<T> {
    /// The fact, or the reason to skip a rule; made for `?` in a rule.
    ///
    /// # Errors
    /// [`Skip::NotLooked`] when it was not looked at.
    pub fn known(&self) -> Result<&T, Skip> {
        match self {
            Evidence::Known(fact) => Ok(fact),
            Evidence::NotLooked(reason) => Err(Skip::NotLooked(reason.clone())),
        }
    }
}

/// All that is known of one image.
#[derive(Clone, Debug)]
pub struct ImageFacts {
    /// What the name points at, or why there is no such object (a classic docker archive has no manifest).
    pub top: Evidence<RawDocument>,
    /// The image manifest under judgement: the top object itself, or the chosen child of an index.
    pub image: Evidence<RawDocument>,
    /// Its config.
    pub config: Evidence<ConfigFacts>,
    /// Its layers, lowest first; empty when [`ImageFacts::image`] is not known.
    pub layers: Vec<LayerFacts>,
    /// Its merged file system.
    pub files: Evidence<FileSystem>,
    /// How its function started on this machine.
    pub init: Evidence<InitFacts>,
    /// What the user asked for.
    pub asked: Asked,
    /// Where it lies; `None` for what lies in no registry, and where only the image itself is in question.
    pub location: Option<Location>,
}

/// What the user asked for, beside the image itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Asked {
    /// The function's architecture.
    pub architecture: Option<Architecture>,
    /// Which families of manifests the house allows.
    pub policy: ManifestPolicy,
    /// Whether the function is to be run.
    pub run: bool,
}

/// `[policy] manifest` of `lambark.toml`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum ManifestPolicy {
    /// Docker or OCI.
    #[default]
    Any,
    /// One family only.
    Only(Family),
}

impl ImageFacts {
    /// Takes over what somebody learnt by reading the same layers to their ends, wherever they lay: blobs of one digest
    /// hold the same. False, and nothing is taken, if they are not the same blobs in the same order.
    pub fn learn(&mut self, known: &ImageFacts) -> bool {
        let digests = |facts: &ImageFacts| -> Option<Vec<Digest>> {
            facts.layers.iter().map(|layer| Some(layer.descriptor.as_ref()?.digest.clone())).collect()
        };
        let same = match (digests(self), digests(known)) {
            (Some(ours), Some(theirs)) => !ours.is_empty() && ours == theirs,
            _ => false,
        };
        // What was read was held against the digests that the config gives of the plain tars.
        let named_alike = || self.layers.iter().zip(&known.layers).all(|(ours, theirs)| ours.diff_id == theirs.diff_id);
        if !same || !named_alike() {
            return false;
        }
        for (layer, known) in self.layers.iter_mut().zip(&known.layers) {
            layer.content = known.content.clone();
            layer.remembered = known.remembered;
        }
        self.files = known.files.clone();
        true
    }

    /// How many layers an earlier look knew.
    #[must_use]
    pub fn remembered(&self) -> usize {
        self.layers.iter().filter(|layer| layer.remembered).count()
    }

    /// Where the image lies.
    ///
    /// # Errors
    /// [`Skip::NotAsked`] when only the image itself is in question.
    pub fn location(&self) -> Result<&Location, Skip> {
        self.location.as_ref().ok_or(Skip::NotAsked("it is not looked at as something in a registry".into()))
    }

    /// The top object's parsed view.
    ///
    /// # Errors
    /// [`Skip::NotLooked`] when there is none.
    pub fn document(&self) -> Result<&Document, Skip> {
        self.top.known().map(RawDocument::document)
    }

    /// The image manifest under judgement.
    ///
    /// # Errors
    /// [`Skip::NotLooked`] when there is none, or it is no manifest.
    pub fn manifest(&self) -> Result<&Manifest, Skip> {
        self.image.known()?.manifest().ok_or(Skip::NotLooked("the object is no image manifest".into()))
    }

    /// The image config as read.
    ///
    /// # Errors
    /// [`Skip::NotLooked`] when it was not read or cannot be.
    pub fn image_config(&self) -> Result<&lambark_oci::ImageConfig, Skip> {
        match self.config.known()? {
            ConfigFacts::Read { config, .. } => Ok(config),
            ConfigFacts::Missing(_) => Err(Skip::NotLooked("the config is missing".into())),
            ConfigFacts::Unreadable { .. } => Err(Skip::NotLooked("the config cannot be read".into())),
        }
    }

    /// The layers, if there is an image that has any to look at.
    ///
    /// # Errors
    /// [`Skip::NotLooked`] when there is no image.
    pub fn layers(&self) -> Result<&[LayerFacts], Skip> {
        match &self.image {
            Evidence::NotLooked(reason) if self.layers.is_empty() => Err(Skip::NotLooked(reason.clone())),
            _ => Ok(&self.layers),
        }
    }
}
