//! The driver over plain processes of this machine: this test program, started anew, plays the runtime and the
//! extensions.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Command as Process, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use lambark_oci::config::RunConfig;
use rustix::process::{Pid, Signal, kill_process_group};

use super::house::{House, Started};
use super::*;
use crate::outcome::{Invocation, Outcome};
use crate::{Command, Exit, SpawnError};

/// What the child that is this test program plays.
const PART: &str = "LAMBARK_TEST_PART";

/// Programs of this machine, without any isolation.
struct Bare {
    listener: TcpListener,
    extensions: Vec<&'static str>,
    groups: Mutex<Vec<Pid>>,
    broken: Mutex<Option<String>>,
}

impl House for Bare {
    fn listener(&self) -> std::io::Result<TcpListener> {
        self.listener.try_clone()
    }

    fn api_address(&self) -> std::io::Result<String> {
        Ok(self.listener.local_addr()?.to_string())
    }

    fn extensions(&self) -> Vec<String> {
        self.extensions.iter().map(|name| (*name).to_owned()).collect()
    }

    fn spawn(&self, command: &Command) -> Result<Started, SpawnError> {
        if command.program.contains("break-down") {
            *self.broken.lock().unwrap() = Some("a bug: no page".to_owned());
            return Err(SpawnError::Ended);
        }
        if command.program.contains("missing") {
            return Err(SpawnError::NotFound);
        }
        let mut process = Process::new(std::env::current_exe().unwrap());
        process.args(["--exact", "function::tests::the_child", "--nocapture", "--test-threads=1"]);
        process.env_clear().envs(command.env.iter().cloned()).env(PART, command.program.trim_start_matches("/opt/"));
        process.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0);
        let mut child = process.spawn().unwrap();
        let group = Pid::from_child(&child);
        self.groups.lock().unwrap().push(group);
        let stdout = std::os::fd::OwnedFd::from(child.stdout.take().unwrap());
        let stderr = std::os::fd::OwnedFd::from(child.stderr.take().unwrap());
        let wait = move || {
            let status = child.wait().unwrap();
            status.code().map_or_else(|| Exit::Signal(status.signal().unwrap()), Exit::Code)
        };
        let terminate = Box::new(move || _ = rustix::process::kill_process(group, Signal::TERM));
        Ok(Started { stdout: stdout.into(), stderr: stderr.into(), wait: Box::new(wait), terminate })
    }

    fn peak_memory(&self) -> Option<u64> {
        Some(30 * 1024 * 1024 + 1)
    }

    fn failure(&self) -> Option<String> {
        self.broken.lock().unwrap().clone()
    }

    fn kill_processes(&self) {
        for group in self.groups.lock().unwrap().drain(..) {
            let _ = kill_process_group(group, Signal::KILL);
        }
    }
}

/// A function that runs, and its log.
struct Running {
    function: Function,
    log: Arc<Mutex<Vec<u8>>>,
}

