//! Shell scripts.

use super::{FrontEnd, FrontResult};
use crate::fragment::Fragment;
use crate::shell::{self, Scope};
use crate::source::{SourceFile, Tree, name_of};
use crate::step::Sequence;

/// Words without which a script builds, pushes and deploys no image.
pub(super) const WORDS: &[&str] = &[
    "docker",
    "aws lambda",
    "podman",
    "buildah",
    "nerdctl",
    "finch",
    "kaniko",
    "skopeo",
    "sam build",
    "depot",
    "buildx_",
];

/// Shell scripts.
pub static FRONT_END: FrontEnd = FrontEnd { name: "shell script", recognises, words: WORDS, read };

fn recognises(path: &str) -> bool {
    const SUFFIXES: [&str; 4] = [".sh", ".bash", ".zsh", ".ksh"];
    // Where people keep scripts without a suffix; the first line then has to say that it is one.
    const DIRECTORIES: [&str; 8] = ["bin", "scripts", "script", "ci", ".ci", "hack", "tools", "deploy"];
    let name = name_of(path);
    let directory = path.strip_suffix(name).unwrap_or_default().trim_end_matches('/');
    SUFFIXES.iter().any(|suffix| name.ends_with(suffix))
        || (!name.contains('.') && DIRECTORIES.contains(&name_of(directory)) && !super::is_named_otherwise(name))
}

fn read(file: &SourceFile, tree: &dyn Tree) -> FrontResult {
    let mut result = FrontResult::default();
    let first = file.text().lines().next().unwrap_or_default();
    let is_script = file.name().contains('.') || (first.starts_with("#!") && first.contains("sh"));
    if !is_script {
        return result;
    }
    // Most scripts are meant to be called from the repository's root; those that are not say where they go.
    let mut scope = Scope::new("");
    let steps = shell::run_file(&Fragment::whole(file), &mut scope, tree, &mut result);
    if !steps.is_empty() {
        result.sequences.push(Sequence { name: String::new(), steps });
    }
    result
}
