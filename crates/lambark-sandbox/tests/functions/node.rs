//! Node with AWS's own runtime interface client, and its native half.

use lambark_testkit::images::{File, bootstrap};
use lambark_testkit::parts::Part;

use serde_json::Value;

use crate::bench::{Bench, Case, told};
use crate::limits;

const CLIENT: &str = "/var/task/node_modules/aws-lambda-ric/index.mjs";
const NATIVE: &str = "var/task/node_modules/aws-lambda-ric/rapid-client.node";
const NODE: &str = "/usr/bin/node";

fn of(handler: &'static str, files: &[File]) -> Case {
    Case { handler: Some(handler), ..Case::of(&[NODE, CLIENT], files) }
}

/// A CommonJS module.
fn common(code: &str) -> Case {
    of("app.handler", &[File::new("var/task/app.js", code)])
}

/// An ES module.
fn module(code: &str) -> Case {
    of("app.handler", &[File::new("var/task/app.mjs", code)])
}

/// What is broken in the code of a CommonJS module, the code, and what the failure has to be called.
const BROKEN: [(&str, &str, &str); 20] = [
    ("a module that it requires is missing", "require('notthere')", "Runtime.ImportModuleError"),
    ("the handler is missing", "exports.other = async () => 1", "Runtime.HandlerNotFound"),
    ("the handler is no function", "exports.handler = 1", "Runtime.HandlerNotFound"),
    ("the handler wants a callback", "exports.handler = (e, c, callback) => 1", "Runtime.CallbackHandlerDeprecated"),
    ("the code cannot be parsed", "exports.handler = async () => {", "Runtime.UserCodeSyntaxError"),
    ("it throws in init", "throw new RangeError('no')", "RangeError"),
    ("it ends during init", "process.exit(3)", "Runtime.ExitError"),
    ("it leaves children in init", "LEAVE; process.exit(5)", "Runtime.ExitError"),
    ("a promise fails in init", "Promise.reject(new Error('no')); SPIN", "Runtime.ExitError"),
    ("it ends amid an event", "exports.handler = async () => process.exit(4)", "Runtime.ExitError"),
    ("it is killed", "exports.handler = async () => process.kill(process.pid, 9)", "Runtime.ExitError"),
    ("it leaves children and ends", "exports.handler = async () => { LEAVE; process.exit(6) }", "Runtime.ExitError"),
    ("it throws", "exports.handler = () => { throw new TypeError('no') }", "TypeError"),
    (
        "it throws when nobody listens",
        "exports.handler = () => new Promise(() => setTimeout(() => { throw 1 }, 50))",
        "Runtime.ExitError",
    ),
    ("it aborts", "exports.handler = async () => process.abort()", "Runtime.ExitError"),
    (
        "its error's name is no word",
        "exports.handler = async () => { throw Object.assign(new Error('\\x7f ä'), { name: 'My Error' }) }",
        "My Error",
    ),
    ("its promise fails", "exports.handler = async () => { await null; throw new RangeError('no') }", "RangeError"),
    ("it throws a text", "exports.handler = async () => { throw 'no' }", "string"),
    ("its answer is no JSON", "exports.handler = async () => ({ n: 1n })", "Runtime.JSONStringifyError"),
    ("a library of it is another machine's", "require('./other.node')", "Error"),
];

/// A child that holds the output open, and a module whose loading waits for what was begun before.
const LEAVE: &str = "require('child_process').spawn(process.execPath, ['-e', 'setTimeout(() => 0, 600000)'], \
                     { detached: true, stdio: 'inherit' })";
const SPIN: &str = "exports.handler = async () => new Promise(() => setTimeout(() => 0, 600000))";

#[test]
fn failures_are_those_of_the_emulator() {
    let Some(base) = Part::NodeFunction.or_skip() else { return };
    let bench = Bench::new(&base);
    for (what, code, error_type) in BROKEN {
        let mut case = common(&code.replace("LEAVE", LEAVE).replace("SPIN", SPIN));
        case.files.push(File::new("var/task/other.node", bootstrap(183)));
        let Some((ours, _)) = bench.compare(what, &case) else { return };
        assert_eq!(ours, error_type, "{what}");
    }
}

