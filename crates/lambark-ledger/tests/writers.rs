//! Several writers at once, and disks that take nothing.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use lambark_ledger::{Draft, Error, Filter, Ledger, Outcome, Who, WhoKind};

/// What a child of these tests is to do.
const TASK: &str = "LAMBARK_TEST_LEDGER_TASK";
const PLACE: &str = "LAMBARK_TEST_LEDGER_PLACE";

fn draft(name: &str) -> Draft {
    Draft::new(1, Who { kind: WhoKind::Local, name: name.to_owned() }, "deploy", Outcome::Intended)
}

fn open(path: &Path) -> Result<Ledger, Error> {
    if path.extension().is_some_and(|extension| extension == "jsonl") {
        Ledger::none(Some(path))
    } else {
        Ledger::open(path)
    }
}

/// The task of this process, if it is a child of one of these tests.
fn task() -> Option<(String, PathBuf)> {
    Some((std::env::var(TASK).ok()?, std::env::var_os(PLACE)?.into()))
}

/// This program once more, for the one test.
fn again(program: &Path, test: &str) -> Vec<String> {
    [program.to_str().unwrap(), "--exact", test, "--nocapture"].map(str::to_owned).into()
}

fn append_many(path: &Path, name: &str, times: usize) {
    for index in 0..times {
        open(path).unwrap().append(&draft(&format!("{name}-{index}"))).unwrap();
    }
}

/// Everybody's entries are there once, and hang together.
fn assert_one_chain(path: &Path, names: &[&str], times: usize) {
    let ledger = open(path).unwrap();
    let report = ledger.verify(None).unwrap();
    assert_eq!((report.faults, report.entries), (vec![], (names.len() * times) as u64));
    let entries = ledger.list(&Filter::default()).unwrap().entries;
    let seen: BTreeSet<String> = entries.into_iter().map(|entry| entry.body.who.name).collect();
    let all = names.iter().flat_map(|name| (0..times).map(move |index| format!("{name}-{index}")));
    assert_eq!(seen, all.collect::<BTreeSet<String>>());
}

#[test]
fn threads_and_processes_write_one_chain() {
    const TIMES: usize = 12;
    const NAMES: [&str; 8] = ["a", "b", "c", "d", "e", "f", "g", "h"];
    if let Some((name, path)) = task() {
        return append_many(&path, &name, TIMES);
    }
    let directory = tempfile::tempdir().unwrap();
    // Nobody has made the file: they all try to.
    for file in ["new/threads.db", "threads.jsonl"] {
        let path = directory.path().join(file);
        std::thread::scope(|scope| {
            NAMES.iter().for_each(|name| drop(scope.spawn(|| append_many(&path, name, TIMES))));
        });
        assert_one_chain(&path, &NAMES, TIMES);
    }
    let own = again(&std::env::current_exe().unwrap(), "threads_and_processes_write_one_chain");
    for file in ["new/processes.db", "processes.jsonl"] {
        let path = directory.path().join(file);
        let start = |name: &&str| {
            let mut command = Command::new(&own[0]);
            command.args(&own[1..]).env(TASK, name).env(PLACE, &path).spawn().unwrap()
        };
        let children: Vec<_> = NAMES[..3].iter().map(start).collect();
        children.into_iter().for_each(|mut child| assert!(child.wait().unwrap().success()));
        assert_one_chain(&path, &NAMES[..3], TIMES);
    }
}

/// One that waits for a lock that nobody gives back ends with a word.
#[test]
fn a_ledger_that_somebody_holds_is_busy() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("ledger.db");
    let mut ledger = Ledger::open(&path).unwrap();
    let holder = rusqlite::Connection::open(&path).unwrap();
    holder.execute_batch("BEGIN IMMEDIATE").unwrap();
    // Whoever only reads does not wait.
    assert_eq!(ledger.list(&Filter::default()).unwrap().entries, []);
    let error = ledger.append(&draft("a")).unwrap_err();
    assert!(matches!(&error, Error::Busy { .. }), "{error}");
    holder.execute_batch("ROLLBACK").unwrap();
    assert_eq!(ledger.append(&draft("a")).unwrap().id, 1);
}

