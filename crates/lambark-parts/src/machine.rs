//! A virtual machine: another kernel than this machine's, with control groups of version 2 alone.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use tempfile::TempDir;

use crate::part::{Part, library_path};
use crate::process::Process;
use crate::skip::skip;

/// How long it may take from its start to its end. It is emulated, and ready after some seconds of an idle machine.
const LIMIT: Duration = Duration::from_secs(400);

/// What the script is told by, in the console's text.
const BEGIN: &str = "@@ begin";
const END: &str = "@@ end";

/// What runs first: file systems, the module for overlays, and then a root that is no initial file system, because
/// that cannot be left. Nobody but `user` (1000) has a name.
const INIT: &str = r#"#!/bin/busybox sh
/bin/busybox --install -s /bin
export PATH=/bin
mount -t proc proc /proc; mount -t sysfs sys /sys; mount -t devtmpfs dev /dev
insmod /overlay.ko
mkdir /new && mount -t tmpfs tmpfs /new && cp -a /bin /files /new/
cd /new && mkdir -p proc sys dev tmp etc home/user && chmod 1777 tmp && chown 1000:1000 home/user
echo "root:x:0:0::/:/bin/sh" > etc/passwd; echo "user:x:1000:1000::/home/user:/bin/sh" >> etc/passwd
mount --move /proc proc; mount --move /sys sys; mount --move /dev dev
exec switch_root /new /bin/sh /bin/first
"#;

/// The rest, in that root: a group of control groups whose members share memory out, and the script in one below it.
const FIRST: &str = r#"export PATH=/bin:/files HOME=/
cd /files
mount -t cgroup2 cgroup2 /sys/fs/cgroup
echo "+memory" > /sys/fs/cgroup/cgroup.subtree_control
mkdir /sys/fs/cgroup/work && echo "+memory" > /sys/fs/cgroup/work/cgroup.subtree_control
mkdir /sys/fs/cgroup/work/shell && echo $$ > /sys/fs/cgroup/work/shell/cgroup.procs
ip link set lo up
echo "@@ begin"
sh /bin/script 2>&1
echo "@@ end"
poweroff -f
"#;

/// A machine that was not started yet.
#[derive(Debug)]
pub struct Machine {
    part: PathBuf,
    dir: TempDir,
    kernel: PathBuf,
    initial: Vec<u8>,
}

impl Machine {
    /// A machine with busybox, or a skip if a part is missing.
    ///
    /// # Panics
    ///
    /// If no temporary directory can be made, or a part lacks a file.
    pub fn new() -> Option<Machine> {
        let part = Part::Machine.or_skip()?;
        let busybox = Part::Busybox.or_skip()?;
        let dir = tempfile::tempdir().unwrap_or_else(|error| panic!("no directory for a machine: {error}"));
        let (kernel, overlay) = kernel(&part).unwrap_or_else(|| panic!("{} has no kernel", part.display()));
        let mut machine = Machine { part, dir, kernel, initial: Vec::new() };
        for directory in ["bin", "files", "proc", "sys", "dev"] {
            machine.entry(directory, 0o040_755, &[]);
        }
        // The console, which the first program writes to before anything is mounted.
        machine.header("dev/console", 0o020_600, 0, (5, 1));
        machine.entry("bin/busybox", 0o100_755, &read(&busybox.join("bin/busybox")));
        machine.entry("overlay.ko", 0o100_644, &read(&overlay));
        machine.entry("init", 0o100_755, INIT.as_bytes());
        machine.entry("bin/first", 0o100_644, FIRST.as_bytes());
        Some(machine)
    }

    /// Puts an executable file into `/files`.
    ///
    /// # Panics
    ///
    /// If it cannot be read.
    #[must_use]
    pub fn with(mut self, name: &str, file: &Path) -> Machine {
        self.entry(&format!("files/{name}"), 0o100_755, &read(file));
        self
    }

