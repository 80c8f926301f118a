//! The image as engines load it: a classic docker archive, which all of them read, written as it is read.

use std::io::{self, Read, Write};

use lambark_images::progress::Counted;
use lambark_images::{Progress, Source};
use lambark_oci::{Digest, Hasher};
use serde_json::{Value, json};

use super::companion::{ARCHITECTURE, Companion};
use crate::image::{Image, Layer};
use crate::{Error, error};

/// A tar's unit.
pub(super) const BLOCK: usize = 512;

/// Largest size that the number of a plain header holds: eleven octal digits. Lambda's largest image is little larger.
const MAX_ENTRY_BYTES: u64 = 0o777_7777_7777;

/// What an entry is.
#[derive(Clone, Copy)]
pub(super) enum Kind {
    Directory,
    File,
    Program,
}

/// A config of the layers and the companion. The image's command and variables are handed over otherwise, and its
/// `VOLUME`s would be places to write to, which Lambda has not.
pub(super) fn config(image: &Image, companion: &Companion, companion_layer: &Digest) -> Value {
    let platform = image.config.platform();
    let layers = image.layers.iter().map(|layer| layer.diff_id.to_string());
    let diff_ids: Vec<String> = layers.chain([companion_layer.to_string()]).collect();
    let word = |word: &str, default: &str| if word.is_empty() { default.to_owned() } else { word.to_owned() };
    json!({
        "architecture": word(&platform.architecture, ARCHITECTURE),
        "os": word(&platform.os, "linux"),
        "config": { "Entrypoint": companion.command() },
        "rootfs": { "type": "layers", "diff_ids": diff_ids },
    })
}

/// What is written.
pub(super) struct Archive<'a> {
    pub(super) source: &'a dyn Source,
    pub(super) image: &'a Image,
    pub(super) companion: &'a Companion,
    /// How many bytes the companion's layer has.
    pub(super) companion_size: u64,
    pub(super) config: &'a [u8],
    /// The image's name in the engine.
    pub(super) name: &'a str,
}

/// Writes the archive: config, layers as they are stored, the companion's, and what joins them.
pub(super) fn write(out: &mut dyn Write, archive: &Archive<'_>, progress: &dyn Progress) -> Result<(), Error> {
    let Archive { source, image, companion, companion_size, config, name } = *archive;
    let told = |source: io::Error| Error::io("hand the image to the container engine", source);
    let config_name = format!("{}.json", Digest::of(config).hex());
    entry(out, &config_name, config).map_err(told)?;
    let mut names = Vec::new();
    for (index, one) in image.layers.iter().enumerate() {
        // An image may have the same layer twice, and archives are easier with names of their own.
        let name = format!("{index}/layer.tar");
        layer(out, &name, source, one, progress)?;
        names.push(name);
    }
    let companion_name = format!("{}/layer.tar", image.layers.len());
    out.write_all(&header(&companion_name, Kind::File, companion_size).map_err(told)?).map_err(told)?;
    companion.write(out).map_err(told)?;
    names.push(companion_name);
    let manifest = json!([{ "Config": config_name, "RepoTags": [name], "Layers": names }]);
    entry(out, "manifest.json", manifest.to_string().as_bytes()).map_err(told)?;
    out.write_all(&[0; 2 * BLOCK]).and_then(|()| out.flush()).map_err(told)
}

