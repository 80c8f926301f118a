//! What runs in a sandbox sees what it would see on Lambda.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "tests")]

mod common;

use common::{Place, act, base_layer, everybody, layer};
use lambark_testkit::images::{File, bootstrap};
use serde_json::{Value, json};

fn text(outcome: &Value, index: usize) -> &str {
    outcome["ran"][index]["stdout"].as_str().unwrap_or_else(|| panic!("{outcome}"))
}

#[test]
fn a_program_runs_and_its_end_is_told() {
    for who in everybody() {
        let place = Place::new(who);
        let outcome = place.image(vec![base_layer()]).run(&[
            act(&["echo", "hello", "world"]),
            act(&["exit", "3"]),
            act(&["abort"]),
            act(&["nothing"]),
            json!({ "args": ["sleep"], "kill_after_milliseconds": 20 }),
            json!({ "args": ["env"], "env": ["A=1", "B=2", "A=3"] }),
            json!({ "args": ["where"], "working_directory": "/bin" }),
        ]);
        let ran = &outcome["ran"];
        let hello = json!({ "exit": "exit status 0", "stdout": "hello world", "stderr": "" });
        assert_eq!(ran[0], hello, "{who:?} {outcome}");
        assert_eq!(ran[1]["exit"], "exit status 3", "{who:?}");
        assert_eq!(ran[2]["exit"], "signal: aborted", "{who:?}");
        assert_eq!(ran[3]["stderr"], "no act nothing\n", "{who:?}");
        assert_eq!(ran[4]["exit"], "signal: killed", "{who:?}");
        assert_eq!(ran[5]["stdout"], "A=3\nB=2\n", "{who:?}");
        assert_eq!(ran[6]["stdout"], "/bin", "{who:?}");
        assert_eq!(outcome["address"], "127.0.0.1:9001", "{who:?}");
        assert!(outcome["peak"].as_u64().unwrap() > 0, "{who:?} {outcome}");
    }
}

#[test]
fn why_a_program_does_not_start_is_told() {
    let files = vec![
        File::directory("t"),
        File::new("t/plain", "").mode(0o644),
        File::new("t/closed", "").mode(0o700),
        File::new("t/text", "no program").mode(0o755),
        File::new("t/empty", "").mode(0o755),
        File::new("t/script", "#!/no/such/interpreter\n").mode(0o755),
        File::new("t/other", bootstrap(183)).mode(0o755),
        File::symlink("t/loop", "loop"),
    ];
    let program = |program: &str| json!({ "program": program, "args": ["echo"], "env": ["PATH=/nowhere:/bin"] });
    for who in everybody() {
        let place = Place::new(who);
        let outcome = place.image(vec![base_layer(), layer(&files)]).run(&[
            program("/t/missing"),
            program("missing"),
            program("/t/plain"),
            program("/t/closed"),
            program("/t/text"),
            program("/t/empty"),
            program("/t/script"),
            program("/t/other"),
            program("/t"),
            json!({ "args": ["echo"], "working_directory": "/nowhere" }),
            json!({ "args": ["echo"], "working_directory": "/t/text" }),
            program("tester"),
            json!({ "program": "./tester", "args": ["echo"], "working_directory": "/bin" }),
        ]);
        let failures: Vec<&str> = (0..11).map(|index| outcome["ran"][index]["failure"].as_str().unwrap()).collect();
        let expected = [
            "NotFound",
            "NotFound",
            "PermissionDenied",
            "PermissionDenied",
            "ExecFormat",
            "ExecFormat",
            "NotFound",
            "ExecFormat",
            "PermissionDenied",
            "WorkingDirectory(\"no such file or directory\")",
            "WorkingDirectory(\"not a directory\")",
        ];
        assert_eq!(failures, expected, "{who:?}");
        // A name is looked for in PATH; a path is taken from the working directory.
        assert_eq!(outcome["ran"][11]["exit"], "exit status 0", "{who:?}");
        assert_eq!(outcome["ran"][12]["exit"], "exit status 0", "{who:?}");
    }
}

#[test]
fn the_file_system_is_read_only_but_for_tmp() {
    let files = vec![
        File::directory("proc"),
        File::new("proc/fake", ""),
        // An image's own ideas of these places do not count.
        File::symlink("dev", "/etc"),
        File::new("tmp", "a file"),
        File::directory("etc"),
        File::symlink("etc/hosts", "/bin/tester"),
        File::directory("var").mode(0o777),
    ];
    for who in everybody() {
        let place = Place::new(who);
        place.image(vec![base_layer(), layer(&files)]);
        for flat in [false, true] {
            let outcome = place.run_with(
                json!({ "flat": flat }),
                &[
                    act(&["write", "/x", "/var/x", "/bin/tester", "/etc/hosts", "/dev/x", "/tmp/x", "/dev/null"]),
                    act(&["list", "/dev", "/tmp", "/proc/self/fd", "/dev/fd/", "/"]),
                    act(&["read", "/etc/hosts", "/tmp/x", "/proc/fake"]),
                ],
            );
            let expected: Vec<String> = ["/x", "/var/x", "/bin/tester", "/etc/hosts", "/dev/x"]
                .map(|path| format!("{path}: ReadOnlyFilesystem"))
                .into_iter()
                .chain(["/tmp/x: written".to_owned(), "/dev/null: written".to_owned()])
                .collect();
            assert_eq!(text(&outcome, 0).lines().collect::<Vec<_>>(), expected, "{who:?} {outcome}");
            let lists = text(&outcome, 1);
            assert!(
                lists.starts_with("/dev: fd full null random stderr stdin stdout urandom zero\n/tmp: x\n"),
                "{who:?} {lists}"
            );
            // Its own three, and the directory being read.
            assert!(lists.contains("/proc/self/fd: 0 1 2 3\n/dev/fd/: 0 1 2 3\n"), "{who:?} {lists}");
            let hosts = "/etc/hosts: 127.0.0.1 localhost\n::1 localhost\n\n/tmp/x: x\n/proc/fake: NotFound\n";
            assert_eq!(text(&outcome, 2), hosts, "{who:?}");
        }
    }
}

