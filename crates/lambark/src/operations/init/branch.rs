//! The branch that is deployed, as far as git's own files tell. Not the one that is checked out: a second run on another
//! branch has to find the same.

use std::fs;
use std::path::Path;

/// What most repositories call it.
const USUAL: &str = "main";

/// Largest file of git's that is read, in bytes; packed references of a large repository have some megabytes.
const MAX_BYTES: u64 = 16 << 20;

/// The remote's own default branch, else `main` or `master`, whichever there is.
pub(super) fn deployed(root: &Path) -> String {
    let git = root.join(".git");
    let remote = read(&git.join("refs/remotes/origin/HEAD"));
    let remote = remote.as_deref().and_then(|text| text.trim().strip_prefix("ref: refs/remotes/origin/"));
    if let Some(branch) = remote.filter(|branch| is_plain(branch)) {
        return branch.to_owned();
    }
    let packed = read(&git.join("packed-refs")).unwrap_or_default();
    let there = |branch: &str| {
        git.join("refs/heads").join(branch).is_file()
            || packed.lines().any(|line| line.ends_with(&format!(" refs/heads/{branch}")))
    };
    let known = [USUAL, "master"].into_iter().find(|branch| there(branch));
    known.unwrap_or(USUAL).to_owned()
}

/// A name that YAML takes without quotes.
fn is_plain(branch: &str) -> bool {
    let letter = |b: u8| b.is_ascii_alphanumeric() || b"-_./".contains(&b);
    branch.starts_with(|c: char| c.is_ascii_alphabetic()) && branch.bytes().all(letter)
}

fn read(path: &Path) -> Option<String> {
    let size = fs::metadata(path).ok()?.len();
    if size > MAX_BYTES { None } else { fs::read_to_string(path).ok() }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn the_remote_s_word_comes_first() {
        let root = tempfile::tempdir().unwrap();
        assert_eq!(deployed(root.path()), "main");
        fs::create_dir_all(root.path().join(".git/refs/remotes/origin")).unwrap();
        fs::write(root.path().join(".git/packed-refs"), "# pack-refs\nabc refs/heads/master\n").unwrap();
        assert_eq!(deployed(root.path()), "master");
        fs::write(root.path().join(".git/refs/remotes/origin/HEAD"), "ref: refs/remotes/origin/trunk\n").unwrap();
        assert_eq!(deployed(root.path()), "trunk");
        fs::write(root.path().join(".git/refs/remotes/origin/HEAD"), "ref: refs/remotes/origin/a b]\n").unwrap();
        assert_eq!(deployed(root.path()), "master");
    }
}
