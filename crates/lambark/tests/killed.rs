//! `kill -9` in the middle of a repair: the tag stands where it stood, and the next run finishes the work.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::process::{Command, Stdio};
use std::time::Duration;

use lambark_oci::{Compression, Family};
use lambark_testkit::images::{Image, good_files};
use lambark_testkit::scripted::{Control, Rule, ScriptedRegistry};

/// How long a request may take to arrive; a machine busy with builds takes seconds.
const PATIENCE: Duration = Duration::from_secs(60);

fn lambark(home: &std::path::Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lambark"));
    command.env_clear().env("HOME", home).stdout(Stdio::null()).stderr(Stdio::null());
    command
}

#[test]
fn a_killed_repair_leaves_the_tag_as_it_was() {
    for (method, path) in [("PATCH", "*"), ("PUT", "*/blobs/uploads/*"), ("PUT", "*/manifests/*")] {
        let registry = ScriptedRegistry::start();
        let store = Image::new(Family::Oci, Compression::Zstd, &good_files()).attested("v1");
        for blob in &store.blobs {
            registry.put_blob("app", blob.clone());
        }
        for (media_type, bytes) in &store.manifests {
            registry.put_manifest("app", None, media_type, bytes.clone());
        }
        registry.move_tag("app", "v1", &store.top().digest);
        let (tell, arrived) = std::sync::mpsc::channel();
        let hook = move |_: &Control| tell.send(()).unwrap();
        registry.rule(Rule::on(method, path).first(hook).hang().times(1));
        let home = tempfile::tempdir().unwrap();
        let image = format!("{}/app:v1", registry.host());

        let mut child = lambark(home.path()).args(["fix", &image]).spawn().unwrap();
        arrived.recv_timeout(PATIENCE).unwrap_or_else(|_| panic!("{method} never came: {:?}", registry.lines()));
        assert!(child.try_wait().unwrap().is_none(), "it ended by itself: {:?}", registry.lines());
        child.kill().unwrap();
        child.wait().unwrap();
        assert_eq!(registry.tagged("app", "v1").as_ref(), Some(&store.top().digest), "{method} {path}");

        let again = lambark(home.path()).args(["fix", &image]).status().unwrap();
        assert_eq!(again.code(), Some(0), "{method} {path}: {:?}", registry.lines());
        assert_ne!(registry.tagged("app", "v1").as_ref(), Some(&store.top().digest));
    }
}
