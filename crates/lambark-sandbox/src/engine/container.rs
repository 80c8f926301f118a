//! A container with this program in it.

use std::fs::{self, DirBuilder, File, Permissions};
use std::io::{self, Read};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use uuid::Uuid;

use super::{Engine, MAX_COMPLAINT_BYTES, option_path};
use crate::isolate::GUEST;
use crate::limits::{FUNCTION_GID, FUNCTION_UID, KEEPERS_BYTES, MAX_OPEN_FILES, MAX_PROCESSES, START_SECONDS};
use crate::{Error, Network, Settings};

/// Where this program and its socket lie inside.
const INSIDE: &str = "/.lambark";

/// How often a starting container is looked at.
const POLL: Duration = Duration::from_millis(2);

/// How long a container may take to end by itself when its first process has been told to; then it is ended.
const END_PATIENCE: Duration = Duration::from_secs(5);

/// A container that was started, until it is ended.
#[derive(Debug)]
pub(crate) struct Container {
    engine: Engine,
    name: String,
    /// A directory of our own: the socket, and what the engine complains.
    directory: PathBuf,
}

/// What came of a start: the container, the engine's command that waits for its end, and the way to its first process.
pub(crate) type Started = (Container, Child, UnixStream);

/// Files of this machine that are shown inside, and the command that is made of them.
struct Shown {
    files: Vec<(PathBuf, String)>,
    command: Vec<String>,
}

pub(super) fn start(engine: &Engine, image: &str, settings: &Settings) -> Result<Started, Error> {
    let id = Uuid::new_v4().simple().to_string();
    let directory = std::env::temp_dir().join(format!("lambark-{id}"));
    // Nobody else passes through it, so the socket inside may be open to whatever user the engine makes of the function.
    let made = DirBuilder::new().mode(0o700).create(&directory);
    made.map_err(|source| Error::io(&format!("make {}", directory.display()), source))?;
    let container = Container { engine: engine.clone(), name: format!("lambark-{id}"), directory };
    let socket = container.directory.join("socket");
    let listener = listen(&socket).map_err(|source| Error::io("listen for the container", source))?;
    let shown = shown(settings, &socket)?;
    let words = File::create(container.words()).map_err(|source| Error::io("make a file", source))?;
    let mut command = engine.command();
    command.args(arguments(&container.name, image, settings, &shown)?);
    // In a group of its own, an interrupt from the terminal comes to us alone.
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(words).process_group(0);
    let child = command.spawn().map_err(|error| engine.failed("run", &error.to_string()))?;
    container.meet(child, &listener)
}

fn listen(socket: &Path) -> io::Result<UnixListener> {
    let listener = UnixListener::bind(socket)?;
    fs::set_permissions(socket, Permissions::from_mode(0o666))?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}

impl Container {
    fn words(&self) -> PathBuf {
        self.directory.join("words")
    }

