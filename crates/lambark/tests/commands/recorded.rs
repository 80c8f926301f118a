//! What verbs that move a tag leave in the ledger, and that nothing is sent which cannot be recorded.

use std::process::Stdio;
use std::time::Duration;

use lambark_oci::{Compression, Digest, Family};
use lambark_testkit::images::{Image, good_files};
use lambark_testkit::scripted::{Control, Rule, ScriptedRegistry};
use serde_json::Value;

use crate::support::{User, image, json, seed};

/// How long a request may take to arrive; a machine busy with builds takes seconds.
const PATIENCE: Duration = Duration::from_secs(60);

/// The entries, oldest first.
fn entries(user: &User, ledger: &[&str]) -> Vec<Value> {
    let list = [&["record", "list", "--format", "json"], ledger].concat();
    json(user, &list)["entries"].as_array().unwrap().clone()
}

/// Verb, outcome, and which entry it ends.
fn told(entries: &[Value]) -> Vec<(&str, &str, Option<u64>)> {
    entries
        .iter()
        .map(|entry| (entry["verb"].as_str().unwrap(), entry["outcome"].as_str().unwrap(), entry["of"].as_u64()))
        .collect()
}

/// A registry with an attested index under `v1`, and the digests of the index and of the image in it.
fn attested() -> (ScriptedRegistry, Digest, Digest) {
    let registry = ScriptedRegistry::start();
    seed(&registry, &Image::good(Family::Oci).attested("v1"));
    let index = registry.tagged("app", "v1").unwrap();
    (registry, index, Digest::of(&Image::good(Family::Oci).manifest_bytes()))
}

#[test]
fn a_repair_and_its_undo_are_entries() {
    let (registry, index, child) = attested();
    let user = User::new().with("LAMBARK_TICKET", "OPS-7");
    let name = image(&registry, "v1");
    assert!(
        user.run(&["fix", &name, "--reason", "Lambda refused it", "--approved-by", "lead"]).starts_with("exit code: 0")
    );
    assert!(user.run(&["fix", &name, "--undo"]).starts_with("exit code: 0"));
    let entries = entries(&user, &[]);
    let expected = [
        ("fix", "intended", None),
        ("fix", "succeeded", Some(1)),
        ("fix --undo", "intended", None),
        ("fix --undo", "succeeded", Some(3)),
    ];
    assert_eq!(told(&entries), expected);
    for entry in &entries {
        let place = (entry["repository"].as_str().unwrap(), entry["tag"].as_str().unwrap());
        assert_eq!(place, (format!("{}/app", registry.host()).as_str(), "v1"));
        assert_eq!((&entry["ticket"], &entry["who"]["kind"]), (&"OPS-7".into(), &"local".into()));
    }
    let (fixed, undone) = (&entries[1], &entries[3]);
    assert_eq!((&fixed["digestBefore"], &fixed["digestAfter"]), (&index.as_str().into(), &child.as_str().into()));
    assert_eq!((&fixed["reason"], &fixed["approvedBy"]), (&"Lambda refused it".into(), &"lead".into()));
    assert_eq!((&fixed["verdict"], &fixed["rules"]), (&"rejected".into(), &env!("CARGO_PKG_VERSION").into()));
    assert_eq!(fixed["attestations"].as_array().unwrap().len(), 1, "{fixed}");
    assert!(fixed["facts"]["steps"].as_str().unwrap().starts_with("take the image out of the index"), "{fixed}");
    assert_eq!((&undone["digestBefore"], &undone["digestAfter"]), (&child.as_str().into(), &index.as_str().into()));
    assert!(user.run(&["record", "verify"]).contains("the chain holds"));
}

