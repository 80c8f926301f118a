//! Rust with AWS's own runtime: one static program, with GNU's C library and with musl's.

use lambark_sandbox::{FunctionSettings, Settings};
use lambark_testkit::images::{File, bootstrap};
use lambark_testkit::parts::Part;

use serde_json::{Value, json};

use crate::bench::{Bench, Case, told};
use crate::limits;

const PROGRAM: &str = "/var/task/bootstrap";

/// The function, told what to do before its runtime starts: `""` for nothing.
fn init(act: &'static str) -> Case {
    Case::of(&[PROGRAM, act], &[])
}

/// The function, told what to do with an event.
fn event(act: &str) -> Case {
    Case { event: json!({ "do": act }).to_string().into_bytes(), ..init("") }
}

/// What Rust calls an error that it knows nothing more of.
const ERROR: &str = "&alloc::boxed::Box<dyn core::error::Error + core::marker::Send + core::marker::Sync>";
const PANIC: &str = "&alloc::boxed::Box<dyn core::any::Any + core::marker::Send>";

fn failures_are_those_of_the_emulator(part: Part) {
    let Some(base) = part.or_skip() else { return };
    let bench = Bench::new(&base);
    let exit = "Runtime.ExitError";
    let cases = [
        ("it ends during init", init("exit"), exit, "Runtime exited with error: exit status 3"),
        ("it panics during init", init("panic"), exit, "Runtime exited with error: exit status 101"),
        ("it fails during init", init("fail"), exit, "Runtime exited with error: exit status 1"),
        ("it leaves a child in init", init("leave a child"), exit, "Runtime exited with error: exit status 5"),
        ("it ends amid an event", event("exit"), exit, "Runtime exited with error: exit status 4"),
        ("it aborts", event("abort"), exit, "Runtime exited with error: signal: aborted"),
        (
            "it leaves a child and ends",
            event("leave a child and exit"),
            exit,
            "Runtime exited with error: exit status 6",
        ),
        ("it fails", event("fail"), ERROR, "told to"),
        ("it panics", event("panic"), PANIC, "Lambda panicked: told to"),
        ("it writes outside /tmp", event("write"), ERROR, "Read-only file system (os error 30)"),
        (
            "its answer has seven megabytes",
            event("answer at length"),
            "Function.ResponseSizeTooLarge",
            "Response payload size",
        ),
    ];
    for (what, case, error_type, message) in &cases {
        let Some((ours, words)) = bench.compare(what, case) else { return };
        assert_eq!(ours, *error_type, "{what}");
        assert!(words.contains(message), "{what}: {words}");
    }
}

#[test]
fn failures_with_gnus_library() {
    failures_are_those_of_the_emulator(Part::RustFunction);
}

#[test]
fn failures_with_musls_library() {
    failures_are_those_of_the_emulator(Part::RustMuslFunction);
}

