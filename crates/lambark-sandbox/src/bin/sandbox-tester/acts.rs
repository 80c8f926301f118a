//! The inside.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "its output is what tests look at")]

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

/// What a function may do, good or bad. Prints what came of it.
pub(crate) fn act(act: &str, args: &[&str]) {
    let first = args.first().copied().unwrap_or_default();
    match act {
        "echo" => print!("{}", args.join(" ")),
        "env" => std::env::vars().for_each(|(name, value)| println!("{name}={value}")),
        "where" => print!("{}", std::env::current_dir().expect("a directory").display()),
        "exit" => std::process::exit(first.parse().expect("a number")),
        "abort" => std::process::abort(),
        "sleep" => std::thread::sleep(Duration::from_secs(600)),
        "read" => args.iter().for_each(|path| println!("{path}: {}", told(std::fs::read_to_string(path)))),
        "write" => {
            args.iter().for_each(|path| println!("{path}: {}", told(std::fs::write(path, "x").map(|()| "written"))));
        }
        "list" => args.iter().for_each(|path| println!("{path}: {}", told(list(path)))),
        "tree" => args.iter().for_each(|path| tree(std::path::Path::new(path))),
        "status" => print!("{}", std::fs::read_to_string("/proc/self/status").expect("/proc")),
        "get" => print!("{}", told(get(first))),
        "eat" => eat(first.parse().expect("megabytes")),
        "fill" => fill(first),
        "find-key" => print!("{}", find_key() >= 0),
        "bomb" => bomb(),
        "orphan" => orphan(),
        "escape" => escape(),
        _ => eprintln!("no act {act}"),
    }
}

fn told<T: std::fmt::Display>(result: std::io::Result<T>) -> String {
    match result {
        Ok(value) => value.to_string(),
        Err(error) => format!("{:?}", error.kind()),
    }
}

fn list(path: &str) -> std::io::Result<String> {
    let names = std::fs::read_dir(path)?.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()));
    let mut names = names.collect::<std::io::Result<Vec<String>>>()?;
    names.sort();
    Ok(names.join(" "))
}

/// Every name below a directory: what it is, what others may do with it, what is in it.
fn tree(directory: &std::path::Path) {
    use std::os::unix::fs::PermissionsExt;
    let Ok(entries) = std::fs::read_dir(directory) else { return println!("{} closed", directory.display()) };
    let mut paths: Vec<_> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    paths.sort();
    for path in paths {
        let metadata = std::fs::symlink_metadata(&path).expect("it was just listed");
        let (shown, others) = (path.display(), metadata.permissions().mode() & 0o7007);
        if metadata.is_dir() {
            println!("{shown}/ {others:o}");
            tree(&path);
        } else if metadata.is_symlink() {
            println!("{shown} -> {}", std::fs::read_link(&path).expect("a link").display());
        } else {
            println!("{shown} {others:o} {}", told(std::fs::read_to_string(&path)));
        }
    }
}

fn get(address: &str) -> std::io::Result<String> {
    let mut text = String::new();
    let address = address.parse().expect("an address");
    TcpStream::connect_timeout(&address, Duration::from_secs(5))?.read_to_string(&mut text)?;
    Ok(text)
}

const KEY: (&std::ffi::CStr, &std::ffi::CStr) = (c"user", c"lambark-test-secret");

/// Puts a secret into a keyring of this session's, as a login may.
pub(crate) fn keep_key() -> bool {
    #[expect(unsafe_code, reason = "no library has these calls")]
    // SAFETY: both read texts that end with a NUL, and so many bytes as told.
    let id = unsafe {
        libc::syscall(libc::SYS_keyctl, libc::KEYCTL_JOIN_SESSION_KEYRING, c"lambark-test".as_ptr());
        let secret = c"hush".as_ptr();
        libc::syscall(
            libc::SYS_add_key,
            KEY.0.as_ptr(),
            KEY.1.as_ptr(),
            secret,
            4_usize,
            libc::KEY_SPEC_SESSION_KEYRING,
        )
    };
    id >= 0 && find_key() == id
}

fn find_key() -> i64 {
    #[expect(unsafe_code, reason = "no library has this call")]
    // SAFETY: it reads texts that end with a NUL.
    unsafe {
        let (search, session) = (libc::KEYCTL_SEARCH, libc::KEY_SPEC_SESSION_KEYRING);
        libc::syscall(libc::SYS_keyctl, search, session, KEY.0.as_ptr(), KEY.1.as_ptr(), 0)
    }
}

