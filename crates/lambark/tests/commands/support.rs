//! Runs the real binary in a scrubbed environment and shows a whole run as one text.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

use lambark_testkit::images::Store;
use lambark_testkit::scripted::ScriptedRegistry;
use tempfile::TempDir;

/// A user with an empty home, standing in the directory of the archives that a real BuildKit wrote.
pub(crate) struct User {
    home: TempDir,
    directory: PathBuf,
    variables: Vec<(String, String)>,
}

impl User {
    pub(crate) fn new() -> User {
        let directory = lambark_testkit::fixture("prov-true-oci.tar").parent().unwrap().to_owned();
        User { home: tempfile::tempdir().unwrap(), directory, variables: Vec::new() }
    }

    /// A user who stands at the root of this repository, where the README's commands are run.
    pub(crate) fn at_root() -> User {
        let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        User { directory, ..User::new() }
    }

    /// A user who stands in an empty directory of their own.
    pub(crate) fn elsewhere() -> User {
        let user = User::new();
        let directory = user.home.path().join("work");
        std::fs::create_dir(&directory).unwrap();
        User { directory, ..user }
    }

    pub(crate) fn with(mut self, variable: &str, value: &str) -> User {
        self.variables.push((variable.to_owned(), value.to_owned()));
        self
    }

    /// What this user's environment says.
    #[cfg(feature = "aws")]
    pub(crate) fn variable(&self, name: &str) -> Option<&str> {
        self.variables.iter().rev().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn directory(&self) -> &Path {
        &self.directory
    }

    /// A path in this user's own directory.
    pub(crate) fn path(&self, name: &str) -> String {
        self.home.path().join(name).display().to_string()
    }

    pub(crate) fn command(&self, arguments: &[impl AsRef<OsStr>]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_lambark"));
        command.env_clear().env("HOME", self.home.path()).current_dir(&self.directory);
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        command.args(arguments);
        command
    }

    /// Runs `lambark` and shows the exit code and both streams, redacted.
    pub(crate) fn run(&self, arguments: &[impl AsRef<OsStr>]) -> String {
        let output = self.command(arguments).output().unwrap();
        let code = output.status.code().map_or_else(|| output.status.to_string(), |code| code.to_string());
        let shown = format!(
            "exit code: {code}\n---- stdout\n{}---- stderr\n{}",
            String::from_utf8(output.stdout).unwrap(),
            String::from_utf8(output.stderr).unwrap()
        );
        redact(&shown.replace(&self.home.path().display().to_string(), "[HOME]"))
    }
}

/// Hides what differs from run to run or with every new rule: ports, lambark's own version, how many rules there are,
/// the name under which a build in a temporary directory is kept.
fn redact(text: &str) -> String {
    const BUILDS: &str = "/builds/";
    let text = &text.split(BUILDS).enumerate().fold(String::new(), |shown, (index, part)| {
        let rest = part.trim_start_matches(|c: char| c.is_ascii_hexdigit());
        if index > 0 { format!("{shown}{BUILDS}[KEY]{rest}") } else { part.to_owned() }
    });
    const HOST: &str = "127.0.0.1:";
    let mut shown = String::new();
    for (index, part) in text.split(HOST).enumerate() {
        shown.push_str(if index > 0 { "[HOST]" } else { "" });
        shown.push_str(if index > 0 { part.trim_start_matches(|c: char| c.is_ascii_digit()) } else { part });
    }
    without_counts(&shown.replace(concat!("lambark ", env!("CARGO_PKG_VERSION")), "lambark [VERSION]"))
}

/// Hides how many rules there are.
pub(crate) fn without_counts(text: &str) -> String {
    let mut words: Vec<&str> = text.split(' ').collect();
    for index in 1..words.len() {
        let number = !words[index - 1].is_empty() && words[index - 1].bytes().all(|b| b.is_ascii_digit());
        if number && words[index].starts_with("rule") {
            words[index - 1] = "[N]";
        }
    }
    words.join(" ")
}

/// Lays a store into a repository `app`.
pub(crate) fn seed(registry: &ScriptedRegistry, store: &Store) {
    registry.create_repository("app");
    for blob in &store.blobs {
        registry.put_blob("app", blob.clone());
    }
    for (media_type, bytes) in &store.manifests {
        registry.put_manifest("app", None, media_type, bytes.clone());
    }
    for (tag, object) in &store.tags {
        registry.move_tag("app", tag, &object.digest);
    }
    registry.forget_requests();
}

/// The name of the image under `tag`.
pub(crate) fn image(registry: &ScriptedRegistry, tag: &str) -> String {
    format!("{}/app:{tag}", registry.host())
}

/// What a command that reports as JSON printed.
pub(crate) fn json(user: &User, arguments: &[&str]) -> serde_json::Value {
    let output = user.command(arguments).output().unwrap();
    serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)))
}

/// A copy of a file in a place that takes nothing, and lambark beside it, run by somebody who may not change that.
#[cfg(unix)]
pub(crate) struct ReadOnly {
    directory: PathBuf,
    name: std::ffi::OsString,
    nobody: bool,
}

#[cfg(unix)]
pub(crate) fn read_only_copy(user: &User, file: &str) -> ReadOnly {
    use std::os::unix::fs::PermissionsExt;
    let directory = PathBuf::from(user.path("copy"));
    std::fs::create_dir(&directory).unwrap();
    let name = Path::new(file).file_name().unwrap().to_owned();
    let (copy, program) = (directory.join(&name), directory.join("lambark"));
    std::fs::copy(file, &copy).unwrap();
    std::fs::copy(env!("CARGO_BIN_EXE_lambark"), &program).unwrap();
    for (path, mode) in [(&copy, 0o444), (&program, 0o555), (&directory, 0o555), (&PathBuf::from(user.path("")), 0o755)]
    {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    }
    // Root writes everywhere: be nobody.
    let nobody = std::fs::write(directory.join("probe"), "").is_ok();
    ReadOnly { directory, name, nobody }
}

#[cfg(unix)]
impl ReadOnly {
    /// The copy.
    pub(crate) fn file(&self) -> String {
        self.directory.join(&self.name).display().to_string()
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        use std::os::unix::process::CommandExt;
        let mut command = Command::new(self.directory.join("lambark"));
        command.env_clear().env("HOME", &self.directory).current_dir("/").args(arguments);
        if self.nobody {
            command.uid(65_534).gid(65_534);
        }
        command
    }
}

#[cfg(unix)]
impl Drop for ReadOnly {
    fn drop(&mut self) {
        use std::os::unix::fs::PermissionsExt;
        // So that its maker can remove it.
        let _ = std::fs::set_permissions(&self.directory, std::fs::Permissions::from_mode(0o755));
    }
}
