//! Layers of about 120 MB each, from real files of the machine, made once and kept below `target/bench/`.

use std::fs::File;
use std::io::{Read, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use lambark_parts as parts;
use parts::Part;
use ring::digest::{Context, SHA256};

use super::needed;
use crate::Error;

/// Plain size of one layer, about what a dependency layer of a Python function has.
const LAYER_BYTES: u64 = 120_000_000;

const LAYERS: usize = 3;

/// A single larger file would make a layer of one kind of data.
const LARGEST_FILE: u64 = 8_000_000;

/// Where the files come from: libraries (machine code) and shared data (text).
const ROOTS: [&str; 2] = ["/usr/lib", "/usr/share"];

/// One layer, in the three forms that the benches need.
#[derive(Debug, Clone)]
pub(super) struct Layer {
    pub(super) tar: PathBuf,
    pub(super) zstd: PathBuf,
    pub(super) gzip: PathBuf,
}

/// The three layers, made now if they are not there.
pub(super) fn layers(data: &Path) -> Result<Vec<Layer>, Error> {
    let place = data.join("layers-1");
    if !place.exists() {
        eprintln!("making {LAYERS} layers of {} MB below {}", LAYER_BYTES / 1_000_000, data.display());
        let fresh = tempfile::Builder::new().prefix("layers-").tempdir_in(data).map_err(Error::io("target/bench"))?;
        make(fresh.path())?;
        std::fs::rename(fresh.keep(), &place).map_err(Error::io("target/bench"))?;
    }
    Ok((0..LAYERS).map(|number| layer(&place, number)).collect())
}

fn layer(directory: &Path, number: usize) -> Layer {
    let file = |ending: &str| directory.join(format!("{number}.tar{ending}"));
    Layer { tar: file(""), zstd: file(".zst"), gzip: file(".gz") }
}

fn make(directory: &Path) -> Result<(), Error> {
    for (number, files) in choose()?.iter().enumerate() {
        let layer = layer(directory, number);
        pack(files, &layer.tar)?;
        let mut zstd = needed(Part::Compressors, parts::zstd())?;
        succeed(zstd.args(["-q", "-3", "-T1", "-o"]).arg(&layer.zstd).arg(&layer.tar))?;
        let out = File::create(&layer.gzip).map_err(Error::io("a layer"))?;
        succeed(Command::new("gzip").args(["-6", "-n", "-c"]).arg(&layer.tar).stdout(out))?;
    }
    Ok(())
}

/// Takes files in the order of their paths, every layer its share of both roots.
fn choose() -> Result<Vec<Vec<PathBuf>>, Error> {
    let mut chosen = vec![Vec::new(); LAYERS];
    for root in ROOTS {
        let mut files = Vec::new();
        walk(Path::new(root), &mut files)?;
        files.sort();
        let mut files = files.into_iter();
        for layer in &mut chosen {
            let mut left = LAYER_BYTES / ROOTS.len() as u64;
            for (path, size) in files.by_ref() {
                layer.push(path);
                left = left.saturating_sub(size);
                if left == 0 {
                    break;
                }
            }
        }
    }
    Ok(chosen)
}

/// All regular files below a directory that we may read, with their sizes. Links are not followed.
fn walk(directory: &Path, files: &mut Vec<(PathBuf, u64)>) -> Result<(), Error> {
    let entries = match std::fs::read_dir(directory) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::PermissionDenied => return Ok(()),
        Err(error) => return Err(Error::io(directory.display().to_string())(error)),
    };
    for entry in entries.flatten() {
        let Ok(meta) = entry.metadata() else { continue };
        if meta.is_dir() {
            walk(&entry.path(), files)?;
        } else if meta.is_file() && meta.size() <= LARGEST_FILE && File::open(entry.path()).is_ok() {
            files.push((entry.path(), meta.size()));
        }
    }
    Ok(())
}

/// A tar as a builder writes it: parents before what is in them, owner root, no times.
fn pack(files: &[PathBuf], tar: &Path) -> Result<(), Error> {
    let mut names: Vec<&Path> = Vec::new();
    for file in files {
        names.extend(file.ancestors().filter(|path| *path != Path::new("/")));
    }
    names.sort();
    names.dedup();
    let mut list = tempfile::NamedTempFile::new().map_err(Error::io("a list of files"))?;
    for name in names {
        let name = name.strip_prefix("/").unwrap_or(name);
        list.write_all(name.as_os_str().as_encoded_bytes()).map_err(Error::io("a list of files"))?;
        list.write_all(b"\0").map_err(Error::io("a list of files"))?;
    }
    let mut command = Command::new("tar");
    command.args(["--create", "--no-recursion", "--null", "--hard-dereference", "--numeric-owner", "--owner=0"]);
    command.args(["--group=0", "--mtime=@0", "--directory=/", "--file"]).arg(tar);
    succeed(command.arg("--files-from").arg(list.path()))
}

/// SHA-256 of a file, in hex, and its size.
pub(super) fn digest(path: &Path) -> Result<(String, u64), Error> {
    let error = || Error::io(path.display().to_string());
    let mut file = File::open(path).map_err(error())?;
    let mut context = Context::new(&SHA256);
    let (mut buffer, mut size) = (vec![0; 1 << 20], 0);
    loop {
        match file.read(&mut buffer).map_err(error())? {
            0 => return Ok((hex(context.finish().as_ref()), size)),
            read => {
                context.update(&buffer[..read]);
                size += read as u64;
            }
        }
    }
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Text from base64.
pub(super) fn unbase64(text: &str) -> Result<String, Error> {
    let bytes = STANDARD.decode(text).map_err(|error| Error::Failed(format!("no base64: {error}")))?;
    String::from_utf8(bytes).map_err(|error| Error::Failed(format!("no text: {error}")))
}

/// Runs a command that has to succeed.
pub(super) fn succeed(command: &mut Command) -> Result<(), Error> {
    let shown = format!("{command:?}");
    let output =
        command.stdin(Stdio::null()).stderr(Stdio::piped()).spawn().and_then(std::process::Child::wait_with_output);
    let output = output.map_err(Error::io(shown.clone()))?;
    if output.status.success() {
        return Ok(());
    }
    let words = String::from_utf8_lossy(&output.stderr);
    Err(Error::Failed(format!("{shown}: {}: {}", output.status, words.trim())))
}