fn eat(megabytes: usize) {
    let mut eaten = Vec::new();
    for _ in 0..megabytes {
        eaten.push(vec![1_u8; 1 << 20]);
        // So that whoever watches has a chance, on a machine that does much else.
        std::thread::sleep(Duration::from_micros(500));
    }
    print!("ate {}", eaten.len());
}

fn fill(path: &str) {
    let mut file = std::fs::File::create(path).expect("a file");
    let mut written = 0_u64;
    let error = loop {
        match file.write(&[1; 65536]) {
            Ok(count) => written += count as u64,
            Err(error) => break error,
        }
    };
    print!("{written} {:?}", error.kind());
}

fn bomb() {
    let program = std::env::args().next().expect("a name");
    let mut children = Vec::new();
    let error = loop {
        match std::process::Command::new(&program).arg("sleep").spawn() {
            Ok(child) => children.push(child),
            Err(error) => break error,
        }
    };
    print!("{} {:?}", children.len(), error.kind());
    std::io::stdout().flush().expect("a pipe");
    std::thread::sleep(Duration::from_secs(600));
}

/// Leaves a child behind that holds no pipe of ours.
fn orphan() {
    let program = std::env::args().next().expect("a name");
    let null = std::process::Stdio::null;
    let child = std::process::Command::new(program).arg("sleep").stdout(null()).stderr(null()).spawn();
    print!("{}", child.expect("a child").id());
}

/// Tries what a function must not be able to do; prints what it could.
fn escape() {
    use rustix::mount::{MountFlags, mount, mount_bind};
    use rustix::thread::UnshareFlags;
    let could = |what: &str, done: bool| {
        if done {
            println!("could {what}");
        }
    };
    could("mount a tmpfs", mount("tmpfs", "/tmp", "tmpfs", MountFlags::empty(), None).is_ok());
    could("bind a mount", mount_bind("/", "/tmp").is_ok());
    could("remount the root", rustix::mount::mount_remount("/", MountFlags::BIND, "").is_ok());
    could("change the root", rustix::process::chroot("/tmp").is_ok());
    could("become root", rustix::thread::set_thread_uid(rustix::thread::Uid::ROOT).is_ok());
    could("be another", rustix::thread::set_thread_uid(rustix::thread::Uid::from_raw(1000)).is_ok());
    could(
        "kill its keeper",
        rustix::process::kill_process(rustix::process::Pid::INIT, rustix::process::Signal::TERM).is_err(),
    );
    let _ = rustix::process::kill_process(rustix::process::Pid::INIT, rustix::process::Signal::KILL);
    for path in
        ["/proc/1/mem", "/proc/1/environ", "/proc/1/maps", "/proc/1/fd/0", "/proc/kcore", "/dev/mem", "/dev/kmsg"]
    {
        could(
            &format!("read {path}"),
            std::fs::File::open(path).is_ok_and(|mut file| file.read(&mut [0; 1]).is_ok_and(|read| read > 0)),
        );
    }
    could("look into its keeper", std::fs::read_dir("/proc/1/fd").is_ok());
    could("reach its keeper's root", std::fs::read_dir("/proc/1/root/").is_ok());
    could("reach its keeper's program", std::fs::File::open("/proc/1/exe").is_ok());
    for path in [
        "/proc/sys/user/max_user_namespaces",
        "/proc/sys/kernel/core_pattern",
        "/proc/sysrq-trigger",
        "/proc/1/oom_score_adj",
        "/dev/x",
        "/x",
        "/etc/hosts",
        "/bin/tester",
    ] {
        could(
            &format!("write {path}"),
            std::fs::OpenOptions::new().write(true).create(true).truncate(false).open(path).is_ok(),
        );
    }
    could(
        "make a device",
        rustix::fs::mknodat(
            rustix::fs::CWD,
            "/tmp/device",
            rustix::fs::FileType::CharacterDevice,
            rustix::fs::Mode::RUSR,
            rustix::fs::makedev(1, 1),
        )
        .is_ok(),
    );
    could("set its host's name", rustix::system::sethostname(b"evil").is_ok());
    #[expect(unsafe_code, reason = "unshare is unsafe for the sake of descriptor tables")]
    // SAFETY: descriptor tables are not unshared.
    let unshared = unsafe { rustix::thread::unshare_unsafe(UnshareFlags::NEWUSER) };
    could("make a user namespace", unshared.is_ok());
    let others = std::fs::read_dir("/proc")
        .expect("/proc")
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<u32>().ok());
    could("see processes outside", others.count() > 3);
    println!("tried");
}
