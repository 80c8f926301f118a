//! What the file may say, and what is told when it says something else.

#![allow(clippy::unwrap_used, reason = "tests")]
use super::*;

const SAMPLE: &str = r#"
    [policy]
    manifest = "docker"
    fail-on = "warning"
    [aws]
    region = "us-east-1"
    [lint]
    ignore = ["no-import-check"]
    assume-lambda = false
    [service.backend]
    dockerfile = "infra/lambda/Dockerfile.backend"
    context = "."
    repository = "backend"
    function = "backend"
    architecture = "x86_64"
    alias = "live"
    tests = [
      { event = "tests/events/health.json", expect = { status = 200 } },
      { url = "https://api.example.com/login", method = "POST", body = "tests/login.json",
        headers = { Origin = "https://app.example.com" },
        expect = { status = 200, headers = { access-control-allow-origin = "https://app.example.com" } } },
    ]
"#;

fn parse(text: &str) -> Result<Config, ConfigError> {
    Config::parse(text, Path::new(FILE_NAME))
}

fn told(text: &str) -> String {
    let error = parse(text).unwrap_err();
    format!("{error} | {}", error.hint().unwrap_or_default())
}

#[test]
fn every_documented_key_is_read() {
    let config = parse(SAMPLE).unwrap();
    assert_eq!(config.manifests(), ManifestPolicy::Only(Family::Docker));
    assert_eq!(config.policy.fail_on, Some(FailOnWord::Warning));
    assert_eq!(config.aws.region.as_deref(), Some("us-east-1"));
    let backend = &config.service["backend"];
    assert_eq!(backend.architecture, Some(Architecture::X86_64));
    assert_eq!(backend.tests[1].expect.headers.len(), 1);
    assert_eq!(parse("").unwrap().manifests(), ManifestPolicy::Any);
}

#[test]
fn unknown_keys_name_the_nearest() {
    assert_eq!(
        told("[policy]\nmanifests = \"any\""),
        "lambark.toml:2: unknown key `policy.manifests` | did you mean `manifest`?"
    );
    assert_eq!(told("[polcy]\n"), "lambark.toml:1: unknown key `polcy` | did you mean `policy`?");
    assert_eq!(
        told("[service.api]\nalias = \"live\"\ntests = [{ expect = { statuss = 1 } }]"),
        "lambark.toml:3: unknown key `service.api.tests.expect.statuss` | did you mean `status`?"
    );
    assert_eq!(told("kubernetes = 1"), "lambark.toml:1: unknown key `kubernetes` | ");
}

#[test]
fn wrong_values_name_the_line() {
    assert!(told("[policy]\n\nmanifest = \"dokker\"").starts_with("lambark.toml:3: unknown variant `dokker`"));
    assert!(told("[service.a]\narchitecture = 7").starts_with("lambark.toml:2: "));
    assert!(told("[policy").starts_with("lambark.toml:1: "));
    assert!(told("[policy]\na = 1\na = 2").starts_with("lambark.toml:3: "), "{}", told("[policy]\na = 1\na = 2"));
}

#[test]
fn the_nearest_file_up_to_the_repository_counts() {
    let top = tempfile::tempdir().unwrap();
    let deep = top.path().join("repository/a/b");
    fs::create_dir_all(&deep).unwrap();
    fs::create_dir(top.path().join("repository/.git")).unwrap();
    fs::write(top.path().join(FILE_NAME), "").unwrap();
    assert_eq!(find(&deep), None);
    fs::write(top.path().join("repository").join(FILE_NAME), "").unwrap();
    assert_eq!(find(&deep), Some(top.path().join("repository").join(FILE_NAME)));
}

#[test]
fn a_file_that_cannot_be_read_is_named() {
    let error = Config::load(Some(Path::new("/dev/zero")), Path::new("/")).unwrap_err().to_string();
    assert!(error.contains("/dev/zero") && error.contains("1048576 bytes"), "{error}");
    let error = Config::load(Some(Path::new("nowhere.toml")), Path::new("/")).unwrap_err().to_string();
    assert!(error.starts_with("cannot read nowhere.toml: "), "{error}");
}
