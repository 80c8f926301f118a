#![allow(clippy::unwrap_used, reason = "tests")]
use super::*;

fn basic(username: &str, password: &str) -> Credential {
    Credential::Basic { username: username.into(), password: Secret::new(password) }
}

fn auth(username: &str, password: &str) -> String {
    base64::engine::general_purpose::STANDARD.encode(format!("{username}:{password}"))
}

async fn find_in(texts: &[&str], host: &str, repository: &str) -> Result<Option<Credential>, CredentialsError> {
    let folder = tempfile::tempdir().unwrap();
    let mut files = vec![folder.path().join("absent.json"), folder.path().join("a-file/below.json")];
    std::fs::write(folder.path().join("a-file"), "").unwrap();
    for (number, text) in texts.iter().enumerate() {
        let path = folder.path().join(format!("{number}.json"));
        std::fs::write(&path, text).unwrap();
        files.push(path);
    }
    DockerConfig::new(files).find(host, repository).await
}

#[tokio::test]
async fn every_form_of_entry() {
    let (plain, padded) = (auth("u", "p:w"), auth("u", "p\0\0"));
    for (entry, expected) in [
        (format!(r#"{{"auth":"{plain}"}}"#), Some(basic("u", "p:w"))),
        (format!(r#"{{"auth":"{}"}}"#, plain.trim_end_matches('=')), Some(basic("u", "p:w"))),
        (format!(r#"{{"auth":"{padded}"}}"#), Some(basic("u", "p"))),
        (r#"{"username":"u","password":"p"}"#.into(), Some(basic("u", "p"))),
        (r#"{"auth":"","username":"u","password":"p"}"#.into(), Some(basic("u", "p"))),
        (format!(r#"{{"auth":"{plain}","identitytoken":"t"}}"#), Some(Credential::IdentityToken(Secret::new("t")))),
        (r#"{"registrytoken":"t"}"#.into(), Some(Credential::Bearer(Secret::new("t")))),
        (r#"{"auth":null}"#.into(), None),
        ("{}".into(), None),
    ] {
        let file = format!(r#"{{"auths":{{"r.example:5000":{entry}}},"HttpHeaders":{{}}}}"#);
        assert_eq!(find_in(&[&file], "r.example:5000", "a").await.unwrap(), expected, "{entry}");
    }
}

#[tokio::test]
async fn keys_with_schemes_and_paths() {
    for key in ["r.example", "https://r.example", "http://r.example/", "https://r.example/v2/", "R.example"] {
        let file = format!(r#"{{"auths":{{"{key}":{{"auth":"{}"}}}}}}"#, auth("u", "p"));
        assert_eq!(find_in(&[&file], "r.example", "a/b").await.unwrap(), Some(basic("u", "p")), "{key}");
    }
    let file = format!(
        r#"{{"auths":{{"r.example":{{"auth":"{}"}},"r.example/team":{{"auth":"{}"}},"r.example/team/app":{{"auth":"{}"}}}}}}"#,
        auth("host", "p"),
        auth("team", "p"),
        auth("app", "p")
    );
    for (repository, user) in [("team/app", "app"), ("team/app/x", "app"), ("team/other", "team"), ("teams", "host")] {
        assert_eq!(find_in(&[&file], "r.example", repository).await.unwrap(), Some(basic(user, "p")), "{repository}");
    }
    assert_eq!(find_in(&[&file], "r.example:443", "team").await.unwrap(), None);
    assert_eq!(find_in(&[&file], "example", "r.example/team").await.unwrap(), None);
}

#[tokio::test]
async fn docker_hub_has_many_names() {
    for key in ["https://index.docker.io/v1/", "docker.io", "registry-1.docker.io"] {
        let file = format!(r#"{{"auths":{{"{key}":{{"auth":"{}"}}}}}}"#, auth("u", "p"));
        for host in ["docker.io", "index.docker.io", "registry-1.docker.io"] {
            assert_eq!(find_in(&[&file], host, "library/x").await.unwrap(), Some(basic("u", "p")), "{key} {host}");
        }
    }
}

#[tokio::test]
async fn the_first_file_that_knows_wins() {
    let entry = |user: &str| format!(r#"{{"auths":{{"h.io":{{"auth":"{}"}}}}}}"#, auth(user, "p"));
    let found = find_in(&["{}", "  \n", &entry("second"), &entry("third")], "h.io", "a").await.unwrap();
    assert_eq!(found, Some(basic("second", "p")));
    assert_eq!(find_in(&[], "h.io", "a").await.unwrap(), None);
}

#[tokio::test]
async fn a_broken_file_is_named_and_its_secrets_are_not() {
    for (text, reason) in [
        ("{\"auths\": hunter2", "is not JSON (line 1"),
        (r#"{"auths":{"h.io":{"auth":["hunter2"]}}}"#, "has not the expected shape"),
        (r#"{"auths":{"h.io":{"auth":"hunter2!"}}}"#, "is not base64"),
        (r#"{"auths":{"h.io":{"auth":"aHVudGVyMg=="}}}"#, "without a colon"),
        (r#"{"auths":{"h.io":{"auth":"/////w=="}}}"#, "not text"),
    ] {
        let error = find_in(&[text], "h.io", "a").await.unwrap_err().to_string();
        assert!(error.contains("0.json") && error.contains(reason) && !error.contains("hunter2"), "{error}");
    }
}

#[cfg(unix)]
#[tokio::test]
async fn helpers_by_host_then_the_entries_then_the_store() {
    let folder = tempfile::tempdir().unwrap();
    for (name, body) in [
        ("ecr-login", r#"echo '{"Username":"AWS","Secret":"token"}'"#),
        (
            "store",
            r#"read s; [ "$s" = none.io ] && { echo credentials not found in native keychain; exit 1; }; echo "{\"Username\":\"$s\",\"Secret\":\"s\"}""#,
        ),
    ] {
        let path = folder.path().join(format!("docker-credential-{name}"));
        // By another process, for the reason told beside the helper's own tests.
        let mut command = std::process::Command::new("sh");
        command.args(["-c", r#"printf '#!/bin/sh\n%s\n' "$1" > "$2" && chmod 755 "$2""#, "sh", body]).arg(&path);
        assert!(command.status().unwrap().success());
    }
    let file = folder.path().join("config.json");
    let text = format!(
        r#"{{"credHelpers":{{"https://ecr.example":"ecr-login"}},"credsStore":"store","auths":{{"h.io":{{"auth":"{}"}},"store.io":{{}}}}}}"#,
        auth("u", "p")
    );
    std::fs::write(&file, text).unwrap();
    let config = DockerConfig::new(vec![file]).with_helper_folders(vec![folder.path().to_owned()]);
    for (host, expected) in [
        ("ecr.example", Some(basic("AWS", "token"))),
        ("h.io", Some(basic("u", "p"))),
        ("store.io", Some(basic("store.io", "s"))),
        ("docker.io", Some(basic("https://index.docker.io/v1/", "s"))),
        ("none.io", None),
    ] {
        assert_eq!(config.find(host, "a").await.unwrap(), expected, "{host}");
    }
}
