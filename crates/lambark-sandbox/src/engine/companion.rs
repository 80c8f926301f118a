//! The companion: a lambark for Linux that starts and watches the function inside the container. It travels in a layer
//! of its own on top of the image's, since an engine in another machine sees no file of this one.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use lambark_layers::read_elf;
use lambark_oci::{Algorithm, Digest, Hasher};
use lambark_rules::facts::files::{EM_AARCH64, EM_X86_64};

use super::GUEST;
use super::archive::{BLOCK, Kind, entry, header, padding};
use crate::Error;

/// Where it lies inside.
const DIRECTORY: &str = ".lambark";

/// Hides what the image has in that directory (image specification: opaque whiteout).
const OPAQUE: &str = ".lambark/.wh..wh..opq";

/// This machine's processor, as images name it. An engine's own machine has the same.
pub(super) const ARCHITECTURE: &str = if cfg!(target_arch = "aarch64") { "arm64" } else { "amd64" };

/// How much of a program is looked at: its headers lie in front.
const HEADERS_BYTES: u64 = 64 * 1024;

/// A lambark that runs in containers, and the libraries that it brings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Companion {
    /// Files of this machine, by their names inside.
    files: Vec<(PathBuf, String)>,
    /// What the container runs.
    command: Vec<String>,
}

impl Companion {
    /// This program itself. If it needs libraries it brings its own: the image may have none, or others.
    ///
    /// # Errors
    /// When the system does not tell where it lies.
    #[cfg(target_os = "linux")]
    fn this_program() -> Result<Companion, Error> {
        let program = std::env::current_exe().map_err(|source| Error::io("find this program", source))?;
        let maps =
            std::fs::read_to_string("/proc/self/maps").map_err(|source| Error::io("look at this program", source))?;
        let libraries = libraries(&maps);
        let mut files = vec![(program, inside("lambark"))];
        let mut command = Vec::new();
        if let Some(loader) = libraries.iter().find(|path| file_name(path).starts_with("ld-")) {
            command.extend([absolute(file_name(loader)), "--library-path".to_owned(), format!("/{DIRECTORY}")]);
            files.extend(libraries.iter().map(|path| (path.clone(), inside(file_name(path)))));
        }
        command.extend([absolute("lambark"), GUEST.to_owned()]);
        Ok(Companion { files, command })
    }

    /// The one that was installed with this program: itself on Linux, else the program for Linux beside it.
    ///
    /// # Errors
    /// [`Error::NoCompanion`] when there is none.
    pub fn installed() -> Result<Companion, Error> {
        #[cfg(target_os = "linux")]
        return Companion::this_program();
        #[cfg(not(target_os = "linux"))]
        {
            // Package managers link to it from elsewhere.
            let program = std::env::current_exe().and_then(std::fs::canonicalize);
            Companion::at(beside(&program.map_err(|source| Error::io("find this program", source))?)?)
        }
    }

    /// A lambark for Linux at this path, which needs no libraries.
    ///
    /// # Errors
    /// [`Error::Companion`] when it cannot be read, or is no such program for this machine's processor.
    pub fn at(program: PathBuf) -> Result<Companion, Error> {
        let mut start = Vec::new();
        let read = File::open(&program).and_then(|file| file.take(HEADERS_BYTES).read_to_end(&mut start));
        let unfit = |reason: String| Error::Companion { path: program.clone(), reason };
        read.map_err(|error| unfit(error.to_string()))?;
        let machine = if ARCHITECTURE == "arm64" { EM_AARCH64 } else { EM_X86_64 };
        match read_elf(&start) {
            None => return Err(unfit("it is no program for Linux".to_owned())),
            Some(elf) if elf.machine != machine => return Err(unfit(format!("it is not built for {ARCHITECTURE}"))),
            Some(elf) if elf.interpreter.is_some() => {
                return Err(unfit("it needs libraries: build it for linux-musl".to_owned()));
            }
            Some(_) => {}
        }
        let command = vec![absolute("lambark"), GUEST.to_owned()];
        Ok(Companion { files: vec![(program, inside("lambark"))], command })
    }

    /// What the container runs.
    pub(super) fn command(&self) -> &[String] {
        &self.command
    }

    /// Writes the layer; says its size and digest, which are the same for the same files.
    pub(super) fn write(&self, out: &mut dyn Write) -> io::Result<(u64, Digest)> {
        let mut layer = Hashed { out, hasher: Hasher::new(Algorithm::Sha256), size: 0 };
        layer.write_all(&header(&format!("{DIRECTORY}/"), Kind::Directory, 0)?)?;
        entry(&mut layer, OPAQUE, b"")?;
        for (path, name) in &self.files {
            let file = File::open(path)?;
            let size = file.metadata()?.len();
            layer.write_all(&header(name, Kind::Program, size)?)?;
            if io::copy(&mut file.take(size), &mut layer)? != size {
                return Err(io::Error::other(format!("{} is being changed", path.display())));
            }
            layer.write_all(padding(size))?;
        }
        layer.write_all(&[0; 2 * BLOCK])?;
        Ok((layer.size, layer.hasher.finish()))
    }
}

/// The program for Linux that lies where releases for other systems put it.
#[cfg(any(test, not(target_os = "linux")))]
fn beside(program: &Path) -> Result<PathBuf, Error> {
    let name = format!("lambark-linux-{ARCHITECTURE}");
    let directory = program.parent().unwrap_or(Path::new("."));
    let looked = vec![directory.join(&name), directory.join("../libexec").join(&name)];
    looked.iter().find(|path| path.is_file()).cloned().ok_or(Error::NoCompanion { looked })
}

