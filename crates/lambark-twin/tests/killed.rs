//! `kill -9` in the middle of pushes: what the twin said that it took is there when it starts again.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "tests")]

mod common;

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use bytes::Bytes;
use common::*;
use lambark_oci::media_type::OCI_INDEX;
use lambark_oci::{MediaType, Reference, Target};
use lambark_registry::auth::Fixed;
use lambark_registry::{Client, Options, RetryPolicy};
use lambark_twin::{Settings, Twin};

/// Tells the test's own program that it is to be the twin.
const DATA: &str = "LAMBARK_TEST_TWIN_DATA";

/// What the test says first of all lines that are meant for it.
const MARK: &str = "twin: ";

fn start(data: &Path) -> Twin {
    Twin::start(Settings { data: Some(data.to_owned()), ..Settings::ephemeral() }).unwrap()
}

/// A process that does not outlive its test, however that ends.
struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        // It has ended already when the test went well.
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

/// This very program as a process of its own that is nothing but a twin.
fn spawn(data: &Path) -> (Killed, SocketAddr, String) {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "what_was_taken_survives_kill_9", "--nocapture"]).env(DATA, data);
    let mut child = Killed(command.stdout(Stdio::piped()).spawn().unwrap());
    let lines = BufReader::new(child.0.stdout.take().unwrap()).lines().map(Result::unwrap);
    let line = lines.filter_map(|line| Some(line.split_once(MARK)?.1.to_owned())).next().unwrap();
    let (address, password) = line.split_once(' ').unwrap();
    (child, address.parse().unwrap(), password.to_owned())
}

/// An empty index that differs from every other one.
fn index(number: usize) -> Bytes {
    let annotations = serde_json::json!({ "org.example.number": number.to_string() });
    let body = serde_json::json!({
        "schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [], "annotations": annotations,
    });
    body.to_string().into()
}

fn client(address: SocketAddr, password: String) -> Client {
    let credentials = Arc::new(Fixed::basic(address.to_string(), "AWS".to_owned(), password));
    let retry = RetryPolicy { attempts: 1, ..RetryPolicy::default() };
    Client::new(Options { credentials, retry, ..Options::default() }).unwrap()
}

#[test]
fn what_was_taken_survives_kill_9() {
    if let Some(data) = std::env::var_os(DATA) {
        let twin = start(Path::new(&data));
        create_repository(&twin, "team/app");
        println!("\n{MARK}{} {}", twin.address(), password(&twin));
        loop {
            std::thread::sleep(std::time::Duration::from_secs(3600));
        }
    }
    let place = tempfile::tempdir().unwrap();
    let (child, address, password) = spawn(place.path());
    let repository: Reference = format!("{address}/team/app").parse().unwrap();
    let (taken, killed) = (AtomicUsize::new(0), AtomicBool::new(false));
    std::thread::scope(|scope| {
        for start in [0, 1000, 2000] {
            let (client, repository) = (client(address, password.clone()), &repository);
            let (taken, killed) = (&taken, &killed);
            scope.spawn(move || {
                let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
                for number in start..start + 1000 {
                    let tag = Target::Tag(format!("v{number}"));
                    let kind = MediaType::new(OCI_INDEX);
                    let blob = runtime.block_on(client.upload_bytes(repository, index(number)));
                    let put = runtime.block_on(client.put_manifest(repository, &tag, &kind, index(number)));
                    if blob.is_err() || put.is_err() {
                        assert!(killed.load(Ordering::SeqCst), "{number}: {blob:?} {put:?}");
                        return;
                    }
                    taken.fetch_add(1, Ordering::SeqCst);
                }
                panic!("the twin was never killed");
            });
        }
        while taken.load(Ordering::SeqCst) < 60 {
            std::thread::yield_now();
        }
        killed.store(true, Ordering::SeqCst);
        drop(child);
    });

    let twin = start(place.path());
    let client = client(twin.address(), common::password(&twin));
    let repository: Reference = format!("{}/team/app", twin.address()).parse().unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let mut found = 0;
    for start in [0, 1000, 2000] {
        for number in start..start + 1000 {
            let tag = Target::Tag(format!("v{number}"));
            let Ok(stored) = runtime.block_on(client.manifest(&repository, &tag, None)) else { break };
            assert_eq!(stored.bytes(), &index(number));
            let blob = runtime.block_on(client.blob_bytes(&repository, stored.digest(), None, 1 << 20)).unwrap();
            assert_eq!(blob, index(number));
            found += 1;
        }
    }
    // What was being said when it died may be there or not, one for each who pushed.
    let taken = taken.load(Ordering::SeqCst);
    assert!((taken..=taken + 3).contains(&found), "{taken} were taken, {found} are there");
}
