//! `kill -9` at every request of a deployment. Wherever it hits, `status` tells the truth, and the next `deploy` finishes
//! it, `rollback` undoes it, a `deploy` of the old image brings that back: with nothing but what AWS remembers.
//!
//! Held is the request before the twin does anything. So a kill at one request is a kill before that one took effect and
//! after the one before it did, its answer seen by nobody else; the last round kills nothing.

use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use lambark_oci::Digest;
use lambark_twin::control::Fault;
use serde_json::json;

use crate::bench::{Bench, PATIENCE, REPOSITORY, good, tagged};

/// What somebody does next.
#[derive(Clone, Copy, Debug)]
enum Next {
    /// The same deployment again.
    Again,
    /// `rollback`.
    Rollback,
    /// A deployment of the image that ran before.
    Old,
}

const ALL: [Next; 3] = [Next::Again, Next::Rollback, Next::Old];

/// One way to deploy, and the requests that are waited for.
struct Way {
    bench: Bench,
    /// After a kill only one kind of recovery is tried, in turn.
    one_of_them: bool,
    /// The tag that the deployment gives to the child of an index.
    tag: Option<String>,
    /// Counted and held are these requests; every one if nothing is said.
    operation: Option<&'static str>,
    alias: bool,
    canary: bool,
    old: Digest,
    new: Digest,
}

impl Way {
    fn new(operation: Option<&'static str>, alias: bool, canary: bool) -> Way {
        let bench = Bench::settling(Duration::from_millis(30));
        let (old, new) = (bench.image(1), bench.image(2));
        Way { bench, one_of_them: false, tag: None, operation, alias, canary, old, new }
    }

    /// The same with a ledger, which outlives whoever was killed. Each way to recover has its turn every third request.
    fn with_a_ledger(self) -> Way {
        let ledger = self.bench.user.path("ledger.db");
        Way { bench: self.bench.with("LAMBARK_LEDGER", &ledger), one_of_them: true, ..self }
    }

    /// The same with the child of an index, which gets a tag first: a request to the registry that changes something.
    fn with_a_child(self) -> Way {
        let image = good(2);
        let new = Digest::of(&image.manifest_bytes());
        self.bench.delete_image(&self.new);
        self.bench.push(&image.attested("x"), REPOSITORY, "v2");
        Way { tag: Some(format!("lambark-{}", new.short())), new, ..self }
    }

