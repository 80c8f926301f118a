//! Images of any shape, made in memory: good ones, and ones with exactly the defect that a test wants.

use std::io::Write;
use std::path::Path;

use bytes::Bytes;
use lambark_oci::media_type::{DOCKER_LIST, IN_TOTO, OCI_CONFIG, OCI_INDEX, OCI_MANIFEST};
use lambark_oci::{Compression, Descriptor, Digest, Family, MediaType};
use serde_json::{Value, json};

/// A file for a layer's tar.
#[derive(Clone, Debug)]
pub struct File {
    path: String,
    mode: u32,
    kind: tar::EntryType,
    content: Vec<u8>,
    link: Option<String>,
}

impl File {
    /// A regular file, 0644.
    #[must_use]
    pub fn new(path: &str, content: impl Into<Vec<u8>>) -> File {
        File { path: path.into(), mode: 0o644, kind: tar::EntryType::Regular, content: content.into(), link: None }
    }

    /// A directory, 0755.
    #[must_use]
    pub fn directory(path: &str) -> File {
        File { mode: 0o755, kind: tar::EntryType::Directory, ..File::new(path, "") }
    }

    /// A symbolic link.
    #[must_use]
    pub fn symlink(path: &str, target: &str) -> File {
        File { mode: 0o777, kind: tar::EntryType::Symlink, link: Some(target.into()), ..File::new(path, "") }
    }

    /// A hard link.
    #[must_use]
    pub fn hardlink(path: &str, target: &str) -> File {
        File { kind: tar::EntryType::Link, link: Some(target.into()), ..File::new(path, "") }
    }

    /// The same with these permission bits.
    #[must_use]
    pub fn mode(mut self, mode: u32) -> File {
        self.mode = mode;
        self
    }
}

/// A tar of `files`, in order, without adding anything.
///
/// # Panics
/// Never: writing into memory does not fail.
#[must_use]
pub fn tar_of(files: &[File]) -> Vec<u8> {
    let mut tar = tar::Builder::new(Vec::new());
    for file in files {
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(file.kind);
        header.set_mode(file.mode);
        header.set_size(file.content.len() as u64);
        header.set_mtime(1);
        match &file.link {
            Some(link) => tar.append_link(&mut header, &file.path, link),
            None => tar.append_data(&mut header, &file.path, file.content.as_slice()),
        }
        .expect("writing into memory does not fail");
    }
    tar.into_inner().expect("writing into memory does not fail")
}

/// The smallest file that passes for a static x86-64 program which speaks to Lambda's Runtime API.
#[must_use]
pub fn bootstrap(machine: u16) -> Vec<u8> {
    let mut elf = vec![0_u8; 64];
    elf[..7].copy_from_slice(&[0x7f, b'E', b'L', b'F', 2, 1, 1]);
    elf[16..18].copy_from_slice(&2_u16.to_le_bytes());
    elf[18..20].copy_from_slice(&machine.to_le_bytes());
    elf[20..24].copy_from_slice(&1_u32.to_le_bytes());
    elf[52..54].copy_from_slice(&64_u16.to_le_bytes());
    elf[54..56].copy_from_slice(&56_u16.to_le_bytes());
    elf.extend_from_slice(b"AWS_LAMBDA_RUNTIME_API");
    elf
}

/// The files of an image that every gate accepts.
#[must_use]
pub fn good_files() -> Vec<File> {
    vec![
        File::directory("var/"),
        File::directory("var/task/"),
        File::new("var/task/bootstrap", bootstrap(62)).mode(0o755),
        File::new("var/task/data.txt", "some data\n".repeat(500)),
    ]
}

/// A layer as it will be stored, which need not be what it is called.
#[derive(Clone, Debug)]
pub struct Layer {
    /// The media type that the manifest gives it.
    pub media_type: MediaType,
    /// The stored bytes.
    pub stored: Bytes,
    /// The digest of the plain tar.
    pub diff_id: Digest,
}

impl Layer {
    /// A layer of `files`, honestly labelled.
    #[must_use]
    pub fn new(family: Family, compression: Compression, files: &[File]) -> Layer {
        Layer::of_tar(family, compression, &tar_of(files))
    }

    /// A layer of a tar, honestly labelled.
    ///
    /// # Panics
    /// Never: compressing into memory does not fail.
    #[must_use]
    pub fn of_tar(family: Family, compression: Compression, tar: &[u8]) -> Layer {
        let stored = match compression {
            Compression::None => tar.to_vec(),
            Compression::Gzip => {
                let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
                gzip.write_all(tar).expect("compressing into memory does not fail");
                gzip.finish().expect("compressing into memory does not fail")
            }
            Compression::Zstd => zstd::encode_all(tar, 3).expect("compressing into memory does not fail"),
        };
        Layer { media_type: layer_type(family, compression), stored: stored.into(), diff_id: Digest::of(tar) }
    }

    /// The same bytes under another label.
    #[must_use]
    pub fn labelled(mut self, media_type: &str) -> Layer {
        self.media_type = MediaType::new(media_type);
        self
    }

