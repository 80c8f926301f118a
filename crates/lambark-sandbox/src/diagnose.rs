//! Why the kernel refuses a sandbox: which setting, and what to do.

use std::fs;
use std::path::Path;

use crate::Error;

/// A setting under `/proc/sys`, the value that forbids, and what to do about it.
struct Setting {
    path: &'static str,
    forbids: &'static str,
    advice: &'static str,
}

const SETTINGS: [Setting; 3] = [
    Setting {
        path: "kernel/apparmor_restrict_unprivileged_userns",
        forbids: "1",
        advice: "allow it until the next start with `sudo sysctl kernel.apparmor_restrict_unprivileged_userns=0`, or \
                 give lambark an AppArmor profile with `userns,`, or run it as root",
    },
    Setting {
        path: "kernel/unprivileged_userns_clone",
        forbids: "0",
        advice: "allow it until the next start with `sudo sysctl kernel.unprivileged_userns_clone=1`, or run lambark \
                 as root",
    },
    Setting {
        path: "user/max_user_namespaces",
        forbids: "0",
        advice: "allow some with `sudo sysctl user.max_user_namespaces=10000`",
    },
];

/// Why `step` failed with `errno`, if a setting of this machine explains it.
pub(crate) fn diagnose(step: &str, errno: Option<i32>, text: &str) -> Error {
    diagnose_under(Path::new("/proc/sys"), rustix::process::geteuid().is_root(), step, errno, text)
}

fn diagnose_under(settings: &Path, root: bool, step: &str, errno: Option<i32>, text: &str) -> Error {
    use rustix::io::Errno;
    let errno = errno.map(Errno::from_raw_os_error);
    let refused = matches!(errno, Some(Errno::PERM | Errno::ACCESS | Errno::NOSPC | Errno::USERS));
    let user = if root { "root" } else { "an ordinary user" }.to_owned();
    let cause = SETTINGS.iter().find(|setting| {
        let value = fs::read_to_string(settings.join(setting.path)).unwrap_or_default();
        // The first two bind ordinary users only.
        value.trim() == setting.forbids && (!root || setting.path.starts_with("user/"))
    });
    match cause {
        Some(setting) if refused => Error::Forbidden {
            user,
            setting: format!("{} = {}", setting.path.replace('/', "."), setting.forbids),
            advice: setting.advice.to_owned(),
        },
        _ if errno == Some(Errno::NOSYS) || (refused && step == "make namespaces") => Error::Forbidden {
            user,
            setting: "a system call filter or security module".to_owned(),
            advice: "inside a container, start that container with `--security-opt seccomp=unconfined --security-opt \
                     apparmor=unconfined --security-opt systempaths=unconfined`, or run lambark outside of it"
                .to_owned(),
        },
        _ if refused && step == "mount /proc" => Error::Forbidden {
            user,
            setting: "a /proc of which parts are hidden".to_owned(),
            advice: "inside a container, start that container with `--security-opt systempaths=unconfined`, or run \
                     lambark outside of it"
                .to_owned(),
        },
        _ => Error::SetUp { step: step.to_owned(), reason: text.to_owned() },
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    const EPERM: i32 = 1;

    fn told(settings: &[(&str, &str)], root: bool, step: &str, errno: i32) -> String {
        let directory = tempfile::tempdir().unwrap();
        for (path, value) in settings {
            let path = directory.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, format!("{value}\n")).unwrap();
        }
        diagnose_under(directory.path(), root, step, Some(errno), "operation not permitted").to_string()
    }

    #[test]
    fn the_setting_that_forbids_is_named() {
        let ubuntu = [("kernel/apparmor_restrict_unprivileged_userns", "1"), ("user/max_user_namespaces", "1000")];
        let text = told(&ubuntu, false, "mount the root", EPERM);
        assert!(text.contains("kernel.apparmor_restrict_unprivileged_userns = 1 forbids it"), "{text}");
        let text = told(&[("kernel/unprivileged_userns_clone", "0")], false, "make namespaces", EPERM);
        assert!(text.contains("kernel.unprivileged_userns_clone = 0"), "{text}");
        let text = told(&[("user/max_user_namespaces", "0")], true, "make namespaces", 28);
        assert!(text.contains("user.max_user_namespaces = 0"), "{text}");
    }

    #[test]
    fn what_no_setting_explains_is_told_as_it_is() {
        let ubuntu = [("kernel/apparmor_restrict_unprivileged_userns", "1")];
        // Root is not bound by it, and a full disk has nothing to do with it.
        for (root, step, errno) in [(true, "mount the root", EPERM), (false, "mount the root", 5)] {
            let text = told(&ubuntu, root, step, errno);
            assert_eq!(text, "the sandbox could not be set up: mount the root: operation not permitted");
        }
        let text = told(&[], true, "make namespaces", EPERM);
        assert!(text.contains("a system call filter"), "{text}");
    }
}
