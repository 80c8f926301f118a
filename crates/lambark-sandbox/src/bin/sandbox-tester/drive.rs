//! The outside.
#![expect(clippy::print_stdout, reason = "its output is what tests look at")]

use std::io::{Read, Write};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use lambark_images::{Access, Silent};
use lambark_oci::config::RunConfig;
use lambark_oci::{Architecture, ImageName};
use lambark_sandbox::function::LogSink;
use lambark_sandbox::{
    Command, Companion, Engine, Exit, Function, FunctionSettings, Image, Invocation, LayerCache, Network, RootFs,
    Sandbox, Settings,
};
use serde_json::{Value, json};

/// Starts what standard input describes, in order, and prints how each ended.
pub(crate) fn drive() {
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text).expect("standard input is text");
    let order: Value = serde_json::from_str(&text).expect("standard input is JSON");
    let outcome = match run(&order) {
        Ok(outcome) => outcome,
        Err(error) => json!({ "error": error.to_string() }),
    };
    println!("{outcome}");
}

fn run(order: &Value) -> Result<Value, lambark_sandbox::Error> {
    let text = |name: &str| order[name].as_str().unwrap_or_default();
    let access = Access::new(true, || unreachable!("tests reach no registry"));
    let name = ImageName::parse(text("image"), |path| Path::new(path).exists()).expect("an image name");
    let source = lambark_images::open(&name, &access)?;
    let image = Image::of(&*source, Architecture::X86_64)?;
    let limit = order["cache_bytes"].as_u64().unwrap_or(u64::MAX);
    let cache = LayerCache::open(Path::new(text("cache")), limit)?;
    if let Some(program) = order["engine"].as_str() {
        let engine = Engine::at(program.into());
        let image = engine.load(&*source, &image, &Companion::installed()?, &Silent)?;
        return Ok(functions(order, |function, log| {
            Function::start_in_engine(&engine, &image, settings(order), function, log)
        }));
    }
    if order["functions"] == true {
        let root = RootFs::prepare(&*source, &image, &cache, &Silent)?;
        return Ok(functions(order, |function, log| Function::start(root.clone(), settings(order), function, log)));
    }
    let mut root = RootFs::prepare(&*source, &image, &cache, &Silent)?;
    if order["flat"] == true {
        root = root.flat()?;
    }
    if order["update"] == true {
        let program = std::env::current_exe().expect("a path");
        std::fs::remove_file(&program).expect("its own copy");
        std::fs::write(&program, "another version").expect("its own copy");
    }
    let key = order["key"] == true && super::acts::keep_key();
    let began = std::time::Instant::now();
    let sandbox = Sandbox::start(&root, &settings(order))?;
    let mut outcome = play(order, &sandbox, began.elapsed());
    (outcome["flat"], outcome["key"]) = (root.is_flat().into(), key.into());
    Ok(outcome)
}

fn settings(order: &Value) -> Settings {
    Settings {
        tmp_bytes: order["tmp_bytes"].as_u64().unwrap_or(64 << 20),
        memory_bytes: order["memory_bytes"].as_u64(),
        network: if order["network"] == "host" { Network::Host } else { Network::None },
        ..Settings::default()
    }
}

/// Runs the programs in the sandbox, and ends it.
fn play(order: &Value, sandbox: &Sandbox, started: Duration) -> Value {
    let address = sandbox.api_address().expect("an address").to_string();
    std::thread::spawn({
        let listener = sandbox.listener().expect("a listener");
        move || greet(&listener)
    });
    let programs = order["programs"].as_array().expect("programs").iter();
    let ran: Vec<Value> = programs.map(|program| start(sandbox, program)).collect();
    let peak = sandbox.peak_memory();
    sandbox.kill();
    json!({
        "address": address, "peak": peak, "ran": ran,
        "start_microseconds": u64::try_from(started.as_micros()).unwrap_or(u64::MAX),
    })
}

