//! AWS's Runtime Interface Emulator over a root file system that is stacked of directories.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use tempfile::TempDir;

use crate::part::Part;
use crate::process::Process;
use crate::skip::skip;

/// How long it may take until it listens: it does so before it starts the function.
const READY: Duration = Duration::from_secs(20);

/// How long an invocation may take. It has a limit of its own, which is shorter.
const ANSWER: Duration = Duration::from_secs(60);

/// What runs under the emulator.
#[derive(Debug, Clone)]
pub struct Function {
    /// Directories that make the root file system, topmost first. They are only read.
    pub root: Vec<PathBuf>,
    /// The command: `ENTRYPOINT` and `CMD`.
    pub command: Vec<String>,
    /// The working directory.
    pub working_directory: String,
    /// The image's variables.
    pub env: Vec<(String, String)>,
    /// The function's timeout, in seconds.
    pub timeout: u64,
}

/// A running emulator.
#[derive(Debug)]
pub struct Rie {
    address: SocketAddr,
    process: Process,
    _directory: TempDir,
}

/// Namespaces first, so that root of the machine is not needed, and nothing of it is seen; then the root file system,
/// read-only but for `/tmp`, as on Lambda.
const STACK: &str = r#"
mount -t overlay overlay -o "ro,lowerdir=$LOWER" "$ROOT"
mount --rbind /dev "$ROOT/dev"
mount -t proc proc "$ROOT/proc"
mount -t tmpfs tmpfs "$ROOT/tmp"
cd /
exec unshare -R "$ROOT" -w "$WORK" /usr/local/bin/aws-lambda-rie "$@"
"#;

impl Rie {
    /// Starts the emulator, or skips the running test.
    ///
    /// # Panics
    /// When it is there and does not start.
    #[must_use]
    pub fn start(function: &Function) -> Option<Rie> {
        let part = Part::Rie.or_skip()?;
        let directory = TempDir::new().unwrap_or_else(|error| panic!("no temporary directory: {error}"));
        let own = directory.path().join("own");
        let program = own.join("usr/local/bin/aws-lambda-rie");
        for path in ["own/usr/local/bin", "own/dev", "own/proc", "own/tmp", "root"] {
            make_directory(&directory.path().join(path));
        }
        let binary = part.join("site/samcli/local/rapid/aws-lambda-rie-x86_64");
        std::fs::copy(&binary, &program).unwrap_or_else(|error| panic!("{}: {error}", binary.display()));
        make_executable(&program);
        let (address, api) = (free_address(), free_address());
        let mut command = Command::new("unshare");
        command.args(["--user", "--map-root-user", "--mount", "--pid", "--fork", "--kill-child"]);
        command.args(["sh", "-ec", STACK, "sh"]);
        // Without these it listens on every interface.
        command.args(["--runtime-interface-emulator-address", &address.to_string()]);
        command.args(["--runtime-api-address", &api.to_string()]).args(&function.command);
        let lower: Vec<String> =
            function.root.iter().chain([&own]).map(|directory| directory.display().to_string()).collect();
        command.env_clear().env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
        command.envs(function.env.iter().cloned());
        command.env("LOWER", lower.join(":")).env("ROOT", directory.path().join("root"));
        command.env("WORK", &function.working_directory);
        command.env("AWS_LAMBDA_FUNCTION_TIMEOUT", function.timeout.to_string());
        command.env("LAMBDA_TASK_ROOT", "/var/task");
        let log = directory.path().join("log");
        let process = Process::spawn("aws-lambda-rie", &mut command, &log, Duration::from_millis(100));
        let process = process.unwrap_or_else(|error| panic!("unshare: {error}"));
        let mut rie = Rie { address, process, _directory: directory };
        match rie.process.wait_for(READY, |_| TcpStream::connect(address).ok()) {
            Ok(_) => Some(rie),
            Err(why) if why.contains("unshare") || why.contains("mount") => {
                skip(&format!("no namespaces for aws-lambda-rie here: {why}"));
                None
            }
            Err(why) => panic!("{why}"),
        }
    }

    /// Invokes the function. Gives the answer's status and body.
    ///
    /// # Panics
    /// When the emulator does not answer.
    #[must_use]
    pub fn invoke(&self, event: &[u8]) -> (u16, Vec<u8>) {
        let failed = |error: std::io::Error| -> ! { panic!("aws-lambda-rie: {error}: {}", self.log()) };
        let mut stream = TcpStream::connect(self.address).unwrap_or_else(|error| failed(error));
        stream.set_read_timeout(Some(ANSWER)).unwrap_or_else(|error| failed(error));
        let head = format!(
            "POST /2015-03-31/functions/function/invocations HTTP/1.0\r\nHost: {}\r\nContent-Length: {}\r\n\r\n",
            self.address,
            event.len()
        );
        let mut answer = Vec::new();
        let exchange = stream
            .write_all(head.as_bytes())
            .and_then(|()| stream.write_all(event))
            .and_then(|()| stream.read_to_end(&mut answer));
        exchange.unwrap_or_else(|error| failed(error));
        let end = answer.windows(4).position(|window| window == b"\r\n\r\n").unwrap_or(answer.len());
        let status = String::from_utf8_lossy(&answer).split(' ').nth(1).and_then(|word| word.parse().ok());
        (status.unwrap_or(0), answer.split_off((end + 4).min(answer.len())))
    }

    /// What it and the function printed so far.
    #[must_use]
    pub fn log(&self) -> String {
        self.process.log()
    }
}

fn make_directory(path: &Path) {
    std::fs::create_dir_all(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
}

fn make_executable(path: &Path) {
    use std::os::unix::fs::PermissionsExt;
    let mode = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(path, mode).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
}

/// An address on loopback that nobody listened at a moment ago. The emulator takes no listening socket.
fn free_address() -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0));
    listener.and_then(|listener| listener.local_addr()).unwrap_or_else(|error| panic!("no free port: {error}"))
}