impl Running {
    fn start(part: &str, extensions: &[&'static str], change: impl FnOnce(&mut FunctionSettings)) -> Running {
        let config = RunConfig { entrypoint: vec![part.to_owned()], ..RunConfig::default() };
        let mut settings = FunctionSettings::of_image(&config);
        settings.timeout = Duration::from_secs(20);
        change(&mut settings);
        let log = Arc::new(Mutex::new(Vec::new()));
        let sink = Arc::clone(&log);
        let extensions = extensions.to_vec();
        let build = || {
            let listener = TcpListener::bind("127.0.0.1:0")?;
            Ok(Bare { listener, extensions, groups: Mutex::default(), broken: Mutex::default() })
        };
        let sink: LogSink = Box::new(move |bytes| sink.lock().unwrap().extend_from_slice(bytes));
        Running { function: Function::start_in(build, settings, sink).unwrap(), log }
    }

    fn plain(part: &str) -> Running {
        Running::start(part, &[], |_| ())
    }

    fn invoke(&self, event: &'static str) -> Outcome {
        let invocation = Invocation {
            payload: event.into(),
            request_id: Some("the-id".to_owned()),
            client_context: Some("{\"custom\":1}".to_owned()),
        };
        self.function.invoke(invocation).unwrap()
    }

    fn log(&self) -> String {
        String::from_utf8(self.log.lock().unwrap().clone()).unwrap()
    }
}

fn payload(outcome: &Outcome) -> String {
    String::from_utf8(outcome.payload.to_vec()).unwrap()
}

#[test]
fn a_good_function_answers_again_and_again() {
    let running = Running::plain("echo");
    assert!(running.function.init().failure.is_none());
    let first = running.invoke("{\"n\":1}");
    assert_eq!(payload(&first), "echo of {\"n\":1}");
    assert_eq!((first.function_error(), first.max_memory_used_mb), (None, Some(31)));
    let init = first.init_duration.unwrap();
    assert!(first.billed_ms >= u64::try_from(init.as_millis()).unwrap(), "the init of an image is charged for");
    let second = running.invoke("{\"n\":2}");
    assert_eq!((payload(&second).as_str(), second.init_duration), ("echo of {\"n\":2}", None));
    let log = String::from_utf8(second.log).unwrap();
    let lines: Vec<&str> = log.lines().collect();
    assert_eq!(lines[..3], ["START RequestId: the-id Version: $LATEST", "working", "END RequestId: the-id"]);
    assert!(lines[3].starts_with("REPORT RequestId: the-id\tDuration: "), "{log}");
}

#[test]
fn the_runtime_is_told_everything() {
    let outcome = Running::plain("tell").invoke("{}");
    let told = payload(&outcome);
    for expected in [
        "lambda-runtime-aws-request-id: the-id",
        "lambda-runtime-invoked-function-arn: arn:aws:lambda:us-east-1:123456789012:function:function",
        "lambda-runtime-trace-id: root=1-",
        "lambda-runtime-client-context: {\"custom\":1}",
        "lambda-runtime-deadline-ms: 1",
        "content-type: application/json",
    ] {
        assert!(told.contains(expected), "{expected} in {told}");
    }
}

#[test]
fn what_a_handler_raises_is_passed_on_and_the_environment_stays() {
    let running = Running::plain("raise");
    running.invoke("1");
    let outcome = running.invoke("2");
    assert_eq!(outcome.function_error(), Some("Unhandled"));
    assert_eq!(payload(&outcome), r#"{"errorMessage":"no","errorType":"ValueError"}"#);
    assert!(outcome.init_duration.is_none());
    assert!(!running.log().contains("Status: error"), "{}", running.log());
}

#[test]
fn a_house_that_breaks_down_is_no_fault_of_the_function() {
    let config = RunConfig { entrypoint: vec!["break-down".to_owned()], ..RunConfig::default() };
    let build = || {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        Ok(Bare { listener, extensions: Vec::new(), groups: Mutex::default(), broken: Mutex::default() })
    };
    let started = Function::start_in(build, FunctionSettings::of_image(&config), Box::new(|_| ()));
    let error = started.err().unwrap().to_string();
    assert_eq!(error, "the function's environment cannot be served: a bug: no page");
}

#[test]
fn an_init_that_fails_is_tried_again_at_each_invocation() {
    let running = Running::plain("init-error");
    assert_eq!(running.function.init().failure.as_ref().unwrap().error_type(), "Runtime.ImportModuleError");
    for _ in 0..2 {
        let outcome = running.invoke("{}");
        assert_eq!(payload(&outcome), r#"{"errorMessage":"no app","errorType":"Runtime.ImportModuleError"}"#);
    }
    let log = running.log();
    assert_eq!(log.matches("\tPhase: init\tStatus: error\tError Type: Runtime.ImportModuleError").count(), 1, "{log}");
    assert_eq!(
        log.matches("\tPhase: invoke\tStatus: error\tError Type: Runtime.ImportModuleError").count(),
        2,
        "{log}"
    );
}

#[test]
fn an_early_exit_and_a_missing_program_have_lambdas_words() {
    let outcome = Running::plain("exit-127").invoke("{}");
    let message = "RequestId: the-id Error: Runtime exited with error: exit status 127";
    assert_eq!(payload(&outcome), format!(r#"{{"errorType":"Runtime.ExitError","errorMessage":"{message}"}}"#));

    let running = Running::plain("/missing");
    let outcome = running.invoke("{}");
    let message = "RequestId: the-id Error: fork/exec /missing: no such file or directory";
    assert_eq!(payload(&outcome), format!(r#"{{"errorType":"Runtime.InvalidEntrypoint","errorMessage":"{message}"}}"#));
    let line = "IMAGE\tLaunch error: fork/exec /missing: no such file or directory\tEntrypoint: [/missing]\tCmd: []\t";
    assert!(running.log().contains(line), "{}", running.log());
}

#[test]
fn an_exit_amid_an_event_ends_the_environment_and_the_next_event_finds_a_new_one() {
    let running = Running::plain("exit-at-event");
    let outcome = running.invoke("{}");
    assert_eq!(outcome.failure.as_ref().unwrap().message(), "Runtime exited with error: exit status 3");
    assert!(
        running
            .log()
            .contains("RequestId: the-id Error: Runtime exited with error: exit status 3\nRuntime.ExitError\n")
    );
    assert_eq!(running.invoke("{}").failure, outcome.failure);
}

#[test]
fn an_init_over_its_limit_gets_the_functions_timeout_at_the_first_event() {
    let limits = |settings: &mut FunctionSettings| {
        settings.init_limit = Duration::from_millis(300);
        settings.timeout = Duration::from_millis(700);
    };
    let running = Running::start("hang-in-init", &[], limits);
    let log = String::from_utf8(running.function.init().log.clone()).unwrap();
    assert!(log.contains("INIT_REPORT Init Duration: 300.00 ms\tPhase: init\tStatus: timeout\n"), "{log}");
    let outcome = running.invoke("{}");
    let message = "RequestId: the-id Error: Task timed out after 0.70 seconds";
    assert_eq!(payload(&outcome), format!(r#"{{"errorType":"Sandbox.Timedout","errorMessage":"{message}"}}"#));
    assert_eq!(outcome.billed_ms, 700);
    let log = String::from_utf8(outcome.log).unwrap();
    assert!(log.contains("ms\tPhase: invoke\tStatus: timeout\n"), "{log}");
    assert!(log.contains(" the-id Task timed out after 0.70 seconds\n"), "{log}");
    assert!(log.ends_with("Status: timeout\n"), "{log}");
}

#[test]
fn a_timeout_ends_the_children_too() {
    let limit = |settings: &mut FunctionSettings| settings.timeout = Duration::from_secs(2);
    let running = Running::start("child-then-hang", &[], limit);
    let outcome = running.invoke("{}");
    assert_eq!(outcome.failure.as_ref().unwrap().error_type(), "Sandbox.Timedout");
    let log = running.log();
    let child = log.lines().find_map(|line| line.strip_prefix("child ")).unwrap_or_else(|| panic!("{log}"));
    let ended = || {
        let stat = std::fs::read_to_string(format!("/proc/{child}/stat")).unwrap_or_default();
        stat.is_empty() || stat.contains(") Z ")
    };
    let tries = (0..2000).take_while(|_| !ended()).inspect(|_| std::thread::sleep(Duration::from_millis(5)));
    assert!(tries.count() < 2000, "the child runs on");
}

#[test]
fn seven_megabytes_are_too_much_and_six_are_not() {
    let running = Running::plain("big");
    let outcome = running.invoke("7000000");
    assert_eq!(
        payload(&outcome),
        r#"{"errorType":"Function.ResponseSizeTooLarge","errorMessage":"Response payload size exceeded maximum allowed payload size (6291556 bytes)."}"#
    );
    assert_eq!(running.invoke("6291556").payload.len(), 6_291_556);
    let event = Invocation { payload: vec![b' '; 6 * 1024 * 1024 + 1].into(), ..Invocation::default() };
    assert!(matches!(running.function.invoke(event), Err(FunctionError::EventTooLarge(_))));
}

#[test]
fn a_streamed_response_may_break_off() {
    let outcome = Running::plain("stream").invoke("whole");
    assert_eq!(payload(&outcome), "part one, part two");
    let outcome = Running::plain("stream").invoke("broken");
    assert_eq!(
        (payload(&outcome).as_str(), outcome.function_error()),
        ("{\"errorMessage\":\"late\"}", Some("Unhandled"))
    );
}

#[test]
fn an_extension_hears_of_events_and_of_the_end() {
    let running = Running::start("echo", &["listener"], |_| ());
    assert!(running.function.init().failure.is_none());
    assert_eq!(payload(&running.invoke("1")), "echo of 1");
    let Running { function, log } = running;
    drop(function);
    let log = String::from_utf8(log.lock().unwrap().clone()).unwrap();
    assert!(log.contains("telemetry 202") && log.contains("heard INVOKE the-id"), "{log}");
    assert!(log.contains("heard SHUTDOWN spindown"), "{log}");
}

#[test]
fn extensions_that_cannot_start_or_do_not_register_fail_the_init() {
    let outcome = Running::start("echo", &["missing"], |_| ()).invoke("1");
    assert_eq!(
        outcome.failure.unwrap(),
        crate::Failure::fault("Extension.LaunchError", "fork/exec /opt/extensions/missing: no such file or directory")
    );
    let outcome = Running::start("echo", &["exit-4"], |_| ()).invoke("1");
    assert_eq!(outcome.failure.unwrap(), crate::Failure::fault("Extension.Crash", "exit status 4"));
}

/// Not a test of its own: what the tests above start.
#[test]
fn the_child() {
    let Ok(part) = std::env::var(PART) else { return };
    let status = play(part.trim_start_matches("extensions/"), &std::env::var("AWS_LAMBDA_RUNTIME_API").unwrap());
    std::process::exit(status);
}

fn play(part: &str, api: &str) -> i32 {
    if let Some(status) = part.strip_prefix("exit-").and_then(|status| status.parse().ok()) {
        return status;
    }
    match part {
        "listener" => return listener(api),
        "hang-in-init" => hang(),
        "init-error" => {
            let document = r#"{"errorMessage":"no app","errorType":"Runtime.ImportModuleError"}"#;
            let headers = "Lambda-Runtime-Function-Error-Type: Runtime.ImportModuleError\r\n";
            ask(api, "POST /2018-06-01/runtime/init/error", headers, document.as_bytes());
            return 1;
        }
        _ => {}
    }
    loop {
        let (head, event) = ask(api, "GET /2018-06-01/runtime/invocation/next", "", b"");
        say("working");
        let id = head.lines().find_map(|line| line.strip_prefix("lambda-runtime-aws-request-id: ")).unwrap();
        let path = |end: &str| format!("POST /2018-06-01/runtime/invocation/{id}/{end}");
        let event = String::from_utf8(event).unwrap();
        match part {
            "echo" => ask(api, &path("response"), "", format!("echo of {event}").as_bytes()),
            "tell" => ask(api, &path("response"), "", head.as_bytes()),
            "big" => ask(api, &path("response"), "", &vec![b'x'; event.parse().unwrap()]),
            "raise" => ask(
                api,
                &path("error"),
                "Lambda-Runtime-Function-Error-Type: Unhandled\r\n",
                br#"{"errorMessage":"no","errorType":"ValueError"}"#,
            ),
            "stream" => stream(api, &path("response"), event == "broken"),
            "child-then-hang" => {
                #[expect(clippy::zombie_processes, reason = "it is left behind on purpose")]
                let child = Process::new("sleep").env("PATH", "/usr/bin:/bin").arg("600").spawn().unwrap();
                say(&format!("child {}", child.id()));
                hang()
            }
            _ => return 3,
        };
    }
}

/// Far longer than any limit of these tests.
fn hang() -> ! {
    std::thread::sleep(Duration::from_secs(600));
    std::process::exit(9)
}

fn listener(api: &str) -> i32 {
    let (head, _) = ask(
        api,
        "POST /2020-01-01/extension/register",
        "Lambda-Extension-Name: listener\r\n",
        br#"{"events":["INVOKE","SHUTDOWN"]}"#,
    );
    let id = head.lines().find_map(|line| line.strip_prefix("lambda-extension-identifier: ")).unwrap();
    let (head, _) = ask(api, "PUT /2022-07-01/telemetry", "", b"{}");
    say(&format!("telemetry {}", &head[9..12]));
    loop {
        let headers = format!("Lambda-Extension-Identifier: {id}\r\n");
        let (_, event) = ask(api, "GET /2020-01-01/extension/event/next", &headers, b"");
        let event: serde_json::Value = serde_json::from_slice(&event).unwrap();
        let word = |name: &str| event[name].as_str().unwrap_or_default().to_owned();
        say(&format!("heard {} {}{}", word("eventType"), word("requestId"), word("shutdownReason")));
        if word("eventType") == "SHUTDOWN" {
            return 0;
        }
    }
}

#[expect(clippy::print_stdout, reason = "this is a program under test")]
fn say(line: &str) {
    println!("{line}");
}

/// One request on a connection of its own; the answer's head in lower case, and its body.
fn ask(api: &str, line: &str, headers: &str, body: &[u8]) -> (String, Vec<u8>) {
    let mut stream = TcpStream::connect(api).unwrap();
    let length = body.len();
    let head =
        format!("{line} HTTP/1.1\r\nHost: {api}\r\nConnection: close\r\nContent-Length: {length}\r\n{headers}\r\n");
    stream.write_all(head.as_bytes()).unwrap();
    stream.write_all(body).unwrap();
    read_answer(stream)
}

fn stream(api: &str, line: &str, broken: bool) -> (String, Vec<u8>) {
    let mut stream = TcpStream::connect(api).unwrap();
    let head = "Connection: close\r\nTransfer-Encoding: chunked\r\n\
                Lambda-Runtime-Function-Response-Mode: streaming\r\n\
                Trailer: Lambda-Runtime-Function-Error-Type, Lambda-Runtime-Function-Error-Body\r\n";
    let end = match broken {
        false => "0\r\n\r\n",
        true => {
            "0\r\nLambda-Runtime-Function-Error-Type: Unhandled\r\n\
             Lambda-Runtime-Function-Error-Body: eyJlcnJvck1lc3NhZ2UiOiJsYXRlIn0=\r\n\r\n"
        }
    };
    write!(stream, "{line} HTTP/1.1\r\nHost: {api}\r\n{head}\r\n9\r\npart one,\r\n9\r\n part two\r\n{end}").unwrap();
    read_answer(stream)
}

fn read_answer(stream: TcpStream) -> (String, Vec<u8>) {
    let mut reader = BufReader::new(stream);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        assert!(reader.read_line(&mut head).unwrap() > 0, "no answer: {head}");
    }
    let mut body = Vec::new();
    reader.read_to_end(&mut body).unwrap();
    (head.to_lowercase().replace("\r\n", "\n"), body)
}
