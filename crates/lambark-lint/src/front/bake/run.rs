//! A run of bake: which targets of which files are built, with the options of the command or the action on top.

use std::sync::Arc;

use super::{Bakefile, MAX_INHERITANCE, option_name};
use crate::front::{Followed, FrontResult};
use crate::source::{SourceFile, Tree, join};
use crate::step::{Action, Opt, Step, Tool, Value};

/// Files that bake takes if it is given none; later ones count more.
const DEFAULT_FILES: [&str; 4] =
    ["docker-bake.json", "docker-bake.hcl", "docker-bake.override.json", "docker-bake.override.hcl"];

/// A run of bake.
pub(crate) struct Run<'a> {
    /// Who runs it.
    pub(crate) tool: Tool,
    /// The tool's version.
    pub(crate) version: Option<Value>,
    /// Where it runs; `None` if that is not known.
    pub(crate) directory: Option<&'a str>,
    /// Everything that it is told: `file` and `targets` say what is built, `set` writes over what the files say.
    pub(crate) options: &'a [Opt],
    /// Whether it may be told more.
    pub(crate) more_options: bool,
}

/// The builds of a run, each where its target is written and without environment; `None` if a file cannot be read.
pub(crate) fn run(run: &Run<'_>, tree: &dyn Tree, result: &mut FrontResult) -> Option<Vec<Step>> {
    let directory = run.directory?;
    let files = files(run, directory, tree)?;
    let mut bakefile = Bakefile::default();
    for file in &files {
        result.followed.push(Followed { path: file.path().to_string(), name: String::new() });
        bakefile.merge(Bakefile::read(file).0);
    }
    let names: Option<Vec<&str>> = named(run, "targets").map(Value::known).collect();
    let names = names.filter(|names| !names.is_empty()).unwrap_or_else(|| vec!["default"]);
    let chosen = bakefile.chosen(&names);
    let targets = if chosen.is_empty() { bakefile.built() } else { chosen };
    let steps = targets.into_iter().map(|target| {
        let mut build = bakefile.build(target, directory);
        build.tool = run.tool;
        build.version.clone_from(&run.version);
        build.more_options = run.more_options;
        for option in run.options {
            overlay(&mut build.options, &target.name, option);
        }
        Step::new(Action::Build(build), target.span.clone())
    });
    Some(steps.collect())
}

fn named<'a>(run: &Run<'a>, name: &'static str) -> impl Iterator<Item = &'a Value> + use<'a> {
    run.options.iter().filter(move |option| option.name == name).map(|option| &option.value)
}

/// The bake files; `None` if there are none, or if one of them is something else or elsewhere.
fn files(run: &Run<'_>, directory: &str, tree: &dyn Tree) -> Option<Vec<Arc<SourceFile>>> {
    let read = |path: &str| tree.read(&join(directory, path)?);
    let mut given = named(run, "file").chain(named(run, "files")).peekable();
    let files: Vec<Arc<SourceFile>> = if given.peek().is_some() {
        given.map(|path| read(path.known()?)).take(MAX_INHERITANCE).collect::<Option<_>>()?
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

/// Whether a target's name fits a pattern with at most one `*`.
fn matches(pattern: &str, name: &str) -> bool {
    match pattern.split_once('*') {
        Some((before, after)) => {
            name.len() >= before.len() + after.len() && name.starts_with(before) && name.ends_with(after)
        }
        None => pattern == name,
    }
}
