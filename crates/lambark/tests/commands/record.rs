//! The ledger as a user reads it: list, show, verify, export, incident, prune.

use std::path::PathBuf;

use lambark_ledger::{Draft, Filter, Ledger, Outcome, Who, WhoKind};
use lambark_oci::Digest;

use crate::support::{User, json};

/// 2026-11-29T05:50:00Z.
const TIME: u64 = 1_795_931_400_000;

/// Where the ledger of a user lies.
fn place(user: &User) -> PathBuf {
    user.path(".local/state/lambark/ledger.db").into()
}

fn deploy(time: u64, verb: &str, outcome: Outcome) -> Draft {
    let text = |text: &str| Some(text.to_owned());
    let who = Who { kind: WhoKind::Github, name: "octo (team/app, Deploy)".to_owned() };
    Draft {
        service: text("backend"),
        function: text("backend-prod"),
        alias: text("live"),
        repository: text("123456789012.dkr.ecr.us-east-1.amazonaws.com/app"),
        tag: text("v2"),
        digest_before: Some(Digest::of(b"v1")),
        digest_after: Some(Digest::of(b"v2")),
        version_before: text("6"),
        verdict: text("accepted"),
        rules: text("0.1.0"),
        commit: text("0123456789abcdef0123456789abcdef01234567"),
        run_url: text("https://github.example.com/team/app/actions/runs/7"),
        reason: text("the login answered 502 | <b>twice</b>"),
        ticket: text("=OPS-7"),
        ..Draft::new(time, who, verb, outcome)
    }
}

/// A user whose ledger tells of a deployment that failed, its rollback, and the one that worked.
fn user() -> User {
    let user = User::new();
    let mut ledger = Ledger::open(&place(&user)).unwrap();
    let intent = ledger.append(&deploy(TIME, "deploy", Outcome::Intended)).unwrap();
    let failed = Draft {
        version_after: Some("7".to_owned()),
        detail: Some("3 of 5 requests to /login answered 502\n".to_owned()),
        ..Draft::end(&intent, TIME + 60_000, Outcome::NotRolledBack)
    };
    let facts = [("test login".to_owned(), "status 502".to_owned())].into();
    ledger.append(&Draft { facts, ..failed }).unwrap();
    let back = ledger.append(&deploy(TIME + 120_000, "rollback", Outcome::Intended)).unwrap();
    ledger.append(&Draft::end(&back, TIME + 125_500, Outcome::Succeeded)).unwrap();
    let next =
        Draft { approved_by: Some("octo-lead".to_owned()), ..deploy(TIME + 3_600_000, "deploy", Outcome::Intended) };
    let next = ledger.append(&next).unwrap();
    ledger.append(&Draft::end(&next, TIME + 3_660_000, Outcome::Succeeded)).unwrap();
    user
}

/// The ledger's entries of reading, without lambark.
fn reads(user: &User) -> Vec<Draft> {
    let ledger = Ledger::open_read_only(&place(user)).unwrap();
    let entries = ledger.list(&Filter::default()).unwrap().entries;
    entries.into_iter().map(|entry| entry.body).filter(|body| body.outcome.is_of_the_ledger()).collect()
}

#[test]
fn entries_are_listed_and_shown() {
    let user = user();
    insta::assert_snapshot!(user.run(&["record", "list"]));
    insta::assert_snapshot!(user.run(&["record", "show", "2"]));
    let some =
        user.run(&["record", "list", "--since", "2026-11-29T06:50:00Z", "--function", "backend-prod", "--limit", "1"]);
    assert!(some.contains("\n    6  2026-11-29T06:51:00Z  deploy") && some.contains("\n1 entry"), "{some}");
    let none = user.run(&["record", "list", "--service", "other"]);
    assert!(none.starts_with("exit code: 0\n---- stdout\n0 entries\n"), "{none}");
    insta::assert_snapshot!(user.run(&["record", "show", "99"]));
    insta::assert_snapshot!(user.run(&["record", "list", "--since", "yesterday"]));
}

#[test]
fn reading_is_recorded() {
    let user = user().with("GITHUB_ACTIONS", "true").with("GITHUB_ACTOR", "auditor").with("LAMBARK_TICKET", "AUDIT-1");
    user.run(&["record", "list", "--since", "2026-01-01"]);
    user.run(&["record", "show", "2"]);
    user.run(&["record", "export", "--format", "csv"]);
    user.run(&["record", "incident", "2"]);
    user.run(&["record", "verify"]);
    let reads = reads(&user);
    let verbs: Vec<(&str, Outcome, Option<u64>)> =
        reads.iter().map(|body| (body.verb.as_str(), body.outcome, body.of)).collect();
    assert_eq!(
        verbs,
        [
            ("record list", Outcome::Read, None),
            ("record show", Outcome::Read, Some(2)),
            ("record export", Outcome::Exported, None),
            ("record incident", Outcome::Exported, Some(1)),
        ]
    );
    assert_eq!(reads[0].facts["filter"], "since 2026-01-01T00:00:00.000Z");
    assert!(reads.iter().all(|body| body.who.name == "auditor" && body.ticket.as_deref() == Some("AUDIT-1")));
    // They are left out of the list if they are not asked for.
    let shown = user.run(&["record", "list"]);
    assert!(shown.contains("6 entries") || shown.contains("8 entries; 2 entries of reading left out"), "{shown}");
    assert!(user.run(&["record", "list", "--with-reads"]).contains("record show"));
}

