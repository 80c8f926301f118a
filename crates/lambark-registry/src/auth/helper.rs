//! `docker-credential-…` programs: asked with a time limit, ended with all their children.

use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use serde::Deserialize;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, Command};

use super::{Credential, CredentialsError};
use lambark_oci::Secret;

/// How long a helper program may take. One that asks a locked keychain or a dead agent never answers.
pub const HELPER_TIME_LIMIT: Duration = Duration::from_secs(10);

/// Most bytes of a helper's output that are read. A token has some kilobytes.
const MAX_OUTPUT_BYTES: u64 = 256 * 1024;

/// What `docker login` with an identity token stores as user name.
const TOKEN_USER: &str = "<token>";

/// How to run helper programs.
#[derive(Clone, Debug)]
pub(crate) struct Helpers {
    /// Folders to search for the programs; `None`: the operating system's search path.
    pub(crate) folders: Option<Vec<PathBuf>>,
    pub(crate) time_limit: Duration,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Answer {
    username: String,
    secret: String,
}

impl Helpers {
    /// Asks `docker-credential-NAME` for the credential of `server`.
    pub(crate) async fn get(&self, name: &str, server: &str) -> Result<Option<Credential>, CredentialsError> {
        let program = format!("docker-credential-{name}");
        let failed =
            |reason: String| CredentialsError::Helper { program: program.clone(), host: server.to_owned(), reason };
        // The name comes from a file; a path in it would run any program.
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        if name.is_empty() || !name.chars().all(plain) {
            return Err(failed("its name is not a plain word".to_owned()));
        }
        let found = self.folders.iter().flatten().map(|folder| folder.join(&program)).find(|path| path.is_file());
        let mut command = Command::new(found.unwrap_or_else(|| PathBuf::from(&program)));
        command.arg("get").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        #[cfg(unix)]
        command.process_group(0);
        let mut child = command.spawn().map_err(|error| failed(format!("cannot be started: {error}")))?;
        let group = Group::of(&child);
        let outcome = tokio::time::timeout(self.time_limit, converse(&mut child, server)).await;
        let Ok(conversation) = outcome else {
            group.end();
            return Err(CredentialsError::HelperTimedOut { program, host: server.to_owned(), after: self.time_limit });
        };
        let (success, stdout, stderr) = conversation.map_err(|error| failed(error.to_string()))?;
        if success {
            return read_answer(&stdout).map_err(failed);
        }
        let said = format!("{} {}", String::from_utf8_lossy(&stdout).trim(), String::from_utf8_lossy(&stderr).trim());
        // The protocol has no code for it, only these words, which every helper copies from Docker's own.
        if said.contains("credentials not found") {
            return Ok(None);
        }
        Err(failed(said.trim().chars().take(400).map(|c| if c.is_control() { ' ' } else { c }).collect()))
    }
}

async fn converse(child: &mut Child, server: &str) -> std::io::Result<(bool, Vec<u8>, Vec<u8>)> {
    if let Some(mut stdin) = child.stdin.take() {
        // A helper may answer without reading the question; its status tells whether that was an error.
        stdin.write_all(format!("{server}\n").as_bytes()).await.ok();
    }
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    let (stdout, stderr) = tokio::join!(read_limited(stdout), read_limited(stderr));
    let status = child.wait().await?;
    Ok((status.success(), stdout?, stderr?))
}

async fn read_limited(pipe: Option<impl AsyncRead + Unpin>) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    if let Some(pipe) = pipe {
        pipe.take(MAX_OUTPUT_BYTES).read_to_end(&mut bytes).await?;
    }
    Ok(bytes)
}

fn read_answer(stdout: &[u8]) -> Result<Option<Credential>, String> {
    // The parser's own words would repeat what it read, which is a secret: only the place is told.
    let answer: Answer = serde_json::from_slice(stdout)
        .map_err(|error| format!("its answer is not the expected JSON (column {})", error.column()))?;
    if answer.secret.is_empty() {
        return Ok(None);
    }
    let secret = Secret::from(answer.secret);
    Ok(Some(if answer.username == TOKEN_USER {
        Credential::IdentityToken(secret)
    } else {
        Credential::Basic { username: answer.username, password: secret }
    }))
}

