//! Images whose program is the tester itself, and the tester run as root and as an ordinary user.
#![allow(clippy::unwrap_used, reason = "tests")]
#![allow(dead_code, reason = "each test program uses its part")]

use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;

use lambark_oci::{Compression, Family};
use lambark_testkit::images::{File, Image, Layer};
use lambark_testkit::parts::skip;
use serde_json::{Value, json};

/// An ordinary user, and group, of every machine.
const NOBODY: u32 = 65_534;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Who {
    Root,
    Ordinary,
}

/// Every kind of user that these tests can be here; what they cannot be is a counted skip.
pub(crate) fn everybody() -> Vec<Who> {
    if !rustix::process::geteuid().is_root() {
        skip("as root: the tests do not run as root");
        return vec![Who::Ordinary];
    }
    let status = Command::new("setpriv").args(as_nobody()).arg(env!("CARGO_BIN_EXE_sandbox-tester")).status();
    // The tester ends with 2 if it is told nothing, so it can be executed.
    if status.is_ok_and(|status| status.code() == Some(2)) {
        return vec![Who::Root, Who::Ordinary];
    }
    skip("as an ordinary user: setpriv is missing, or the test programs lie where others may not look");
    vec![Who::Root]
}

fn as_nobody() -> [String; 5] {
    let id = NOBODY.to_string();
    ["--reuid".into(), id.clone(), "--regid".into(), id, "--clear-groups".into()]
}

/// A place for an image and a cache that belongs to `who`.
pub(crate) struct Place {
    who: Who,
    directory: tempfile::TempDir,
}

impl Place {
    pub(crate) fn new(who: Who) -> Place {
        let directory = tempfile::tempdir().unwrap();
        std::fs::set_permissions(directory.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
        let cache = directory.path().join("cache");
        std::fs::create_dir(&cache).unwrap();
        if who == Who::Ordinary && rustix::process::geteuid().is_root() {
            std::os::unix::fs::chown(&cache, Some(NOBODY), Some(NOBODY)).unwrap();
        }
        Place { who, directory }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// Writes an image of these layers beside the cache.
    pub(crate) fn image(&self, layers: Vec<Layer>) -> &Place {
        let layout = self.path("image");
        let _ = std::fs::remove_dir_all(&layout);
        Image::of_layers(Family::Oci, layers).store("t").write_layout(&layout);
        self
    }

    /// Runs `programs` in a sandbox of the image, one after the other; `settings` as the tester reads them.
    pub(crate) fn run_with(&self, settings: Value, programs: &[Value]) -> Value {
        outcome(self.start(settings, programs))
    }

    /// Runs nothing in a sandbox, in namespaces of its own in which a shell did something before.
    pub(crate) fn run_after(&self, script: &str) -> Value {
        let mut command = self.as_who("unshare");
        command.args(["-Urm", "sh", "-ec", &format!("{script}; exec {} drive", env!("CARGO_BIN_EXE_sandbox-tester"))]);
        outcome(self.begin(command, json!({}), &[]))
    }

    /// Runs `programs` while the tester's own file becomes another.
    pub(crate) fn run_updated(&self, programs: &[Value]) -> Value {
        let copy = self.path("cache/tester");
        std::fs::copy(env!("CARGO_BIN_EXE_sandbox-tester"), &copy).unwrap();
        let mut command = self.as_who(copy.to_str().unwrap());
        command.arg("drive");
        outcome(self.begin(command, json!({ "update": true }), programs))
    }

    /// Begins to.
    pub(crate) fn start(&self, settings: Value, programs: &[Value]) -> Child {
        let mut command = self.as_who(env!("CARGO_BIN_EXE_sandbox-tester"));
        command.arg("drive");
        self.begin(command, settings, programs)
    }

    fn as_who(&self, program: &str) -> Command {
        match self.who {
            Who::Ordinary if rustix::process::geteuid().is_root() => {
                let mut command = Command::new("setpriv");
                command.args(as_nobody()).arg(program);
                command
            }
            _ => Command::new(program),
        }
    }

    fn begin(&self, mut command: Command, mut settings: Value, programs: &[Value]) -> Child {
        settings["image"] = json!(format!("oci:{}:t", self.path("image").display()));
        settings["cache"] = json!(self.path("cache"));
        settings["programs"] = json!(programs);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(settings.to_string().as_bytes()).unwrap();
        child
    }

    pub(crate) fn run(&self, programs: &[Value]) -> Value {
        self.run_with(json!({}), programs)
    }
}

fn outcome(child: Child) -> Value {
    let output = child.wait_with_output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: `{text}`, {}", output.status))
}

/// The tester with an act and its arguments.
pub(crate) fn act(args: &[&str]) -> Value {
    json!({ "args": args })
}

pub(crate) fn layer(files: &[File]) -> Layer {
    Layer::new(Family::Oci, Compression::Gzip, files)
}

/// A layer in which the tester runs: itself and its libraries, from this machine.
pub(crate) fn base_layer() -> Layer {
    static LAYER: OnceLock<Layer> = OnceLock::new();
    LAYER.get_or_init(|| Layer::new(Family::Oci, Compression::None, &read_base())).clone()
}

fn read_base() -> Vec<File> {
    let tester = Path::new(env!("CARGO_BIN_EXE_sandbox-tester"));
    let mut files = vec![File::directory("bin"), executable("bin/tester", tester)];
    let elf = lambark_layers::read_elf(&std::fs::read(tester).unwrap()).unwrap();
    if elf.interpreter.is_none() {
        return files;
    }
    let output = Command::new("ldd").arg(tester).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let libraries = text.lines().filter_map(|line| line.split_whitespace().find(|word| word.starts_with('/')));
    let libraries: Vec<&str> = libraries.collect();
    // The loader and the C library at least.
    assert!(libraries.len() > 1, "ldd says: {text}");
    let mut directories = std::collections::BTreeSet::new();
    for library in &libraries {
        directories.extend(Path::new(library).ancestors().skip(1).filter(|path| *path != Path::new("/")));
    }
    for directory in directories {
        files.push(File::directory(directory.to_str().unwrap().trim_start_matches('/')));
    }
    files.extend(libraries.iter().map(|library| executable(library.trim_start_matches('/'), Path::new(library))));
    files
}

fn executable(path: &str, from: &Path) -> File {
    File::new(path, std::fs::read(from).unwrap()).mode(0o755)
}
