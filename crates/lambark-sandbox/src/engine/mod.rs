//! A sandbox made by a container engine, for machines whose kernel lets users make none themselves.
//!
//! Only the walls are the engine's: what runs inside as the first process is lambark, this program's companion, which
//! starts the function, serves its APIs and watches it by the same code as outside, and with the same words. All that
//! passes between the two goes through the container's standard input and output, so that the engine may live in
//! another machine, as it does on macOS.

mod archive;
mod companion;
mod container;
pub(crate) mod dialogue;
mod session;

use std::io::{self, Read};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::SystemTime;

use lambark_images::{Progress, Source};
use lambark_oci::Digest;

use crate::{Error, Image};
use archive::Archive;
pub use companion::Companion;

/// The engines' commands, in the order in which they are tried. All three take Docker's words.
const NAMES: [&str; 3] = ["docker", "podman", "finch"];

/// Under what name images stand in the engine; the tag is the digest of the config, but for its time. `localhost`
/// because Podman would put it there by itself, and because no registry is ever asked for such a name.
const REPOSITORY: &str = "localhost/lambark-run";

/// How many of them stay there. Each has a companion of some ten megabytes, and all layers of an image.
const MAX_IMAGES: usize = 8;

/// First argument of the companion.
pub(crate) const GUEST: &str = "lambark-sandbox-guest";

/// Most bytes of an engine's complaint that are told.
const MAX_COMPLAINT_BYTES: u64 = 2000;

/// A container engine, by its command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Engine {
    program: PathBuf,
}

/// An image that the engine has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoadedImage(String);

impl Engine {
    /// The first engine in `PATH` that answers.
    #[must_use]
    pub fn find() -> Option<Engine> {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let directories: Vec<PathBuf> = std::env::split_paths(&path).collect();
        let candidates = NAMES.iter().flat_map(|name| directories.iter().map(move |directory| directory.join(name)));
        candidates.filter(|program| program.is_file()).map(Engine::at).find(Engine::answers)
    }

    /// The engine with this command.
    #[must_use]
    pub fn at(program: PathBuf) -> Engine {
        Engine { program }
    }

    /// `docker`, `podman` or `finch`.
    #[must_use]
    pub fn name(&self) -> String {
        self.program.file_name().unwrap_or_default().to_string_lossy().into_owned()
    }

    /// Whether it can be asked: the command may be there without its daemon, or without the right to speak to it.
    fn answers(&self) -> bool {
        let mut command = self.command();
        let status = command.arg("info").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status();
        status.is_ok_and(|status| status.success())
    }

    fn command(&self) -> Command {
        Command::new(&self.program)
    }

    /// Gives the engine the image's layers with the companion on top, unless it has them. The image stays there, for
    /// the next time, until others have come after it.
    ///
    /// # Errors
    /// When a layer cannot be read or is other than its digests say, or the engine does not take it.
    pub fn load(
        &self,
        source: &dyn Source,
        image: &Image,
        companion: &Companion,
        progress: &dyn Progress,
    ) -> Result<LoadedImage, Error> {
        let layer = companion.write(&mut io::sink());
        let (companion_size, layer) = layer.map_err(|source| Error::io("read lambark's own program", source))?;
        let mut config = archive::config(image, companion, &layer);
        let name = format!("{REPOSITORY}:{}", Digest::of(config.to_string().as_bytes()).hex());
        let mut look = self.command();
        look.args(["image", "inspect", &name]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        if look.status().is_ok_and(|status| status.success()) {
            return Ok(LoadedImage(name));
        }
        // By this the engine lists the oldest last.
        config["created"] = humantime::format_rfc3339_seconds(SystemTime::now()).to_string().into();
        let config = config.to_string().into_bytes();
        let mut command = self.command();
        command.arg("load").stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = command.spawn().map_err(|error| self.failed("load", &error.to_string()))?;
        let complaint = child.stderr.take().map(|stderr| std::thread::spawn(move || complaint(stderr)));
        let archive = Archive { source, image, companion, companion_size, config: &config, name: &name };
        let written = match child.stdin.take() {
            Some(mut stdin) => archive::write(&mut stdin, &archive, progress),
            None => Ok(()),
        };
        let status = child.wait().map_err(|source| Error::io("wait for the container engine", source))?;
        let complaint = complaint.and_then(|reader| reader.join().ok()).unwrap_or_default();
        match written {
            // If it ended before it had taken everything, its own word says why.
            Err(Error::Io { .. }) if !status.success() => Err(self.failed("load", &complaint)),
            Err(error) => Err(error),
            Ok(()) if !status.success() => Err(self.failed("load", &complaint)),
            Ok(()) => {
                self.forget_old();
                Ok(LoadedImage(name))
            }
        }
    }

    /// Takes away the images that were loaded longest ago. What a container runs stays, and so does what cannot be
    /// listed; whoever wants one again loads it again.
    fn forget_old(&self) {
        let mut list = self.command();
        list.args(["images", "--format", "{{.Tag}}", REPOSITORY]).stdin(Stdio::null());
        let Ok(listed) = list.output() else { return };
        let tags = String::from_utf8_lossy(&listed.stdout).into_owned();
        let ours = tags.lines().filter(|tag| tag.len() == 64 && tag.bytes().all(|byte| byte.is_ascii_hexdigit()));
        for tag in ours.skip(MAX_IMAGES) {
            let mut remove = self.command();
            remove.args(["image", "rm", &format!("{REPOSITORY}:{tag}")]);
            let _ = remove.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status();
        }
    }

    fn failed(&self, what: &str, complaint: &str) -> Error {
        Error::Engine { engine: self.name(), what: what.to_owned(), reason: complaint.trim().to_owned() }
    }
}

/// What an engine complains, as far as it is told; the rest is read so that it can go on.
fn complaint(mut stderr: impl Read) -> String {
    let mut text = Vec::new();
    let _ = (&mut stderr).take(MAX_COMPLAINT_BYTES).read_to_end(&mut text);
    let _ = io::copy(&mut stderr, &mut io::sink());
    String::from_utf8_lossy(&text).into_owned()
}
