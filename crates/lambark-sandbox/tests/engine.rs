//! In a container that a real Docker made, programs see and do what they do in a sandbox that lambark made.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "tests")]

mod common;

use std::os::unix::fs::PermissionsExt;

use common::{Place, Who, act, base_layer, layer};
use lambark_testkit::images::{File, bootstrap};
use lambark_testkit::parts::{Dockerd, Store};
use serde_json::{Value, json};

/// A command by which the daemon of this test is reached, whatever the machine's own is.
fn engine(daemon: &Dockerd, place: &Place) -> String {
    let variables: String =
        daemon.environment().iter().map(|(name, value)| format!("export {name}='{value}'\n")).collect();
    let docker = daemon.programs().join("docker");
    let path = place.path("docker");
    std::fs::write(&path, format!("#!/bin/sh\n{variables}exec '{}' \"$@\"\n", docker.display())).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    path.to_str().unwrap().to_owned()
}

fn containers(daemon: &Dockerd) -> String {
    let output = daemon.docker().args(["ps", "--all", "--quiet"]).output().unwrap();
    assert!(output.status.success());
    String::from_utf8(output.stdout).unwrap()
}

fn ran(outcome: &Value) -> &[Value] {
    outcome["ran"].as_array().unwrap_or_else(|| panic!("{outcome}"))
}

#[test]
fn programs_fare_alike() {
    let files = vec![
        File::directory("t"),
        File::new("t/plain", "").mode(0o644),
        File::new("t/closed", "").mode(0o700),
        File::new("t/unreadable", "").mode(0o600),
        File::new("t/text", "no program").mode(0o755),
        File::new("t/script", "#!/no/such/interpreter\n").mode(0o755),
        File::new("t/other", bootstrap(183)).mode(0o755),
        File::new("t/below", "below"),
        File::directory("opt/"),
        File::directory("opt/extensions/"),
    ];
    // The first layer's file goes, in the second.
    let above = vec![File::new("t/.wh.below", "")];
    let program = |program: &str| json!({ "program": program, "args": ["echo"], "env": ["PATH=/nowhere:/bin"] });
    let programs = [
        act(&["echo", "hello", "world"]),
        act(&["exit", "3"]),
        act(&["abort"]),
        json!({ "args": ["sleep"], "kill_after_milliseconds": 20 }),
        json!({ "args": ["env"], "env": ["A=1", "B=2", "A=3"] }),
        json!({ "args": ["where"], "working_directory": "/bin" }),
        act(&["read", "/t/below", "/t/unreadable", "/t/plain"]),
        act(&["write", "/x", "/bin/tester", "/t/plain", "/tmp/x", "/dev/null"]),
        act(&["list", "/tmp", "/proc/self/fd", "/opt/extensions"]),
        act(&["get", "127.0.0.1:9001"]),
        act(&["get", "192.0.2.1:80"]),
        act(&["eat", "200"]),
        program("/t/missing"),
        program("missing"),
        program("/t/plain"),
        program("/t/closed"),
        program("/t/text"),
        program("/t/script"),
        program("/t/other"),
        program("/t"),
        json!({ "args": ["echo"], "working_directory": "/nowhere" }),
        program("tester"),
    ];
    for store in [Store::Containerd, Store::Overlay2] {
        let Some(daemon) = Dockerd::start_with(store, &[]) else { return };
        let place = Place::new(Who::Root);
        place.image(vec![base_layer(), layer(&files), layer(&above)]);
        let settings = json!({ "memory_bytes": 128 << 20, "tmp_bytes": 64 << 20 });
        let here = place.run_with(settings.clone(), &programs);
        let mut there = settings;
        there["engine"] = engine(&daemon, &place).into();
        let there = place.run_with(there, &programs);
        for ((program, here), there) in programs.iter().zip(ran(&here)).zip(ran(&there)) {
            assert_eq!(here, there, "{store:?} {program}");
        }
        assert_eq!(ran(&there)[11]["exit"], "out of memory", "{there}");
        assert_eq!(there["address"], "127.0.0.1:9001");
        assert!(there["peak"].as_u64().unwrap() > 100 << 20, "{there}");
        assert_eq!(containers(&daemon), "", "nothing is left running");
    }
}

#[test]
fn nobody_has_more_rights() {
    let Some(daemon) = Dockerd::start(&[]) else { return };
    let place = Place::new(Who::Root);
    place.image(vec![base_layer()]);
    let engine = engine(&daemon, &place);
    let outcome = place.run_with(json!({ "engine": engine }), &[act(&["status"]), act(&["list", "/dev/shm"])]);
    let status = ran(&outcome)[0]["stdout"].as_str().unwrap();
    let line = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        line.unwrap_or_else(|| panic!("{name} {status}")).split_whitespace().collect::<Vec<_>>().join(" ")
    };
    assert_eq!(line("Uid:"), "993 993 993 993");
    assert_eq!(line("Gid:"), "990 990 990 990");
    for capabilities in ["CapInh:", "CapPrm:", "CapEff:", "CapBnd:", "CapAmb:"] {
        assert_eq!(line(capabilities), "0000000000000000", "{capabilities}");
    }
    assert_eq!((line("NoNewPrivs:").as_str(), line("Seccomp:").as_str()), ("1", "2"));
    assert!(ran(&outcome)[1]["stdout"].as_str().unwrap().contains("NotFound"), "{outcome}");
}

#[test]
fn a_container_ends_with_lambark() {
    let Some(daemon) = Dockerd::start(&[]) else { return };
    let place = Place::new(Who::Root);
    place.image(vec![base_layer()]);
    let mut child = place.start(json!({ "engine": engine(&daemon, &place) }), &[act(&["sleep"])]);
    let until = |wanted: bool| {
        let tries = (0..600).take_while(|_| containers(&daemon).is_empty() == wanted);
        let waits = tries.inspect(|_| std::thread::sleep(std::time::Duration::from_millis(50))).count();
        assert!(waits < 600, "containers: `{}`", containers(&daemon));
    };
    until(true);
    child.kill().unwrap();
    child.wait().unwrap();
    until(false);
}

#[test]
fn what_an_engine_says_is_told() {
    let place = Place::new(Who::Root);
    place.image(vec![base_layer()]);
    let refuse = |script: &str| {
        let path = place.path("docker");
        std::fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        place.run_with(json!({ "engine": path }), &[])["error"].as_str().unwrap().to_owned()
    };
    let error = refuse("echo no space left >&2; exit 1");
    assert_eq!(error, "`docker load` failed: no space left");
    let error = refuse("[ $1 = image ] || { echo no such runtime >&2; exit 125; }");
    assert_eq!(error, "`docker run` failed: no such runtime");
}
