//! Facts for tests: a good image of which everything was looked at, and ways to spoil it.
//!
//! `image()` passes every rule; each method changes one thing, in the order in which they are called.
#![allow(dead_code, reason = "every test binary uses a part of it")]
#![allow(clippy::unwrap_used, reason = "tests")]

pub(crate) mod files;
pub(crate) mod laws;

use lambark_oci::media_type::{DOCKER_LIST, OCI_INDEX, OCI_MANIFEST};
use lambark_oci::{Architecture, Compression, Descriptor, Digest, Family, ImageConfig, MediaType, RawDocument};
use lambark_rules::Needs;
use lambark_rules::facts::{
    Actual, Asked, ConfigFacts, Content, Ending, Evidence, FileSystem, ImageFacts, LayerFacts, ManifestPolicy, Sample,
    TarEntry,
};
use serde_json::{Map, Value, json};

/// How many bytes every test layer has.
pub(crate) const LAYER_SIZE: u64 = 1_000;

/// An image in the making.
#[derive(Clone, Debug)]
pub(crate) struct Image {
    media_type: MediaType,
    config_type: MediaType,
    config: ImageConfig,
    config_facts: Option<Evidence<ConfigFacts>>,
    layers: Vec<LayerFacts>,
    fields: Map<String, Value>,
    index: Option<Value>,
    asked: Asked,
    depth: Needs,
    archive: bool,
}

/// A good Docker v2 image for `x86_64` with one gzip layer, in which one static program is the runtime.
pub(crate) fn image() -> Image {
    image_of(Family::Docker)
}

/// A good image of that family.
pub(crate) fn image_of(family: Family) -> Image {
    let mut config = ImageConfig { architecture: "amd64".into(), os: "linux".into(), ..ImageConfig::default() };
    config.config.entrypoint = vec!["/var/task/bootstrap".into()];
    config.config.working_dir = "/var/task".into();
    let image = Image {
        media_type: family.manifest(),
        config_type: family.config(),
        config,
        config_facts: None,
        layers: Vec::new(),
        fields: Map::new(),
        index: None,
        asked: Asked::default(),
        depth: Needs::Files,
        archive: false,
    };
    image.layers(vec![layer_of(family.gzip_layer().as_str(), Compression::Gzip, files::good())])
}

/// Facts of which nothing is known.
pub(crate) fn nothing() -> ImageFacts {
    ImageFacts {
        top: not_looked(),
        image: not_looked(),
        config: not_looked(),
        layers: Vec::new(),
        files: not_looked(),
        init: not_looked(),
        asked: Asked::default(),
        location: None,
    }
}

/// Evidence that was not looked at.
pub(crate) fn not_looked<T>() -> Evidence<T> {
    Evidence::NotLooked("not looked at in this test".into())
}

/// A layer without files, declared and stored as said.
pub(crate) fn layer(media_type: &str, actual: Actual) -> LayerFacts {
    let mut layer = layer_of(media_type, Compression::Gzip, Vec::new());
    layer.sample = Evidence::Known(Sample::Present { actual, stored: Some(LAYER_SIZE) });
    layer
}

/// A layer of these files, stored as it should be.
pub(crate) fn layer_of(media_type: &str, compression: Compression, entries: Vec<TarEntry>) -> LayerFacts {
    let text = format!("{media_type} {compression} {entries:?}");
    let (digest, diff_id) = (Digest::of(text.as_bytes()), Digest::of(format!("plain {text}").as_bytes()));
    LayerFacts {
        descriptor: Some(Descriptor::new(MediaType::new(media_type), digest.clone(), LAYER_SIZE)),
        diff_id: Some(diff_id.clone()),
        sample: Evidence::Known(Sample::Present { actual: Actual::Tar(compression), stored: Some(LAYER_SIZE) }),
        content: Evidence::Known(Content {
            digest,
            size: LAYER_SIZE,
            diff_id,
            plain_size: 4 * LAYER_SIZE,
            ending: Ending::Complete,
            entries,
        }),
        remembered: false,
    }
}

/// An index entry: an image for `os/architecture[/variant]`.
pub(crate) fn child(platform: &str) -> Value {
    let mut words = platform.split('/');
    let (os, architecture, variant) = (words.next(), words.next(), words.next());
    let digest = Digest::of(platform.as_bytes());
    json!({ "mediaType": OCI_MANIFEST, "digest": digest, "size": 500,
            "platform": { "os": os, "architecture": architecture, "variant": variant } })
}

/// An index entry: BuildKit's attestation.
pub(crate) fn attestation() -> Value {
    let mut entry = child("unknown/unknown");
    entry["annotations"] = json!({ "vnd.docker.reference.type": "attestation-manifest" });
    entry
}

impl Image {
    /// Changes the config; the manifest's descriptor of it follows.
    pub(crate) fn config(mut self, change: impl FnOnce(&mut ImageConfig)) -> Image {
        change(&mut self.config);
        self
    }

    /// `ENTRYPOINT` and `CMD`.
    pub(crate) fn command(self, entrypoint: &[&str], cmd: &[&str]) -> Image {
        let owned = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
        self.config(|config| {
            config.config.entrypoint = owned(entrypoint);
            config.config.cmd = owned(cmd);
        })
    }

    /// Another media type in the config's descriptor.
    pub(crate) fn config_type(mut self, media_type: &str) -> Image {
        self.config_type = MediaType::new(media_type);
        self
    }

