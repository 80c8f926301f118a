//! A control group around a sandbox, where this machine lets us make one: the kernel's own wall behind the watch on
//! memory that the sandbox's first process keeps.
//!
//! The wall is the function's memory and all of `/tmp` (whose pages count for the group, but not on Lambda for the
//! function), so that a program which asks faster than anybody can watch still does not take this machine's memory.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// What differs between the two versions of the kernel's interface.
#[derive(Debug)]
struct Interface {
    limit: &'static str,
    /// The file that counts kills for want of memory, in a line `oom_kill N`.
    kills: &'static str,
}

const V1: Interface = Interface { limit: "memory.limit_in_bytes", kills: "memory.oom_control" };
const V2: Interface = Interface { limit: "memory.max", kills: "memory.events" };

/// What the names of our groups begin with.
const NAME: &str = "lambark-";

/// An empty group that is older will not be used any more: whoever makes one fills it at once.
const ABANDONED: Duration = Duration::from_secs(60);

/// How often, and how long apart, a group is tried to be removed.
const REMOVALS: u32 = 100;
const BETWEEN_REMOVALS: Duration = Duration::from_millis(2);

/// A control group of our own; it goes when this is dropped, which must be after its last process.
#[derive(Debug)]
pub(crate) struct Cgroup {
    directory: PathBuf,
    interface: &'static Interface,
}

impl Cgroup {
    /// Makes a group beneath the one that this process is in, with a limit in bytes. `None` where that may not be.
    pub(crate) fn make(limit: u64) -> Option<Cgroup> {
        let membership = fs::read_to_string("/proc/self/cgroup").ok()?;
        Cgroup::make_under(Path::new("/sys/fs/cgroup"), &membership, limit).ok().flatten()
    }

    fn make_under(mounted: &Path, membership: &str, limit: u64) -> io::Result<Option<Cgroup>> {
        let Some((parent, interface)) = parent(mounted, membership) else { return Ok(None) };
        remove_abandoned(&parent);
        static COUNT: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(0);
        let count = COUNT.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let directory = parent.join(format!("{NAME}{}-{count}", std::process::id()));
        fs::create_dir(&directory)?;
        let group = Cgroup { directory, interface };
        fs::write(group.directory.join(interface.limit), limit.to_string())?;
        Ok(Some(group))
    }

    /// Puts a process in; its children follow.
    pub(crate) fn add(&self, pid: u32) -> io::Result<()> {
        fs::write(self.directory.join("cgroup.procs"), pid.to_string())
    }

    /// How many processes the kernel killed at the limit.
    pub(crate) fn kills(&self) -> u64 {
        let text = fs::read_to_string(self.directory.join(self.interface.kills)).unwrap_or_default();
        text.lines().find_map(|line| line.strip_prefix("oom_kill ")?.trim().parse().ok()).unwrap_or(0)
    }
}

impl Drop for Cgroup {
    fn drop(&mut self) {
        // The kernel takes a process out of its group only a moment after its end has been told. A group in which
        // somebody lives on stays, and does no harm.
        for _ in 0..REMOVALS {
            match fs::remove_dir(&self.directory) {
                Err(error) if error.kind() == io::ErrorKind::ResourceBusy => std::thread::sleep(BETWEEN_REMOVALS),
                _ => break,
            }
        }
    }
}

/// Takes away groups whose maker was ended before it could: those that are empty and have not just been made.
fn remove_abandoned(parent: &Path) {
    let groups = fs::read_dir(parent).into_iter().flatten().flatten();
    let ours = groups.filter(|group| group.file_name().to_str().is_some_and(|name| name.starts_with(NAME)));
    for group in ours {
        let age = group.metadata().and_then(|metadata| metadata.modified()).map(|made| made.elapsed());
        if matches!(age, Ok(Ok(age)) if age > ABANDONED) {
            // The kernel takes none in which somebody lives.
            let _ = fs::remove_dir(group.path());
        }
    }
}

