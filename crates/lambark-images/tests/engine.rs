//! `engine:NAME`: from real Docker daemons with both kinds of store, and from engines that misbehave.
#![allow(clippy::unwrap_used, reason = "tests")]

mod common;

use std::io::{Read, Write};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use common::{Fixing, access, files, name, rules};
use lambark_images::engine::{Engine, Environment};
use lambark_images::{Access, Error, Kind, Recall, Silent, Source, gather, open};
use lambark_rules::{Judgement, Verdict, judge};
use lambark_testkit::images::bootstrap;
use lambark_testkit::parts::{DockerRegistry, Dockerd, Flavour, Store};

fn at(socket: &Path) -> Access {
    let host = format!("unix://{}", socket.display());
    access().with_engine(Engine::new(Environment { docker_host: Some(host), ..Environment::default() }))
}

fn judged(image: &str, access: &Access) -> Judgement {
    judge(&gather(&*open(&name(image), access).unwrap(), &files(), Recall::Nothing, &Silent).unwrap())
}

fn run(command: &mut Command) {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}

fn context(directory: &Path) {
    std::fs::write(directory.join("bootstrap"), bootstrap(62)).unwrap();
    let dockerfile = "FROM scratch\nCOPY --chmod=755 bootstrap /var/task/bootstrap\nWORKDIR /var/task\n\
                      ENTRYPOINT [\"/var/task/bootstrap\"]\n";
    std::fs::write(directory.join("Dockerfile"), dockerfile).unwrap();
}

#[test]
fn the_store_of_manifests_tells_what_a_push_would_send() {
    let Some(daemon) = Dockerd::start_with(Store::Containerd, &[]) else { return };
    let directory = tempfile::tempdir().unwrap();
    context(directory.path());
    let build = |arguments: &[&str]| {
        run(daemon.docker().args(["buildx", "build", "--quiet"]).args(arguments).arg(directory.path()));
    };
    build(&["--load", "-t", "app:v1"]);
    build(&["--load", "--provenance=false", "-t", "app:good"]);
    let access = at(&daemon.socket());
    assert_eq!(rules(&judged("engine:app:v1", &access)), ["image-index"]);
    assert_eq!(judged("engine:app:good", &access).verdict, Verdict::Accepted);

    // Mended on its way out; back into its place it cannot go.
    let Some(registry) = DockerRegistry::start(Flavour::Plain) else { return };
    let target = name(&format!("{}/app:v1", registry.host()));
    let done = Fixing::new().fix_with(&name("engine:app:v1"), Some(&target), &access).unwrap();
    assert_eq!(done.applied.unwrap().referrers.len(), 1, "the attestation stays beside the image");
    assert_eq!(judged(&target.to_string(), &access).verdict, Verdict::Accepted);
    let refused = Fixing::new().fix_with(&name("engine:app:v1"), None, &access).unwrap_err();
    let Error::Refused { instead: Some(instead), .. } = refused else { panic!("{refused}") };
    assert!(instead.starts_with("lambark fix engine:app:v1 --to docker-archive:app-v1.tar"), "{instead}");

    let missing = open(&name("engine:other"), &access).err().unwrap();
    assert_eq!(missing.kind(), Kind::NotFound, "{missing}");
    assert!(
        missing.to_string().ends_with("holds no image other; it holds what `docker images` or `podman images` lists")
    );
}

#[test]
fn a_store_without_manifests_tells_nothing_of_them_and_docker_loads_what_was_mended() {
    let Some(daemon) = Dockerd::start_with(Store::Overlay2, &[]) else { return };
    let directory = tempfile::tempdir().unwrap();
    context(directory.path());
    run(daemon.docker().args(["build", "--quiet", "-t", "app:v1"]).arg(directory.path()));
    let access = at(&daemon.socket());
    let judgement = judged("engine:app:v1", &access);
    assert_eq!((judgement.verdict, rules(&judgement)), (Verdict::Incomplete, vec![]));

    let archive = directory.path().join("out.tar");
    let target = name(&format!("docker-archive:{}:mended:v1", archive.display()));
    Fixing::new().fix_with(&name("engine:app:v1"), Some(&target), &access).unwrap();
    assert_eq!(judged(&target.to_string(), &access).verdict, Verdict::Accepted);
    run(daemon.docker().args(["load", "--input"]).arg(&archive));
    run(daemon.docker().args(["image", "inspect", "mended:v1"]));
    if let Some(other) = Dockerd::start_with(Store::Containerd, &[]) {
        run(other.docker().args(["load", "--input"]).arg(&archive));
        run(other.docker().args(["image", "inspect", "mended:v1"]));
        assert_eq!(judged("engine:mended:v1", &at(&other.socket())).verdict, Verdict::Accepted);
    }
}

/// An engine that answers each path as it is told, then hangs up.
struct Scripted {
    directory: tempfile::TempDir,
}

