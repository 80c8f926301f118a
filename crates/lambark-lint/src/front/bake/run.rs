//! A run of bake: which targets of which files are built, with the options of the command or the action on top.

use std::sync::Arc;

use super::{Bakefile, option_name};
use crate::front::{Followed, FrontResult};
use crate::source::{SourceFile, Tree, join};
use crate::step::{Action, Build, Opt, Step, Value};

/// Files that bake takes if it is given none; later ones count more.
const DEFAULT_FILES: [&str; 4] =
    ["docker-bake.json", "docker-bake.hcl", "docker-bake.override.json", "docker-bake.override.hcl"];

/// Most files of one run. Nobody merges more than a handful.
const MAX_FILES: usize = 16;

/// The builds of a run in `directory`, each where its target is written and without environment; `None` if a file
/// cannot be read. Of the run's options `file` and `targets` say what is built, and `set` writes over what files say.
pub(crate) fn run(run: &Build, directory: &str, tree: &dyn Tree, result: &mut FrontResult) -> Option<Vec<Step>> {
    let files = files(run, directory, tree)?;
    let mut bakefile = Bakefile::default();
    for file in &files {
        result.followed.push(Followed { path: file.path().to_string(), name: String::new() });
        bakefile.merge(Bakefile::read(file).0);
    }
    let names: Option<Vec<&str>> = run.all("targets").map(|option| option.value.known()).collect();
    let names = names.filter(|names| !names.is_empty()).unwrap_or_else(|| vec!["default"]);
    let chosen = bakefile.chosen(&names);
    let targets = if chosen.is_empty() { bakefile.built() } else { chosen };
    let steps = targets.into_iter().map(|target| {
        let mut build = bakefile.build(target, directory);
        build.more_options = run.more_options;
        for option in &run.options {
            overlay(&mut build.options, &target.name, option);
        }
        Step::new(Action::Build(build), target.span.clone())
    });
    Some(steps.collect())
}

/// What is told of a run whose files cannot be read: `set` as if each target had it.
pub(crate) fn without_files(mut run: Build) -> Build {
    let options = run.options.iter().filter(|option| option.name != "targets");
    run.options = options.map(|option| every_setting(option).unwrap_or_else(|| option.clone())).collect();
    run
}

/// The bake files; `None` if there are none, or if one of them is something else or elsewhere.
fn files(run: &Build, directory: &str, tree: &dyn Tree) -> Option<Vec<Arc<SourceFile>>> {
    let read = |path: &str| tree.read(&join(directory, path)?);
    let mut given = run.all("file").chain(run.all("files")).peekable();
    let files: Vec<Arc<SourceFile>> = if given.peek().is_some() {
        given.take(MAX_FILES).map(|option| read(option.value.known()?)).collect::<Option<_>>()?
    } else {
        DEFAULT_FILES.iter().filter_map(|path| read(path)).collect()
    };
    let are_bake_files = files.iter().all(|file| file.name().ends_with(".hcl") || file.name().ends_with(".json"));
    (!files.is_empty() && are_bake_files).then_some(files)
}

/// Puts an option of the run on top of what the files say of a target.
fn overlay(options: &mut Vec<Opt>, target: &str, option: &Opt) {
    match option.name.as_str() {
        "file" | "files" | "targets" | "source" | "workdir" | "progress" | "print" => {}
        "set" => {
            let Some((name, appends, new)) = setting(target, option) else { return };
            if !appends {
                options.retain(|known| known.name != name || name == "build-arg");
            }
            options.push(Opt { name, ..new });
        }
        kind @ ("provenance" | "sbom") => {
            // Short for `--set *.attest=type=…`, which replaces the file's own of that type.
            let own = format!("type={kind}");
            let is_own = |known: &Opt| known.name == "attest" && known.value.text.split(',').any(|part| part == own);
            options.retain(|known| !is_own(known));
            options.push(option.clone());
        }
        _ => options.push(option.clone()),
    }
}

/// What `--set TARGET.KEY=VALUE` sets for a target: the option's name, whether it adds to what is there, the option.
fn setting(target: &str, option: &Opt) -> Option<(String, bool, Opt)> {
    let (path, value) = option.value.text.split_once('=')?;
    let (pattern, key) = path.split_once('.')?;
    if !matches(pattern, target) {
        return None;
    }
    let appends = key.ends_with('+');
    let key = key.trim_end_matches('+');
    let (name, text) = match key.split_once('.') {
        Some(("args", argument)) => ("build-arg", format!("{argument}={value}")),
        _ => (option_name(key), value.to_owned()),
    };
    let value = Value { text, literal: false, ..option.value.clone() };
    Some((name.to_owned(), appends, Opt { value, literal: false, ..option.clone() }))
}

/// The same without asking for the target.
fn every_setting(option: &Opt) -> Option<Opt> {
    let (pattern, _) = option.value.text.split_once('.').filter(|_| option.name == "set")?;
    let (name, _, new) = setting(pattern, option)?;
    Some(Opt { name, ..new })
}

/// Whether a target's name fits a pattern with at most one `*`.
fn matches(pattern: &str, name: &str) -> bool {
    match pattern.split_once('*') {
        Some((before, after)) => {
            name.len() >= before.len() + after.len() && name.starts_with(before) && name.ends_with(after)
        }
        None => pattern == name,
    }
}