/// Passes on, counts and hashes.
struct Hashed<'a> {
    out: &'a mut dyn Write,
    hasher: Hasher,
    size: u64,
}

impl Write for Hashed<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.out.write(bytes)?;
        self.hasher.update(&bytes[..written]);
        self.size += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

fn inside(name: &str) -> String {
    format!("{DIRECTORY}/{name}")
}

fn absolute(name: &str) -> String {
    format!("/{DIRECTORY}/{name}")
}

#[cfg(target_os = "linux")]
fn file_name(path: &Path) -> &str {
    path.file_name().and_then(|name| name.to_str()).unwrap_or_default()
}

/// The libraries that a process has loaded, its loader among them, by its `maps` (proc(5)).
#[cfg(target_os = "linux")]
fn libraries(maps: &str) -> Vec<PathBuf> {
    let is_library = |name: &str| name.contains(".so.") || name.ends_with(".so");
    let paths = maps.lines().filter_map(|line| Some(line[line.find('/')?..].trim_end()));
    let mut found: Vec<PathBuf> = paths.map(PathBuf::from).filter(|path| is_library(file_name(path))).collect();
    found.sort();
    found.dedup();
    found
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[cfg(target_os = "linux")]
    #[test]
    fn libraries_are_found_among_what_is_mapped() {
        let maps = "5581-5582 r-xp 0000 08:01 12   /usr/bin/lambark\n\
                    7f01-7f02 r-xp 0000 08:01 13   /usr/lib/libc.so.6\n\
                    7f02-7f03 r--p 0000 08:01 13   /usr/lib/libc.so.6\n\
                    7f04-7f05 rw-p 0000 00:00 0\n\
                    7f06-7f07 r-xp 0000 08:01 14   /usr/lib/ld-linux-x86-64.so.2\n\
                    7ffc-7ffd rw-p 0000 00:00 0    [stack]\n";
        let expected = ["/usr/lib/ld-linux-x86-64.so.2", "/usr/lib/libc.so.6"].map(PathBuf::from);
        assert_eq!(libraries(maps), expected);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn the_layer_is_the_same_each_time_and_another_reader_finds_the_program() {
        let companion = Companion::this_program().unwrap();
        let mut bytes = Vec::new();
        let (size, digest) = companion.write(&mut bytes).unwrap();
        assert_eq!((size, &digest), (bytes.len() as u64, &Digest::of(&bytes)));
        assert_eq!(companion.write(&mut io::sink()).unwrap(), (size, digest));
        let mut archive = tar::Archive::new(&bytes[..]);
        let entries = archive.entries().unwrap().map(|entry| {
            let entry = entry.unwrap();
            (entry.path().unwrap().display().to_string(), entry.header().mode().unwrap(), entry.size())
        });
        let entries: Vec<(String, u32, u64)> = entries.collect();
        assert_eq!(entries[0], (".lambark/".to_owned(), 0o755, 0));
        assert_eq!(entries[1].0, ".lambark/.wh..wh..opq");
        let this = std::fs::metadata(std::env::current_exe().unwrap()).unwrap().len();
        assert_eq!(entries[2], (".lambark/lambark".to_owned(), 0o755, this));
    }

    #[test]
    fn elsewhere_it_lies_beside_the_program_or_in_libexec() {
        let directory = tempfile::tempdir().unwrap();
        let bin = directory.path().join("bin");
        std::fs::create_dir_all(&bin).unwrap();
        std::fs::create_dir_all(directory.path().join("libexec")).unwrap();
        let error = beside(&bin.join("lambark")).unwrap_err().to_string();
        assert!(error.contains(&format!("bin/lambark-linux-{ARCHITECTURE} nor ")), "{error}");
        let far = directory.path().join("libexec").join(format!("lambark-linux-{ARCHITECTURE}"));
        std::fs::write(&far, "").unwrap();
        assert_eq!(beside(&bin.join("lambark")).unwrap().canonicalize().unwrap(), far.canonicalize().unwrap());
        let near = bin.join(format!("lambark-linux-{ARCHITECTURE}"));
        std::fs::write(&near, "").unwrap();
        assert_eq!(beside(&bin.join("lambark")).unwrap(), near);
    }

    #[test]
    fn a_program_that_would_not_start_inside_is_refused_before() {
        let directory = tempfile::tempdir().unwrap();
        let refused = |name: &str, bytes: &[u8]| {
            let path = directory.path().join(name);
            std::fs::write(&path, bytes).unwrap();
            Companion::at(path).unwrap_err().to_string()
        };
        assert!(refused("script", b"#!/bin/sh\n").ends_with("it is no program for Linux"));
        assert!(refused("empty", b"").ends_with("it is no program for Linux"));
        let other = if cfg!(target_arch = "aarch64") { 62 } else { 183 };
        assert!(refused("other", &lambark_testkit::images::bootstrap(other)).contains("it is not built for"));
        let missing = Companion::at(directory.path().join("missing")).unwrap_err();
        assert!(matches!(missing, Error::Companion { .. }), "{missing}");
        let this = std::env::current_exe().unwrap();
        // Unless it is built for musl.
        if read_elf(&std::fs::read(&this).unwrap()).is_some_and(|elf| elf.interpreter.is_some()) {
            assert!(Companion::at(this).unwrap_err().to_string().contains("it needs libraries"));
        }
    }
}
