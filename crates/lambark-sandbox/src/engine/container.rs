//! A container with the companion in it.

use std::io::BufReader;
use std::process::{Child, ChildStdin, ChildStdout, Stdio};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use uuid::Uuid;

use super::{Engine, complaint};
use crate::limits::{FUNCTION_GID, FUNCTION_UID, KEEPERS_BYTES, MAX_OPEN_FILES, MAX_PROCESSES};
use crate::{Error, Network, Settings};

/// How often an ending container is looked at.
const POLL: Duration = Duration::from_millis(2);

/// How long a container may take to end by itself when its companion has been told to, extensions included; then it
/// is ended.
const END_PATIENCE: Duration = Duration::from_secs(10);

/// How long an engine's command may take to say why the companion is not heard any more.
const WORDS_PATIENCE: Duration = Duration::from_secs(2);

/// A container that was started. Dropping it ends it.
#[derive(Debug)]
pub(super) struct Container {
    engine: Engine,
    name: String,
    /// The engine's command, which passes on what is said and waits for the container's end.
    command: Child,
    complaint: Option<JoinHandle<String>>,
}

/// The two ways to what runs inside.
pub(super) type Ways = (ChildStdin, BufReader<ChildStdout>);

impl Container {
    /// Starts a container of an image that the engine has.
    pub(super) fn start(engine: &Engine, image: &str, settings: &Settings) -> Result<(Container, Ways), Error> {
        let name = format!("lambark-{}", Uuid::new_v4().simple());
        let mut command = engine.command();
        command.args(arguments(&engine.name(), &name, image, settings));
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        // In a group of its own, an interrupt from the terminal comes to us alone.
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let mut child = command.spawn().map_err(|error| engine.failed("run", &error.to_string()))?;
        let complaint = child.stderr.take().map(|stderr| std::thread::spawn(move || complaint(stderr)));
        let ways = child.stdin.take().zip(child.stdout.take().map(BufReader::new));
        let container = Container { engine: engine.clone(), name, command: child, complaint };
        let ways = ways.ok_or_else(|| container.engine.failed("run", "it has no standard input and output"))?;
        Ok((container, ways))
    }

    /// What went wrong with a container whose companion is not heard any more.
    pub(super) fn failure(&mut self) -> Error {
        self.end(WORDS_PATIENCE);
        let words = self.complaint.take().and_then(|reader| reader.join().ok()).unwrap_or_default();
        let words = if words.trim().is_empty() { "its container ended without a word" } else { &words };
        self.engine.failed("run", words)
    }

    /// Waits for the container's end, which its companion has been told; ends it if it does not.
    fn end(&mut self, patience: Duration) {
        let begun = Instant::now();
        while let Ok(None) = self.command.try_wait() {
            if begun.elapsed() > patience {
                let mut command = self.engine.command();
                command.args(["rm", "--force", &self.name]);
                let _ = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status();
                let _ = self.command.kill();
                let _ = self.command.wait();
                break;
            }
            std::thread::sleep(POLL);
        }
    }
}

impl Drop for Container {
    fn drop(&mut self) {
        self.end(END_PATIENCE);
    }
}

/// What the engine is told, as Docker understands it.
fn arguments(engine: &str, name: &str, image: &str, settings: &Settings) -> Vec<String> {
    let network = if settings.network == Network::None { "none" } else { "host" };
    let user = format!("{FUNCTION_UID}:{FUNCTION_GID}");
    let tmp = format!("/tmp:rw,exec,nosuid,nodev,mode=1777,size={}", settings.tmp_bytes);
    let limit = |name: &str, most: u64| format!("{name}={most}:{most}");
    let mut all: Vec<String> = ["run", "--rm", "--interactive", "--name", name, "--pull", "never", "--read-only"]
        .into_iter()
        .chain(["--network", network, "--user", &user, "--workdir", "/", "--tmpfs", &tmp])
        .chain(["--hostname", &settings.hostname, "--cap-drop", "ALL", "--security-opt", "no-new-privileges"])
        .chain(["--pids-limit", &MAX_PROCESSES.to_string(), "--ulimit", &limit("nproc", MAX_PROCESSES)])
        .chain(["--ulimit", &limit("nofile", MAX_OPEN_FILES), "--ulimit", &limit("core", 0)])
        .map(str::to_owned)
        .collect();
    if engine == "podman" {
        // Otherwise there are more places to write to than /tmp.
        all.push("--read-only-tmpfs=false".to_owned());
    }
    if engine != "finch" {
        // No place to share memory in, for Lambda has no /dev/shm; and nothing that is said stays on a disk. nerdctl,
        // which finch is, has neither word.
        all.extend(["--ipc", "none", "--log-driver", "none"].map(str::to_owned));
    }
    if let Some(memory) = settings.memory_bytes {
        // The wall behind the watch on memory that is kept inside, as around the sandboxes that are made here.
        let wall = memory.saturating_add(settings.tmp_bytes).saturating_add(KEEPERS_BYTES);
        all.extend(["--memory".to_owned(), wall.to_string()]);
    }
    all.push(image.to_owned());
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_container_has_no_more_rights_than_a_sandbox() {
        let settings = Settings { memory_bytes: Some(128 << 20), ..Settings::default() };
        let told = arguments("docker", "n", "image", &settings).join(" ");
        for expected in [
            "--read-only --network none --user 993:990",
            "--cap-drop ALL --security-opt no-new-privileges --pids-limit 1024",
            "--tmpfs /tmp:rw,exec,nosuid,nodev,mode=1777,size=536870912",
            "--ipc none --log-driver none",
            "--memory 738197504",
        ] {
            assert!(told.contains(expected), "{expected} in {told}");
        }
        assert!(told.ends_with(" image"), "{told}");
    }
}
