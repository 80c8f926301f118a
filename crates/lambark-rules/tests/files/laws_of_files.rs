//! Whatever is in the layers, judging ends and its words obey the laws.

use lambark_oci::Architecture;
use lambark_rules::facts::{Elf, EntryKind, FileNotes, GlibcVersion, TarEntry};
use lambark_rules::{Place, judge, rule};
use proptest::prelude::*;
use proptest::sample::select;

use super::support::files::entry;
use super::support::{image, laws};

const PATHS: [&str; 14] = [
    "main",
    "bin",
    "bin/sh",
    "usr/bin/env",
    "lib/libc.so.6",
    "lib/a.so",
    "var/task",
    "var/task/app.py",
    "var/task/a.so",
    "opt/extensions/x",
    "lambda-entrypoint.sh",
    "var/lang/bin/node",
    ".wh.lib",
    "../up",
];

fn a_path() -> impl Strategy<Value = String> {
    prop_oneof![4 => select(PATHS.to_vec()).prop_map(str::to_owned), 1 => ".{0,6}"]
}

fn notes() -> impl Strategy<Value = Option<Box<FileNotes>>> {
    let names = || proptest::collection::vec(a_path().prop_map(Into::into), 0..3);
    let version =
        || proptest::option::of((2..4_u32, 0..40_u32).prop_map(|(major, minor)| GlibcVersion { major, minor }));
    let elf = (select(vec![62, 183, 3]), proptest::option::of(a_path()), names(), names(), version(), version())
        .prop_map(|(machine, interpreter, needed, run_path, glibc_needed, glibc_provided)| Elf {
            machine,
            interpreter: interpreter.map(Into::into),
            needed,
            run_path,
            glibc_needed,
            glibc_provided,
            complete: true,
        });
    let shebang = proptest::option::of(prop_oneof![a_path().prop_map(|path| format!("/{path}")), ".{0,6}"]);
    let notes = (proptest::option::of(elf), shebang, any::<bool>()).prop_map(|(elf, shebang, runtime_api)| {
        Box::new(FileNotes { elf, shebang: shebang.map(Into::into), runtime_api })
    });
    proptest::option::of(notes)
}

fn an_entry() -> impl Strategy<Value = TarEntry> {
    let kind = prop_oneof![
        5 => Just(EntryKind::File),
        3 => Just(EntryKind::Directory),
        1 => a_path().prop_map(|path| EntryKind::Symlink(path.into())),
        1 => a_path().prop_map(|path| EntryKind::Hardlink(path.into())),
        1 => Just(EntryKind::Device),
    ];
    (a_path(), kind, 0..0o10000_u32, notes())
        .prop_map(|(path, kind, mode, notes)| TarEntry { notes, ..entry(&path, kind, mode) })
}

fn words() -> impl Strategy<Value = Vec<String>> {
    let word = prop_oneof![
        3 => a_path(),
        3 => a_path().prop_map(|path| format!("/{path}")),
        2 => select(vec!["-m", "awslambdaric", "aws-lambda-ric", "app.handler", "sh"]).prop_map(str::to_owned),
    ];
    proptest::collection::vec(word, 0..4)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_024))]

    #[test]
    fn judging_any_files_ends_and_obeys_the_laws(
        layers in proptest::collection::vec(proptest::collection::vec(an_entry(), 0..12), 1..4),
        entrypoint in words(),
        cmd in words(),
        cwd in a_path(),
        env in proptest::collection::vec(".{0,20}|PATH=.{0,9}|LD_LIBRARY_PATH=.{0,9}|PYTHONPATH=.{0,9}", 0..3),
    ) {
        let image = image().files(layers).asked(Architecture::X86_64).config(|config| {
            config.config.entrypoint = entrypoint;
            config.config.cmd = cmd;
            config.config.working_dir = cwd;
            config.config.env = env;
        });
        let judgement = judge(&image.facts());
        for finding in judgement.findings.iter().filter(|finding| finding.place != Place::Image) {
            laws::obeys(rule(finding.rule).unwrap(), finding);
        }
    }
}
