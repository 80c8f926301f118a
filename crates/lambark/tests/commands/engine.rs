//! `lambark run` where the kernel lets nobody make a sandbox, and by a container engine.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use lambark_oci::{Compression, Family};
use lambark_testkit::images::{File, Image, Layer};
use lambark_testkit::parts::{Dockerd, Part, Podman, skip};
use serde_json::{Value, json};

use crate::support::User;

/// A user in whose `PATH` only that daemon's `docker` is.
fn user(daemon: &Dockerd) -> User {
    let directory = User::at_root();
    let bin = directory.path("bin");
    std::fs::create_dir(&bin).unwrap();
    let variables: String =
        daemon.environment().iter().map(|(name, value)| format!("export {name}='{value}'\n")).collect();
    let docker = Path::new(&bin).join("docker");
    let real = daemon.programs().join("docker");
    std::fs::write(&docker, format!("#!/bin/sh\n{variables}exec '{}' \"$@\"\n", real.display())).unwrap();
    std::fs::set_permissions(&docker, std::fs::Permissions::from_mode(0o755)).unwrap();
    directory.with("PATH", &bin)
}

/// A user in whose `PATH` only that Podman is.
fn podman_user(podman: &Podman) -> User {
    User::at_root().with("PATH", &format!("{}:/usr/bin:/bin", podman.programs().display()))
}

/// The same command in a user namespace in which there can be no further ones.
fn refused(command: &Command) -> Command {
    let mut all = Command::new("/usr/bin/unshare");
    let script = "echo 0 > /proc/sys/user/max_user_namespaces; exec \"$0\" \"$@\"";
    all.args(["-Urm", "/bin/sh", "-ec", script]).arg(command.get_program()).args(command.get_args());
    all.env_clear().envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
    all.current_dir(command.get_current_dir().unwrap());
    all
}

/// What `run` said, without what is another each time.
fn report(mut command: Command) -> (Option<i32>, Value) {
    let output = command.output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    let mut report: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {told}"));
    let id = report["requestId"].as_str().unwrap().to_owned();
    for name in ["initDurationMs", "durationMs", "billedDurationMs", "maxMemoryUsedMb", "requestId", "engine"] {
        assert!(report.as_object_mut().unwrap().remove(name).is_some(), "{name}: {report}");
    }
    let text = report.to_string().replace(&id, "ID");
    let mut report: Value = serde_json::from_str(&text).unwrap();
    // Durations stand in the log as well.
    let log: String = report["logTail"].as_str().unwrap().chars().filter(|c| !c.is_ascii_digit()).collect();
    report["logTail"] = log.split("Max Memory Used").next().unwrap_or_default().into();
    (output.status.code(), report)
}

/// Images of one program each: what is broken, and its files.
fn images(user: &User) -> Vec<(&'static str, String)> {
    let task = [File::directory("var/"), File::directory("var/task/")];
    let script = |mode: u32, text: &str| {
        let mut files = task.to_vec();
        files.push(File::new("var/task/bootstrap", text).mode(mode));
        files
    };
    let cases = [
        ("missing", task.to_vec()),
        ("not-executable", script(0o644, "#!/bin/sh\n")),
        ("no-interpreter", script(0o755, "#!/bin/nothing\n")),
        ("no-program", script(0o755, "echo\n")),
    ];
    let store = |(what, files): (&'static str, Vec<File>)| {
        let image = Image::new(Family::Oci, Compression::Gzip, &files);
        image.store("t").write_layout(Path::new(&user.path(what)));
        (what, format!("oci:{}:t", user.path(what)))
    };
    cases.into_iter().map(store).collect()
}

/// Each kind of image is reported alike by lambark's own sandbox and by the engine.
fn reported_alike(user: &User, engine: &str) {
    let mut cases = images(user);
    cases.push(("good", "examples/attested.tar".to_owned()));
    for (what, image) in &cases {
        let run = |maker: &str| {
            report(user.command(&["run", "--quiet", "--format", "json", "--sandbox", maker, image.as_str()]))
        };
        assert_eq!(run("native"), run("engine"), "{engine}: {what}");
    }
    let run = ["run", "--quiet", "--format", "json", "--sandbox", "engine", "examples/attested.tar"];
    let output = user.command(&run).output().unwrap();
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["engine"], engine);
}

