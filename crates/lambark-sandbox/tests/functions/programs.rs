//! Programs without a language's runtime: what starts, what does not, extensions.

use lambark_sandbox::Outcome;
use lambark_testkit::images::{File, bootstrap};
use lambark_testkit::parts::Part;

use crate::bench::{Bench, Case, told};

const SHELL: &str = "#!/bin/busybox sh\n";

/// The emulator loses a process that ends before it has noted its start, and panics; so all of them live a moment.
const A_MOMENT: &str = "/bin/busybox sleep 0.2\n";

/// The Runtime API by hand: a request, its answer on standard output.
const ASK: &str = r#"
api=${AWS_LAMBDA_RUNTIME_API%:*} port=${AWS_LAMBDA_RUNTIME_API#*:}
ask() {
    { printf '%s HTTP/1.1\r\nHost: lambda\r\nConnection: close\r\n%s\r\n' "$1" "$2"; printf '%s' "$3"; } |
        /bin/busybox nc "$api" "$port" | /bin/busybox tr -d '\r'
}
post() { ask "POST $1" "Content-Length: ${#2}
$3" "$2"; }
header() { /bin/busybox sed -n "s/^$1: //p"; }
"#;

/// A runtime loop; `$1` of each line is the body of its handler.
fn runtime(handler: &str) -> String {
    let next = "event=$(ask 'GET /2018-06-01/runtime/invocation/next')\n\
                id=$(printf '%s' \"$event\" | header Lambda-Runtime-Aws-Request-Id)\n";
    format!(
        "{SHELL}{ASK}\nwhile :; do\n{next}{handler}\n\
         post \"/2018-06-01/runtime/invocation/$id/response\" \"$answer\" >/dev/null\ndone\n"
    )
}

fn program(path: &str, text: &str) -> File {
    File::new(path, text).mode(0o755)
}

fn bench() -> Option<Bench> {
    Some(Bench::new(&Part::Busybox.or_skip()?))
}

fn of_bootstrap(file: File) -> Case {
    Case::of(&["/var/task/bootstrap"], &[file])
}

fn answer(outcome: &Outcome) -> String {
    String::from_utf8_lossy(&outcome.payload).into_owned()
}

#[test]
fn a_shell_script_is_a_runtime() {
    let Some(bench) = bench() else { return };
    let script = runtime("echo \"working on $id\"; answer=\"\\\"$_HANDLER in $PWD\\\"\"");
    let mut case = of_bootstrap(program("var/task/bootstrap", &script));
    case.command = vec!["/var/task/bootstrap", "a.handler"];
    let Some(running) = bench.start(&case, |function, _| function.cmd = vec!["a.handler".to_owned()]) else { return };
    for _ in 0..2 {
        let outcome = running.invoke(b"{}");
        assert_eq!(answer(&outcome), "\"a.handler in /var/task\"", "{}", running.log());
    }
    assert_eq!(running.log().matches("working on ").count(), 2);
}

#[test]
fn what_does_not_start_is_called_as_by_the_emulator() {
    let Some(bench) = bench() else { return };
    let script = |text: &str| of_bootstrap(program("var/task/bootstrap", text));
    let elsewhere = |directory: &'static str| Case { working_directory: directory, ..script(&runtime("answer=1")) };
    let cases = [
        ("missing", Case::of(&["/var/task/bootstrap"], &[]), "Runtime.InvalidEntrypoint"),
        ("not executable", of_bootstrap(File::new("var/task/bootstrap", SHELL)), "Runtime.InvalidEntrypoint"),
        ("a directory", of_bootstrap(File::directory("var/task/bootstrap/")), "Runtime.InvalidEntrypoint"),
        (
            "another machine's",
            of_bootstrap(File::new("var/task/bootstrap", bootstrap(183)).mode(0o755)),
            "Runtime.InvalidEntrypoint",
        ),
        ("no first line", script("echo\n"), "Runtime.InvalidEntrypoint"),
        ("its interpreter is missing", script("#!/bin/nothing\n"), "Runtime.InvalidEntrypoint"),
        ("a line end of another system", script("#!/bin/busybox\r\n"), "Runtime.InvalidEntrypoint"),
        ("a name that PATH does not lead to", Case::of(&["nothing", "handler"], &[]), "Runtime.InvalidEntrypoint"),
        ("it ends well", script(&format!("{SHELL}{A_MOMENT}exit 0")), "Runtime.ExitError"),
        ("it ends badly", script(&format!("{SHELL}{A_MOMENT}exit 142")), "Runtime.ExitError"),
        ("a command of it is missing", script(&format!("{SHELL}{A_MOMENT}nothing")), "Runtime.ExitError"),
        ("it is killed", script(&format!("{SHELL}{A_MOMENT}kill -SEGV $$")), "Runtime.ExitError"),
        (
            "it leaves children",
            script(&format!("{SHELL}{A_MOMENT}/bin/busybox sleep 600 & exit 1")),
            "Runtime.ExitError",
        ),
    ];
    for (what, case, error_type) in &cases {
        let Some((ours, _)) = bench.compare(what, case) else { return };
        assert_eq!(ours, *error_type, "{what}");
    }
    // The emulator cannot even be started in such a directory: its own is the function's.
    let outcome = bench.invoke(&elsewhere("/nowhere")).unwrap();
    let missing = "RequestId: ID Error: the working directory doesn't exist: /nowhere";
    assert_eq!(told(&outcome.payload), ("Runtime.InvalidWorkingDir".to_owned(), missing.to_owned()));
    let outcome = bench.invoke(&elsewhere("var/task")).unwrap();
    let relative = "RequestId: ID Error: the working directory 'var/task' is invalid, it needs to be an absolute path";
    assert_eq!(told(&outcome.payload), ("Runtime.InvalidWorkingDir".to_owned(), relative.to_owned()));
}

/// An extension that registers for `events` and then does `work` with each event.
fn extension(events: &str, work: &str) -> String {
    format!(
        "{SHELL}{ASK}\n\
         me=$(post /2020-01-01/extension/register '{{\"events\":{events}}}' \"Lambda-Extension-Name: ${{0##*/}}\n\" | header Lambda-Extension-Identifier)\n\
         while :; do\nevent=$(ask 'GET /2020-01-01/extension/event/next' \"Lambda-Extension-Identifier: $me\n\")\n{work}\ndone\n"
    )
}

#[test]
fn an_extension_wraps_each_event() {
    let Some(bench) = bench() else { return };
    let work = "echo \"extension: $event\" | /bin/busybox grep -o '\"eventType\":\"[A-Z]*\"'\n\
                case $event in *SHUTDOWN*) exit 0;; esac";
    let mut case = of_bootstrap(program("var/task/bootstrap", &runtime("answer=1")));
    case.files.push(program("opt/extensions/watcher", &extension("[\"INVOKE\",\"SHUTDOWN\"]", work)));
    // Lambda starts the files there, and nothing below.
    case.files.extend([File::directory("opt/extensions/lib/"), File::new("opt/extensions/lib/data", "")]);
    let Some(running) = bench.start(&case, |_, _| ()) else { return };
    assert!(running.function.init().failure.is_none(), "{}", running.log());
    assert_eq!(answer(&running.invoke(b"{}")), "1");
    assert_eq!(answer(&running.invoke(b"{}")), "1");
    let log = running.log.clone();
    drop(running);
    let log = String::from_utf8(log.lock().unwrap().clone()).unwrap();
    assert_eq!(log.matches("\"eventType\":\"INVOKE\"").count(), 2, "{log}");
    assert_eq!(log.matches("\"eventType\":\"SHUTDOWN\"").count(), 1, "{log}");
}

/// As AWS's web adapter does it: an extension that asks for events in the runtime's place, and passes each on to the web
/// server that is the image's command.
fn adapter() -> String {
    let next = "event=$(ask 'GET /2018-06-01/runtime/invocation/next')\n\
                id=$(printf '%s' \"$event\" | header Lambda-Runtime-Aws-Request-Id)\n\
                path=$(printf '%s' \"$event\" | /bin/busybox sed -n 's/.*\"path\":\"\\([^\"]*\\)\".*/\\1/p')\n";
    format!(
        "{SHELL}{ASK}\n\
         me=$(post /2020-01-01/extension/register '{{\"events\":[]}}' \"Lambda-Extension-Name: ${{0##*/}}\n\" | header Lambda-Extension-Identifier)\n\
         ask 'GET /2020-01-01/extension/event/next' \"Lambda-Extension-Identifier: $me\n\" >/dev/null &\n\
         until /bin/busybox wget -q -O /dev/null http://127.0.0.1:8080/ready; do /bin/busybox sleep 0.05; done\n\
         while :; do\n{next}answer=$(/bin/busybox wget -q -O - \"http://127.0.0.1:8080$path\" || echo '\"no such page\"')\n\
         post \"/2018-06-01/runtime/invocation/$id/response\" \"$answer\" >/dev/null\ndone\n"
    )
}

#[test]
fn a_web_server_answers_behind_an_adapter() {
    let Some(bench) = bench() else { return };
    let server = &["/bin/busybox", "httpd", "-f", "-p", "127.0.0.1:8080", "-h", "/var/task/www"];
    let files = [
        program("opt/extensions/adapter", &adapter()),
        File::directory("var/task/www/"),
        File::new("var/task/www/ready", ""),
        File::new("var/task/www/page", "\"from the web\""),
    ];
    let case = Case::of(server, &files);
    let Some(running) = bench.start(&case, |_, _| ()) else { return };
    assert!(running.function.init().failure.is_none(), "{}", running.log());
    for (path, page) in [("/page", "\"from the web\""), ("/other", "\"no such page\""), ("/page", "\"from the web\"")] {
        let outcome = running.invoke(format!("{{\"path\":\"{path}\"}}").as_bytes());
        assert_eq!(answer(&outcome), page, "{}", running.log());
    }
    // Its server ends at once, and cannot be started.
    let mut ends = case.clone();
    ends.command = vec!["/var/task/server"];
    ends.files.push(program("var/task/server", &format!("{SHELL}{A_MOMENT}exit 7")));
    let Some((ours, message)) = bench.compare("the web server ends", &ends) else { return };
    assert_eq!((ours.as_str(), message.ends_with("exit status 7")), ("Runtime.ExitError", true), "{message}");
    ends.files.pop();
    let Some((ours, _)) = bench.compare("the web server is missing", &ends) else { return };
    assert_eq!(ours, "Runtime.InvalidEntrypoint");
}

#[test]
fn extensions_that_fail_are_called_as_by_the_emulator() {
    let Some(bench) = bench() else { return };
    // The runtime is still at work when the extension ends.
    let handler = "/bin/busybox sleep 5; answer=1";
    let with = |file: File| {
        let mut case = of_bootstrap(program("var/task/bootstrap", &runtime(handler)));
        case.files.push(file);
        case
    };
    let crash = |text: &str| with(program("opt/extensions/bad", text));
    let cases = [
        ("not executable", with(File::new("opt/extensions/bad", SHELL)), "Extension.LaunchError"),
        ("it ends before it registers", crash(&format!("{SHELL}{A_MOMENT}exit 3")), "Extension.Crash"),
        ("it ends well before it registers", crash(&format!("{SHELL}{A_MOMENT}exit 0")), "Extension.Crash"),
        ("it ends amid an event", crash(&extension("[\"INVOKE\"]", "exit 5")), "Extension.Crash"),
    ];
    for (what, case, error_type) in &cases {
        let Some((ours, _)) = bench.compare(what, case) else { return };
        assert_eq!(ours, *error_type, "{what}");
    }
}

#[test]
fn what_a_function_finds_in_its_environment() {
    let Some(bench) = bench() else { return };
    let handler =
        "answer=$(/bin/busybox env | /bin/busybox sed 's/=.*//' | /bin/busybox sort | /bin/busybox tr '\\n' ' ')";
    let Some(outcome) = bench.invoke(&of_bootstrap(program("var/task/bootstrap", &runtime(handler)))) else { return };
    let answer = answer(&outcome);
    let names: Vec<&str> = answer.split_whitespace().collect();
    for name in [
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
        "AWS_LAMBDA_FUNCTION_NAME",
        "AWS_LAMBDA_FUNCTION_VERSION",
        "AWS_LAMBDA_INITIALIZATION_TYPE",
        "AWS_LAMBDA_LOG_GROUP_NAME",
        "AWS_LAMBDA_LOG_STREAM_NAME",
        "AWS_LAMBDA_RUNTIME_API",
        "AWS_REGION",
        "LAMBDA_TASK_ROOT",
        "PATH",
        "TZ",
    ] {
        assert!(names.contains(&name), "{name} in {answer}");
    }
    // Nothing of this machine's own environment.
    assert!(!names.iter().any(|name| name.starts_with("CARGO")), "{answer}");
}
