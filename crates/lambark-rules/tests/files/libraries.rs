//! Cases of the rules on shared libraries.

use lambark_rules::Severity::{Error, Note, Warning};
use lambark_rules::facts::{GlibcVersion, TarEntry};

use super::support::files::{directory, file, symlink};
use super::support::image;
use super::support::laws::Expect::{Find, Pass, Says};
use super::{ARM, Table, elf, env, holds, needs, starts, table};

pub(super) fn tables() -> Vec<Table> {
    vec![shared_library_missing(), glibc_too_old()]
}

/// An ELF file with a run path.
fn runs(path: &str, libraries: &[&str], run_path: &str) -> TarEntry {
    let mut entry = needs(path, libraries);
    let elf = entry.notes.as_mut().unwrap().elf.as_mut().unwrap();
    elf.run_path = run_path.split(':').map(Into::into).collect();
    entry
}

fn shared_library_missing() -> Table {
    let main = |library: &str, others: Vec<TarEntry>| {
        let mut all = vec![needs("main", &[library])];
        all.extend(others);
        starts(&["/main"], all)
    };
    let found = |path: &str| main("libz.so.1", vec![needs(path, &[])]).facts();
    let by = |run_path: &str, path: &str| {
        starts(&["/app/bin/main"], vec![runs("app/bin/main", &["libz.so.1"], run_path), needs(path, &[])]).facts()
    };
    let module = |path: &str, library: &str| holds(vec![needs(path, &[library])]).facts();
    let site = "usr/lib/python3/dist-packages";
    let chain =
        |last: &[&str]| main("liba.so", vec![needs("lib/liba.so", &["libb.so"]), needs("lib/libb.so", last)]).facts();
    let arm = elf("lib64/libz.so.1", |elf| elf.machine = ARM);
    let musl = |library: &str| main(library, vec![needs("lib/ld-musl-x86_64.so.1", &[])]).facts();
    table(
        "shared-library-missing",
        vec![
            ("a static program", image().facts(), Pass),
            (
                "absent",
                main("libz.so.1", vec![]).facts(),
                Says(Error, "`/main` asks for `libz.so.1`, which the image does"),
            ),
            ("in /lib64", found("lib64/libz.so.1"), Pass),
            ("in /usr/lib", found("usr/lib/libz.so.1"), Pass),
            ("in Debian's directory", found("usr/lib/x86_64-linux-gnu/libz.so.1"), Pass),
            ("in /usr/local/lib", found("usr/local/lib/libz.so.1"), Pass),
            ("somewhere else", found("srv/libz.so.1"), Says(Note, "where a loader is not told to look")),
            (
                "behind links",
                main(
                    "libz.so.1",
                    vec![
                        symlink("lib", "usr/lib"),
                        symlink("usr/lib/libz.so.1", "libz.so.1.3"),
                        needs("usr/lib/libz.so.1.3", &[]),
                    ],
                )
                .facts(),
                Pass,
            ),
            (
                "a link to nowhere",
                main("libz.so.1", vec![symlink("lib/libz.so.1", "libz.so.1.3")]).facts(),
                Find(&[Note]),
            ),
            ("for another processor", main("libz.so.1", vec![arm.clone()]).facts(), Find(&[Note])),
            ("for another processor first", main("libz.so.1", vec![arm, needs("lib/libz.so.1", &[])]).facts(), Pass),
            (
                "by LD_LIBRARY_PATH",
                env(main("libz.so.1", vec![needs("x/libz.so.1", &[])]), &["LD_LIBRARY_PATH=/y:/x"]).facts(),
                Pass,
            ),
            ("by its run path", by("/x:/opt/y", "opt/y/libz.so.1"), Pass),
            ("by $ORIGIN", by("$ORIGIN/../lib", "app/lib/libz.so.1"), Pass),
            ("by ${ORIGIN}", by("${ORIGIN}", "app/bin/libz.so.1"), Pass),
            ("by $LIB", by("/app/$LIB", "app/lib64/libz.so.1"), Pass),
            ("not by its run path", by("$ORIGIN/../lib", "app/lob/libz.so.1"), Find(&[Note])),
            ("a name with a slash", main("/x/libz.so.1", vec![needs("x/libz.so.1", &[])]).facts(), Pass),
            ("all the way down", chain(&[]), Pass),
            ("not all the way down", chain(&["libc.so.6"]), Says(Error, "`/lib/libb.so` asks for `libc.so.6`")),
            ("in a circle", chain(&["liba.so"]), Pass),
            ("one library, two that ask", chain(&["libx.so", "liby.so"]), Find(&[Error, Error])),
            ("musl's own", musl("libc.musl-x86_64.so.1"), Pass),
            ("musl's libc", musl("libc.so"), Pass),
            ("glibc's name with musl", musl("libc.so.6"), Pass),
            ("another library with musl", musl("libcrypt.so.1"), Says(Error, "`libcrypt.so.1`")),
            ("musl's without musl", main("libc.musl-x86_64.so.1", vec![]).facts(), Find(&[Error])),
            (
                "no loader",
                starts(
                    &["/main"],
                    vec![elf("main", |elf| {
                        elf.interpreter = Some("/lib/ld".into());
                        elf.needed = vec!["libz.so.1".into()];
                    })],
                )
                .facts(),
                Pass,
            ),
            ("a module", module("var/task/a.so", "libz.so.1"), Says(Warning, "not confirmed by AWS")),
            ("a module of node", module("var/task/node_modules/a/build/Release/a.node", "libz.so.1"), Find(&[Warning])),
            ("an installed module", module(&format!("{site}/a/b.so"), "libz.so.1"), Find(&[Warning])),
            ("python's own module", module("usr/lib/python3.12/lib-dynload/_tkinter.so", "libtk8.6.so"), Pass),
            ("a prebuilt variant", module("var/task/node_modules/a/prebuilds/linux-x64/a.node", "libz.so.1"), Pass),
            ("a module of musl's", module("var/task/node_modules/a-musl/a.node", "libc.musl-x86_64.so.1"), Pass),
            ("a driver's library", module("var/task/torch.so", "libcuda.so.1"), Pass),
            ("a program elsewhere", module("usr/bin/other", "libz.so.1"), Pass),
            (
                "a module for another processor",
                holds(vec![elf("var/task/a.so", |elf| {
                    elf.machine = ARM;
                    elf.needed = vec!["libz.so.1".into()];
                })])
                .facts(),
                Pass,
            ),
            (
                "a bundle",
                holds(vec![
                    runs(&format!("{site}/numpy/core.so"), &["libopenblas-1.so"], "$ORIGIN/../numpy.libs"),
                    needs(&format!("{site}/numpy.libs/libopenblas-1.so"), &[]),
                ])
                .facts(),
                Pass,
            ),
            (
                "many modules, one library",
                holds(vec![
                    needs("var/task/a.so", &["libz.so.1"]),
                    needs("var/task/b.so", &["libz.so.1"]),
                    needs("var/task/c.so", &["libz.so.1"]),
                ])
                .facts(),
                Says(Warning, "(as 2 other files do)"),
            ),
            ("no notes of the library", main("libz.so.1", vec![file("lib/libz.so.1")]).facts(), Pass),
            ("a directory of that name", main("libz.so.1", vec![directory("lib/libz.so.1")]).facts(), Find(&[Error])),
        ],
    )
}