    /// What a manifest says of it.
    #[must_use]
    pub fn descriptor(&self) -> Descriptor {
        Descriptor::of(self.media_type.clone(), &self.stored)
    }
}

fn layer_type(family: Family, compression: Compression) -> MediaType {
    let text = match (family, compression) {
        (Family::Oci, Compression::Gzip) => lambark_oci::media_type::OCI_LAYER_GZIP,
        (Family::Oci, Compression::Zstd) => lambark_oci::media_type::OCI_LAYER_ZSTD,
        (Family::Oci, Compression::None) => lambark_oci::media_type::OCI_LAYER_TAR,
        (Family::Docker, Compression::Gzip) => lambark_oci::media_type::DOCKER_LAYER_GZIP,
        (Family::Docker, Compression::Zstd) => lambark_oci::media_type::DOCKER_LAYER_ZSTD,
        (Family::Docker, Compression::None) => lambark_oci::media_type::DOCKER_LAYER_TAR,
    };
    MediaType::new(text)
}

/// An image in the making.
#[derive(Clone, Debug)]
pub struct Image {
    /// The family of the manifest and the config.
    pub family: Family,
    /// The layers, lowest first.
    pub layers: Vec<Layer>,
    /// The config; `rootfs.diff_ids` is filled in when it has none.
    pub config: Value,
    /// Fields to set in the manifest beside the usual ones.
    pub extra: Value,
}

impl Image {
    /// An image of one layer with `files`.
    #[must_use]
    pub fn new(family: Family, compression: Compression, files: &[File]) -> Image {
        Image::of_layers(family, vec![Layer::new(family, compression, files)])
    }

    /// An image of these layers that starts `/var/task/bootstrap`.
    #[must_use]
    pub fn of_layers(family: Family, layers: Vec<Layer>) -> Image {
        let config = json!({
            "architecture": "amd64", "os": "linux",
            "config": { "Entrypoint": ["/var/task/bootstrap"], "WorkingDir": "/var/task" },
        });
        Image { family, layers, config, extra: json!({}) }
    }

    /// An image that every gate accepts.
    #[must_use]
    pub fn good(family: Family) -> Image {
        Image::new(family, Compression::Gzip, &good_files())
    }

    /// The config's bytes.
    #[must_use]
    pub fn config_bytes(&self) -> Bytes {
        let mut config = self.config.clone();
        if config.get("rootfs").is_none() {
            let diff_ids: Vec<&Digest> = self.layers.iter().map(|layer| &layer.diff_id).collect();
            config["rootfs"] = json!({ "type": "layers", "diff_ids": diff_ids });
        }
        config.to_string().into()
    }

    /// The manifest's bytes.
    #[must_use]
    pub fn manifest_bytes(&self) -> Bytes {
        let layers: Vec<Descriptor> = self.layers.iter().map(Layer::descriptor).collect();
        let mut manifest = json!({
            "schemaVersion": 2,
            "mediaType": self.family.manifest(),
            "config": Descriptor::of(self.family.config(), &self.config_bytes()),
            "layers": layers,
        });
        for (key, value) in self.extra.as_object().into_iter().flatten() {
            manifest[key] = value.clone();
        }
        manifest.to_string().into()
    }

    /// A store with this image under `tag`.
    #[must_use]
    pub fn store(&self, tag: &str) -> Store {
        let mut store = Store::default();
        let manifest = self.add_to(&mut store);
        store.tag(tag, manifest);
        store
    }

    /// Adds the image's objects to a store; the descriptor carries the platform.
    pub fn add_to(&self, store: &mut Store) -> Descriptor {
        for layer in &self.layers {
            store.blob(layer.stored.clone());
        }
        store.blob(self.config_bytes());
        let mut manifest = store.manifest(self.family.manifest().as_str(), self.manifest_bytes());
        let text = |key: &str| self.config[key].as_str().unwrap_or_default().to_owned();
        manifest.platform =
            Some(lambark_oci::Platform { architecture: text("architecture"), os: text("os"), variant: None });
        manifest
    }

    /// A store with an index over this image and its attestation under `tag`, as buildx leaves it in a registry.
    #[must_use]
    pub fn attested(&self, tag: &str) -> Store {
        let mut store = Store::default();
        let image = self.add_to(&mut store);
        let attestation = store.attestation(&image.digest);
        let media_type = if self.family == Family::Oci { OCI_INDEX } else { DOCKER_LIST };
        let index = store.index(media_type, &[image, attestation]);
        store.tag(tag, index);
        store
    }
}

/// Objects that belong together, to be laid into a layout or a registry.
#[derive(Clone, Debug, Default)]
pub struct Store {
    /// Configs, layers, statements.
    pub blobs: Vec<Bytes>,
    /// Manifests and indexes with their media types, children first.
    pub manifests: Vec<(String, Bytes)>,
    /// Names.
    pub tags: Vec<(String, Descriptor)>,
}

impl Store {
    /// Adds a blob.
    pub fn blob(&mut self, bytes: Bytes) -> Digest {
        let digest = Digest::of(&bytes);
        self.blobs.push(bytes);
        digest
    }