#[test]
fn docker_gives_the_same_report() {
    let Some(daemon) = Dockerd::start(&[]) else { return };
    reported_alike(&user(&daemon), "docker");
}

#[test]
fn podman_gives_the_same_report() {
    let Some(podman) = Podman::new() else { return };
    reported_alike(&podman_user(&podman), "podman");
}

/// What an engine runs where this program is none for Linux, or needs libraries: one built for musl.
pub(crate) fn companion() -> Option<String> {
    let path = std::env::var("LAMBARK_TEST_COMPANION").ok();
    if path.is_none() {
        skip("no companion was built: `cargo xtask test` does");
    }
    path
}

#[test]
fn a_companion_gives_the_same_report() {
    let Some(companion) = companion() else { return };
    let Some(daemon) = Dockerd::start(&[]) else { return };
    let user = user(&daemon);
    let other = user.with("LAMBARK_COMPANION", &companion);
    let image = "examples/attested.tar";
    let run = ["run", "--quiet", "--format", "json", "--sandbox", "engine", image];
    let native = report(other.command(&["run", "--quiet", "--format", "json", "--sandbox", "native", image]));
    assert_eq!(native, report(other.command(&run)));
    let images = daemon.docker().args(["images", "--quiet", "localhost/lambark-run"]).output().unwrap();
    let image = String::from_utf8(images.stdout).unwrap();
    // It is what ran there, and nothing beside it.
    let docker = |arguments: &[&str]| daemon.docker().args(arguments).output().unwrap();
    let made = docker(&["create", image.trim()]);
    let container = String::from_utf8(made.stdout).unwrap();
    let copied = docker(&["cp", &format!("{}:/.lambark", container.trim()), &other.path("inside")]);
    assert!(copied.status.success(), "{copied:?}");
    let inside: Vec<_> =
        std::fs::read_dir(other.path("inside")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(inside, ["lambark"]);
    assert!(
        std::fs::read(Path::new(&other.path("inside")).join("lambark")).unwrap() == std::fs::read(&companion).unwrap()
    );

    for (wrong, reason) in
        [("/nowhere/lambark", "No such file"), ("/bin/sh", "it needs libraries: build it for linux-musl")]
    {
        let output = other.command(&[&run[..], &["--companion", wrong]].concat()).output().unwrap();
        let told = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(3), "{told}");
        assert!(told.contains(&format!("{wrong} cannot be the lambark that runs in containers: {reason}")), "{told}");
        assert!(told.contains("--companion"), "{told}");
    }
}

/// An image of Python, AWS's client and this code.
fn python(user: &User, base: &Path, name: &str, code: &str) -> String {
    let tar = Command::new("tar").arg("-C").arg(base).args(["-cf", "-", "."]).output().unwrap();
    assert!(tar.status.success());
    let files = [File::directory("var/"), File::directory("var/task/"), File::new("var/task/app.py", code)];
    let layers = vec![
        Layer::of_tar(Family::Oci, Compression::Gzip, &tar.stdout),
        Layer::new(Family::Oci, Compression::Gzip, &files),
    ];
    let mut image = Image::of_layers(Family::Oci, layers);
    image.config["config"] = json!({
        "Entrypoint": ["/usr/bin/python3.11", "-m", "awslambdaric"],
        "Cmd": ["app.handler"],
        "WorkingDir": "/var/task",
        "Env": ["PYTHONPATH=/site"],
    });
    image.store("t").write_layout(Path::new(&user.path(name)));
    format!("oci:{}:t", user.path(name))
}

#[test]
fn python_gets_the_same_report_from_docker() {
    let Some(base) = Part::PythonFunction.or_skip() else { return };
    let Some(daemon) = Dockerd::start(&[]) else { return };
    python_is_reported_alike(&user(&daemon), &base);
}

#[test]
fn python_gets_the_same_report_from_podman() {
    let Some(base) = Part::PythonFunction.or_skip() else { return };
    let Some(podman) = Podman::new() else { return };
    python_is_reported_alike(&podman_user(&podman), &base);
}