#[test]
fn a_look_makes_no_ledger() {
    let user = User::new();
    insta::assert_snapshot!(user.run(&["record", "list"]));
    assert!(!place(&user).exists());
    std::fs::write(user.path("notes"), "mine").unwrap();
    let notes = user.path("notes");
    insta::assert_snapshot!(user.run(&["record", "verify", "--ledger", &notes]));
    let both = user.run(&["record", "list", "--ledger-artifact", "x.jsonl"]);
    assert!(both.starts_with("exit code: 2\n"), "{both}");
}

#[test]
fn a_chain_that_holds_and_one_that_does_not() {
    let user = user();
    let head = Ledger::open_read_only(&place(&user)).unwrap().head().unwrap().unwrap();
    insta::assert_snapshot!(user.run(&["record", "verify"]));
    let held = user.run(&["record", "verify", "--head", head.hash.hex()]);
    assert!(held.starts_with("exit code: 0\n") && held.contains("that of entry 6"), "{held}");
    let cut = user.run(&["record", "verify", "--head", Digest::of(b"elsewhere").as_str()]);
    assert!(cut.starts_with("exit code: 1\n") && cut.contains("\nno entry has the hash"), "{cut}");
    let raw = rusqlite::Connection::open(place(&user)).unwrap();
    raw.execute_batch(
        "UPDATE entry SET canonical = CAST(replace(canonical, '502', '200') AS BLOB) WHERE id = 2; DELETE FROM entry WHERE id = 4;",
    )
    .unwrap();
    insta::assert_snapshot!(user.run(&["record", "verify"]));
    insta::assert_snapshot!(user.run(&["record", "show", "2"]));
    let report = json(&user, &["record", "verify", "--format", "json"]);
    assert_eq!((&report["schema"], &report["holds"]), (&"lambark.record-verify/v1".into(), &false.into()));
    assert_eq!((&report["faults"][0]["kind"], &report["faults"][0]["from"]), (&"changed".into(), &2.into()));
    // What is left is still shown, and nothing is removed from it.
    let listed = user.run(&["record", "list"]);
    assert!(listed.contains("entry 2 was changed") && listed.contains("\n    6  "), "{listed}");
    let prune = user.run(&["record", "prune", "--before", "0d", "--retention", "0d", "--yes"]);
    assert!(prune.starts_with("exit code: 4\n") && prune.contains("its chain does not hold"), "{prune}");
}

/// What `docs/record.md` says: the hash of a canonical form is what the next entry names, by any tool.
#[test]
fn an_export_is_verified_by_hand() {
    let user = user();
    let report = json(&user, &["record", "export", "--format", "json"]);
    assert_eq!(report["schema"], "lambark.record/v1");
    let entries = report["entries"].as_array().unwrap();
    assert_eq!(entries.len(), 6);
    for (entry, next) in entries.iter().zip(&entries[1..]) {
        let canonical = entry["canonical"].as_str().unwrap();
        assert_eq!(next["previous"], Digest::of(canonical.as_bytes()).as_str());
        let parsed: serde_json::Value = serde_json::from_str(canonical).unwrap();
        assert_eq!((&parsed["id"], &parsed["reason"]), (&entry["id"], &entry["reason"]));
    }
}

#[test]
fn exports_are_for_their_readers() {
    let user = user();
    insta::assert_snapshot!(user.run(&["record", "export", "--format", "md", "--until", "2026-11-29T05:51:30Z"]));
    insta::assert_snapshot!(user.run(&["record", "export", "--format", "csv", "--until", "2026-11-29T05:51:30Z"]));
    let file = user.path("ledger.csv");
    assert!(user.run(&["record", "export", "--format", "csv", "--output", &file]).starts_with("exit code: 0\n"));
    assert!(std::fs::read_to_string(&file).unwrap().starts_with("id,time,"));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    }
    let secret = "AGE-SECRET-KEY-1NOBODYS";
    let refused = user.run(&["record", "export", "--format", "csv", "--encrypt-to", secret]);
    assert!(refused.starts_with("exit code: 2\n") && refused.contains("that is an identity"), "{refused}");
}