/// The process group of a helper: a shell script's children hold its pipes open long after it was killed.
struct Group(#[cfg_attr(not(unix), allow(dead_code, reason = "process groups are Unix"))] Option<u32>);

impl Group {
    fn of(child: &Child) -> Group {
        Group(child.id())
    }

    fn end(self) {
        #[cfg(unix)]
        if let Some(pid) = self.0.and_then(|id| i32::try_from(id).ok()).and_then(rustix::process::Pid::from_raw) {
            // It may have ended by itself in this very moment.
            rustix::process::kill_process_group(pid, rustix::process::Signal::KILL).ok();
        }
    }
}

#[cfg(all(test, unix))]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn helpers(folder: &std::path::Path) -> Helpers {
        Helpers { folders: Some(vec![folder.to_owned()]), time_limit: Duration::from_secs(10) }
    }

    /// Written by another process: a descriptor open for writing here could slip into a child that another test
    /// starts just now, and the kernel runs no file that is being written.
    fn script(folder: &std::path::Path, name: &str, body: &str) {
        let path = folder.join(format!("docker-credential-{name}"));
        let mut command = std::process::Command::new("sh");
        command.args(["-c", r#"printf '#!/bin/sh\n%s\n' "$1" > "$2" && chmod 755 "$2""#, "sh", body]).arg(&path);
        assert!(command.status().unwrap().success());
    }

    #[tokio::test]
    async fn it_is_asked_by_standard_input() {
        let folder = tempfile::tempdir().unwrap();
        script(
            folder.path(),
            "echo",
            r#"read server; printf '{"ServerURL":"%s","Username":"u","Secret":"%s"}' "$server" "$server-$1""#,
        );
        let credential = helpers(folder.path()).get("echo", "r.example:5000").await.unwrap();
        let password = Secret::new("r.example:5000-get");
        assert_eq!(credential, Some(Credential::Basic { username: "u".into(), password }));
    }

    #[tokio::test]
    async fn not_found_is_none_and_an_identity_token_is_recognised() {
        let folder = tempfile::tempdir().unwrap();
        script(folder.path(), "none", "echo credentials not found in native keychain; exit 1");
        script(folder.path(), "token", r#"echo '{"Username":"<token>","Secret":"t"}'"#);
        let helpers = helpers(folder.path());
        assert_eq!(helpers.get("none", "h").await, Ok(None));
        assert_eq!(helpers.get("token", "h").await, Ok(Some(Credential::IdentityToken(Secret::new("t")))));
    }

    #[tokio::test]
    async fn failures_show_what_it_said_but_never_its_secret() {
        let folder = tempfile::tempdir().unwrap();
        script(folder.path(), "fail", "echo no session >&2; exit 3");
        script(folder.path(), "broken", r#"echo '{"Username":"u","Secret":"hunter2"'"#);
        let helpers = helpers(folder.path());
        assert!(helpers.get("fail", "h").await.unwrap_err().to_string().contains("no session"));
        let broken = helpers.get("broken", "h").await.unwrap_err().to_string();
        assert!(broken.contains("expected JSON") && !broken.contains("hunter2"), "{broken}");
        assert!(helpers.get("absent", "h").await.unwrap_err().to_string().contains("cannot be started"));
        for name in ["../x", "a/b", "", "a b"] {
            assert!(helpers.get(name, "h").await.unwrap_err().to_string().contains("plain word"), "{name}");
        }
    }

    #[tokio::test]
    async fn a_hung_helper_is_ended_with_its_children() {
        let folder = tempfile::tempdir().unwrap();
        let mark = folder.path().join("pid");
        // The child of the script would hold the pipes for an hour.
        script(folder.path(), "hang", &format!("sleep 3600 & echo $! > {}; wait", mark.display()));
        let helpers = Helpers { time_limit: Duration::from_millis(500), ..helpers(folder.path()) };
        let error = helpers.get("hang", "h").await.unwrap_err();
        assert!(matches!(error, CredentialsError::HelperTimedOut { .. }), "{error}");
        let pid: i32 = std::fs::read_to_string(&mark).unwrap().trim().parse().unwrap();
        let pid = rustix::process::Pid::from_raw(pid).unwrap();
        // The kernel delivers the signal at once, but who reaps the orphan may take a moment.
        for _ in 0..200 {
            let state = std::fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_nonzero())).unwrap_or_default();
            if state.is_empty() || state.contains(") Z ") {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("the helper's child still runs");
    }
}