/// The group of this process for memory, by the lines of `/proc/self/cgroup`.
fn parent(mounted: &Path, membership: &str) -> Option<(PathBuf, &'static Interface)> {
    let mut lines = membership.lines().filter_map(|line| {
        let (_, rest) = line.split_once(':')?;
        rest.split_once(':')
    });
    let below = |directory: &str, path: &str| mounted.join(directory).join(path.trim_start_matches('/'));
    let v1 = lines.clone().find(|(controllers, _)| controllers.split(',').any(|name| name == "memory"));
    if let Some((_, path)) = v1 {
        // In a container the path may be that of the machine outside, and its own group the one that is mounted.
        let own = below("memory", path);
        return Some((if own.is_dir() { own } else { mounted.join("memory") }, &V1));
    }
    let (_, path) = lines.find(|(controllers, _)| controllers.is_empty())?;
    let own = below("", path);
    // A group with processes cannot share memory out to groups below it, so ours stands beside it.
    let parent = own.parent().filter(|parent| parent.starts_with(mounted)).map_or(own.clone(), Path::to_path_buf);
    let shared = fs::read_to_string(parent.join("cgroup.subtree_control")).ok()?;
    shared.split_whitespace().any(|name| name == "memory").then_some((parent, &V2))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    /// A directory that looks like a mounted hierarchy. Most machines have one version alone; `lambark`'s own tests try
    /// version 2 in an emulated one.
    fn tree(files: &[(&str, &str)]) -> tempfile::TempDir {
        let tree = tempfile::tempdir().unwrap();
        for (path, content) in files {
            let path = tree.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, content).unwrap();
        }
        tree
    }

    #[test]
    fn the_kernel_kills_at_the_wall() {
        let Some(group) = Cgroup::make(32 << 20) else {
            return lambark_testkit::parts::skip("no control group over memory may be made here");
        };
        let mut command = std::process::Command::new("sh");
        // It takes in what has no end of line, for ever, once it is told to.
        command.args(["-c", "read go; exec tail /dev/zero"]).stdin(std::process::Stdio::piped());
        let mut child = command.spawn().unwrap();
        group.add(child.id()).unwrap();
        assert_eq!(group.kills(), 0);
        std::io::Write::write_all(&mut child.stdin.take().unwrap(), b"go\n").unwrap();
        let status = child.wait().unwrap();
        assert_eq!(std::os::unix::process::ExitStatusExt::signal(&status), Some(9), "{status}");
        assert_eq!(group.kills(), 1);
        let directory = group.directory.clone();
        drop(group);
        assert!(!directory.exists());
    }

    #[test]
    fn version_2_stands_beside_the_own_group() {
        let tree = tree(&[("a/cgroup.subtree_control", "cpu memory\n"), ("a/own/cgroup.procs", "")]);
        let group = Cgroup::make_under(tree.path(), "0::/a/own\n", 4096).unwrap().unwrap();
        assert_eq!(group.directory.parent().unwrap(), tree.path().join("a"));
        assert_eq!(fs::read_to_string(group.directory.join("memory.max")).unwrap(), "4096");
        group.add(17).unwrap();
        assert_eq!(fs::read_to_string(group.directory.join("cgroup.procs")).unwrap(), "17");
        fs::write(group.directory.join("memory.events"), "low 0\noom 3\noom_kill 2\noom_group_kill 0\n").unwrap();
        assert_eq!(group.kills(), 2);
    }

    #[test]
    fn what_nobody_uses_any_more_goes() {
        let tree = tree(&[("memory/tasks", ""), ("memory/lambark-3-0/tasks", ""), ("memory/other-1/tasks", "")]);
        let memory = tree.path().join("memory");
        let long_ago = std::time::SystemTime::now() - 2 * ABANDONED;
        for (name, made) in [("lambark-1-0", long_ago), ("lambark-2-0", std::time::SystemTime::now())] {
            fs::create_dir(memory.join(name)).unwrap();
            fs::File::open(memory.join(name)).unwrap().set_modified(made).unwrap();
        }
        let _group = Cgroup::make_under(tree.path(), "4:memory:/\n", 4096).unwrap().unwrap();
        let there = |name: &str| memory.join(name).is_dir();
        assert!(!there("lambark-1-0") && there("lambark-2-0") && there("lambark-3-0") && there("other-1"));
    }

    #[test]
    fn no_control_over_memory_is_no_group() {
        let tree = tree(&[("cgroup.subtree_control", "hugetlb\n"), ("own/cgroup.procs", "")]);
        assert!(Cgroup::make_under(tree.path(), "0::/own\n", 4096).unwrap().is_none());
        assert!(Cgroup::make_under(tree.path(), "4:cpu:/\n", 4096).unwrap().is_none());
        assert!(Cgroup::make_under(tree.path(), "nonsense", 4096).unwrap().is_none());
    }

    #[test]
    fn version_1_lies_below_the_own_group_or_the_mounted_one() {
        let tree = tree(&[("memory/a/tasks", "")]);
        let membership = "9:name=systemd:/\n4:cpu,memory:/a\n0::/\n";
        let group = Cgroup::make_under(tree.path(), membership, 4096).unwrap().unwrap();
        assert_eq!(group.directory.parent().unwrap(), tree.path().join("memory/a"));
        assert_eq!(fs::read_to_string(group.directory.join("memory.limit_in_bytes")).unwrap(), "4096");
        let group = Cgroup::make_under(tree.path(), "4:memory:/outside\n", 4096).unwrap().unwrap();
        assert_eq!(group.directory.parent().unwrap(), tree.path().join("memory"));
    }
}