    /// What was found where the config should be, instead of the config.
    pub(crate) fn config_facts(mut self, make: impl FnOnce(Descriptor) -> Evidence<ConfigFacts>) -> Image {
        self.config_facts = Some(make(self.config_descriptor()));
        self
    }

    /// Other layers; the config's `diff_ids` follow.
    pub(crate) fn layers(mut self, layers: Vec<LayerFacts>) -> Image {
        self.config.rootfs.diff_ids = layers.iter().filter_map(|layer| layer.diff_id.clone()).collect();
        self.layers = layers;
        self
    }

    /// One gzip layer per list of files.
    pub(crate) fn files(self, layers: Vec<Vec<TarEntry>>) -> Image {
        let media_type = self.media_type.family().unwrap().gzip_layer();
        let layer = |entries| layer_of(media_type.as_str(), Compression::Gzip, entries);
        self.layers(layers.into_iter().map(layer).collect())
    }

    /// Changes layer `index`.
    pub(crate) fn layer(mut self, index: usize, change: impl FnOnce(&mut LayerFacts)) -> Image {
        change(&mut self.layers[index]);
        self
    }

    /// Changes what reading layer `index` said.
    pub(crate) fn content(self, index: usize, change: impl FnOnce(&mut Content)) -> Image {
        self.layer(index, |layer| match &mut layer.content {
            Evidence::Known(content) => change(content),
            Evidence::NotLooked(reason) => panic!("the content is not known: {reason}"),
        })
    }

    /// Sets a field of the manifest.
    pub(crate) fn field(mut self, name: &str, value: Value) -> Image {
        self.fields.insert(name.to_owned(), value);
        self
    }

    /// An OCI index with these entries stands above the image.
    pub(crate) fn index(self, children: &[Value]) -> Image {
        self.above(OCI_INDEX, children)
    }

    /// A Docker manifest list with these entries stands above the image.
    pub(crate) fn list(self, children: &[Value]) -> Image {
        self.above(DOCKER_LIST, children)
    }

    fn above(mut self, media_type: &str, children: &[Value]) -> Image {
        self.index = Some(json!({ "schemaVersion": 2, "mediaType": media_type, "manifests": children }));
        self
    }

    /// The user asks for this architecture.
    pub(crate) fn asked(mut self, architecture: Architecture) -> Image {
        self.asked.architecture = Some(architecture);
        self
    }

    /// The house allows one family only.
    pub(crate) fn policy(mut self, family: Family) -> Image {
        self.asked.policy = ManifestPolicy::Only(family);
        self
    }

    /// How deep it was looked at.
    pub(crate) fn depth(mut self, depth: Needs) -> Image {
        self.depth = depth;
        self
    }

    /// A classic docker archive: no manifest, no descriptors.
    pub(crate) fn docker_archive(mut self) -> Image {
        self.archive = true;
        self
    }

    fn config_descriptor(&self) -> Descriptor {
        Descriptor::of(self.config_type.clone(), format!("{:?}", self.config).as_bytes())
    }

    fn manifest(&self) -> RawDocument {
        let layers: Vec<&Descriptor> = self.layers.iter().filter_map(|layer| layer.descriptor.as_ref()).collect();
        let mut manifest = json!({
            "schemaVersion": 2,
            "mediaType": self.media_type,
            "config": self.config_descriptor(),
            "layers": layers,
        });
        for (name, value) in &self.fields {
            manifest[name] = value.clone();
        }
        document(&manifest)
    }

    /// The facts.
    pub(crate) fn facts(self) -> ImageFacts {
        let image = self.manifest();
        let top = self.index.as_ref().map_or_else(|| image.clone(), document);
        let archive = || Evidence::NotLooked("a docker archive has no manifest".into());
        let (top, image) =
            if self.archive { (archive(), archive()) } else { (Evidence::Known(top), Evidence::Known(image)) };
        let descriptor = (!self.archive).then(|| self.config_descriptor());
        let read = ConfigFacts::Read { descriptor, config: Box::new(self.config.clone()) };
        let files = if self.depth == Needs::Files { Evidence::Known(merged(&self.layers)) } else { shallow() };
        ImageFacts {
            top,
            image,
            config: self.config_facts.unwrap_or(Evidence::Known(read)),
            layers: self.layers.into_iter().map(|layer| seen(layer, self.depth, self.archive)).collect(),
            files,
            init: shallow(),
            asked: self.asked,
            location: None,
        }
    }
}

/// A document with these fields.
pub(crate) fn document(value: &Value) -> RawDocument {
    RawDocument::parse(serde_json::to_vec(value).unwrap().into(), None).unwrap()
}

fn seen(mut layer: LayerFacts, depth: Needs, archive: bool) -> LayerFacts {
    if depth < Needs::Bytes {
        layer.sample = shallow();
    }
    if depth < Needs::Files {
        layer.content = shallow();
    }
    if archive {
        layer.descriptor = None;
    }
    layer
}

fn shallow<T>() -> Evidence<T> {
    Evidence::NotLooked("the depth asked for does not reach it".into())
}

fn merged(layers: &[LayerFacts]) -> FileSystem {
    let contents: Vec<&Content> = layers.iter().filter_map(|layer| layer.content.known().ok()).collect();
    let entries: Vec<&[TarEntry]> = contents.iter().map(|content| content.entries.as_slice()).collect();
    FileSystem::merge(&entries, contents.iter().map(|content| content.plain_size).sum())
}
