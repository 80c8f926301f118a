//! Classic docker archives: `manifest.json`, a config and a tar a layer, without any media types.

use std::collections::HashMap;
use std::io::{Read, Write};
use std::sync::OnceLock;

use lambark_oci::limits::{MAX_CONFIG_BYTES, MAX_LAYERS};
use lambark_oci::name::LocalName;
use lambark_oci::{Algorithm, Descriptor, Digest, Hasher, ImageName, MediaType, RawDocument};
use serde::Deserialize;

use super::files::{Archive, Files, read_small, unreadable};
use super::layout::beginning;
use crate::Error;
use crate::source::{Beginning, Classic, Source, Top};

/// Largest `manifest.json` that is read, in bytes.
const MAX_MANIFEST_JSON: u64 = 4 * 1024 * 1024;

/// One image of `manifest.json`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Item {
    config: String,
    #[serde(default)]
    repo_tags: Option<Vec<String>>,
    #[serde(default)]
    layers: Option<Vec<String>>,
}

/// A classic docker archive to read from.
pub(crate) struct ClassicSource {
    name: ImageName,
    archive: Archive,
    image: Classic,
    /// Where the layer behind each handle lies in the archive.
    paths: HashMap<Digest, String>,
    /// The same by the digests of the stored bytes, once somebody asks by those.
    by_content: OnceLock<HashMap<Digest, String>>,
}

impl ClassicSource {
    pub(crate) fn open(name: ImageName, local: &LocalName, archive: Archive) -> Result<ClassicSource, Error> {
        let place = format!("manifest.json in {}", local.path);
        let malformed = |reason: String| Error::Malformed { place: place.clone(), reason };
        let bytes = read_small(&archive, "manifest.json", MAX_MANIFEST_JSON)?
            .ok_or_else(|| malformed("it is missing".to_owned()))?;
        let items: Vec<Item> = serde_json::from_slice(&bytes).map_err(|error| malformed(error.to_string()))?;
        let item = choose(&items, local)?;
        let config = read_small(&archive, &item.config, MAX_CONFIG_BYTES)?
            .ok_or_else(|| malformed(format!("it names the config {}, which is not there", item.config)))?;
        let mut paths = HashMap::new();
        let mut layers = Vec::new();
        for path in item.layers.iter().flatten() {
            if layers.len() >= MAX_LAYERS {
                return Err(malformed(format!("it names more than {MAX_LAYERS} layers")));
            }
            // A handle of its own for each path: nothing in the archive declares a digest.
            let handle = Digest::of(path.as_bytes());
            let size = archive.open(path)?.map_or(0, |opened| opened.size);
            layers.push(Descriptor::new(MediaType::new(""), handle.clone(), size));
            paths.insert(handle, path.clone());
        }
        Ok(ClassicSource {
            name,
            archive,
            image: Classic { config: config.into(), layers },
            paths,
            by_content: OnceLock::new(),
        })
    }

    fn path_of(&self, layer: &Descriptor) -> Result<&str, Error> {
        if let Some(path) = self.paths.get(&layer.digest) {
            return Ok(path);
        }
        let by_content = match self.by_content.get() {
            Some(known) => known,
            None => {
                let hashed = self.hash_layers()?;
                self.by_content.get_or_init(|| hashed)
            }
        };
        let path = by_content.get(&layer.digest).map(String::as_str);
        path.ok_or_else(|| Error::MissingBlob { digest: layer.digest.clone(), place: self.place() })
    }

    /// A repair asks for a layer by its bytes' digest, which nothing in the archive tells.
    fn hash_layers(&self) -> Result<HashMap<Digest, String>, Error> {
        let mut known = HashMap::new();
        for path in self.paths.values() {
            let Some(mut opened) = self.archive.open(path)? else { continue };
            let mut hasher = Hashing(Hasher::new(Algorithm::Sha256));
            std::io::copy(&mut opened.content, &mut hasher).map_err(|error| unreadable(self.archive.path(), error))?;
            known.insert(hasher.0.finish(), path.clone());
        }
        Ok(known)
    }
}

struct Hashing(Hasher);

impl Write for Hashing {
    fn write(&mut self, buffer: &[u8]) -> std::io::Result<usize> {
        self.0.update(buffer);
        Ok(buffer.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn choose<'a>(items: &'a [Item], local: &LocalName) -> Result<&'a Item, Error> {
    let tags = |item: &Item| item.repo_tags.clone().unwrap_or_default();
    let present = || {
        let names: Vec<String> = items.iter().flat_map(tags).take(8).collect();
        if names.is_empty() { "images without a name".to_owned() } else { names.join(", ") }
    };
    match (&local.tag, items) {
        (None, [only]) => Ok(only),
        (None, []) => Err(Error::NoSuchImage {
            place: local.path.clone(),
            wanted: "at all".to_owned(),
            present: "nothing".to_owned(),
        }),
        (None, _) => Err(Error::Ambiguous { place: local.path.clone(), present: present() }),
        (Some(tag), _) => items
            .iter()
            .find(|item| tags(item).iter().any(|name| name == tag || name.rsplit(':').next() == Some(tag)))
            .ok_or_else(|| Error::NoSuchImage { place: local.path.clone(), wanted: tag.clone(), present: present() }),
    }
}

impl Source for ClassicSource {
    fn name(&self) -> &ImageName {
        &self.name
    }

    fn top(&self) -> Result<Top, Error> {
        Ok(Top::Classic(self.image.clone()))
    }

    fn document(&self, child: &Descriptor) -> Result<RawDocument, Error> {
        Err(Error::MissingBlob { digest: child.digest.clone(), place: self.place() })
    }

    fn blob(&self, blob: &Descriptor) -> Result<Box<dyn Read + Send>, Error> {
        let path = self.path_of(blob)?;
        let opened = self.archive.open(path)?;
        opened.map(|opened| opened.content).ok_or_else(|| Error::Malformed {
            place: self.place(),
            reason: format!("manifest.json names {path}, which is not there"),
        })
    }

    fn beginning(&self, blob: &Descriptor, length: usize) -> Result<Option<Beginning>, Error> {
        beginning(&self.archive, self.path_of(blob)?, length)
    }
}
