//! `lambark run` on another kernel, in an emulated machine: Debian's, with control groups of version 2.

use std::collections::HashMap;

use lambark_oci::{Compression, Family};
use lambark_testkit::images::{File, Image};
use lambark_testkit::parts::{Machine, Part};

use crate::engine::companion;

/// What the machine does. Each section ends up under its name.
const SCRIPT: &str = r#"
run() { lambark run --quiet --sandbox native --timeout 60 "$@"; echo "code $?"; }
# An interrupt leaves groups without processes, which the next run after a minute takes away.
gone() { while grep -q . $(groups)/cgroup.procs; do usleep 50000; done; rmdir $(groups) && echo "nobody is left"; }
groups() { find /sys/fs/cgroup -name 'lambark-*'; }
as_user() { su user -c "PATH=$PATH; cd /files; $1"; }

echo "%% kernel"; uname -r; cat /proc/self/cgroup
echo "%% root"; run attested.tar
echo "%% root's eater"; run eater.tar
echo "%% root's sleeper"
lambark run --quiet --memory 256 sleeper.tar > /dev/null 2>&1 & running=$!
until [ -n "$(groups)" ] && grep -q . $(groups)/cgroup.procs; do usleep 50000; done
echo "limit $(cat $(groups)/memory.max)"
kill -INT $running; wait $running; echo "code $?"; gone

echo "%% user"; as_user "lambark run --quiet --sandbox native --timeout 60 attested.tar"; echo "code $?"
mkdir /sys/fs/cgroup/work/user; echo "+memory" > /sys/fs/cgroup/work/user/cgroup.subtree_control
mkdir /sys/fs/cgroup/work/user/shell
chown -R user /sys/fs/cgroup/work/user
echo "%% user's sleeper"
(echo 0 > /sys/fs/cgroup/work/user/shell/cgroup.procs; as_user "exec lambark run --quiet --memory 256 sleeper.tar") > /dev/null 2>&1 &
until [ -n "$(groups)" ] && grep -q . $(groups)/cgroup.procs; do usleep 50000; done
echo "limit $(cat $(groups)/memory.max) in $(dirname $(groups))"
killall -INT lambark; wait; gone
echo "%% user's eater"; as_user "lambark run --quiet --sandbox native --timeout 60 eater.tar"; echo "code $?"

echo "%% forbidden"
echo 0 > /proc/sys/kernel/unprivileged_userns_clone
as_user "lambark run --quiet attested.tar"; echo "code $?"
echo "%% root is not bound by it"; run attested.tar
"#;

#[test]
fn another_kernel_runs_functions_too() {
    let Some(lambark) = companion() else { return };
    let Some(busybox) = Part::Busybox.or_skip() else { return };
    let Some(machine) = Machine::new() else { return };
    let images = tempfile::tempdir().unwrap();
    let busybox = std::fs::read(busybox.join("bin/busybox")).unwrap();
    let image = |name: &str, command: &[&str]| {
        let files = [File::directory("bin/"), File::new("bin/busybox", busybox.clone()).mode(0o755)];
        let mut image = Image::new(Family::Oci, Compression::Gzip, &files);
        image.config["config"] = serde_json::json!({ "Entrypoint": command });
        let path = images.path().join(name);
        image.store("t").write_archive(&path);
        path
    };
    // It takes in what has no end of line, for ever.
    let eater = image("eater.tar", &["/bin/busybox", "tail", "/dev/zero"]);
    let sleeper = image("sleeper.tar", &["/bin/busybox", "sleep", "600"]);
    let attested = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/attested.tar");
    let machine = machine.with("lambark", lambark.as_ref()).with("attested.tar", attested.as_ref());
    let Some(printed) = machine.with("eater.tar", &eater).with("sleeper.tar", &sleeper).run(SCRIPT) else { return };

    let sections = printed.split("%% ").filter_map(|section| section.split_once('\n'));
    let sections: HashMap<&str, &str> = sections.collect();
    let holds = |name: &str, expected: &[&str]| {
        let text = sections.get(name).unwrap_or_else(|| panic!("no {name} in {printed}"));
        for words in expected {
            assert!(text.contains(words), "{name}: `{words}` in\n{printed}");
        }
    };
    holds("kernel", &["6.1.", "0::/work/shell"]);
    let answered = ["\"aboard AWS Lambda!\"", "Max Memory Used: ", "code 0"];
    holds("root", &answered);
    holds("user", &answered);
    holds("root is not bound by it", &answered);
    let eaten = ["Runtime exited with error: signal: killed", "code 1"];
    holds("root's eater", &eaten);
    holds("user's eater", &eaten);
    // The function's memory, 512 MB of /tmp, and 64 MB for what keeps it.
    let limit = (256 + 512 + 64) * 1024 * 1024;
    holds("root's sleeper", &[&format!("limit {limit}\n"), "code 130\n", "nobody is left\n"]);
    holds("user's sleeper", &[&format!("limit {limit} in /sys/fs/cgroup/work/user\n"), "nobody is left\n"]);
    holds("forbidden", &["kernel.unprivileged_userns_clone = 0 forbids it", "code 3"]);
}
