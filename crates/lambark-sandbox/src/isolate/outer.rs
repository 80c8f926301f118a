//! The first helper: namespaces, and nothing else.

use std::io;
use std::os::fd::{BorrowedFd, OwnedFd, RawFd};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use rustix::io::{Errno, FdFlags, fcntl_setfd};
use rustix::mount::{MountFlags, MountPropagationFlags, mount_bind, mount_change, mount_remount};
use rustix::thread::UnshareFlags;

use super::{Failed, INNER, Step, rights, tell};
use crate::rootfs::PROGRAM;
use crate::wire::{Mapped, Outer, Word, receive, send};

/// Makes the namespaces, starts the second helper in them and waits for its end.
pub(super) fn run(control: &UnixStream) -> io::Result<()> {
    let Some((order, _)) = receive::<Outer>(control)? else { return Ok(()) };
    let inner = unshare(&order, control).and_then(|()| start_inner(control));
    let mut inner = inner.map_err(|failed| tell(control, failed))?;
    inner.wait().map(drop)
}

fn unshare(order: &Outer, control: &UnixStream) -> Result<(), Failed> {
    rustix::process::setsid().step("leave the terminal")?;
    close_on_exec().step("look at open descriptors")?;
    leave_keys();
    // The working directory moves into the new mount namespace, so that layers are found by their names alone, even
    // where the directories above are closed to the sandbox.
    std::env::set_current_dir(&order.directory).step("enter the cache of layers")?;
    let mut flags = UnshareFlags::NEWUSER | UnshareFlags::NEWNS | UnshareFlags::NEWPID;
    flags |= UnshareFlags::NEWIPC | UnshareFlags::NEWUTS;
    if order.own_network {
        flags |= UnshareFlags::NEWNET;
    }
    #[expect(unsafe_code, reason = "unshare is unsafe for the sake of descriptor tables")]
    // SAFETY: the table of descriptors is not unshared, and this process has one thread.
    unsafe { rustix::thread::unshare_unsafe(flags) }.step("make namespaces")?;
    send(control, &Word::Unshared, &[]).step("report")?;
    let mapped = receive::<Mapped>(control).step("have ids mapped")?;
    if mapped.is_none() {
        return Err(io::Error::from(io::ErrorKind::BrokenPipe)).step("have ids mapped");
    }
    mount_change("/", MountPropagationFlags::PRIVATE | MountPropagationFlags::REC).step("part from the mounts outside")
}

/// Starts this program again.
fn start_inner(control: &UnixStream) -> Result<std::process::Child, Failed> {
    let program = protected_program()?;
    rights::keep_across_exec().step("keep rights")?;
    let socket: OwnedFd = control.try_clone().step("hand on the socket")?.into();
    let mut command = Command::new(program);
    command.arg(INNER).stdin(Stdio::from(socket)).stdout(Stdio::null()).stderr(Stdio::null());
    command.env_clear().spawn().step("start the sandbox's first process")
}

/// This program on a read-only mount: a function that opens `/proc/1/exe` for writing must not reach the file.
fn protected_program() -> Result<PathBuf, Failed> {
    let program = std::env::current_exe().step("find this program")?;
    match mount_bind(&program, PROGRAM) {
        // An update took its place while it ran; nobody will start this file again, whatever becomes of it.
        Err(Errno::NOENT) => return Ok(PathBuf::from("/proc/self/exe")),
        mounted => mounted.step("mount this program")?,
    }
    let flags = MountFlags::BIND | MountFlags::RDONLY;
    mount_remount(PROGRAM, flags | mount_flags(PROGRAM).step("look at a mount")?, "").step("protect this program")?;
    Ok(PathBuf::from(".").join(PROGRAM))
}

/// The flags that a mount has and that must stay when it is changed from inside a user namespace.
pub(super) fn mount_flags(path: &str) -> io::Result<MountFlags> {
    use rustix::fs::StatVfsMountFlags as Has;
    let has = rustix::fs::statvfs(path)?.f_flag;
    let table = [(Has::NOSUID, MountFlags::NOSUID), (Has::NODEV, MountFlags::NODEV), (Has::NOEXEC, MountFlags::NOEXEC)];
    Ok(table
        .into_iter()
        .filter(|(bit, _)| has.contains(*bit))
        .fold(MountFlags::empty(), |flags, (_, flag)| flags | flag))
}

/// Leaves the user's keys behind (keyrings(7)): whoever inherits a session's keyring may read what is in it.
fn leave_keys() {
    const NO_NAME: *const libc::c_char = std::ptr::null();
    #[expect(unsafe_code, reason = "no library has this call")]
    // SAFETY: the call reads a name, if the pointer is not null, and changes nothing in this process's memory.
    let _ = unsafe { libc::syscall(libc::SYS_keyctl, libc::KEYCTL_JOIN_SESSION_KEYRING, NO_NAME) };
    // It fails where the kernel keeps no keys, or a filter forbids the call, to the function as well.
}

/// Whatever this process inherited by accident must not reach the function.
fn close_on_exec() -> io::Result<()> {
    let open: Vec<RawFd> = std::fs::read_dir("/proc/self/fd")?
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .filter(|descriptor| *descriptor > 2)
        .collect();
    for descriptor in open {
        #[expect(unsafe_code, reason = "descriptors that are not known by any name are known by number alone")]
        // SAFETY: it is used for one call that neither closes it nor reads or writes what it stands for, and there is
        // no other thread that could close it. If it is closed already (the directory just read), the call fails.
        let descriptor = unsafe { BorrowedFd::borrow_raw(descriptor) };
        let _ = fcntl_setfd(descriptor, FdFlags::CLOEXEC);
    }
    Ok(())
}