    /// Adds a manifest or an index.
    pub fn manifest(&mut self, media_type: &str, bytes: Bytes) -> Descriptor {
        let descriptor = Descriptor::of(MediaType::new(media_type), &bytes);
        self.manifests.push((media_type.to_owned(), bytes));
        descriptor
    }

    /// Adds an index over `children`.
    pub fn index(&mut self, media_type: &str, children: &[Descriptor]) -> Descriptor {
        let index = json!({ "schemaVersion": 2, "mediaType": media_type, "manifests": children });
        self.manifest(media_type, index.to_string().into())
    }

    /// Adds an attestation of `image` as BuildKit 0.13 writes it; the descriptor carries the marks of an index entry.
    pub fn attestation(&mut self, image: &Digest) -> Descriptor {
        let statement =
            Bytes::from(json!({ "_type": "https://in-toto.io/Statement/v0.1", "subject": image }).to_string());
        let config = Bytes::from(json!({ "architecture": "unknown", "os": "unknown", "config": {} }).to_string());
        let manifest = json!({
            "schemaVersion": 2,
            "mediaType": OCI_MANIFEST,
            "config": Descriptor::of(MediaType::new(OCI_CONFIG), &config),
            "layers": [Descriptor::of(MediaType::new(IN_TOTO), &statement)],
        });
        self.blob(statement);
        self.blob(config);
        let mut descriptor = self.manifest(OCI_MANIFEST, manifest.to_string().into());
        descriptor.platform =
            Some(lambark_oci::Platform { architecture: "unknown".into(), os: "unknown".into(), variant: None });
        let marks = [
            (lambark_oci::index::REFERENCE_TYPE, "attestation-manifest".to_owned()),
            (lambark_oci::index::REFERENCE_DIGEST, image.to_string()),
        ];
        descriptor.annotations.extend(marks.map(|(key, value)| (key.to_owned(), value)));
        descriptor
    }

    /// Names an object.
    pub fn tag(&mut self, tag: &str, object: Descriptor) {
        self.tags.push((tag.to_owned(), object));
    }

    /// The object of the first name.
    ///
    /// # Panics
    /// When nothing was named.
    #[must_use]
    pub fn top(&self) -> &Descriptor {
        &self.tags.first().expect("a store under test has a name").1
    }

    /// Writes an OCI layout.
    ///
    /// # Panics
    /// When the directory cannot be written.
    pub fn write_layout(&self, directory: &Path) {
        let blobs = directory.join("blobs/sha256");
        std::fs::create_dir_all(&blobs).expect("the directory of a test can be written");
        for (name, bytes) in self.layout_files() {
            std::fs::write(directory.join(name), bytes).expect("the directory of a test can be written");
        }
    }

    /// Writes a tar of an OCI layout.
    ///
    /// # Panics
    /// When the file cannot be written.
    pub fn write_archive(&self, path: &Path) {
        let files: Vec<File> = self.layout_files().into_iter().map(|(name, bytes)| File::new(&name, bytes)).collect();
        std::fs::write(path, tar_of(&files)).expect("the directory of a test can be written");
    }

    fn layout_files(&self) -> Vec<(String, Bytes)> {
        let entries: Vec<Value> = self
            .tags
            .iter()
            .map(|(tag, object)| {
                let mut entry = json!(object);
                entry["annotations"] = json!({ "org.opencontainers.image.ref.name": tag });
                entry
            })
            .collect();
        let index = json!({ "schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": entries });
        let all = self.blobs.iter().chain(self.manifests.iter().map(|(_, bytes)| bytes));
        let mut files: Vec<(String, Bytes)> =
            all.map(|bytes| (format!("blobs/sha256/{}", Digest::of(bytes).hex()), bytes.clone())).collect();
        files.push(("oci-layout".to_owned(), Bytes::from_static(br#"{"imageLayoutVersion":"1.0.0"}"#)));
        files.push(("index.json".to_owned(), index.to_string().into()));
        files
    }
}

/// A classic docker archive: `manifest.json`, a config and one plain tar a layer.
///
/// # Panics
/// When the file cannot be written.
pub fn write_classic_archive(path: &Path, tag: &str, layers: &[Vec<File>]) {
    let tars: Vec<Vec<u8>> = layers.iter().map(|files| tar_of(files)).collect();
    let diff_ids: Vec<Digest> = tars.iter().map(|tar| Digest::of(tar)).collect();
    let mut config = Image::of_layers(Family::Docker, Vec::new()).config;
    config["rootfs"] = json!({ "type": "layers", "diff_ids": diff_ids });
    let names: Vec<String> = diff_ids.iter().map(|diff_id| format!("{}/layer.tar", diff_id.hex())).collect();
    let manifest = json!([{ "Config": "config.json", "RepoTags": [tag], "Layers": names }]);
    let mut files =
        vec![File::new("config.json", config.to_string()), File::new("manifest.json", manifest.to_string())];
    files.extend(names.iter().zip(tars).map(|(name, tar)| File::new(name, tar)));
    std::fs::write(path, tar_of(&files)).expect("the directory of a test can be written");
}