#[test]
fn a_push_is_an_entry_with_what_the_pipeline_says() {
    let registry = ScriptedRegistry::start();
    let user = User::at_root().with("GITHUB_ACTIONS", "true").with("GITHUB_ACTOR", "octo").with("GITHUB_SHA", "abc");
    let target = image(&registry, "v1");
    assert!(user.run(&["push", "examples/attested.tar", &target]).starts_with("exit code: 0"));
    let first = entries(&user, &[]);
    assert_eq!(told(&first), [("push", "intended", None), ("push", "succeeded", Some(1))]);
    let after = registry.tagged("app", "v1").unwrap();
    assert_eq!((&first[1]["digestBefore"], &first[1]["digestAfter"]), (&Value::Null, &after.as_str().into()));
    assert_eq!(first[1]["facts"]["from"], "examples/attested.tar");
    assert_eq!((&first[1]["who"]["kind"], &first[1]["commit"]), (&"github".into(), &"abc".into()));
    // What is there already changes nothing and leaves no entry; another image names what it replaced.
    user.run(&["push", "examples/attested.tar", &target]);
    assert_eq!(entries(&user, &[]).len(), 2);
    let layout = user.path("layout");
    Image::good(Family::Docker).store("v2").write_layout(std::path::Path::new(&layout));
    assert!(user.run(&["push", &format!("oci:{layout}"), &target]).starts_with("exit code: 0"));
    let all = entries(&user, &[]);
    assert_eq!((all.len(), &all[3]["digestBefore"]), (4, &after.as_str().into()));
}

#[test]
fn what_changes_nothing_or_no_registry_leaves_no_ledger() {
    let (registry, ..) = attested();
    let user = User::at_root();
    let ledger = std::path::PathBuf::from(user.path(".local/state/lambark/ledger.db"));
    let local = format!("oci:{}:v1", user.path("fixed"));
    user.run(&["fix", &image(&registry, "v1"), "--plan"]);
    user.run(&["push", "examples/attested.tar", &image(&registry, "v2"), "--plan"]);
    assert!(user.run(&["fix", "examples/attested.tar", "--to", &local]).starts_with("exit code: 0"));
    let good = ScriptedRegistry::start();
    seed(&good, &Image::good(Family::Docker).store("v1"));
    assert!(user.run(&["fix", &image(&good, "v1")]).starts_with("exit code: 0"));
    assert!(!ledger.exists());
    assert_eq!((registry.mutations(), good.mutations()), (0, 0));
}

#[test]
fn what_failed_says_so_and_what_was_killed_stays_intended() {
    let (registry, index, child) = attested();
    let user = User::new();
    let name = image(&registry, "v1");
    registry.rule(Rule::on("PUT", "*/manifests/v1").error(403, "DENIED", "not yours").times(1));
    assert!(user.run(&["fix", &name]).starts_with("exit code: 3"));
    let (tell, arrived) = std::sync::mpsc::channel();
    let hook = move |_: &Control| tell.send(()).unwrap();
    registry.rule(Rule::on("PUT", "*/manifests/v1").first(hook).hang().times(1));
    let mut killed = user.command(&["fix", &name]);
    let mut killed = killed.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    arrived.recv_timeout(PATIENCE).unwrap_or_else(|_| panic!("it never came: {:?}", registry.lines()));
    killed.kill().unwrap();
    killed.wait().unwrap();
    let left = entries(&user, &[]);
    assert_eq!(told(&left), [("fix", "intended", None), ("fix", "failed", Some(1)), ("fix", "intended", None)]);
    assert!(left[1]["detail"].as_str().unwrap().contains("not yours"), "{}", left[1]);
    let digests = (&left[2]["digestBefore"], &left[2]["digestAfter"]);
    assert_eq!(digests, (&index.as_str().into(), &child.as_str().into()));
    assert_eq!(registry.tagged("app", "v1").unwrap(), index);
    // The next one does it, and has entries of its own; the fourth is of the look.
    assert!(user.run(&["fix", &name]).starts_with("exit code: 0"));
    assert_eq!(told(&entries(&user, &[]))[4], ("fix", "succeeded", Some(5)));
}

#[test]
fn an_artifact_holds_the_entries_of_a_runner() {
    let (registry, ..) = attested();
    let user = User::at_root();
    let file = user.path("ledger.jsonl");
    let ledger = ["--ledger", "none", "--ledger-artifact", file.as_str()];
    user.run(&[&["fix", &image(&registry, "v1")], &ledger[..]].concat());
    user.run(&[&["push", "examples/attested.tar", &image(&registry, "v2")], &ledger[..]].concat());
    let kept = entries(&user, &ledger);
    let verbs: Vec<&str> = told(&kept).into_iter().map(|(verb, ..)| verb).collect();
    assert_eq!(verbs, ["fix", "fix", "push", "push"]);
    assert!(!std::path::Path::new(&user.path(".local/state/lambark/ledger.db")).exists());
}

