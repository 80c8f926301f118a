//! The handler that the command names, where a known runtime client reads it.

use super::start::Start;
use crate::facts::filesystem::{Descend, Resolved};

/// Languages whose handlers name a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Language {
    Python,
    Node,
}

/// A handler as the command names it.
pub(super) struct Handler<'a> {
    pub(super) language: Language,
    /// `app.handler`.
    pub(super) text: &'a str,
    /// Which word of the command it is.
    pub(super) position: usize,
}

/// What was found of a handler's module.
pub(super) enum Module<'a> {
    /// The file, or a package directory.
    Found(Resolved<'a>),
    /// Nothing, in these directories.
    Absent(Vec<String>),
    /// The text is no `module.function`.
    Malformed,
    /// Something on the way may find it that is not read here: an archive on the path, a link to a source tree.
    Unknown,
}

/// The handler, if a client is started that reads one from the command.
pub(super) fn handler<'a>(start: &Start<'a>) -> Option<Handler<'a>> {
    let command: Vec<&'a str> = start.config.command().collect();
    let at = |language, position: usize| {
        let text = command.get(position).copied().filter(|text| !text.is_empty())?;
        Some(Handler { language, text, position })
    };
    if Start::is_base_entrypoint(start.config) {
        let language = base_language(start)?;
        // `cmd-count` speaks of any other number of arguments.
        return (command.len() == 2).then(|| at(language, 1)).flatten();
    }
    if let Some(position) = command.windows(2).position(|words| words == ["-m", "awslambdaric"]) {
        return at(Language::Python, position + 2);
    }
    let node = |word: &&str| {
        word.ends_with("/aws-lambda-ric") || *word == "aws-lambda-ric" || word.contains("/aws-lambda-ric/")
    };
    command.iter().position(node).and_then(|position| at(Language::Node, position + 1))
}

/// Which of AWS's language images it is.
fn base_language(start: &Start<'_>) -> Option<Language> {
    let has = |path: &str| start.files.resolve("", path).is_ok();
    if has("/var/runtime/bootstrap.py") || has("/var/runtime/awslambdaric") || has("/var/lang/bin/python3") {
        Some(Language::Python)
    } else if has("/var/lang/bin/node") {
        Some(Language::Node)
    } else {
        None
    }
}

/// Looks for the module that the handler names.
pub(super) fn module<'a>(start: &Start<'a>, handler: &Handler<'_>) -> Module<'a> {
    match handler.language {
        Language::Python => python(start, handler.text),
        Language::Node => node(start, handler.text),
    }
}

fn python<'a>(start: &Start<'a>, text: &str) -> Module<'a> {
    let Some((module, _)) = text.rsplit_once('.').filter(|(module, name)| !module.is_empty() && !name.is_empty())
    else {
        return Module::Malformed;
    };
    let relative = module.trim_matches('/').replace('.', "/");
    let mut directories = vec![start.cwd().to_owned(), start.task_root().to_owned(), "/opt/python".to_owned()];
    directories.extend(start.config.env("PYTHONPATH").unwrap_or_default().split(':').map(str::to_owned));
    directories.retain(|directory| !directory.is_empty());
    let packages = package_directories(start);
    if directories.iter().any(|directory| directory.ends_with(".zip") || directory.ends_with(".egg")) {
        return Module::Unknown;
    }
    for directory in directories.iter().chain(&packages) {
        if let Some(found) = python_module(start, directory, &relative) {
            return Module::Found(found);
        }
    }
    if packages.iter().any(|directory| start.files.children(directory).any(|(name, _)| adds_to_path(name))) {
        return Module::Unknown;
    }
    Module::Absent(directories)
}

/// Every directory into which Python packages are installed.
fn package_directories(start: &Start<'_>) -> Vec<String> {
    let mut found = Vec::new();
    start.files.visit("", |path, node| {
        let is_one = node.is_directory() && (path.ends_with("/site-packages") || path.ends_with("/dist-packages"));
        if is_one {
            found.push(format!("/{path}"));
        }
        if is_one { Descend::Skip } else { Descend::Into }
    });
    found
}

/// Files that make Python look in further directories. What setuptools and old namespace packages bring adds none.
fn adds_to_path(name: &str) -> bool {
    let harmless = name == "distutils-precedence.pth" || name.ends_with("-nspkg.pth");
    name.starts_with("__editable__") || name.ends_with(".egg-link") || (name.ends_with(".pth") && !harmless)
}

fn python_module<'a>(start: &Start<'a>, directory: &str, module: &str) -> Option<Resolved<'a>> {
    let base = format!("{directory}/{module}");
    for suffix in [".py", ".pyc"] {
        if let Ok(found) = start.files.resolve(start.cwd(), &format!("{base}{suffix}")) {
            return Some(found);
        }
    }
    // A package, with `__init__.py` or without.
    if let Ok(found) = start.files.resolve(start.cwd(), &base)
        && found.node.is_directory()
    {
        return Some(found);
    }
    let (parent, name) = base.rsplit_once('/')?;
    let parent = start.files.resolve(start.cwd(), parent).ok()?;
    let native =
        |file: &str| file.strip_prefix(name).is_some_and(|rest| rest.starts_with('.') && rest.ends_with(".so"));
    let file = start.files.children(&parent.path).map(|(file, _)| file).find(|file| native(file))?;
    start.files.resolve("", &format!("{}/{file}", parent.path)).ok()
}

fn node<'a>(start: &Start<'a>, text: &str) -> Module<'a> {
    let (directory, name) = text.rsplit_once('/').unwrap_or(("", text));
    // The client splits at the first full stop of the last part.
    let Some((module, function)) = name.split_once('.') else { return Module::Malformed };
    if module.is_empty() || function.is_empty() {
        return Module::Malformed;
    }
    let roots = [start.cwd().to_owned(), start.task_root().to_owned()];
    for root in &roots {
        for base in [format!("{root}/{directory}/{module}"), format!("{root}/node_modules/{directory}/{module}")] {
            for suffix in ["", ".js", ".mjs", ".cjs", "/index.js", "/index.mjs", "/index.cjs", "/package.json"] {
                let found = start.files.resolve("", &format!("{base}{suffix}"));
                if let Some(found) = found.ok().filter(|found| found.node.is_file()) {
                    return Module::Found(found);
                }
            }
        }
    }
    let mut roots = roots.to_vec();
    roots.dedup();
    Module::Absent(roots)
}