fn python_is_reported_alike(user: &User, base: &Path) {
    // What has no limit of its own to reach gets enough for a machine that does much else.
    let cases = [
        ("module", "60", "import notthere", "Runtime.ImportModuleError"),
        ("timeout", "1", "import time\ndef handler(e, c): time.sleep(60)", "Sandbox.Timedout"),
        ("write", "60", "def handler(e, c): open('/var/task/new', 'w')", "OSError"),
        ("memory", "60", "def handler(e, c): return len(bytearray(b'x') * 300_000_000)", "Runtime.ExitError"),
        ("large", "60", "def handler(e, c): return 'x' * 7_000_000", "Function.ResponseSizeTooLarge"),
    ];
    for (what, timeout, code, error_type) in cases {
        let image = python(user, base, what, code);
        let run = |maker: &str| {
            let arguments = ["run", "--quiet", "--format", "json", "--timeout", timeout, "--sandbox", maker, &image];
            report(user.command(&arguments))
        };
        let native = run("native");
        assert_eq!(native.1["error"]["type"], error_type, "{what}: {native:?}");
        assert_eq!(native, run("engine"), "{what}");
    }
}

#[test]
fn what_is_large_comes_through_whole() {
    let Some(base) = Part::PythonFunction.or_skip() else { return };
    let Some(daemon) = Dockerd::start(&[]) else { return };
    let user = user(&daemon);
    let code = "def handler(e, c):\n for i in range(200_000): print(i)\n return e";
    let image = python(&user, &base, "large", code);
    let event = format!("\"{}\"", "x".repeat(5_900_000));
    std::fs::write(user.path("event.json"), &event).unwrap();
    for maker in ["native", "engine"] {
        let event_file = user.path("event.json");
        let run = ["run", "--quiet", "--timeout", "120", "--memory", "512", "--event", &event_file, "--sandbox", maker];
        let output = user.command(&[&run[..], &[image.as_str()]].concat()).output().unwrap();
        let log = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(0), "{maker}: {}", &log[log.len().saturating_sub(2000)..]);
        assert!(output.stdout == format!("{event}\n").as_bytes(), "{maker}: {} bytes", output.stdout.len());
        let printed = log.lines().filter_map(|line| line.parse::<u32>().ok());
        assert!(printed.eq(0..200_000), "{maker}: every line, in order");
    }
}

#[test]
fn a_refusal_is_named_and_an_engine_takes_over() {
    let Some(daemon) = Dockerd::start(&[]) else { return };
    let user = user(&daemon);
    let run = |more: &[&str]| refused(&user.command(&[&["run", "--quiet", "examples/attested.tar"], more].concat()));
    let output = run(&["--sandbox", "native"]).output().unwrap();
    let told = String::from_utf8(output.stderr).unwrap();
    if !told.contains("max_user_namespaces") && told.contains("unshare") {
        return skip(&format!("no user namespace here: {told}"));
    }
    assert_eq!(output.status.code(), Some(3), "{told}");
    assert!(told.contains("user.max_user_namespaces = 0 forbids it"), "{told}");
    assert!(told.contains("sudo sysctl user.max_user_namespaces=10000"), "{told}");

    let output = run(&[]).output().unwrap();
    let told = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(0), "{told}");
    assert_eq!(output.stdout, b"\"aboard AWS Lambda!\"\n");
    let note: Vec<&str> = told.split("\nnote: ").nth(1).unwrap().split_whitespace().collect();
    let note = note.join(" ");
    assert!(note.starts_with("it ran in a container of docker, for this machine does not let root make"), "{note}");
    assert!(note.contains("user.max_user_namespaces = 0"), "{note}");

    // Without an engine there is only the reason.
    let alone = User::at_root().with("PATH", "/nowhere");
    let output = refused(&alone.command(&["run", "--quiet", "examples/attested.tar"])).output().unwrap();
    let told = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(3), "{told}");
    assert!(told.contains("or install docker, podman or finch"), "{told}");
    let output = alone.command(&["run", "--quiet", "--sandbox", "engine", "examples/attested.tar"]).output().unwrap();
    assert!(String::from_utf8_lossy(&output.stderr).contains("no docker, podman or finch answers here"));
}