    /// Starts it, runs a script of busybox's shell as root in `/files`, and gives what that printed. A skip if this
    /// machine emulates none.
    ///
    /// # Panics
    ///
    /// If the script does not come to its end.
    pub fn run(mut self, script: &str) -> Option<String> {
        self.entry("bin/script", 0o100_644, script.as_bytes());
        self.entry("TRAILER!!!", 0, &[]);
        let (initial, console) = (self.dir.path().join("initial"), self.dir.path().join("console"));
        std::fs::File::create(&initial)
            .and_then(|mut file| file.write_all(&self.initial))
            .unwrap_or_else(|error| panic!("{}: {error}", initial.display()));
        let mut process = match Process::spawn("qemu", &mut self.command(&initial), &console, Duration::ZERO) {
            Ok(process) => process,
            Err(error) => {
                skip(&format!("no machine can be emulated here: {error}"));
                return None;
            }
        };
        let done = |log: &str| {
            let log = log.replace('\r', "");
            let (_, printed) = log.split_once(&format!("{BEGIN}\n"))?;
            Some(printed.split_once(&format!("{END}\n"))?.0.to_owned())
        };
        match process.wait_for(LIMIT, done) {
            Ok(printed) => Some(printed),
            Err(error) => panic!("the machine did not come to its end: {error}\n{}", process.log()),
        }
    }

    fn command(&self, initial: &Path) -> Command {
        let mut command = Command::new(self.part.join("usr/bin/qemu-system-x86_64"));
        command.env("LD_LIBRARY_PATH", library_path(&self.part));
        for directory in ["usr/share/qemu", "usr/share/seabios"] {
            command.arg("-L").arg(self.part.join(directory));
        }
        // Emulated everywhere, so that it is the same machine everywhere.
        command.args(["-accel", "tcg", "-cpu", "max", "-m", "1536", "-nographic", "-nodefaults", "-no-reboot"]);
        command.args(["-serial", "stdio", "-net", "none", "-append", "console=ttyS0 panic=-1 quiet loglevel=0"]);
        command.arg("-kernel").arg(&self.kernel).arg("-initrd").arg(initial);
        command
    }

    fn entry(&mut self, name: &str, mode: u32, content: &[u8]) {
        self.header(name, mode, content.len(), (0, 0));
        self.initial.extend_from_slice(content);
        self.pad();
    }

    /// The header of an entry (cpio(5), "New ASCII Format"): numbers of eight hexadecimal digits.
    fn header(&mut self, name: &str, mode: u32, size: usize, device: (u32, u32)) {
        let inode = self.initial.len();
        let (major, minor) = device;
        let header = format!(
            "070701{inode:08x}{mode:08x}{zero:08x}{zero:08x}{one:08x}{zero:08x}{size:08x}{zero:08x}{zero:08x}\
             {major:08x}{minor:08x}{name_size:08x}{zero:08x}{name}\0",
            zero = 0,
            one = 1,
            name_size = name.len() + 1,
        );
        self.initial.extend_from_slice(header.as_bytes());
        self.pad();
    }

    fn pad(&mut self) {
        let padded = self.initial.len().next_multiple_of(4);
        self.initial.resize(padded, 0);
    }
}

fn read(path: &Path) -> Vec<u8> {
    std::fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The kernel and its module for overlays; their names have its version.
fn kernel(part: &Path) -> Option<(PathBuf, PathBuf)> {
    let first = |directory: PathBuf, prefix: &str| {
        let entries = std::fs::read_dir(directory).ok()?.flatten();
        entries
            .map(|entry| entry.path())
            .find(|path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(prefix)))
    };
    let kernel = first(part.join("boot"), "vmlinuz-")?;
    let modules = first(part.join("lib/modules"), "")?;
    let overlay = modules.join("kernel/fs/overlayfs/overlay.ko");
    overlay.is_file().then_some((kernel, overlay))
}