    fn flags(&self) -> &'static [&'static str] {
        if self.alias { &["--alias", "live"] } else { &[] }
    }

    /// Requests so far.
    fn arrived(&self) -> u64 {
        let counts = self.bench.control().counts().requests;
        self.operation.map_or_else(|| counts.values().sum(), |one| counts.get(one).copied().unwrap_or_default())
    }

    /// Deploys in a process of its own and kills it when request `number` (from 0) has arrived and nothing was done of
    /// it. `false` if there is no such request: then it has ended well.
    fn killed_at(&self, name: &str, number: u32) -> bool {
        let control = self.bench.control();
        control.reset();
        let fault = Fault { operation: self.operation.map(str::to_owned), ..Fault::default() };
        if number > 0 {
            control.fault(Fault { times: number, ..fault.clone() }).unwrap();
        }
        let minute = u64::try_from(PATIENCE.as_millis()).unwrap();
        control.fault(Fault { delay_millis: minute, drop: true, ..fault }).unwrap();
        let image = tagged(2);
        let canary: &[&str] = if self.canary { &["--canary", "10,50", "--wait", "1ms"] } else { &[] };
        let arguments = [&["deploy", "--function", name, "--image", &image], self.flags(), canary].concat();
        let mut command = self.bench.command(&arguments);
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let killed = self.held(&mut child, u64::from(number) + 1);
        control.reset();
        killed
    }

    fn held(&self, child: &mut Child, requests: u64) -> bool {
        let begun = Instant::now();
        loop {
            if self.arrived() >= requests {
                child.kill().unwrap();
                child.wait().unwrap();
                return true;
            }
            if let Some(ended) = child.try_wait().unwrap() {
                assert!(ended.success(), "{ended}");
                return false;
            }
            assert!(begun.elapsed() < PATIENCE, "neither a request nor an end");
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    /// A function with the old image, and its traffic.
    fn prepare(&self, name: &str) {
        if let Some(tag) = &self.tag {
            // Whoever was here before has left it, or was killed too early.
            let ids = json!({ "repositoryName": "app", "imageIds": [{ "imageTag": tag }] });
            self.bench.ecr("BatchDeleteImage", &ids);
        }
        if self.alias { self.bench.live_function(name, &self.old) } else { self.bench.function(name, &self.old) }
    }

    /// What is unfinished, told from the twin's own state.
    fn unfinished(&self, name: &str) -> Option<&'static str> {
        let latest = self.bench.lambda.function(name, None).unwrap().configuration.image_digest().unwrap();
        let versions = self.bench.versions(name);
        let newest = versions.first().and_then(|version| version.digest.clone());
        if self.alias {
            let (version, weights) = self.bench.points(name);
            return match (weights.is_empty(), version.as_str()) {
                (false, _) => Some("partial"),
                (true, "1") if newest.as_ref() == Some(&self.new) => Some("noTraffic"),
                (true, "1") if latest == self.new => Some("unpublished"),
                _ => None,
            };
        }
        (latest == self.new && newest.as_ref() != Some(&self.new)).then_some("unpublished")
    }

    fn status_is_true(&self, name: &str, case: &str) {
        let expected = self.unfinished(name);
        let flags = [self.flags(), &["--format", "json"]].concat();
        let run = self.bench.status(name, &flags).ends(i32::from(expected.is_some()));
        assert_eq!(run.json()["unfinished"]["is"].as_str(), expected, "{case}: {}", run.all());
    }

    /// Every change that was made before the kill, as far as the function shows it.
    fn has_begun(&self, name: &str) -> bool {
        self.bench.latest(name) != self.old
    }

    fn next(&self, name: &str, next: Next, case: &str) {
        let (run, code) = match next {
            Next::Again => (self.bench.deploy(name, 2, self.flags()), 0),
            Next::Old => (self.bench.deploy(name, 1, self.flags()), 0),
            // Where nothing had been changed yet there is nothing to undo, and that is said.
            Next::Rollback => {
                let code = if self.has_begun(name) { 0 } else { 2 };
                (self.bench.rollback(name, self.flags()), code)
            }
        };
        assert_eq!(run.code, code, "{case}: {}", run.all());
    }

    /// After a kill at a request, and what somebody did next, everything is of one piece.
    fn is_whole(&self, name: &str, next: Next, case: &str) {
        let wanted = if matches!(next, Next::Again) { &self.new } else { &self.old };
        assert_eq!(self.bench.latest(name), *wanted, "{case}");
        if self.alias {
            assert_eq!(self.bench.serves(name), *wanted, "{case}");
        }
        let flags = [self.flags(), &["--format", "json"]].concat();
        let run = self.bench.status(name, &flags).ends(0);
        assert!(run.json()["unfinished"].is_null(), "{case}: {}", run.all());
        // What replaced the old image says so, whoever finished it: it can still be taken back.
        if matches!(next, Next::Again) {
            self.bench.rollback(name, self.flags()).ends(0);
            assert_eq!(self.bench.latest(name), self.old, "{case}");
            if self.alias {
                assert_eq!(self.bench.serves(name), self.old, "{case}");
            }
        }
    }

    /// Kills at each request in turn. Before the first change one kind of recovery a request is enough; afterwards each
    /// of them is tried. Returns how many kills there were.
    fn at_every_request(&self) -> u32 {
        for number in 0.. {
            for (turn, mut next) in (0..).zip(ALL) {
                let name = format!("f{number}-{turn}");
                self.prepare(&name);
                let was_killed = self.killed_at(&name, number);
                let begun = self.has_begun_or_is_under_way(&name);
                let is_one_enough = !begun || self.one_of_them;
                if is_one_enough {
                    next = ALL[(number % 3) as usize];
                }
                let case = format!("{next:?} after a kill at request {number} (killed: {was_killed}, begun: {begun})");
                self.status_is_true(&name, &case);
                self.next(&name, next, &case);
                self.is_whole(&name, next, &case);
                if !was_killed && (is_one_enough || turn == 2) {
                    return number;
                }
                if is_one_enough {
                    break;
                }
            }
        }
        unreachable!("it ends with the deployment")
    }

    fn has_begun_or_is_under_way(&self, name: &str) -> bool {
        let latest = self.bench.lambda.function(name, None).unwrap().configuration.image_digest();
        latest.as_ref() != Some(&self.old)
    }
}

#[test]
fn a_deployment_with_an_alias_can_be_killed_anywhere() {
    let kills = Way::new(None, true, false).with_a_child().at_every_request();
    assert!(kills > 15, "{kills}");
}

#[test]
fn a_deployment_without_an_alias_can_be_killed_anywhere() {
    let kills = Way::new(None, false, false).at_every_request();
    assert!(kills > 15, "{kills}");
}

#[test]
fn with_a_ledger_it_ends_as_well() {
    let kills = Way::new(None, true, false).with_a_ledger().at_every_request();
    assert!(kills > 15, "{kills}");
}

/// Up to the first share of the traffic it is the same as without a canary.
#[test]
fn a_canary_can_be_killed_at_every_share() {
    let kills = Way::new(Some("UpdateAlias"), true, true).at_every_request();
    assert_eq!(kills, 3);
}