#[test]
fn an_ordinary_user_without_rights() {
    for who in everybody() {
        let place = Place::new(who);
        let outcome = place.image(vec![base_layer()]).run(&[act(&["status"])]);
        let status = text(&outcome, 0);
        let line = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name));
            line.unwrap_or_else(|| panic!("{name} {status}")).split_whitespace().collect::<Vec<_>>().join(" ")
        };
        assert_eq!(line("Uid:"), "993 993 993 993", "{who:?}");
        assert_eq!(line("Gid:"), "990 990 990 990", "{who:?}");
        for capabilities in ["CapInh:", "CapPrm:", "CapEff:", "CapBnd:", "CapAmb:"] {
            assert_eq!(line(capabilities), "0000000000000000", "{who:?} {capabilities}");
        }
        assert_eq!(line("NoNewPrivs:"), "1", "{who:?}");
        assert_eq!(line("PPid:"), "1", "{who:?}");
    }
}

#[test]
fn the_runtime_api_is_reached_and_nothing_else() {
    let outside = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = outside.local_addr().unwrap().to_string();
    std::thread::spawn(move || {
        for peer in outside.incoming() {
            use std::io::Write;
            peer.unwrap().write_all(b"this machine").unwrap();
        }
    });
    for who in everybody() {
        let place = Place::new(who);
        place.image(vec![base_layer()]);
        let programs = [act(&["get", "127.0.0.1:9001"]), act(&["get", &address]), act(&["get", "192.0.2.1:80"])];
        let outcome = place.run(&programs);
        assert_eq!(text(&outcome, 0), "hello from outside", "{who:?} {outcome}");
        assert_eq!(text(&outcome, 1), "ConnectionRefused", "{who:?}");
        assert_eq!(text(&outcome, 2), "NetworkUnreachable", "{who:?}");
        // With this machine's network, the API is elsewhere, and everything else is where it is.
        let outcome = place.run_with(json!({ "network": "host" }), &programs);
        assert_ne!(outcome["address"], "127.0.0.1:9001", "{who:?}");
        assert_eq!(text(&outcome, 1), "this machine", "{who:?}");
    }
}

#[test]
fn memory_is_limited_and_measured() {
    for who in everybody() {
        let place = Place::new(who);
        place.image(vec![base_layer()]);
        let settings = json!({ "memory_bytes": 128 << 20, "tmp_bytes": 256 << 20 });
        // What lies in /tmp does not count.
        let programs = [
            act(&["eat", "60"]),
            act(&["fill", "/tmp/full"]),
            act(&["eat", "60"]),
            act(&["eat", "1000"]),
            act(&["echo", "on"]),
        ];
        let outcome = place.run_with(settings, &programs);
        assert_eq!(text(&outcome, 0), "ate 60", "{who:?} {outcome}");
        assert_eq!(text(&outcome, 1), "268435456 StorageFull", "{who:?} {outcome}");
        assert_eq!(text(&outcome, 2), "ate 60", "{who:?} {outcome}");
        assert_eq!(outcome["ran"][3]["exit"], "out of memory", "{who:?} {outcome}");
        // The sandbox goes on.
        assert_eq!(text(&outcome, 4), "on", "{who:?} {outcome}");
        let outcome = place.run(&[act(&["eat", "60"])]);
        let peak = outcome["peak"].as_u64().unwrap();
        // Looked at every ten milliseconds: the last pages may come and go between two looks.
        assert!((50 << 20..90 << 20).contains(&peak), "{who:?} {peak}");
    }
}

#[test]
fn what_forbids_a_sandbox_is_named() {
    for who in everybody() {
        let place = Place::new(who);
        place.image(vec![base_layer()]);
        for (forbid, told) in [
            ("echo 0 > /proc/sys/user/max_user_namespaces", "user.max_user_namespaces = 0 forbids it"),
            ("mount -t tmpfs none /proc/sys/kernel", "a /proc of which parts are hidden forbids it"),
        ] {
            // In a user namespace of its own, where even an ordinary user may forbid.
            let outcome = place.run_after(forbid);
            let error = outcome["error"].as_str().unwrap_or_else(|| panic!("{who:?} {forbid}: {outcome}"));
            assert!(error.contains(told), "{who:?} {error}");
        }
    }
}

#[test]
fn an_update_of_the_program_while_it_runs_changes_nothing() {
    for who in everybody() {
        let place = Place::new(who);
        let outcome = place.image(vec![base_layer()]).run_updated(&[act(&["echo", "on"])]);
        assert_eq!(text(&outcome, 0), "on", "{who:?} {outcome}");
    }
}