/// What a child tells of its attempt.
#[expect(clippy::print_stdout, reason = "the child of a test tells its parent")]
fn attempt(path: &Path) {
    let kind = |error: &Error| match error {
        Error::Full { .. } => "full",
        Error::Unwritable { .. } => "unwritable",
        _ => "other",
    };
    let told = match open(path) {
        Err(error) => format!("{} {error}", kind(&error)),
        Ok(mut ledger) => {
            let mut long = draft("a");
            long.detail = Some("x".repeat(4000));
            let failed = (0..500).find_map(|_| ledger.append(&long).err());
            let entries = ledger.verify(None).map(|report| (report.entries, report.faults.len()));
            let error = failed.map_or_else(|| "none".to_owned(), |error| format!("{} {error}", kind(&error)));
            format!("{error} | {}", entries.map_or_else(|error| error.to_string(), |seen| format!("{seen:?}")))
        }
    };
    println!("told: {told}");
}

fn told(output: &Output) -> String {
    let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
    let line = stdout.lines().find_map(|line| line.split_once("told: "));
    line.unwrap_or_else(|| panic!("{stdout}{}", String::from_utf8_lossy(&output.stderr))).1.to_owned()
}

/// A file system with room for little, mounted for the child alone.
#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_told_and_leaves_the_chain_whole() {
    if let Some((_, path)) = task() {
        return attempt(&path);
    }
    let directory = tempfile::tempdir().unwrap();
    let own = again(&std::env::current_exe().unwrap(), "a_full_disk_is_told_and_leaves_the_chain_whole");
    let script = "mount -t tmpfs -o size=$SIZE none \"$ON\" && exec \"$@\"";
    for (file, size) in [("ledger.db", "600k"), ("ledger.db", "64k"), ("ledger.db", "8k"), ("ledger.jsonl", "64k")] {
        let output = Command::new("unshare")
            .args(["--mount", "sh", "-c", script, "sh"])
            .args(&own)
            .env(TASK, "full")
            .env("SIZE", size)
            .env("ON", directory.path())
            .env(PLACE, directory.path().join(file))
            .output();
        let Ok(output) = output.as_ref().map(Clone::clone) else {
            return lambark_parts::skip("there is no unshare(1)");
        };
        if !output.status.success() && String::from_utf8_lossy(&output.stderr).contains("ermi") {
            return lambark_parts::skip("this user may mount nothing");
        }
        let told = told(&output);
        assert!(told.starts_with("full ") || told.starts_with("unwritable "), "{file} in {size}: {told}");
        assert!(!told.contains('|') || told.ends_with(", 0)"), "{file} in {size}: {told}");
        let wrote = told.contains('|') && !told.contains("(0, ");
        assert!(wrote || size != "600k", "{file} in {size}: {told}");
    }
}

/// A directory in which this user may only read.
#[cfg(unix)]
#[test]
fn a_directory_that_takes_nothing_is_told_and_can_be_read() {
    use std::os::unix::fs::PermissionsExt;
    use std::os::unix::process::CommandExt;
    if let Some((name, path)) = task() {
        if name == "read" {
            assert_eq!(Ledger::open_read_only(&path).unwrap().verify(None).unwrap().entries, 2);
        }
        return attempt(&path);
    }
    let directory = tempfile::tempdir().unwrap();
    let (here, mode) = (directory.path(), |mode| std::fs::Permissions::from_mode(mode));
    append_many(&here.join("ledger.db"), "a", 2);
    append_many(&here.join("ledger.jsonl"), "a", 2);
    // The child may be somebody else, who needs a program of their own to start.
    let program = here.join("program");
    std::fs::copy(std::env::current_exe().unwrap(), &program).unwrap();
    for file in [program.as_path(), &here.join("ledger.db"), &here.join("ledger.jsonl")] {
        std::fs::set_permissions(file, mode(0o555)).unwrap();
    }
    std::fs::set_permissions(here, mode(0o555)).unwrap();
    let own = again(&program, "a_directory_that_takes_nothing_is_told_and_can_be_read");
    for (file, name) in
        [("ledger.db", "read"), ("ledger.jsonl", "write"), ("new.db", "write"), ("below/new.db", "write")]
    {
        let mut command = Command::new(&own[0]);
        command.args(&own[1..]).env(TASK, name).env(PLACE, here.join(file)).current_dir("/");
        if std::fs::write(here.join("probe"), "").is_ok() {
            // Root writes everywhere: the child is nobody.
            command.uid(65_534).gid(65_534);
        }
        let told = told(&command.output().unwrap());
        assert!(told.starts_with("unwritable "), "{file}: {told}");
    }
    std::fs::set_permissions(here, mode(0o755)).unwrap();
    assert!(!here.join("new.db").exists() && !here.join("below").exists());
    assert_eq!(Ledger::open_read_only(&here.join("ledger.db")).unwrap().verify(None).unwrap().faults, []);
}