/// One layer. The engine checks its plain bytes; those that are stored are checked here.
fn layer(
    out: &mut dyn Write,
    name: &str,
    source: &dyn Source,
    layer: &Layer,
    progress: &dyn Progress,
) -> Result<(), Error> {
    let told = |source: io::Error| Error::io("hand a layer to the container engine", source);
    let size = layer.blob.size;
    let transfer = progress.transfer(&format!("loading {}", layer.blob.digest.short()), Some(size));
    let mut reader = Counted::new(source.blob(&layer.blob)?, transfer).take(size);
    out.write_all(&header(name, Kind::File, size).map_err(told)?).map_err(told)?;
    let mut hasher = Hasher::like(&layer.blob.digest);
    let mut piece = vec![0; 256 * 1024];
    let mut left = size;
    while left > 0 {
        let read = reader.read(&mut piece).map_err(|source| Error::io("read a layer", source))?;
        if read == 0 {
            let reason = format!("it has {left} bytes less than the manifest says");
            return Err(Error::Layer { layer: layer.diff_id.clone(), reason });
        }
        hasher.update(&piece[..read]);
        out.write_all(&piece[..read]).map_err(told)?;
        left -= read as u64;
    }
    out.write_all(padding(size)).map_err(told)?;
    let actual = hasher.finish();
    if layer.verify_stored && actual != layer.blob.digest {
        let (expected, place) = (layer.blob.digest.clone(), source.place());
        return Err(error::Error::Image(lambark_images::Error::WrongDigest { expected, actual, place }));
    }
    Ok(())
}

/// A plain file.
pub(super) fn entry(out: &mut dyn Write, name: &str, content: &[u8]) -> io::Result<()> {
    out.write_all(&header(name, Kind::File, content.len() as u64)?)?;
    out.write_all(content)?;
    out.write_all(padding(content.len() as u64))
}

/// What fills the last block of so many bytes.
pub(super) fn padding(size: u64) -> &'static [u8] {
    const ZEROS: [u8; BLOCK] = [0; BLOCK];
    let over = usize::try_from(size % BLOCK as u64).unwrap_or(0);
    if over == 0 { &[] } else { &ZEROS[over..] }
}

/// The header of an entry (POSIX ustar).
pub(super) fn header(name: &str, kind: Kind, size: u64) -> io::Result<[u8; BLOCK]> {
    if size > MAX_ENTRY_BYTES {
        return Err(io::Error::other(format!("{name} is larger than an archive for container engines can hold")));
    }
    let mut block = [0; BLOCK];
    let mut put = |at: usize, text: &str| {
        for (to, from) in block[at..].iter_mut().zip(text.bytes()) {
            *to = from;
        }
    };
    put(0, name);
    put(100, if matches!(kind, Kind::File) { "0000644\0" } else { "0000755\0" });
    put(108, "0000000\0");
    put(116, "0000000\0");
    put(124, &format!("{size:011o}\0"));
    put(136, "00000000000\0");
    put(148, "        ");
    put(156, if matches!(kind, Kind::Directory) { "5" } else { "0" });
    put(257, "ustar\x0000");
    let sum: u32 = block.iter().map(|byte| u32::from(*byte)).sum();
    for (to, from) in block[148..].iter_mut().zip(format!("{sum:06o}\0 ").bytes()) {
        *to = from;
    }
    Ok(block)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn another_reader_finds_the_same_files() {
        let mut bytes = Vec::new();
        let long = vec![b'x'; 513];
        for (name, content) in [("a.json", &b"{}"[..]), ("0/layer.tar", &long), ("empty", &[]), ("even", &[1; 512])] {
            entry(&mut bytes, name, content).unwrap();
        }
        bytes.extend([0; 2 * BLOCK]);
        let mut archive = tar::Archive::new(&bytes[..]);
        let read: Vec<(String, u64)> = archive
            .entries()
            .unwrap()
            .map(|entry| {
                let entry = entry.unwrap();
                (entry.path().unwrap().display().to_string(), entry.size())
            })
            .collect();
        let expected = [("a.json", 2), ("0/layer.tar", 513), ("empty", 0), ("even", 512)];
        assert_eq!(read, expected.map(|(name, size)| (name.to_owned(), size)));
        assert!(
            header("x", Kind::File, MAX_ENTRY_BYTES).is_ok() && header("x", Kind::File, MAX_ENTRY_BYTES + 1).is_err()
        );
    }
}
