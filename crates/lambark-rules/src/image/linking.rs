//! How the dynamic loader finds shared libraries.

use std::collections::{BTreeSet, HashSet};

use super::entrypoint_wrong_machine::architecture;
use super::start::{Start, elf};
use crate::facts::Elf;
use crate::facts::filesystem::{Descend, Resolved};
use crate::rule::Skip;

/// Where loaders look without being told: glibc of Red Hat and Debian, musl; then what Lambda adds for its runtimes.
const DEFAULT_DIRECTORIES: [&str; 18] = [
    "/lib64",
    "/usr/lib64",
    "/lib",
    "/usr/lib",
    "/usr/local/lib64",
    "/usr/local/lib",
    "/lib/x86_64-linux-gnu",
    "/usr/lib/x86_64-linux-gnu",
    "/usr/local/lib/x86_64-linux-gnu",
    "/lib/aarch64-linux-gnu",
    "/usr/lib/aarch64-linux-gnu",
    "/usr/local/lib/aarch64-linux-gnu",
    "/var/lang/lib",
    "/var/runtime",
    "/var/runtime/lib",
    "/var/task",
    "/var/task/lib",
    "/opt/lib",
];

/// Beginnings of names that musl's loader answers for itself, whatever version follows: `libc.so.6` too.
const IN_MUSL: [&str; 8] = ["libc.", "libpthread.", "librt.", "libm.", "libdl.", "libutil.", "libxnet.", "ld-musl"];

/// Libraries of a graphics driver: they come with the machine, never with an image.
const FROM_DRIVER: [&str; 5] = ["libcuda.so", "libnvidia-", "libnvcuvid.so", "libnvoptix.so", "libcudadebugger.so"];

/// How many libraries are searched for in one image: one with all of Python's data science has some ten thousand, and a
/// hostile one could ask for millions.
const MAX_SEARCHES: usize = 300_000;

/// How many run paths are kept while one program is followed; real ones name one or two directories.
const MAX_RUN_PATHS: usize = 500;

/// The dynamic loader's view of an image.
pub(super) struct Linker<'a> {
    start: Start<'a>,
    search: Vec<String>,
    /// Every file and link that is called like a library, anywhere.
    names: HashSet<String>,
    /// Whether musl's loader is there.
    musl: bool,
    /// Objects that were followed: who else loads them learns nothing new.
    followed: HashSet<String>,
    searches: usize,
}

/// What one object asks for and does not get.
pub(super) struct Unmet<'a> {
    /// The name that it asks for.
    pub(super) library: Box<str>,
    /// The object that asks.
    pub(super) by: Resolved<'a>,
    /// Whether a file of that name is somewhere in the image, where nothing seen here makes a loader look.
    pub(super) elsewhere: bool,
}

/// The objects that one program loads, save those that were followed before.
pub(super) struct Loaded<'a> {
    pub(super) objects: Vec<Resolved<'a>>,
    pub(super) unmet: Vec<Unmet<'a>>,
}