/// The program that everybody has opens what was sealed for its key.
#[test]
fn an_encrypted_export_is_opened_by_age() {
    let Some([mut age, mut keygen]) = lambark_testkit::parts::age() else { return };
    let user = user();
    let identity = keygen.output().unwrap().stdout;
    std::fs::write(user.path("identity"), &identity).unwrap();
    let identity = String::from_utf8(identity).unwrap();
    let recipient = identity.lines().find_map(|line| line.strip_prefix("# public key: ")).unwrap();
    let file = user.path("ledger.json.age");
    let export = ["record", "export", "--format", "json", "--encrypt-to", recipient, "--output", &file];
    assert!(user.run(&export).starts_with("exit code: 0\n"));
    assert!(!String::from_utf8_lossy(&std::fs::read(&file).unwrap()).contains("backend"));
    let opened = age.args(["--decrypt", "--identity", &user.path("identity"), &file]).output().unwrap();
    assert!(opened.status.success(), "{}", String::from_utf8_lossy(&opened.stderr));
    let report: serde_json::Value = serde_json::from_slice(&opened.stdout).unwrap();
    assert_eq!(report["entries"].as_array().unwrap().len(), 6);
    assert_eq!(reads(&user).last().unwrap().facts["encryption"], recipient);
}

#[test]
fn an_incident_invents_nothing() {
    let user = user();
    insta::assert_snapshot!(user.run(&["record", "incident", "2"]));
    let file = user.path("incident.md");
    let words =
        ["--severity", "high", "--status", "resolved", "--impact", "no login for: 2 minutes", "--output", &file];
    let shown = user.run(&[&["record", "incident", "1"], &words[..]].concat());
    assert!(shown.starts_with("exit code: 0\n---- stdout\nwrote "), "{shown}");
    let page = std::fs::read_to_string(&file).unwrap();
    for line in
        ["severity: \"high\"", "status: \"resolved\"", "impact: \"no login for: 2 minutes\"", "date: 2026-11-29"]
    {
        assert!(page.lines().any(|found| found == line), "{line} is not in {page}");
    }
    // 7 tells that the first one was written.
    let reading = user.run(&["record", "incident", "7"]);
    assert!(reading.starts_with("exit code: 2\n") && reading.contains("the ledger was exported"), "{reading}");
}

#[test]
fn what_is_old_enough_is_removed_with_consent() {
    let user = User::new();
    let mut ledger = Ledger::open(&place(&user)).unwrap();
    for year in [2015, 2016, 2026] {
        let time = (year - 1970) * 31_556_952_000;
        ledger.append(&deploy(time, "deploy", Outcome::Succeeded)).unwrap();
    }
    drop(ledger);
    let unasked = user.run(&["record", "prune", "--before", "2018-01-01"]);
    assert!(unasked.starts_with("exit code: 2\n") && unasked.contains("--plan"), "{unasked}");
    insta::assert_snapshot!(user.run(&["record", "prune", "--before", "2018-01-01", "--plan"]));
    let young = user.run(&["record", "prune", "--before", "1d", "--yes"]);
    assert!(young.starts_with("exit code: 4\n") && young.contains("2557 days"), "{young}");
    let done = json(&user, &["record", "prune", "--before", "2018-01-01", "--yes", "--format", "json"]);
    assert_eq!((&done["planned"], &done["entries"], &done["recordedAs"]), (&false.into(), &2.into(), &4.into()));
    let verified = user.run(&["record", "verify"]);
    assert!(verified.starts_with("exit code: 0\n") && verified.contains("entries up to 2 were removed"), "{verified}");
    let again = user.run(&["record", "prune", "--before", "2018-01-01", "--yes"]);
    assert!(again.contains("nothing to remove"), "{again}");
    let all = user.run(&["record", "prune", "--before", "0d", "--retention", "0d", "--yes"]);
    assert!(all.contains("removed 2 entries"), "{all}");
}

#[test]
fn an_artifact_is_read_like_a_ledger() {
    let user = User::new();
    let file = user.path("ledger.jsonl");
    let mut ledger = Ledger::none(Some(file.as_ref())).unwrap();
    ledger.append(&deploy(TIME, "deploy", Outcome::Succeeded)).unwrap();
    let artifact = ["--ledger", "none", "--ledger-artifact", file.as_str()];
    let listed = user.run(&[&["record", "list"], &artifact[..]].concat());
    assert!(listed.contains("\n1 entry\n"), "{listed}");
    let verified = user.run(&[&["record", "verify"], &artifact[..]].concat());
    assert!(verified.contains("2 entries, the chain holds"), "{verified}");
}

/// An auditor's copy, in a place that takes nothing: it is read, and that this is not recorded is said.
#[cfg(unix)]
#[test]
fn a_ledger_that_may_not_be_written_is_read_with_a_warning() {
    let user = user();
    // Its log of changes belongs to it as long as somebody has it open; here nobody has.
    let copy = crate::support::read_only_copy(&user, &place(&user).display().to_string());
    let mut command = copy.command(&["record", "list", "--ledger", &copy.file()]);
    let output = command.output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(0), "{stderr}");
    assert!(stderr.contains("warning: that this was read could not be recorded: "), "{stderr}");
    assert!(String::from_utf8(output.stdout).unwrap().contains("6 entries"));
}
