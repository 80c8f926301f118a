//! What Lambda starts: the command of the config, looked up in the files.

use std::collections::BTreeMap;

use lambark_oci::ImageConfig;

use super::{evidence, words};
use crate::facts::{Elf, FileSystem, ImageFacts, filesystem::Resolved};
use crate::finding::{Finding, Place};
use crate::rule::{Rule, Severity, Skip};

/// Where a bare program name is searched when the config sets no `PATH`.
const DEFAULT_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/opt/bin";

/// How many interpreters may interpret each other: Linux gives up at about as many.
const MAX_INTERPRETERS: usize = 5;

/// The entry point of AWS's base images for languages.
const BASE_ENTRYPOINT: &str = "/lambda-entrypoint.sh";

/// The command and the files among which it starts.
#[derive(Clone, Copy)]
pub(super) struct Start<'a> {
    pub(super) config: &'a ImageConfig,
    pub(super) files: &'a FileSystem,
}

/// The files that have to be there so that the program starts, in the order in which the kernel opens them.
pub(super) struct Chain<'a> {
    /// The program, then what interprets it.
    pub(super) files: Vec<Resolved<'a>>,
    /// Where the chain breaks.
    pub(super) broken: Option<Broken<'a>>,
}

/// A file that the kernel cannot start although it is there.
pub(super) struct Broken<'a> {
    pub(super) file: Resolved<'a>,
    pub(super) why: Why,
}

/// Why it cannot.
pub(super) enum Why {
    /// Neither ELF nor `#!`.
    NoProgram,
    /// A carriage return ends the `#!` line.
    CarriageReturn(String),
    /// The interpreter that `#!` names is absent.
    Interpreter(String, String),
    /// `env` has to find a program that is not on `PATH`.
    NotOnPath(String),
    /// The loader that an ELF file names is absent.
    Loader(String, String),
}

impl<'a> Start<'a> {
    /// The command and the files.
    ///
    /// # Errors
    /// [`Skip::NotLooked`] when one of them is not known.
    pub(super) fn of(facts: &'a ImageFacts) -> Result<Start<'a>, Skip> {
        Ok(Start { config: evidence::config(facts)?, files: facts.files.known()? })
    }

    /// Where the program starts.
    pub(super) fn cwd(&self) -> &'a str {
        match self.config.config.working_dir.as_str() {
            "" => "/",
            given => given,
        }
    }

    /// The command's first word, if it has one to start.
    pub(super) fn program(&self) -> Option<&'a str> {
        self.config.command().next().filter(|program| !program.is_empty())
    }

    /// The file that `name` starts, or why there is none: [`because`].
    pub(super) fn locate(&self, name: &str) -> Result<Resolved<'a>, String> {
        if name.contains('/') {
            return self.files.resolve(self.cwd(), name).map_err(|error| because(name, &error.to_string()));
        }
        let path = self.config.env("PATH").unwrap_or(DEFAULT_PATH);
        let found = self.files.find_program(self.cwd(), path, name);
        found.ok_or_else(|| format!(": no directory of PATH ({}) has it", words::quoted(path)))
    }

    /// Follows the program to its interpreters.
    pub(super) fn chain(&self) -> Chain<'a> {
        let mut chain = Chain { files: Vec::new(), broken: None };
        let mut next = self.program().and_then(|program| self.locate(program).ok());
        while let Some(file) = next.filter(|file| file.node.is_file() && chain.files.len() < MAX_INTERPRETERS) {
            chain.files.push(file.clone());
            next = match self.after(&file, &mut chain.files) {
                Ok(next) => next,
                Err(why) => {
                    chain.broken = Some(Broken { file, why });
                    None
                }
            };
        }
        chain
    }

    /// What interprets `file`; nothing where the kernel loads it itself.
    fn after(&self, file: &Resolved<'a>, passed: &mut Vec<Resolved<'a>>) -> Result<Option<Resolved<'a>>, Why> {
        if let Some(elf) = elf(file) {
            return self.loader_is_there(elf).map(|()| None);
        }
        let line = file.node.notes.as_ref().and_then(|notes| notes.shebang.as_deref()).ok_or(Why::NoProgram)?;
        if line.ends_with('\r') || line.ends_with("\\x0d") {
            return Err(Why::CarriageReturn(line.trim_end_matches("\\x0d").trim().to_owned()));
        }
        let mut parts = line.split_ascii_whitespace();
        let interpreter = parts.next().ok_or(Why::NoProgram)?;
        let absent =
            |error: crate::facts::filesystem::ResolveError| Why::Interpreter(interpreter.to_owned(), error.to_string());
        let found = self.files.resolve(self.cwd(), interpreter).map_err(absent)?;
        if interpreter.rsplit('/').next() != Some("env") {
            return Ok(Some(found));
        }
        passed.push(found);
        // `env -S` and assignments stand before the program.
        let Some(name) = parts.find(|word| !word.starts_with('-') && !word.contains('=')) else { return Ok(None) };
        self.locate(name).map(Some).map_err(|_| Why::NotOnPath(name.to_owned()))
    }

    fn loader_is_there(&self, elf: &Elf) -> Result<(), Why> {
        let Some(loader) = elf.interpreter.as_deref() else { return Ok(()) };
        let found = self.files.resolve("", loader);
        found.map(|_| ()).map_err(|error| Why::Loader(loader.to_owned(), error.to_string()))
    }

    /// Whether AWS's own script starts the function.
    pub(super) fn is_base_entrypoint(config: &ImageConfig) -> bool {
        config.config.entrypoint.first().is_some_and(|first| first == BASE_ENTRYPOINT)
    }

    /// The directory in which AWS's runtimes look for code.
    pub(super) fn task_root(&self) -> &'a str {
        self.config.env("LAMBDA_TASK_ROOT").filter(|root| root.starts_with('/')).unwrap_or("/var/task")
    }
}

/// Why a path leads nowhere, to follow a message that names the path; nothing where the whole path is absent, since the
/// message has said so.
pub(super) fn because(path: &str, why: &str) -> String {
    if why == format!("{path} is not there") { String::new() } else { format!(": {}", words::quoted(why)) }
}

/// The ELF headers of a file, if it has them.
pub(super) fn elf<'a>(file: &Resolved<'a>) -> Option<&'a Elf> {
    file.node.notes.as_ref()?.elf.as_ref()
}

/// Where the word at `position` of the command stands in the config.
pub(super) fn word_place(config: &ImageConfig, position: usize) -> Place {
    let entrypoint = config.config.entrypoint.len();
    Place::Config(match position.checked_sub(entrypoint) {
        None => format!("/config/Entrypoint/{position}"),
        Some(position) => format!("/config/Cmd/{position}"),
    })
}

/// A finding of `rule` about a file of the merged file system.
pub(super) fn about(rule: &Rule, layer: usize, path: &str, message: String) -> Finding {
    Finding::new(rule, Place::File { layer, path: path.to_owned() }, message)
}

/// A path in a message.
pub(super) fn shown(path: &str) -> String {
    words::quoted(&format!("/{path}"))
}

/// How many findings of one severity a rule makes: a report lists a few and counts the rest, and a hostile tar has
/// millions of entries.
pub(super) const MAX_FINDINGS: usize = 10_000;

/// The findings, save what no report could hold.
pub(super) fn bounded(findings: impl Iterator<Item = Finding>) -> Vec<Finding> {
    let mut room: BTreeMap<Severity, usize> = BTreeMap::new();
    let fits = |finding: &Finding| {
        let used = room.entry(finding.severity).or_default();
        *used += 1;
        *used <= MAX_FINDINGS
    };
    findings.filter(fits).collect()
}