/// Starts each program as a function's runtime. None is one, so all inits fail; some are invoked nevertheless.
fn functions(
    order: &Value,
    start: impl Fn(FunctionSettings, LogSink) -> Result<Function, lambark_sandbox::FunctionError>,
) -> Value {
    let programs = order["programs"].as_array().expect("programs").iter();
    let ran = programs.map(|program| {
        let command = command(program);
        let mut settings = FunctionSettings::of_image(&RunConfig::default());
        settings.entrypoint = std::iter::once(command.program).chain(command.args).collect();
        (settings.env, settings.working_dir) = (command.env, command.working_directory);
        settings.init_limit = Duration::from_millis(program["init_milliseconds"].as_u64().unwrap_or(60_000));
        let log = Arc::new(Mutex::new(Vec::new()));
        let sink = Arc::clone(&log);
        let sink = Box::new(move |bytes: &[u8]| sink.lock().expect("no panic").extend_from_slice(bytes));
        let function = match start(settings, sink) {
            Ok(function) => function,
            Err(error) => return json!({ "error": error.to_string() }),
        };
        let failure = function.init().failure.as_ref();
        let failure = failure.map(|failure| format!("{}: {}", failure.error_type(), failure.message()));
        let outcome = (program["invoke"] == true).then(|| function.invoke(Invocation::default()).expect("an outcome"));
        drop(function);
        let log = String::from_utf8_lossy(&log.lock().expect("no panic")).into_owned();
        // Lambda's own lines tell of durations.
        let printed: Vec<&str> = log.lines().filter(|line| !line.starts_with("INIT_REPORT")).collect();
        json!({
            "failure": failure,
            "log": if outcome.is_none() { printed.join("\n") } else { String::new() },
            "invoked": outcome.as_ref().and_then(|outcome| Some(outcome.failure.as_ref()?.message())),
            "memory": outcome.and_then(|outcome| outcome.max_memory_used_mb),
        })
    });
    let ran: Vec<Value> = ran.collect();
    json!({ "ran": ran })
}

/// Answers everybody who connects with a word.
fn greet(listener: &std::net::TcpListener) {
    listener.set_nonblocking(false).expect("a listener may block");
    while let Ok((mut peer, _)) = listener.accept() {
        let _ = peer.write_all(b"hello from outside");
    }
}

fn command(program: &Value) -> Command {
    let strings = |name: &str| -> Vec<String> {
        let list = program[name].as_array().into_iter().flatten();
        list.map(|text| text.as_str().expect("a string").to_owned()).collect()
    };
    Command {
        program: program["program"].as_str().unwrap_or("/bin/tester").to_owned(),
        args: strings("args"),
        env: strings("env").iter().filter_map(|pair| pair.split_once('=')).map(|(a, b)| (a.into(), b.into())).collect(),
        working_directory: program["working_directory"].as_str().unwrap_or("/").to_owned(),
    }
}

fn start(sandbox: &Sandbox, program: &Value) -> Value {
    let mut process = match sandbox.spawn(&command(program)) {
        Ok(process) => process,
        Err(error) => return json!({ "failure": format!("{error:?}") }),
    };
    if program["kill_after_milliseconds"].is_u64() {
        std::thread::sleep(Duration::from_millis(program["kill_after_milliseconds"].as_u64().unwrap_or(0)));
        sandbox.kill_processes().expect("the sandbox lives");
    }
    let mut stderr = process.stderr;
    let reader = std::thread::spawn(move || {
        let mut text = String::new();
        let _ = stderr.read_to_string(&mut text);
        text
    });
    let mut stdout = vec![0; 4096];
    if program["kill_after_output"] == true {
        let read = process.stdout.read(&mut stdout).expect("a pipe");
        stdout.truncate(read);
        sandbox.kill_processes().expect("the sandbox lives");
    } else {
        stdout.clear();
    }
    let _ = process.stdout.read_to_end(&mut stdout);
    let stdout = String::from_utf8_lossy(&stdout);
    let exit = match process.waiter.wait() {
        Exit::OutOfMemory => "out of memory".to_owned(),
        other => other.to_string(),
    };
    json!({ "exit": exit, "stdout": stdout, "stderr": reader.join().unwrap_or_default() })
}