/// `lambda_runtime` panics unless it finds its variables: that it answers shows that they are there.
fn a_good_function_answers(part: Part) {
    let Some(base) = part.or_skip() else { return };
    let bench = Bench::new(&base);
    let handler = |function: &mut FunctionSettings, _: &mut Settings| function.cmd = vec!["a.handler".to_owned()];
    let Some(running) = bench.start(&Case::of(&[PROGRAM], &[]), handler) else { return };
    assert!(running.function.init().failure.is_none(), "{}", running.log());
    for n in 1..=2 {
        let outcome = running.invoke(json!({ "n": n }).to_string().as_bytes());
        let answer: Value = serde_json::from_slice(&outcome.payload).unwrap();
        assert_eq!(answer["n"], n);
        assert_eq!(answer["id"], outcome.request_id);
        assert_eq!(answer["handler"], "a.handler");
        assert_eq!(answer["arn"], "arn:aws:lambda:us-east-1:123456789012:function:function");
        let config = &answer["config"];
        assert_eq!((&config["function_name"], &config["version"]), (&json!("function"), &json!("$LATEST")));
        assert_eq!((&config["memory"], &config["log_group"]), (&json!(128), &json!("/aws/lambda/function")));
    }
    assert_eq!(running.log().matches("hello from function\n").count(), 2, "{}", running.log());
    // A failed event or a child left behind is no end.
    assert_eq!(told(&running.invoke(br#"{"do":"fail"}"#).payload).1, "told to");
    assert_eq!(running.invoke(br#"{"do":"leave a child"}"#).payload, "\"left\"");
    assert_eq!(running.invoke(br#"{"do":"write to /tmp"}"#).payload, "\"written\"");
    if let Some(rie) = bench.invoke_rie(&event("leave a child")) {
        assert_eq!(rie.body, b"\"left\"");
    }
}

#[test]
fn a_good_function_with_gnus_library() {
    a_good_function_answers(Part::RustFunction);
}

#[test]
fn a_good_function_with_musls_library() {
    a_good_function_answers(Part::RustMuslFunction);
}

/// What is wrong with the file shows before a line of it runs.
#[test]
fn programs_that_do_not_start() {
    let Some(base) = Part::RustFunction.or_skip() else { return };
    let bench = Bench::new(&base);
    let dynamic = std::fs::read(base.join("var/task/dynamic")).unwrap();
    let over = |file: File| Case::of(&[PROGRAM], &[file]);
    let program = |bytes: &[u8], mode| over(File::new("var/task/bootstrap", bytes).mode(mode));
    let cases = [
        ("dynamic, without its loader", program(&dynamic, 0o755), "no such file or directory"),
        ("another machine's", program(&bootstrap(183), 0o755), "exec format error"),
        ("not executable", program(&dynamic, 0o644), "permission denied"),
        ("cut short", program(&dynamic[..40], 0o755), "exec format error"),
    ];
    for (what, case, cause) in &cases {
        let Some(ours) = bench.compare(what, case) else { return };
        let message = format!("RequestId: ID Error: fork/exec {PROGRAM}: {cause}");
        assert_eq!(ours, ("Runtime.InvalidEntrypoint".to_owned(), message), "{what}");
    }

    // With its loader and the C library, but not with the one that unwinds: the loader ends with 127. A shell waits
    // first, as the emulator loses a process that ends at once.
    let (Some(shell), Some(libraries)) = (Part::Busybox.or_skip(), Part::NodeFunction.or_skip()) else { return };
    let mut case = program(&dynamic, 0o755);
    case.command = vec!["/var/task/wait"];
    let wait = "#!/bin/busybox sh\n/bin/busybox sleep 0.2\nexec /var/task/bootstrap\n";
    case.files.push(File::new("var/task/wait", wait).mode(0o755));
    for directory in ["bin/", "lib64/", "usr/", "usr/lib/", "usr/lib/x86_64-linux-gnu/"] {
        case.files.push(File::directory(directory));
    }
    for (to, from) in [
        ("bin/busybox", shell.join("bin/busybox")),
        ("lib64/ld-linux-x86-64.so.2", libraries.join("lib64/ld-linux-x86-64.so.2")),
        ("usr/lib/x86_64-linux-gnu/libc.so.6", libraries.join("usr/lib/x86_64-linux-gnu/libc.so.6")),
    ] {
        case.files.push(File::new(to, std::fs::read(from).unwrap()).mode(0o755));
    }
    let Some(ours) = bench.compare("a library is missing", &case) else { return };
    let message = "RequestId: ID Error: Runtime exited with error: exit status 127";
    assert_eq!(ours, ("Runtime.ExitError".to_owned(), message.to_owned()));
    let log = bench.invoke(&case).unwrap().log;
    let log = String::from_utf8_lossy(&log);
    assert!(log.contains("libgcc_s.so.1: cannot open shared object file"), "{log}");
}

/// Where the emulator is laxer than Lambda or says less, Lambda's documentation counts.
#[test]
fn what_the_emulator_does_not_show() {
    let Some(base) = Part::RustFunction.or_skip() else { return };
    let bench = Bench::new(&base);

    // The emulator panics when a process ends before it has noted its start. On Lambda that is an end as any other.
    let Some(outcome) = bench.invoke(&init("exit at once")) else { return };
    let ended = "RequestId: ID Error: Runtime exited with error: exit status 2";
    assert_eq!(told(&outcome.payload), ("Runtime.ExitError".to_owned(), ended.to_owned()));

    // Documented: files have to be readable by a user who does not own them. The emulator runs as root.
    let mut unreadable = event("read");
    unreadable.files.push(File::new("var/task/secret", "s").mode(0o600));
    let denied = (ERROR.to_owned(), "Permission denied (os error 13)".to_owned());
    assert_eq!(told(&bench.invoke(&unreadable).unwrap().payload), denied);
    if let Some(rie) = bench.invoke_rie(&unreadable) {
        assert_eq!(rie.body, b"\"s\"");
    }

    limits::hold(&bench, event("sleep"), init("sleep"), &event("eat"));
}