fn asks(path: &str, minor: u32) -> TarEntry {
    elf(path, |elf| {
        elf.needed = vec!["libc.so.6".into()];
        elf.glibc_needed = Some(GlibcVersion { major: 2, minor });
    })
}

fn libc(minor: u32) -> TarEntry {
    elf("lib64/libc.so.6", |elf| elf.glibc_provided = Some(GlibcVersion { major: 2, minor }))
}

fn glibc_too_old() -> Table {
    let main = |needed, provided| starts(&["/main"], vec![asks("main", needed), libc(provided)]).facts();
    let module = |path: &str| holds(vec![asks(path, 38), libc(34)]).facts();
    table(
        "glibc-too-old",
        vec![
            ("a static program", image().facts(), Pass),
            ("older", main(17, 34), Pass),
            ("the same", main(34, 34), Pass),
            ("newer", main(38, 34), Says(Error, "asks for GLIBC_2.38, and the image's C library ends at GLIBC_2.34")),
            ("2.4 is older than 2.34", main(4, 34), Pass),
            ("no C library", starts(&["/main"], vec![asks("main", 38)]).facts(), Pass),
            (
                "a C library that says nothing",
                starts(&["/main"], vec![asks("main", 38), needs("lib/libc.so.6", &[])]).facts(),
                Pass,
            ),
            (
                "a library of the program",
                starts(&["/main"], vec![needs("main", &["liba.so"]), asks("lib/liba.so", 38), libc(34)]).facts(),
                Says(Error, "`/lib/liba.so`"),
            ),
            ("a module", module("var/task/a.so"), Says(Warning, "not confirmed by AWS")),
            ("an installed module", module("usr/lib/python3/site-packages/a.so"), Find(&[Warning])),
            ("a file that nobody loads", module("srv/a.so"), Pass),
            (
                "program and module",
                starts(&["/main"], vec![asks("main", 38), asks("var/task/a.so", 39), libc(34)]).facts(),
                Find(&[Error, Warning]),
            ),
        ],
    )
}
