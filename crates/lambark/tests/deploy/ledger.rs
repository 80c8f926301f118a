//! What the ledger is told, and that nothing is changed which it cannot be told.

use std::process::Command;

use serde_json::Value;

use crate::bench::Bench;
use crate::run::Run;

/// The entries, oldest first: verb, outcome, the entry that it ends.
fn entries(bench: &Bench) -> Vec<(String, String, Option<u64>)> {
    let listed = bench.run(&["record", "list", "--format", "json"]).ends(0).json();
    let told = |entry: &Value, field: &str| entry[field].as_str().unwrap_or_default().to_owned();
    let entries = listed["entries"].as_array().unwrap();
    entries.iter().map(|entry| (told(entry, "verb"), told(entry, "outcome"), entry["of"].as_u64())).collect()
}

fn with_a_ledger() -> Bench {
    let bench = Bench::new();
    let ledger = bench.user.path("ledger.db");
    bench.with("LAMBARK_LEDGER", &ledger)
}

#[test]
fn intent_and_outcome_are_entries_and_each_end_names_its_intent() {
    let bench = with_a_ledger();
    let (old, new) = (bench.image(1), bench.image(2));
    bench.live_function("app", &old);
    let why = ["--alias", "live", "--reason", "a new release", "--ticket", "T-7", "--approved-by", "the team"];
    let deployed = bench.deploy("app", 2, &why).ends(0);
    let rolled_back = bench.rollback("app", &["--alias", "live", "--format", "json"]).ends(0).json();
    let told = |verb: &str, outcome: &str, of| (verb.to_owned(), outcome.to_owned(), of);
    let expected = [
        told("deploy", "intended", None),
        told("deploy", "succeeded", Some(1)),
        told("rollback", "intended", None),
        told("rollback", "succeeded", Some(3)),
    ];
    assert_eq!(entries(&bench), expected);
    let first = bench.run(&["record", "show", "2", "--format", "json"]).ends(0).json();
    let text = first.to_string();
    for fact in [&old.to_string(), &new.to_string(), "a new release", "T-7", "the team", "\"versionAfter\":\"2\""] {
        assert!(text.contains(fact), "{fact}: {first:#}");
    }
    bench.run(&["record", "verify"]).ends(0);
    // What is printed at the end is what `verify` asks for later.
    let text = deployed.stdout.lines().last().unwrap().strip_prefix("ledger: head ").unwrap();
    for (head, entry) in [(text, "2"), (rolled_back["ledgerHead"].as_str().unwrap(), "4")] {
        let (id, hash) = head.split_once(' ').unwrap();
        assert_eq!(id, entry);
        bench.run(&["record", "verify", "--head", hash]).ends(0).tells(&format!("that of entry {entry}"));
    }
}

#[test]
fn what_is_mended_on_the_way_has_entries_of_its_own() {
    let bench = with_a_ledger();
    let old = bench.image(1);
    bench.live_function("app", &old);
    let before = bench.push(&crate::story::mixed().store("x"), crate::bench::REPOSITORY, "v2");
    bench.deploy("app", 2, &["--alias", "live", "--fix"]).ends(0);
    let told = |verb: &str, outcome: &str, of| (verb.to_owned(), outcome.to_owned(), of);
    let expected = [
        told("fix", "intended", None),
        told("fix", "succeeded", Some(1)),
        told("deploy", "intended", None),
        told("deploy", "succeeded", Some(3)),
    ];
    assert_eq!(entries(&bench), expected);
    let mended = bench.run(&["record", "show", "2", "--format", "json"]).ends(0).json()["entries"][0].clone();
    assert_eq!(mended["digestBefore"], before.as_str());
    assert_eq!(mended["digestAfter"], bench.serves("app").as_str());
    assert_eq!((&mended["tag"], &mended["who"]["kind"]), (&"v2".into(), &"sts".into()));
}

#[test]
fn a_plan_and_a_refusal_before_the_first_change_leave_no_entry() {
    let bench = with_a_ledger();
    let old = bench.image(1);
    bench.live_function("app", &old);
    bench.image(2);
    bench.deploy("app", 2, &["--alias", "live", "--plan"]).ends(0);
    bench.deploy("app", 9, &["--alias", "live"]).ends(3);
    assert_eq!(entries(&bench), []);
}

/// Whatever keeps the ledger from being written, nothing is changed.
fn stopped(bench: &Bench, run: Run, code: i32, told: &str) {
    let run = run.ends(code).tells("error: ");
    assert!(run.all().contains(told), "{told}: {}", run.all());
    assert_eq!(bench.changes(), [], "{}", run.all());
}

#[test]
fn a_ledger_that_cannot_be_written_stops_a_deployment_before_the_first_change() {
    let bench = Bench::new();
    let old = bench.image(1);
    bench.live_function("app", &old);
    bench.image(2);
    bench.control().reset();
    let directory = bench.user.directory().display().to_string();
    stopped(&bench, bench.deploy("app", 2, &["--alias", "live", "--ledger", &directory]), 2, &directory);
    let full = ["--alias", "live", "--ledger", "none", "--ledger-artifact", "/dev/full"];
    stopped(&bench, bench.deploy("app", 2, &full), 3, "/dev/full");
    assert_eq!(bench.serves("app"), old);
    // Who keeps none needs none.
    bench.deploy("app", 2, &["--alias", "live", "--ledger", "none"]).ends(0);
}

/// A file system with no room, mounted for lambark alone: full from the first page, and full after the ledger was made.
#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_stops_a_deployment_before_the_first_change() {
    let bench = Bench::new();
    let old = bench.image(1);
    bench.live_function("app", &old);
    bench.image(2);
    let place = bench.user.path("small");
    std::fs::create_dir(&place).unwrap();
    let image = crate::bench::tagged(2);
    let ledger = format!("{place}/ledger.db");
    for (size, filled) in [("8k", ""), ("600k", "dd if=/dev/zero of=\"$ON/filler\" bs=4k 2>/dev/null; ")] {
        let lambark = bench.command(&[
            "deploy",
            "--function",
            "app",
            "--image",
            &image,
            "--alias",
            "live",
            "--ledger",
            &ledger,
            "--quiet",
        ]);
        let script = format!("mount -t tmpfs -o size={size} none \"$ON\" && {{ {filled}exec \"$@\"; }}");
        let mut command = Command::new("/usr/bin/unshare");
        command.args(["--mount", "sh", "-c", &script, "sh"]).arg(lambark.get_program()).args(lambark.get_args());
        command.env_clear().envs(lambark.get_envs().filter_map(|(name, value)| Some((name, value?))));
        command.env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin").env("ON", &place).current_dir(bench.user.directory());
        bench.control().reset();
        let Ok(output) = command.output() else {
            return lambark_testkit::parts::skip("there is no unshare(1)");
        };
        let run = Run::of(output);
        if run.all().contains("ermi") || run.all().contains("not permitted") {
            return lambark_testkit::parts::skip("this user may mount nothing");
        }
        stopped(&bench, run, 3, "ledger.db");
    }
    assert_eq!(bench.serves("app"), old);
}
