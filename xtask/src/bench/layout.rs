//! OCI layouts of the bench's layers, written by hand: nothing of lambark takes part in what it is measured with.

use std::path::{Path, PathBuf};

use ring::digest::{SHA256, digest as sha256};
use serde_json::{Value, json};

use super::data::{self, Layer};
use crate::Error;

/// How the layers of a layout are compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Packing {
    Zstd,
    Gzip,
}

/// A layout directory under construction.
struct Layout {
    directory: PathBuf,
}

/// Writes a layout with one image, tag `v1`, at `directory`.
pub(super) fn image(directory: &Path, layers: &[Layer], packing: Packing) -> Result<(), Error> {
    let layout = Layout::create(directory)?;
    let manifest = layout.manifest(layers, packing)?;
    layout.index("index.json", &[tagged(manifest)])
}

/// Writes a layout whose tag `v1` is an index of one image and its attestation, as buildx pushes it.
pub(super) fn attested(directory: &Path, layers: &[Layer]) -> Result<(), Error> {
    let layout = Layout::create(directory)?;
    let mut image = layout.manifest(layers, Packing::Gzip)?;
    image["platform"] = json!({"architecture": "amd64", "os": "linux"});
    let mut attestation = layout.attestation()?;
    attestation["platform"] = json!({"architecture": "unknown", "os": "unknown"});
    attestation["annotations"] = json!({
        "vnd.docker.reference.digest": image["digest"],
        "vnd.docker.reference.type": "attestation-manifest",
    });
    let index = layout.index_blob(&[image, attestation])?;
    layout.index("index.json", &[tagged(index)])
}

fn tagged(mut descriptor: Value) -> Value {
    descriptor["annotations"] = json!({"org.opencontainers.image.ref.name": "v1"});
    descriptor
}

impl Layout {
    fn create(directory: &Path) -> Result<Layout, Error> {
        let layout = Layout { directory: directory.to_owned() };
        std::fs::create_dir_all(directory.join("blobs/sha256")).map_err(Error::io("a layout"))?;
        layout.file("oci-layout", &json!({"imageLayoutVersion": "1.0.0"}))?;
        Ok(layout)
    }

    fn manifest(&self, layers: &[Layer], packing: Packing) -> Result<Value, Error> {
        let (mut diff_ids, mut descriptors) = (Vec::new(), Vec::new());
        for layer in layers {
            diff_ids.push(format!("sha256:{}", data::digest(&layer.tar)?.0));
            let (file, ending) = match packing {
                Packing::Zstd => (&layer.zstd, "zstd"),
                Packing::Gzip => (&layer.gzip, "gzip"),
            };
            let (hex, size) = data::digest(file)?;
            std::fs::copy(file, self.blob_path(&hex)).map_err(Error::io("a layer"))?;
            descriptors.push(json!({
                "mediaType": format!("application/vnd.oci.image.layer.v1.tar+{ending}"),
                "digest": format!("sha256:{hex}"),
                "size": size,
            }));
        }
        let config = json!({
            "architecture": "amd64",
            "os": "linux",
            "config": {"Entrypoint": ["/usr/lib/function"], "WorkingDir": "/usr"},
            "rootfs": {"type": "layers", "diff_ids": diff_ids},
        });
        let config = self.blob("application/vnd.oci.image.config.v1+json", &config)?;
        self.manifest_blob(&config, &descriptors)
    }

    fn attestation(&self) -> Result<Value, Error> {
        let statement =
            json!({"_type": "https://in-toto.io/Statement/v0.1", "predicateType": "https://slsa.dev/provenance/v0.2"});
        let mut layer = self.blob("application/vnd.in-toto+json", &statement)?;
        layer["annotations"] = json!({"in-toto.io/predicate-type": "https://slsa.dev/provenance/v0.2"});
        let config = json!({
            "architecture": "unknown",
            "os": "unknown",
            "config": {},
            "rootfs": {"type": "layers", "diff_ids": [layer["digest"]]},
        });
        let config = self.blob("application/vnd.oci.image.config.v1+json", &config)?;
        self.manifest_blob(&config, &[layer])
    }

    fn manifest_blob(&self, config: &Value, layers: &[Value]) -> Result<Value, Error> {
        let media_type = "application/vnd.oci.image.manifest.v1+json";
        let manifest = json!({"schemaVersion": 2, "mediaType": media_type, "config": config, "layers": layers});
        self.blob(media_type, &manifest)
    }

    fn index_blob(&self, manifests: &[Value]) -> Result<Value, Error> {
        let media_type = "application/vnd.oci.image.index.v1+json";
        let index = json!({"schemaVersion": 2, "mediaType": media_type, "manifests": manifests});
        self.blob(media_type, &index)
    }

    fn index(&self, name: &str, manifests: &[Value]) -> Result<(), Error> {
        self.file(name, &json!({"schemaVersion": 2, "manifests": manifests}))
    }

    /// Writes a JSON blob and gives its descriptor.
    fn blob(&self, media_type: &str, content: &Value) -> Result<Value, Error> {
        let text = content.to_string();
        let hex = data::hex(sha256(&SHA256, text.as_bytes()).as_ref());
        std::fs::write(self.blob_path(&hex), &text).map_err(Error::io("a blob"))?;
        Ok(json!({"mediaType": media_type, "digest": format!("sha256:{hex}"), "size": text.len()}))
    }

    fn blob_path(&self, hex: &str) -> PathBuf {
        self.directory.join("blobs/sha256").join(hex)
    }

    fn file(&self, name: &str, content: &Value) -> Result<(), Error> {
        std::fs::write(self.directory.join(name), content.to_string()).map_err(Error::io("a layout"))
    }
}

/// Sizes of all blobs of a layout that are larger than a manifest can be: its layers.
pub(super) fn layer_bytes(directory: &Path) -> Result<u64, Error> {
    let entries = std::fs::read_dir(directory.join("blobs/sha256")).map_err(Error::io("a layout"))?;
    let sizes = entries.flatten().filter_map(|entry| entry.metadata().ok()).map(|meta| meta.len());
    Ok(sizes.filter(|&size| size > 4 << 20).sum())
}