#[test]
fn failures_of_files_and_names_are_those_of_the_emulator() {
    let Some(base) = Part::NodeFunction.or_skip() else { return };
    let bench = Bench::new(&base);
    let cases = [
        ("the handler's module is missing", of("missing.handler", &[]), "Runtime.ImportModuleError"),
        ("the handler's name is malformed", of("app", &[]), "Runtime.MalformedHandlerName"),
        ("the handler's name leads out", of("../app.handler", &[]), "Runtime.MalformedHandlerName"),
        (
            // The client knows only what `require` throws.
            "a module that it imports is missing",
            module("import 'notthere'; export const handler = async () => 1"),
            "Error",
        ),
        (
            "an ES module cannot be parsed",
            module("export const handler = async () => {"),
            "Runtime.UserCodeSyntaxError",
        ),
        ("an ES module throws while it loads", module("await null; throw new RangeError('no')"), "RangeError"),
        (
            "the client's native half is another machine's",
            of("app.handler", &[File::new(NATIVE, bootstrap(183))]),
            "Runtime.ExitError",
        ),
        ("the client's native half is text", of("app.handler", &[File::new(NATIVE, "text")]), "Runtime.ExitError"),
        (
            "Node is another machine's",
            of("app.handler", &[File::new("usr/bin/node", bootstrap(183)).mode(0o755)]),
            "Runtime.InvalidEntrypoint",
        ),
        (
            "Node is not executable",
            of("app.handler", &[File::new("usr/bin/node", "").mode(0o644)]),
            "Runtime.InvalidEntrypoint",
        ),
        (
            "the client is not where the command looks",
            Case { handler: Some("app.handler"), ..Case::of(&[NODE, "/client/index.mjs"], &[]) },
            "Runtime.ExitError",
        ),
    ];
    for (what, case, error_type) in &cases {
        let Some((ours, _)) = bench.compare(what, case) else { return };
        assert_eq!(ours, *error_type, "{what}");
    }
    // The loader misses a library of Node's own. A shell waits first, as the emulator loses a process that ends at once.
    let Some(shell) = Part::Busybox.or_skip() else { return };
    let busybox = std::fs::read(shell.join("bin/busybox")).unwrap();
    let wait = format!("#!/usr/bin/busybox sh\n/usr/bin/busybox sleep 0.2\nexec {NODE} {CLIENT}\n");
    let files = [
        File::new("usr/bin/busybox", busybox).mode(0o755),
        File::new("usr/lib/x86_64-linux-gnu/libstdc++.so.6", "cut short"),
        File::new("var/task/wait", wait).mode(0o755),
    ];
    let case = Case { handler: Some("app.handler"), ..Case::of(&["/var/task/wait"], &files) };
    let Some(ours) = bench.compare("a library of Node's own is missing", &case) else { return };
    let message = "RequestId: ID Error: Runtime exited with error: exit status 127";
    assert_eq!(ours, ("Runtime.ExitError".to_owned(), message.to_owned()));
}

#[test]
fn a_good_function_answers_and_the_context_is_lambdas() {
    let Some(base) = Part::NodeFunction.or_skip() else { return };
    let body = "async (event, context) => {\n\
        console.log('hello from', context.functionName);\n\
        fs.appendFileSync('/tmp/file', 'x');\n\
        return { n: event.n + 1, arn: context.invokedFunctionArn, left: context.getRemainingTimeInMillis() > 5000,\n\
            memory: context.memoryLimitInMB, times: fs.statSync('/tmp/file').size, id: context.awsRequestId };\n\
        };\n";
    let bench = Bench::new(&base);
    let common = common(&format!("const fs = require('fs');\nexports.handler = {body}"));
    let module = module(&format!("import fs from 'node:fs';\nexport const handler = {body}"));
    for case in [common, module] {
        let Some(running) = bench.start(&case, |_, _| ()) else { return };
        assert!(running.function.init().failure.is_none(), "{}", running.log());
        for times in 1..=2 {
            let outcome = running.invoke(b"{\"n\":41}");
            let answer: Value = serde_json::from_slice(&outcome.payload).unwrap();
            assert_eq!(answer["n"], 42, "{}", running.log());
            assert_eq!(answer["times"], times, "/tmp stays between invocations");
            assert_eq!(answer["id"], outcome.request_id);
            assert_eq!((answer["memory"].as_str(), answer["left"].as_bool()), (Some("128"), Some(true)));
            assert_eq!(answer["arn"], "arn:aws:lambda:us-east-1:123456789012:function:function");
        }
        assert_eq!(running.log().matches("hello from function\n").count(), 2, "{}", running.log());
    }
}

