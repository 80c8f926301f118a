//! In a container that a real Docker or Podman made, functions see and do what they do in a sandbox that lambark made.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "tests")]

mod common;

use std::os::unix::fs::PermissionsExt;

use common::{Place, Who, act, base_layer, layer};
use lambark_testkit::images::{File, bootstrap};
use lambark_testkit::parts::{Dockerd, Podman, Store};
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
fn functions_fare_alike() {
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
        json!({ "args": ["sleep"], "init_milliseconds": 500 }),
        json!({ "args": ["where"], "working_directory": "/bin" }),
        act(&["read", "/t/below", "/t/unreadable", "/t/plain", "/proc/self/comm"]),
        act(&["write", "/x", "/bin/tester", "/t/plain", "/tmp/x", "/dev/null"]),
        act(&["list", "/tmp", "/proc/self/fd", "/opt/extensions"]),
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
        let settings = json!({ "functions": true, "memory_bytes": 128 << 20, "tmp_bytes": 64 << 20 });
        let here = place.run_with(settings.clone(), &programs);
        let mut there = settings;
        there["engine"] = engine(&daemon, &place).into();
        let there = place.run_with(there, &programs);
        for ((program, here), there) in programs.iter().zip(ran(&here)).zip(ran(&there)) {
            assert_eq!(here, there, "{store:?} {program}");
        }
        assert_eq!(ran(&there)[0]["log"], "hello world");
        assert_eq!(ran(&there)[9]["failure"], "Runtime.ExitError: Runtime exited with error: signal: killed");
        assert_eq!(containers(&daemon), "", "nothing is left running");
    }
}

#[test]
fn nobody_has_more_rights_in_docker() {
    let Some(daemon) = Dockerd::start(&[]) else { return };
    let place = Place::new(Who::Root);
    nobody_has_more_rights(&place, &engine(&daemon, &place));
}

#[test]
fn nobody_has_more_rights_in_podman() {
    let Some(podman) = Podman::new() else { return };
    let command = podman.programs().join("podman");
    nobody_has_more_rights(&Place::new(Who::Root), command.to_str().unwrap());
    assert_eq!(podman.podman().args(["ps", "--all", "--quiet"]).output().unwrap().stdout, b"", "nothing is left");
}

fn nobody_has_more_rights(place: &Place, engine: &str) {
    place.image(vec![base_layer()]);
    let mut eater = act(&["eat", "200"]);
    eater["invoke"] = true.into();
    let programs = [
        act(&["status"]),
        act(&["list", "/dev/shm"]),
        act(&["env"]),
        act(&["escape"]),
        eater,
        act(&["write", "/run/x", "/var/tmp/x", "/dev/shm/x", "/var/x", "/.lambark/lambark"]),
    ];
    let outcome = place.run_with(json!({ "engine": engine, "memory_bytes": 128 << 20 }), &programs);
    let log = |index: usize| ran(&outcome)[index]["log"].as_str().unwrap();
    let line = |name: &str| {
        let line = log(0).lines().find_map(|line| line.strip_prefix(name));
        line.unwrap_or_else(|| panic!("{name} {}", log(0))).split_whitespace().collect::<Vec<_>>().join(" ")
    };
    assert_eq!(line("Uid:"), "993 993 993 993");
    assert_eq!(line("Gid:"), "990 990 990 990");
    for capabilities in ["CapInh:", "CapPrm:", "CapEff:", "CapBnd:", "CapAmb:"] {
        assert_eq!(line(capabilities), "0000000000000000", "{capabilities}");
    }
    assert_eq!((line("NoNewPrivs:").as_str(), line("Seccomp:").as_str()), ("1", "2"));
    assert!(log(1).contains("NotFound"), "{outcome}");
    assert!(!log(5).contains("written"), "{outcome}");
    assert!(log(2).contains("AWS_LAMBDA_RUNTIME_API=127.0.0.1:9001\n"), "{outcome}");
    assert!(!log(2).contains("DOCKER_HOST"), "{outcome}");
    // What an engine hides of /proc it covers with empty files, which may be opened. Podman's filter of system calls
    // allows user namespaces, in which there is no more to reach than in the container.
    let harmless = |line: &&str| !line.contains("/proc/kcore") && *line != "could make a user namespace";
    assert_eq!(log(3).lines().filter(harmless).collect::<Vec<_>>(), ["tried"], "{outcome}");
    let eaten = &ran(&outcome)[4];
    assert_eq!(eaten["invoked"], "Runtime exited with error: signal: killed", "{outcome}");
    assert!(eaten["memory"].as_u64().unwrap() > 100, "{outcome}");
}

#[test]
fn docker_keeps_a_few_images_of_ours_and_all_others() {
    let Some(daemon) = Dockerd::start(&[]) else { return };
    let place = Place::new(Who::Root);
    a_few_images_are_kept(&place, &engine(&daemon, &place));
}

#[test]
fn podman_keeps_a_few_images_of_ours_and_all_others() {
    let Some(podman) = Podman::new() else { return };
    let command = podman.programs().join("podman");
    a_few_images_are_kept(&Place::new(Who::Root), command.to_str().unwrap());
}

/// What an engine lists is sorted by time, in seconds, so the images are so far apart.
fn a_few_images_are_kept(place: &Place, engine: &str) {
    let ask = |arguments: &[&str]| {
        let output = std::process::Command::new(engine).args(arguments).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        output
    };
    let images = || {
        let output = ask(&["images", "--format", "{{.Repository}} {{.Tag}}"]);
        let text = String::from_utf8(output.stdout).unwrap();
        text.lines().map(str::to_owned).collect::<Vec<String>>()
    };
    let mut first = Vec::new();
    for number in 0..10 {
        place.image(vec![layer(&[File::new("number", number.to_string())])]);
        let outcome = place.run_with(json!({ "engine": engine }), &[]);
        assert!(outcome["ran"].is_array(), "{outcome}");
        match number {
            0 => {
                first = images();
                ask(&["tag", &first[0].replace(' ', ":"), "localhost/theirs:kept"]);
            }
            _ => std::thread::sleep(std::time::Duration::from_millis(1100)),
        }
    }
    let all = images();
    assert_eq!(all.iter().filter(|name| name.starts_with("localhost/lambark-run ")).count(), 8, "{all:?}");
    assert!(!all.contains(&first[0]), "the oldest is gone: {all:?}");
    assert!(all.contains(&"localhost/theirs kept".to_owned()), "{all:?}");
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
        let outcome = place.run_with(json!({ "engine": path }), &[act(&["status"])]);
        let error = if outcome["error"].is_string() { &outcome["error"] } else { &ran(&outcome)[0]["error"] };
        error.as_str().unwrap_or_else(|| panic!("{outcome}")).to_owned()
    };
    let error = refuse("echo no space left >&2; exit 1");
    assert_eq!(error, "`docker load` failed: no space left");
    let error = refuse("[ $1 = image ] || { echo no such runtime >&2; exit 125; }");
    assert_eq!(error, "`docker run` failed: no such runtime");
    let error = refuse("[ $1 != run ] || echo I am no companion");
    assert_eq!(error, "`docker run` failed: its container ended without a word");
}
