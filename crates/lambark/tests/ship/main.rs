//! `lambark ship`: three services in Python, from Dockerfiles to aliases, with a real builder, on a twin that really runs
//! them.
#![cfg(all(feature = "aws", target_os = "linux"))]
#![allow(clippy::unwrap_used, reason = "tests")]

#[path = "../commands/support.rs"]
#[allow(dead_code, reason = "shared with the other tests of commands")]
mod support;
mod twin;

use std::path::Path;
use std::process::Command;

use lambark_testkit::parts::{Dockerd, Part};
use serde_json::Value;

use support::User;
use twin::RunningTwin;

/// In the order of their names, which is that of `--all`.
const SERVICES: [&str; 3] = ["backend", "frontend", "worker"];
const ROLE: &str = "arn:aws:iam::123456789012:role/app";

/// A repository with three services, and who works in it.
struct Repository {
    user: User,
    twin: RunningTwin,
    _daemon: Dockerd,
}

impl Repository {
    fn new() -> Option<Repository> {
        let python = Part::PythonFunction.or_skip()?;
        let daemon = Dockerd::start(&[])?;
        let user = User::elsewhere();
        let twin = RunningTwin::start(&user);
        let path = format!("{}:/usr/bin:/bin", daemon.programs().display());
        let user = daemon.environment().into_iter().fold(user, |user, (name, value)| user.with(name, &value));
        let user = user
            .with("PATH", &path)
            .with("AWS_ENDPOINT_URL", &twin.url)
            .with("AWS_REGION", "us-east-1")
            .with("AWS_ACCESS_KEY_ID", "AKIATESTTESTTESTTEST")
            .with("AWS_SECRET_ACCESS_KEY", "not-a-real-secret-key")
            .with("SMOKE_TOKEN", "hunter2-not-to-be-printed");
        let repository = Repository { user, twin, _daemon: daemon };
        repository.lay(&python);
        Some(repository)
    }

    fn directory(&self) -> &Path {
        self.user.directory()
    }

