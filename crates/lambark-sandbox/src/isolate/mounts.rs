//! The file system inside: a read-only root, `/tmp`, `/dev`, `/proc`.

use std::ffi::CString;
use std::fs::File;
use std::io;

use rustix::mount::{MountFlags, UnmountFlags, mount, mount_bind, mount_remount, unmount};

use super::outer::mount_flags;
use super::{Failed, Step, rights};
use crate::rootfs::MOUNT_POINT;
use crate::wire::Inner;

/// What programs may expect of `/dev` on Lambda; there is no `/dev/shm`.
const DEVICES: [&str; 5] = ["null", "zero", "full", "random", "urandom"];

/// Links that every `/dev` has.
const LINKS: [(&str, &str); 4] = [
    ("/proc/self/fd", "dev/fd"),
    ("/proc/self/fd/0", "dev/stdin"),
    ("/proc/self/fd/1", "dev/stdout"),
    ("/proc/self/fd/2", "dev/stderr"),
];

/// Bytes of `/tmp` for each file that it may hold: a tmpfs needs a page at least for each that is not empty.
const BYTES_PER_FILE: u64 = 4096;

/// Name of the step whose failure means that layers cannot be stacked here.
pub(crate) const STACK: &str = "stack the layers";

/// Makes the new root of the layers and goes there; nothing of the old one can be reached afterwards.
pub(super) fn enter(order: &Inner) -> Result<(), Failed> {
    let locked = MountFlags::RDONLY | MountFlags::NOSUID | MountFlags::NODEV;
    match order.layers.as_slice() {
        [only] => {
            mount_bind(only.as_str(), MOUNT_POINT).step("mount the root")?;
            let flags = locked | MountFlags::BIND | mount_flags(MOUNT_POINT).step("look at a mount")?;
            mount_remount(MOUNT_POINT, flags, "").step("make the root read-only")?;
        }
        layers => {
            let options = text(format!("userxattr,lowerdir={}", layers.join(":"))).step(STACK)?;
            mount("overlay", MOUNT_POINT, "overlay", locked, options.as_c_str()).step(STACK)?;
        }
    }
    std::env::set_current_dir(MOUNT_POINT).step("enter the root")?;
    if order.many_ids {
        rights::become_root()?;
    }
    // The topmost layer is the skeleton, so that each of these is a directory, never an image's link.
    make_dev()?;
    let flags = MountFlags::NOSUID | MountFlags::NODEV;
    mount("proc", "proc", "proc", flags | MountFlags::NOEXEC, None).step("mount /proc")?;
    // To a tmpfs, none of either means without limit.
    let size = order.tmp_bytes.max(BYTES_PER_FILE);
    let files = size / BYTES_PER_FILE + 1;
    let options = text(format!("mode=1777,size={size},nr_inodes={files}")).step("mount /tmp")?;
    mount("tmpfs", "tmp", "tmpfs", flags, options.as_c_str()).step("mount /tmp")?;
    if let Some(path) = &order.resolv_conf {
        mount_bind(path.as_str(), "etc/resolv.conf").step("mount /etc/resolv.conf")?;
        let flags = MountFlags::BIND | MountFlags::RDONLY | mount_flags("etc/resolv.conf").step("look at a mount")?;
        mount_remount("etc/resolv.conf", flags, "").step("protect /etc/resolv.conf")?;
    }
    // The old root lands on top of the new one, and is taken away from there.
    rustix::process::pivot_root(".", ".").step("change the root")?;
    unmount(".", UnmountFlags::DETACH).step("leave the old root")?;
    std::env::set_current_dir("/").step("enter the root")
}

fn make_dev() -> Result<(), Failed> {
    let flags = MountFlags::NOSUID | MountFlags::NOEXEC;
    mount("tmpfs", "dev", "tmpfs", flags, c"mode=0755,size=64k,nr_inodes=32").step("mount /dev")?;
    for name in DEVICES {
        let (outside, inside) = (format!("/dev/{name}"), format!("dev/{name}"));
        File::create(&inside).and_then(|_| Ok(mount_bind(&outside, &inside)?)).step(&format!("mount {outside}"))?;
    }
    for (target, link) in LINKS {
        std::os::unix::fs::symlink(target, link).step("make links in /dev")?;
    }
    mount_remount("dev", flags | MountFlags::BIND | MountFlags::RDONLY, "").step("make /dev read-only")
}

fn text(options: String) -> io::Result<CString> {
    CString::new(options).map_err(io::Error::from)
}