/// Everything that keeps a ledger from being written, and everything that would write to the registry.
#[cfg(unix)]
#[test]
fn a_ledger_that_cannot_be_written_stops_before_the_first_write() {
    let (registry, index, _) = attested();
    let user = User::at_root();
    let name = image(&registry, "v1");
    assert!(user.run(&["fix", &name, "--ledger", "none"]).starts_with("exit code: 0"));
    let mended = registry.tagged("app", "v1").unwrap();
    registry.forget_requests();
    std::fs::write(user.path("file"), "mine").unwrap();
    let below = user.path("file/ledger.db");
    for place in [&["--ledger", below.as_str()][..], &["--ledger", "none", "--ledger-artifact", "/dev/full"]] {
        let new = image(&registry, "v2");
        for verb in
            [&["fix", &name, "--undo"][..], &["fix", &name, "--to", &new], &["push", "examples/attested.tar", &new]]
        {
            let run = user.run(&[verb, place].concat());
            assert!(run.starts_with("exit code: 3") && run.contains("`--ledger none"), "{verb:?}: {run}");
        }
    }
    assert_eq!((registry.mutations(), registry.tagged("app", "v1")), (0, Some(mended)));
    assert!(user.run(&["fix", &name, "--undo", "--ledger", "none"]).starts_with("exit code: 0"));
    assert_eq!(registry.tagged("app", "v1"), Some(index));
}

/// A ledger that this user may read and not write.
#[cfg(unix)]
#[test]
fn a_ledger_that_may_only_be_read_stops_before_the_first_write() {
    let (registry, ..) = attested();
    let user = User::new();
    user.run(&["fix", &image(&registry, "v1")]);
    assert!(user.run(&["fix", &image(&registry, "v1"), "--undo"]).starts_with("exit code: 0"));
    registry.forget_requests();
    let copy = crate::support::read_only_copy(&user, &user.path(".local/state/lambark/ledger.db"));
    let output = copy.command(&["fix", &image(&registry, "v1"), "--ledger", &copy.file()]).output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(3), "{stderr}");
    assert!(stderr.contains("cannot be written") && stderr.contains("`--ledger none"), "{stderr}");
    assert_eq!(registry.mutations(), 0);
}

/// The disk fills up between intent and outcome: what was done is done, and that is said.
#[cfg(target_os = "linux")]
#[test]
fn an_outcome_that_cannot_be_written_is_a_warning() {
    let (registry, _, child) = attested();
    let user = User::new();
    let file = user.path("ledger.jsonl");
    // The artifact's place is gone when the outcome is written.
    let gone = file.clone();
    registry.rule(Rule::on("PUT", "*/manifests/v1").first(move |_: &Control| {
        std::fs::remove_file(&gone).unwrap();
        std::fs::create_dir(&gone).unwrap();
    }));
    let ledger = ["--ledger", "none", "--ledger-artifact", file.as_str()];
    let run = user.run(&[&["fix", &image(&registry, "v1")], &ledger[..]].concat());
    assert!(run.starts_with("exit code: 0"), "{run}");
    assert!(run.contains("warning: how this ended could not be recorded: the ledger [HOME]/ledger.jsonl"), "{run}");
    assert_eq!(registry.tagged("app", "v1").unwrap(), child);
}

#[test]
fn what_is_encoded_anew_gets_its_digest_with_the_outcome() {
    let registry = ScriptedRegistry::start();
    seed(&registry, &Image::new(Family::Oci, Compression::Zstd, &good_files()).store("v1"));
    let user = User::new();
    assert!(user.run(&["fix", &image(&registry, "v1")]).starts_with("exit code: 0"));
    let entries = entries(&user, &[]);
    assert_eq!(entries[0]["digestAfter"], Value::Null);
    assert_eq!(entries[1]["digestAfter"], registry.tagged("app", "v1").unwrap().as_str());
}