    fn lay(&self, python: &Path) {
        let root = self.directory();
        copy(python, &root.join("python"));
        std::fs::write(root.join("event.json"), r#"{"n": 41}"#).unwrap();
        let mut toml = String::new();
        for service in SERVICES {
            self.code(service, &answer(service, "1"));
            let dockerfile = format!(
                "FROM scratch\nCOPY python/ /\nCOPY {service}/app.py /var/task/app.py\nENV PYTHONPATH=/site\nWORKDIR /var/task\n\
                 ENTRYPOINT [\"/usr/bin/python3.11\", \"-m\", \"awslambdaric\"]\nCMD [\"app.handler\"]\n"
            );
            std::fs::write(root.join(format!("{service}/Dockerfile")), dockerfile).unwrap();
            let url = format!("{}/2015-03-31/functions/{service}/invocations?Qualifier=live", self.twin.url);
            toml.push_str(&format!(
                "[service.{service}]\ndockerfile = \"{service}/Dockerfile\"\ncontext = \".\"\nrepository = \"team/{service}\"\n\
                 function = \"{service}\"\narchitecture = \"x86_64\"\nalias = \"live\"\ntests = [\n  \
                 {{ event = \"event.json\", expect = {{ status = 200, json = {{ n = 42 }} }} }},\n  \
                 {{ url = \"{url}\", method = \"POST\", body = \"event.json\", headers = {{ authorization = \"Bearer \
                 ${{env:SMOKE_TOKEN}}\" }}, expect = {{ status = 200, json = {{ statusCode = 200 }} }} }},\n]\n\n"
            ));
        }
        std::fs::write(root.join("lambark.toml"), toml).unwrap();
    }

    fn code(&self, service: &str, code: &str) {
        std::fs::create_dir_all(self.directory().join(service)).unwrap();
        std::fs::write(self.directory().join(service).join("app.py"), code).unwrap();
    }

    /// Ships, and returns what was told as JSON with the exit code.
    fn ship(&self, arguments: &[&str]) -> (i32, Value) {
        let arguments = [&["ship", "--format", "json", "--quiet"], arguments].concat();
        let output = self.user.command(&arguments).output().unwrap();
        let words = String::from_utf8_lossy(&output.stderr).into_owned();
        let report = String::from_utf8(output.stdout).unwrap();
        assert!(!report.contains("hunter2") && !words.contains("hunter2"), "a secret was printed");
        let value = serde_json::from_str(&report).unwrap_or_else(|_| panic!("{arguments:?}: {report}{words}"));
        (output.status.code().unwrap(), value)
    }

    /// What AWS tells of a service through the alias.
    fn live(&self, service: &str) -> Value {
        let arguments = ["status", service, "--format", "json", "--quiet"];
        let output = self.user.command(&arguments).output().unwrap();
        serde_json::from_slice(&output.stdout).unwrap()
    }
}

fn answer(service: &str, release: &str) -> String {
    format!(
        "import json\ndef handler(event, context):\n    return {{'statusCode': 200, 'body': json.dumps({{'n': event['n'] + 1, \
         'service': '{service}', 'release': '{release}'}})}}\n"
    )
}

fn copy(from: &Path, to: &Path) {
    let status = Command::new("cp").args(["-a", "--"]).args([from, to]).status().unwrap();
    assert!(status.success());
}

#[test]
fn three_services_go_from_dockerfiles_to_aliases_and_back() {
    let Some(repository) = Repository::new() else { return };
    let first = ["--all", "--tag", "v1", "--create-repository", "--create", "--role", ROLE];
    let (code, report) = repository.ship(&first);
    assert_eq!(code, 0, "{report:#}");
    for (service, told) in SERVICES.iter().zip(report["services"].as_array().unwrap()) {
        assert_eq!(told["deployment"]["end"]["is"], "deployed", "{told:#}");
        assert_eq!((told["deployment"]["version"].as_str(), told["service"].as_str()), (Some("1"), Some(*service)));
        let chosen =
            told["deployment"]["steps"].as_array().unwrap().iter().find(|step| step["step"] == "image").unwrap();
        assert_eq!(chosen["depth"], "files", "what was looked at as it was built is known: {chosen:#}");
        let steps: Vec<&str> =
            told["steps"].as_array().unwrap().iter().map(|done| done["step"].as_str().unwrap()).collect();
        assert_eq!(steps, ["build", "check", "push", "verify", "deploy", "tests", "alias", "record"]);
    }
    a_change_reaches_the_alias(&repository);
    a_broken_release_is_taken_back(&repository);
    the_record_tells_all(&repository);
}

fn a_change_reaches_the_alias(repository: &Repository) {
    repository.code("backend", &answer("backend", "2"));
    let summary = repository.user.path("summary.md");
    let outputs = repository.user.path("outputs");
    let provenance = ["--", "--provenance=true"];
    let arguments = ["backend", "--tag", "v2", "--summary", &summary, "--outputs", &outputs];
    let (code, report) = repository.ship(&[&arguments[..], &provenance].concat());
    assert_eq!(code, 0, "{report:#}");
    let digest = report["services"][0]["digest"].as_str().unwrap();
    let deployment = &report["services"][0]["deployment"];
    assert_eq!((deployment["version"].as_str(), deployment["digest"].as_str()), (Some("2"), Some(digest)));
    assert_eq!(repository.live("backend")["traffic"], "live → version 2");
    let summary = std::fs::read_to_string(summary).unwrap();
    assert!(
        summary.contains(digest) && summary.contains("**deployed**") && summary.contains("Ledger head"),
        "{summary}"
    );
    let outputs = std::fs::read_to_string(outputs).unwrap();
    let uri = format!("image-uri=123456789012.dkr.ecr.us-east-1.amazonaws.com/team/backend@{digest}\n");
    assert!(outputs.contains(&format!("digest={digest}\n")) && outputs.contains(&uri), "{outputs}");
    assert!(outputs.contains("version=2\n") && outputs.contains(":function:backend:live\n"), "{outputs}");
    // The same again finds everything in place: no version is made.
    let (code, again) = repository.ship(&["backend", "--tag", "v2", "--from", "deploy"]);
    assert_eq!((code, &again["services"][0]["deployment"]["version"]), (0, &"2".into()), "{again:#}");
}

fn a_broken_release_is_taken_back(repository: &Repository) {
    let before = repository.live("backend");
    repository.code("backend", "import notthere\ndef handler(event, context): return {}\n");
    let (code, report) = repository.ship(&["backend", "--tag", "v3"]);
    let end = &report["services"][0]["deployment"]["end"];
    assert_eq!((code, &end["is"]), (5, &"rolledBack".into()), "{report:#}");
    assert!(end["reason"]["words"].as_str().unwrap().contains("Runtime.ImportModuleError"), "{end:#}");
    let after = repository.live("backend");
    assert_eq!((&after["traffic"], &after["latest"]), (&before["traffic"], &before["latest"]));

    // Works by itself, and not for whoever calls it: the event passes, the URL does not.
    repository.code("worker", "def handler(event, context):\n    return {'statusCode': 200, 'body': '{\"n\": 42}'}\n");
    let toml = std::fs::read_to_string(repository.directory().join("lambark.toml")).unwrap();
    let stricter = toml.replace("json = { statusCode = 200 }", "json = { statusCode = 204 }");
    std::fs::write(repository.directory().join("lambark.toml"), &stricter).unwrap();
    let (code, report) = repository.ship(&["worker", "--tag", "v2"]);
    assert_eq!(code, 5, "{report:#}");
    assert_eq!(repository.live("worker")["traffic"], "live → version 1");
    std::fs::write(repository.directory().join("lambark.toml"), toml).unwrap();
}

fn the_record_tells_all(repository: &Repository) {
    let run = repository.user.run(&["record", "verify"]);
    assert!(run.starts_with("exit code: 0"), "{run}");
    let output = repository.user.command(&["record", "list", "--format", "json"]).output().unwrap();
    let listed: Value = serde_json::from_slice(&output.stdout).unwrap();
    let entries = listed["entries"].as_array().unwrap();
    let of = |verb: &str, outcome: &str| {
        entries.iter().filter(|entry| entry["verb"] == verb && entry["outcome"] == outcome).count()
    };
    let deployed = (of("deploy", "intended"), of("deploy", "succeeded"), of("deploy", "rolled-back"));
    assert_eq!(deployed, (7, 5, 2), "{listed:#}");
    // What was there already was not pushed again.
    assert_eq!((of("push", "intended"), of("push", "succeeded")), (6, 6), "{listed:#}");
    let who = entries.iter().map(|entry| entry["who"]["kind"].as_str().unwrap()).collect::<Vec<_>>();
    assert!(who.iter().all(|kind| *kind == "sts"), "{who:?}");
    let attested = entries.iter().any(|entry| entry["attestations"].as_array().is_some_and(|it| !it.is_empty()));
    assert!(attested, "the provenance of the second release is in the record: {listed:#}");
}

#[test]
fn steps_can_be_taken_one_at_a_time() {
    let Some(repository) = Repository::new() else { return };
    let plan = repository.user.run(&["ship", "backend", "--tag", "v1", "--plan"]);
    assert!(plan.starts_with("exit code: 0") && plan.contains("docker buildx build"), "{plan}");
    let ship = |from: &str, until: &str| {
        let steps = ["backend", "--tag", "v1", "--create-repository", "--from", from, "--until", until];
        repository.ship(&[&steps[..], &["--create", "--role", ROLE]].concat())
    };
    let (code, report) = ship("push", "verify");
    assert_eq!((code, &report["services"][0]["failure"]["kind"]), (2, &"usage".into()), "{report:#}");
    for (from, until) in [("build", "check"), ("push", "verify"), ("deploy", "deploy"), ("tests", "tests")] {
        let (code, report) = ship(from, until);
        assert_eq!(code, 0, "--from {from} --until {until}: {report:#}");
    }
    assert_eq!(repository.live("backend")["aliasMissing"], true, "no traffic yet");
    let (code, report) = ship("alias", "record");
    assert_eq!(code, 0, "{report:#}");
    assert_eq!(repository.live("backend")["traffic"], "live → version 1");
    let unknown = repository.user.run(&["ship", "nobody", "--tag", "v1", "--plan"]);
    assert!(unknown.starts_with("exit code: 2") && unknown.contains("it has backend, frontend, worker"), "{unknown}");
}