#[test]
fn a_write_outside_tmp_and_a_response_of_seven_megabytes() {
    let Some(base) = Part::NodeFunction.or_skip() else { return };
    let bench = Bench::new(&base);
    let write = common("exports.handler = async () => require('fs').writeFileSync('/var/task/new', '')");
    let Some(ours) = bench.compare("a write outside /tmp", &write) else { return };
    let words = "EROFS: read-only file system, open '/var/task/new'";
    assert_eq!(ours, ("Error".to_owned(), words.to_owned()));
    let large = common("exports.handler = async () => 'x'.repeat(7_000_000)");
    let Some((error_type, _)) = bench.compare("seven megabytes", &large) else { return };
    assert_eq!(error_type, "Function.ResponseSizeTooLarge");
}

/// Where the emulator is laxer than Lambda or says less, Lambda's documentation counts.
#[test]
fn what_the_emulator_does_not_show() {
    let Some(base) = Part::NodeFunction.or_skip() else { return };
    let bench = Bench::new(&base);
    let good = "exports.handler = async () => 'good'";

    // Documented: files have to be readable by a user who does not own them. The emulator runs as root.
    let closed = of("app.handler", &[File::new("var/task/app.js", good).mode(0o600)]);
    let Some(outcome) = bench.invoke(&closed) else { return };
    let denied = ("Error".to_owned(), "EACCES: permission denied, open '/var/task/app.js'".to_owned());
    assert_eq!(told(&outcome.payload), denied);
    let mut native = common(good);
    let bytes = std::fs::read(base.join(NATIVE)).unwrap();
    native.files.push(File::new(NATIVE, bytes).mode(0o600));
    let exited = "RequestId: ID Error: Runtime exited with error: exit status 1";
    let exited = ("Runtime.ExitError".to_owned(), exited.to_owned());
    assert_eq!(told(&bench.invoke(&native).unwrap().payload), exited);
    for case in [&closed, &native] {
        if let Some(rie) = bench.invoke_rie(case) {
            assert_eq!(rie.body, b"\"good\"", "{}", rie.log);
        }
    }

    let slow = common("exports.handler = () => new Promise(() => setTimeout(() => 0, 600000))");
    let hungry = common("exports.handler = async () => Buffer.alloc(300_000_000, 1).length");
    limits::hold(&bench, slow, common("while (true);"), &hungry);
}

#[test]
fn a_response_that_is_streamed() {
    let Some(base) = Part::NodeFunction.or_skip() else { return };
    let bench = Bench::new(&base);
    let streamed = |work: &str| {
        common(&format!("exports.handler = awslambda.streamifyResponse(async (event, stream) => {{ {work} }})"))
    };
    let good = streamed("stream.write('\"in '); stream.write('three '); stream.end('pieces\"')");
    let Some(outcome) = bench.invoke(&good) else { return };
    assert_eq!(outcome.payload, "\"in three pieces\"");
    let Some(rie) = bench.invoke_rie(&good) else { return };
    assert_eq!(rie.body, outcome.payload);

    let wait = "await new Promise(done => setTimeout(done, 200))";
    for (what, work, error_type) in [
        ("it ends amid its response", format!("stream.write('part'); {wait}; process.exit(7)"), "Runtime.ExitError"),
        ("seven megabytes", "stream.end('x'.repeat(7_000_000))".to_owned(), "Function.ResponseSizeTooLarge"),
    ] {
        let Some((ours, _)) = bench.compare(what, &streamed(&work)) else { return };
        assert_eq!(ours, error_type, "{what}");
    }

    // Documented: a runtime that fails amid its response says so in trailers, and Lambda tells it as the function's
    // error. The emulator passes on what came before, as if that were all.
    for (before, seen) in [("stream.write('part')", "part"), ("", "")] {
        let broken = streamed(&format!("{before}; throw new RangeError('no')"));
        let outcome = bench.invoke(&broken).unwrap();
        assert_eq!(told(&outcome.payload), ("RangeError".to_owned(), "no".to_owned()));
        if let Some(rie) = bench.invoke_rie(&broken) {
            assert_eq!(String::from_utf8_lossy(&rie.body), seen);
        }
    }
}
