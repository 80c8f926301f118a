//! Every rule on files: what it finds, what it lets pass, what it cannot judge.
//!
//! One row is one image; a table is read like the rule's specification.
#![allow(clippy::unwrap_used, reason = "tests")]

#[path = "../support/mod.rs"]
mod support;

mod command;
mod init;
mod laws_of_files;
mod libraries;
mod permissions;
mod structure;

use std::collections::BTreeSet;
use std::sync::LazyLock;

use lambark_rules::facts::{Elf, EntryKind, FileNotes, TarEntry};
use lambark_rules::{CATALOGUE, Needs};
use support::files::{directory, entry, program};
use support::laws::{Case, Expect, walk};
use support::{Image, image, nothing};

const X86: u16 = lambark_rules::facts::files::EM_X86_64;
const ARM: u16 = lambark_rules::facts::files::EM_AARCH64;

/// The cases of one rule.
type Table = (&'static str, Vec<Case>);

/// A table, with the cases that every rule has: of nothing nothing is said, and a shallow look says nothing of files.
fn table(name: &'static str, mut cases: Vec<Case>) -> Table {
    cases.push(("nothing known", nothing(), Expect::NotLooked));
    let shallow = |depth| image().command(&["/lambda-entrypoint.sh"], &["app.handler"]).depth(depth).facts();
    // The command alone decides this one.
    let expected = if name == "cmd-count" { Expect::Pass } else { Expect::NotLooked };
    cases.push(("only the manifest", shallow(Needs::Manifest), expected));
    cases.push(("only the first bytes", shallow(Needs::Bytes), expected));
    (name, cases)
}

static TABLES: LazyLock<Vec<Table>> = LazyLock::new(|| {
    [structure::tables(), command::tables(), permissions::tables(), libraries::tables(), init::tables()]
        .into_iter()
        .flatten()
        .collect()
});

#[test]
fn every_case_ends_as_its_table_says() {
    for (name, cases) in TABLES.iter() {
        walk(name, cases);
    }
}

#[test]
fn every_rule_on_files_has_a_table_that_finds_something() {
    let first = CATALOGUE.iter().position(|rule| rule.name == "missing-parent-directory").unwrap();
    let names: BTreeSet<&str> = CATALOGUE[first..].iter().map(|rule| rule.name).collect();
    assert_eq!(TABLES.iter().map(|(name, _)| *name).collect::<BTreeSet<_>>(), names);
    for (name, cases) in TABLES.iter() {
        let finds = |expect| matches!(expect, Expect::Find(_) | Expect::Says(..));
        assert!(cases.iter().any(|(_, _, expect)| finds(*expect)), "{name} never finds anything");
        assert!(cases.iter().any(|(_, _, expect)| *expect == Expect::Pass), "{name} never passes");
    }
}

/// The entries with an entry for each directory in front, unless one is there.
fn tree(entries: Vec<TarEntry>) -> Vec<TarEntry> {
    let given: BTreeSet<Box<str>> = entries.iter().map(|entry| entry.path.clone()).collect();
    let mut made = BTreeSet::new();
    for entry in &entries {
        let parents = entry.path.match_indices('/').map(|(position, _)| &entry.path[..position]);
        made.extend(parents.filter(|parent| !given.contains(*parent)).map(str::to_owned));
    }
    let (mut all, rest): (Vec<_>, Vec<_>) = entries.into_iter().partition(|entry| entry.kind == EntryKind::Directory);
    all.extend(made.iter().map(|path| directory(path)));
    all.sort_by(|a, b| a.path.cmp(&b.path));
    all.into_iter().chain(rest).collect()
}

/// An image that starts these words, with these files.
fn starts(command: &[&str], entries: Vec<TarEntry>) -> Image {
    image().command(command, &[]).files(vec![tree(entries)])
}

/// An image of these files that starts its bootstrap, which is there too.
fn holds(entries: Vec<TarEntry>) -> Image {
    let mut all = vec![program("var/task/bootstrap", X86)];
    all.extend(entries);
    image().files(vec![tree(all)])
}

/// An ELF file for x86-64 that others may execute.
fn elf(path: &str, change: impl FnOnce(&mut Elf)) -> TarEntry {
    let mut elf = Elf { machine: X86, complete: true, ..Elf::default() };
    change(&mut elf);
    let notes = FileNotes { elf: Some(elf), shebang: None, runtime_api: false };
    TarEntry { notes: Some(Box::new(notes)), ..entry(path, EntryKind::File, 0o755) }
}

/// An ELF file that asks for these libraries.
fn needs(path: &str, libraries: &[&str]) -> TarEntry {
    elf(path, |elf| elf.needed = libraries.iter().map(|name| (*name).into()).collect())
}

/// The same entry with other permissions.
fn with_mode(mode: u32, entry: TarEntry) -> TarEntry {
    TarEntry { mode, ..entry }
}

/// Sets environment variables.
fn env(image: Image, lines: &[&str]) -> Image {
    image.config(|config| config.config.env = lines.iter().map(|line| (*line).to_owned()).collect())
}

/// Sets the working directory.
fn workdir(image: Image, directory: &str) -> Image {
    image.config(|config| config.config.working_dir = directory.to_owned())
}