    /// Waits until the container's first process speaks up.
    fn meet(self, mut child: Child, listener: &UnixListener) -> Result<Started, Error> {
        let begun = Instant::now();
        loop {
            match listener.accept() {
                Ok((stream, _)) => {
                    stream.set_nonblocking(false).map_err(|source| Error::io("hear from the container", source))?;
                    return Ok((self, child, stream));
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(source) => return Err(Error::io("hear from the container", source)),
            }
            let ended = child.try_wait().map_err(|source| Error::io("wait for the container engine", source))?;
            if ended.is_some() || begun.elapsed() > Duration::from_secs(START_SECONDS) {
                let mut words = Vec::new();
                let file = File::open(self.words());
                let _ = file.and_then(|file| file.take(MAX_COMPLAINT_BYTES).read_to_end(&mut words));
                let words = String::from_utf8_lossy(&words).into_owned();
                self.end(&mut child);
                let said = if words.trim().is_empty() { "it did not start in time" } else { &words };
                return Err(self.engine.failed("run", said));
            }
            std::thread::sleep(POLL);
        }
    }

    /// Waits for the container's end, which its first process has been told; ends it if it does not.
    pub(crate) fn end(&self, child: &mut Child) {
        let begun = Instant::now();
        while let Ok(None) = child.try_wait() {
            if begun.elapsed() > END_PATIENCE {
                let mut command = self.engine.command();
                command.args(["rm", "--force", &self.name]);
                let _ = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status();
                let _ = child.kill();
                let _ = child.wait();
                break;
            }
            std::thread::sleep(POLL);
        }
    }
}

impl Drop for Container {
    fn drop(&mut self) {
        // It is ours alone; what cannot be removed is left to whoever clears temporary files.
        let _ = fs::remove_dir_all(&self.directory);
    }
}

/// This program as a container sees it. One that needs libraries brings its own: the image may have none, or others.
fn shown(settings: &Settings, socket: &Path) -> Result<Shown, Error> {
    let program = settings.helper.clone().map_or_else(std::env::current_exe, Ok);
    let program = program.map_err(|source| Error::io("find this program", source))?;
    let maps = fs::read_to_string("/proc/self/maps").map_err(|source| Error::io("look at this program", source))?;
    let libraries = libraries(&maps);
    let inside = |name: &str| format!("{INSIDE}/{name}");
    let mut files = vec![(program, inside("lambark")), (socket.to_owned(), inside("socket"))];
    let loader = libraries.iter().find(|path| file_name(path).starts_with("ld-"));
    let mut command = Vec::new();
    if let Some(loader) = loader {
        command.extend([inside(file_name(loader)), "--library-path".to_owned(), INSIDE.to_owned()]);
        files.extend(libraries.iter().map(|path| (path.clone(), inside(file_name(path)))));
    }
    command.extend([inside("lambark"), GUEST.to_owned(), inside("socket")]);
    Ok(Shown { files, command })
}

fn file_name(path: &Path) -> &str {
    path.file_name().and_then(|name| name.to_str()).unwrap_or_default()
}

/// The libraries that a process has loaded, its loader among them, by its `maps` (proc(5)).
fn libraries(maps: &str) -> Vec<PathBuf> {
    let paths = maps.lines().filter_map(|line| Some(line[line.find('/')?..].trim_end()));
    let mut found: Vec<PathBuf> = paths.map(PathBuf::from).filter(|path| is_library(file_name(path))).collect();
    found.sort();
    found.dedup();
    found
}

fn is_library(name: &str) -> bool {
    name.contains(".so.") || name.ends_with(".so")
}

/// What the engine is told, as Docker understands it.
fn arguments(name: &str, image: &str, settings: &Settings, shown: &Shown) -> Result<Vec<String>, Error> {
    let network = if settings.network == Network::None { "none" } else { "host" };
    let user = format!("{FUNCTION_UID}:{FUNCTION_GID}");
    let tmp = format!("/tmp:rw,exec,nosuid,nodev,mode=1777,size={}", settings.tmp_bytes);
    let (files, processes) = (format!("nofile={MAX_OPEN_FILES}:{MAX_OPEN_FILES}"), MAX_PROCESSES.to_string());
    let mut all: Vec<String> = ["run", "--rm", "--name", name, "--pull", "never", "--read-only", "--network", network]
        .into_iter()
        // No place to share memory in: Lambda has no /dev/shm.
        .chain(["--ipc", "none", "--user", &user, "--workdir", "/", "--tmpfs", &tmp, "--hostname", &settings.hostname])
        .chain(["--cap-drop", "ALL", "--security-opt", "no-new-privileges", "--pids-limit", &processes])
        .chain(["--ulimit", &files, "--ulimit", "core=0:0"])
        .map(str::to_owned)
        .collect();
    if let Some(memory) = settings.memory_bytes {
        // The wall behind the watch on memory that is kept inside, as around the sandboxes that are made here.
        let wall = memory.saturating_add(settings.tmp_bytes).saturating_add(KEEPERS_BYTES);
        all.extend(["--memory".to_owned(), wall.to_string()]);
    }
    if Path::new("/sys/fs/selinux/enforce").exists() {
        // Files of this machine have labels that containers may not read.
        all.extend(["--security-opt", "label=disable"].map(str::to_owned));
    }
    for (outside, inside) in &shown.files {
        let outside = option_path(outside)?;
        let read_only = if inside.ends_with("/socket") { "" } else { ",readonly" };
        all.extend(["--mount".to_owned(), format!("type=bind,src={outside},dst={inside}{read_only}")]);
    }
    let (program, rest) = shown.command.split_first().map_or(("", &[][..]), |(program, rest)| (program.as_str(), rest));
    all.extend(["--entrypoint", program, image].map(str::to_owned));
    all.extend(rest.iter().cloned());
    Ok(all)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

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

    #[test]
    fn a_container_has_no_more_rights_than_a_sandbox() {
        let shown = Shown { files: vec![("/a b/x".into(), "/.lambark/lambark".into())], command: vec!["/p".into()] };
        let settings = Settings { memory_bytes: Some(128 << 20), ..Settings::default() };
        let told = arguments("n", "image", &settings, &shown).unwrap().join(" ");
        for expected in [
            "--read-only --network none --ipc none --user 993:990",
            "--cap-drop ALL --security-opt no-new-privileges --pids-limit 1024",
            "--tmpfs /tmp:rw,exec,nosuid,nodev,mode=1777,size=536870912",
            "--memory 738197504",
            "--mount type=bind,src=/a b/x,dst=/.lambark/lambark,readonly",
            "--entrypoint /p image",
        ] {
            assert!(told.contains(expected), "{expected} in {told}");
        }
        let strange = Shown { files: vec![("/a,b".into(), "/x".into())], command: Vec::new() };
        assert!(arguments("n", "image", &settings, &strange).is_err());
    }
}