impl<'a> Linker<'a> {
    pub(super) fn new(start: Start<'a>) -> Linker<'a> {
        let told = start.config.env("LD_LIBRARY_PATH").unwrap_or_default();
        let told = told.split([':', ';']).filter(|directory| !directory.is_empty());
        let search = told.take(MAX_RUN_PATHS).chain(DEFAULT_DIRECTORIES).map(str::to_owned).collect();
        let mut names = HashSet::new();
        start.files.visit("", |path, node| {
            let name = path.rsplit('/').next().unwrap_or(path);
            if name.contains(".so") && !node.is_directory() {
                names.insert(name.to_owned());
            }
            Descend::Into
        });
        let musl = names.iter().any(|name| name.starts_with("ld-musl-"));
        Linker { start, search, names, musl, followed: HashSet::new(), searches: 0 }
    }

    /// Fails where not everything could be followed.
    pub(super) fn followed_all(&self) -> Result<(), Skip> {
        if self.searches < MAX_SEARCHES {
            return Ok(());
        }
        Err(Skip::NotLooked(format!("the files ask for more than {MAX_SEARCHES} libraries").into()))
    }

    /// What `root` loads, itself first, and what it lacks.
    pub(super) fn load(&mut self, root: Resolved<'a>) -> Loaded<'a> {
        let machine = elf(&root).map(|elf| elf.machine);
        let mut loaded = Loaded { objects: Vec::new(), unmet: Vec::new() };
        let mut known: BTreeSet<Box<str>> = BTreeSet::new();
        // Objects below inherit a run path (RPATH) or not (RUNPATH); to be sure they always do here.
        let mut inherited: Vec<String> = Vec::new();
        let mut todo = vec![root];
        while let Some(object) = todo.pop() {
            if !self.followed.insert(object.path.clone()) {
                continue;
            }
            if let Some(elf) = elf(&object) {
                let room = MAX_RUN_PATHS - inherited.len();
                inherited.extend(run_path(elf, &object.path).into_iter().take(room));
                for library in &elf.needed {
                    if self.is_provided(library) || !known.insert(library.clone()) {
                        continue;
                    }
                    self.searches += 1;
                    if self.searches >= MAX_SEARCHES {
                        return loaded;
                    }
                    match self.find(library, &inherited, machine) {
                        Some(found) => todo.push(found),
                        None => loaded.unmet.push(self.unmet(library, &object)),
                    }
                }
            }
            loaded.objects.push(object);
        }
        loaded
    }

    /// The C library of glibc that programs of that machine load.
    pub(super) fn glibc(&self, machine: u16) -> Option<Resolved<'a>> {
        self.find("libc.so.6", &[], Some(machine))
    }

    fn unmet(&self, library: &str, by: &Resolved<'a>) -> Unmet<'a> {
        let name = library.rsplit('/').next().unwrap_or(library);
        Unmet { library: library.into(), by: by.clone(), elsewhere: self.names.contains(name) }
    }

    fn find(&self, library: &str, inherited: &[String], machine: Option<u16>) -> Option<Resolved<'a>> {
        let fits = |found: &Resolved<'a>| {
            found.node.is_file() && elf(found).is_none_or(|elf| machine.is_none_or(|machine| machine == elf.machine))
        };
        if library.contains('/') {
            return self.start.files.resolve(self.start.cwd(), library).ok().filter(fits);
        }
        let directories = inherited.iter().chain(&self.search);
        directories.filter_map(|directory| self.start.files.resolve(directory, library).ok()).find(fits)
    }

    /// Whether a name is answered without a file: by musl's loader, or by the machine's driver.
    fn is_provided(&self, library: &str) -> bool {
        let begins_with = |prefixes: &[&str]| prefixes.iter().any(|prefix| library.starts_with(prefix));
        begins_with(&FROM_DRIVER) || (self.musl && begins_with(&IN_MUSL))
    }
}

/// The directories that an object names, `$ORIGIN` and its like put in.
fn run_path(elf: &Elf, path: &str) -> Vec<String> {
    let origin = path.rsplit_once('/').map_or("", |(directory, _)| directory);
    let mut directories = Vec::new();
    for directory in elf.run_path.iter().filter(|directory| !directory.is_empty()) {
        let directory = directory.replace("${ORIGIN}", "$ORIGIN").replace("$ORIGIN", &format!("/{origin}"));
        let directory = directory.replace("${LIB}", "$LIB");
        if directory.contains("$LIB") {
            directories.extend(["lib", "lib64"].map(|lib| directory.replace("$LIB", lib)));
        } else {
            directories.push(directory);
        }
    }
    directories
}

/// The native modules of the function: what a language's `import` would load, not the language's own parts.
pub(super) fn modules<'a>(start: &Start<'a>) -> Vec<Resolved<'a>> {
    let named = start.config.platform().lambda_architecture();
    let root = start.task_root().trim_matches('/');
    let mut found = Vec::new();
    start.files.visit("", |path, node| {
        let elf = node.notes.as_ref().and_then(|notes| notes.elf.as_ref());
        if let Some(elf) = elf.filter(|_| node.is_file() && is_module(path) && is_of_function(path, root))
            && architecture(elf.machine) == named
        {
            found.extend(start.files.resolve("", path));
        }
        Descend::Into
    });
    found
}

/// Prebuilt variants for other systems lie side by side, and only the fitting one is ever loaded: they are none.
fn is_module(path: &str) -> bool {
    (path.ends_with(".so") || path.ends_with(".node")) && !path.contains("/prebuilds/") && !path.contains("musl")
}

fn is_of_function(path: &str, task_root: &str) -> bool {
    let below = |root: &str| !root.is_empty() && path.strip_prefix(root).is_some_and(|rest| rest.starts_with('/'));
    below(task_root) || path.contains("/site-packages/") || path.contains("/dist-packages/")
}
