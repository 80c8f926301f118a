//! Python with AWS's own runtime interface client.

use lambark_testkit::images::{File, bootstrap};
use lambark_testkit::parts::Part;

use serde_json::Value;

use crate::bench::{Bench, Case, told};
use crate::limits;

const PYTHON: &str = "/usr/bin/python3.11";

fn case(code: &str, handler: &'static str) -> Case {
    // Beside the code an extension module for a processor that this machine is not.
    let files = [File::new("var/task/app.py", code), File::new("var/task/other.so", bootstrap(183))];
    Case { env: vec![("PYTHONPATH", "/site")], ..Case::of(&[PYTHON, "-m", "awslambdaric", handler], &files) }
}

/// What is broken, the code, the handler, and what the failure has to be called.
const BROKEN: [(&str, &str, &str, &str); 14] = [
    ("the handler's module is missing", "", "missing.handler", "Runtime.ImportModuleError"),
    ("a module that it imports is missing", "import notthere", "app.handler", "Runtime.ImportModuleError"),
    ("the handler is missing", "", "app.handler", "Runtime.HandlerNotFound"),
    ("the handler's name is malformed", "", "app", "Runtime.MalformedHandlerName"),
    ("the code cannot be parsed", "def handler(:", "app.handler", "Runtime.UserCodeSyntaxError"),
    ("a shared library is missing", "import ctypes; ctypes.CDLL('libnotthere.so')", "app.handler", "OSError"),
    ("a library is another machine's", "import other", "app.handler", "Runtime.ImportModuleError"),
    ("it leaves children in init", "LEAVE; os._exit(5)", "app.handler", "Runtime.ExitError"),
    ("it leaves children and ends", "def handler(e, c):\n LEAVE; os._exit(6)", "app.handler", "Runtime.ExitError"),
    ("it ends during init", "import os; os._exit(3)", "app.handler", "Runtime.ExitError"),
    ("it ends amid an event", "import os\ndef handler(e, c): os._exit(4)", "app.handler", "Runtime.ExitError"),
    ("it is killed", "import os\ndef handler(e, c): os.kill(os.getpid(), 9)", "app.handler", "Runtime.ExitError"),
    ("it raises", "def handler(e, c): raise ValueError('no')", "app.handler", "ValueError"),
    ("its answer is no JSON", "def handler(e, c): return object()", "app.handler", "Runtime.MarshalError"),
];

/// A child that holds the output open.
const LEAVE: &str =
    "import os, subprocess, sys; subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])";

#[test]
fn failures_are_those_of_the_emulator() {
    let Some(base) = Part::PythonFunction.or_skip() else { return };
    let bench = Bench::new(&base);
    for (what, code, handler, error_type) in BROKEN {
        let Some((ours, _)) = bench.compare(what, &case(&code.replace("LEAVE", LEAVE), handler)) else { return };
        assert_eq!(ours, error_type, "{what}");
    }
}

#[test]
fn a_good_function_answers_and_the_context_is_lambdas() {
    let Some(base) = Part::PythonFunction.or_skip() else { return };
    let code = "import os\n\
        def handler(event, context):\n    \
            print('hello from', context.function_name)\n    \
            open('/tmp/file', 'a').write('x')\n    \
            return {'n': event['n'] + 1, 'arn': context.invoked_function_arn, 'left': context.get_remaining_time_in_millis() > 5000,\n            \
                    'memory': context.memory_limit_in_mb, 'times': os.path.getsize('/tmp/file'), 'id': context.aws_request_id}";
    let Some(running) = Bench::new(&base).start(&case(code, "app.handler"), |_, _| ()) else { return };
    assert!(running.function.init().failure.is_none(), "{}", running.log());
    for times in 1..=3 {
        let outcome = running.invoke(b"{\"n\":41}");
        let answer: Value = serde_json::from_slice(&outcome.payload).unwrap();
        assert_eq!(answer["n"], 42);
        assert_eq!(answer["times"], times, "/tmp stays between invocations");
        assert_eq!(answer["id"], outcome.request_id);
        assert_eq!((answer["memory"].as_str(), answer["left"].as_bool()), (Some("128"), Some(true)));
        assert_eq!(answer["arn"], "arn:aws:lambda:us-east-1:123456789012:function:function");
        // Python needs some, and 128 MB are the limit.
        assert!((5..=128).contains(&outcome.max_memory_used_mb.unwrap()), "{:?}", outcome.max_memory_used_mb);
    }
    assert_eq!(running.log().matches("hello from function\n").count(), 3, "{}", running.log());
}

/// Where the emulator is laxer than Lambda or says less, Lambda's documentation counts.
#[test]
fn what_the_emulator_does_not_show() {
    let Some(base) = Part::PythonFunction.or_skip() else { return };
    let bench = Bench::new(&base);

    // Documented: files have to be readable by a user who does not own them. The emulator runs as root.
    let read = "def handler(e, c): return open('secret').read()";
    let mut unreadable = case(read, "app.handler");
    unreadable.files.push(File::new("var/task/secret", "s").mode(0o600));
    let Some(outcome) = bench.invoke(&unreadable) else { return };
    let denied = ("PermissionError".to_owned(), "[Errno 13] Permission denied: 'secret'".to_owned());
    assert_eq!(told(&outcome.payload), denied);
    if let Some(rie) = bench.invoke_rie(&unreadable) {
        assert_eq!(rie.body, b"\"s\"");
    }

    let slow = case("import time\ndef handler(e, c): time.sleep(60)", "app.handler");
    let hangs = case("import time; time.sleep(60)", "app.handler");
    let hungry = case("def handler(e, c): return len(bytearray(b'x') * 300_000_000)", "app.handler");
    limits::hold(&bench, slow, hangs, &hungry);
}

#[test]
fn a_write_outside_tmp_and_a_response_of_seven_megabytes() {
    let Some(base) = Part::PythonFunction.or_skip() else { return };
    let bench = Bench::new(&base);
    let write = case("def handler(e, c): open('/var/task/new', 'w')", "app.handler");
    let Some((error_type, message)) = bench.compare("a write outside /tmp", &write) else { return };
    assert_eq!(
        (error_type.as_str(), message.as_str()),
        ("OSError", "[Errno 30] Read-only file system: '/var/task/new'")
    );
    let large = case("def handler(e, c): return 'x' * 7_000_000", "app.handler");
    let Some((error_type, _)) = bench.compare("seven megabytes", &large) else { return };
    assert_eq!(error_type, "Function.ResponseSizeTooLarge");
}