impl Scripted {
    fn start(export: &'static [u8]) -> Scripted {
        Scripted::answering(move |path, out| {
            let answer: &[u8] = match path {
                "/_ping" => b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nOK",
                "/images/app/json" => b"HTTP/1.1 200 OK\r\ncontent-length: 13\r\n\r\n{\"Id\":\"xxxx\"}",
                _ => export,
            };
            let _ = out.write_all(answer);
        })
    }

    fn answering(answer: impl Fn(&str, &mut dyn Write) + Send + 'static) -> Scripted {
        let directory = tempfile::Builder::new().prefix("engine-").tempdir().unwrap();
        let listener = UnixListener::bind(directory.path().join("s")).unwrap();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let mut request = Vec::new();
                let mut byte = [0];
                while !request.ends_with(b"\r\n\r\n") && stream.read(&mut byte).unwrap_or(0) == 1 {
                    request.push(byte[0]);
                }
                let request = String::from_utf8_lossy(&request).into_owned();
                answer(request.split(' ').nth(1).unwrap_or_default(), &mut stream);
            }
        });
        Scripted { directory }
    }

    fn socket(&self) -> PathBuf {
        self.directory.path().join("s")
    }

    fn fails(&self) -> String {
        let error = open(&name("engine:app"), &at(&self.socket())).err().unwrap();
        error.to_string().replace(&self.socket().display().to_string(), "SOCKET")
    }
}

#[test]
fn an_engine_that_breaks_off_is_no_image() {
    let cut = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\nabcd\r\n9\r\nab";
    let told = Scripted::start(cut).fails();
    assert!(told.starts_with("the engine at SOCKET broke off after ") && told.contains("bytes of the image"), "{told}");
    let short = b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabcd";
    assert!(Scripted::start(short).fails().starts_with("the engine at SOCKET broke off after 4 bytes"));
    // Without a length nobody can tell that it was cut, except the archive's own form.
    let silent = b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\nabcd";
    assert_eq!(Scripted::start(silent).fails(), "engine:app is no image: it is no tar, or a broken one");
    assert_eq!(
        Scripted::start(b"").fails(),
        "the engine at SOCKET could not be asked: connection closed before message completed"
    );
}

#[test]
fn an_engine_s_own_words_are_told() {
    let failing =
        b"HTTP/1.1 500 Internal Server Error\r\ncontent-length: 33\r\n\r\n{\"message\":\"no space\\u001b left\"}";
    assert_eq!(
        Scripted::start(failing).fails(),
        "the engine at SOCKET answers 500 Internal Server Error: no space left"
    );
    let gone = b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n";
    assert!(Scripted::start(gone).fails().starts_with("the engine at SOCKET holds no image app; it holds what "));
    let moved = b"HTTP/1.1 301 Moved\r\nlocation: /x\r\ncontent-length: 0\r\n\r\n";
    assert!(Scripted::start(moved).fails().starts_with("the engine at SOCKET answers 301"));
}

#[test]
fn an_answer_without_end_is_cut_off() {
    let endless = |head: &'static [u8]| {
        move |out: &mut dyn Write| {
            let _ = out.write_all(head);
            while out.write_all(&[b' '; 65536]).is_ok() {}
        }
    };
    let archive = Scripted::answering(move |path, out| match path {
        "/_ping" => drop(out.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")),
        "/images/app/json" => drop(out.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 13\r\n\r\n{\"Id\":\"xxxx\"}")),
        _ => endless(b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n")(out),
    });
    let host = Some(format!("unix://{}", archive.socket().display()));
    let engine = Engine::new(Environment { docker_host: host, ..Environment::default() }).with_limit(1_000_000);
    let source: Result<Arc<dyn Source>, Error> = open(&name("engine:app"), &access().with_engine(engine));
    let told = source.err().unwrap().to_string();
    assert!(told.ends_with("sends more than the 1000000 bytes that are taken of one image"), "{told}");
    let inspect = Scripted::answering(move |path, out| match path {
        "/_ping" => drop(out.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")),
        _ => endless(b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n")(out),
    });
    assert_eq!(inspect.fails(), "the engine at SOCKET broke off telling what the image is");
}

#[test]
fn every_place_that_was_looked_at_is_named() {
    let directory = tempfile::tempdir().unwrap();
    let nowhere = directory.path().join("nowhere.sock");
    let error = open(&name("engine:app"), &at(&nowhere)).err().unwrap();
    assert_eq!(error.to_string(), format!("no container engine answers; looked at {} (not there)", nowhere.display()));
    drop(UnixListener::bind(&nowhere).unwrap());
    let error = open(&name("engine:app"), &at(&nowhere)).err().unwrap();
    assert!(error.to_string().ends_with("(nobody listens)"), "{error}");
    let error = open(&name("engine:app"), &access()).err().unwrap();
    assert_eq!(error.kind(), Kind::NotFound);
}
