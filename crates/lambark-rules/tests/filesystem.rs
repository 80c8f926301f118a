//! Layers laid over each other: what is left, what leads where, what was wrong with the tars.
#![allow(clippy::unwrap_used, reason = "tests")]
mod support;

use lambark_rules::facts::filesystem::{Descend, MAX_LINKS, ParentFound, ResolveError, Structure};
use lambark_rules::facts::{EntryKind, FileSystem, TarEntry};
use proptest::prelude::*;
use support::files::{directory, entry, file, hardlink, symlink};

/// Entries in short: `d/` a directory, `l -> t` a symbolic link, `h => t` a hard link, all else a file.
fn entries(short: &[&str]) -> Vec<TarEntry> {
    let one = |text: &&str| match (text.split_once(" -> "), text.split_once(" => "), text.strip_suffix('/')) {
        (Some((path, target)), _, _) => symlink(path, target),
        (_, Some((path, target)), _) => hardlink(path, target),
        (_, _, Some(path)) => directory(path),
        _ => file(text),
    };
    short.iter().map(one).collect()
}

fn merge(layers: &[&[&str]]) -> FileSystem {
    let owned: Vec<Vec<TarEntry>> = layers.iter().map(|layer| entries(layer)).collect();
    let layers: Vec<&[TarEntry]> = owned.iter().map(Vec::as_slice).collect();
    FileSystem::merge(&layers, 0)
}

/// All paths that are left, with a mark for the kind and the layer that brought them.
fn left(files: &FileSystem) -> String {
    let one = |(path, node): (String, &lambark_rules::facts::Node)| {
        let mark = match &node.kind {
            EntryKind::Directory => "/",
            EntryKind::Symlink(_) => "@",
            EntryKind::Hardlink(_) => "?",
            _ => "",
        };
        format!("{path}{mark}{}", node.layer)
    };
    files.walk("").map(one).collect::<Vec<_>>().join(" ")
}

#[test]
fn layers_laid_over_each_other() {
    type Row = (&'static str, &'static [&'static [&'static str]], &'static str);
    let rows: &[Row] = &[
        ("no layer", &[], ""),
        ("an empty layer", &[&[]], ""),
        ("the root alone", &[&["/"]], ""),
        ("one file", &[&["a"]], "a0"),
        ("an upper file wins", &[&["a"], &["a"]], "a1"),
        ("directories merge", &[&["d/", "d/a"], &["d/", "d/b"]], "d/1 d/a0 d/b1"),
        ("a child alone leaves its directory", &[&["d/", "d/a"], &["d/b"]], "d/0 d/a0 d/b1"),
        ("a file replaces a directory", &[&["d/", "d/a", "d/e/", "d/e/f"], &["d"]], "d1"),
        ("a directory replaces a file", &[&["d"], &["d/", "d/a"]], "d/1 d/a1"),
        ("a link replaces a directory", &[&["d/", "d/a", "e/"], &["d -> e"]], "d@1 e/0"),
        ("a directory replaces a link", &[&["e/", "e/a", "d -> e"], &["d/"]], "d/1 e/0 e/a0"),
        ("the last of two wins", &[&["a/", "a/b", "a"]], "a0"),
        ("a whiteout", &[&["d/", "d/a", "d/b"], &["d/", "d/.wh.a"]], "d/1 d/b0"),
        ("a whiteout of a directory", &[&["d/", "d/a/", "d/a/b"], &["d/", "d/.wh.a"]], "d/1"),
        ("a whiteout of nothing", &[&["a"], &[".wh.b", "x/.wh.b"]], "a0"),
        ("a whiteout in its own layer hides nothing", &[&["a", ".wh.a"]], "a0"),
        ("a whiteout after the new file", &[&["a"], &["a", ".wh.a"]], "a1"),
        ("a whiteout before the new file", &[&["a"], &[".wh.a", "a"]], "a1"),
        ("a whiteout after the new directory", &[&["d/", "d/a"], &["d/", "d/b", ".wh.d"]], "d/1 d/b1"),
        ("a whiteout before the new directory", &[&["d/", "d/a"], &[".wh.d", "d/", "d/b"]], "d/1 d/b1"),
        ("a whiteout over a directory made up again", &[&["d/", "d/a"], &["d/b", ".wh.d"]], "d/1 d/b1"),
        ("opaque first", &[&["d/", "d/a", "d/e/", "d/e/f"], &["d/", "d/.wh..wh..opq", "d/b"]], "d/1 d/b1"),
        ("opaque last", &[&["d/", "d/a", "d/e/", "d/e/f"], &["d/", "d/b", "d/.wh..wh..opq"]], "d/1 d/b1"),
        (
            "opaque keeps new grandchildren",
            &[&["d/", "d/e/", "d/e/f"], &["d/e/g", "d/.wh..wh..opq"]],
            "d/0 d/e/1 d/e/g1",
        ),
        ("opaque twice", &[&["d/", "d/a"], &["d/.wh..wh..opq", "d/b", "d/.wh..wh..opq"]], "d/0 d/b1"),
        ("opaque at the root", &[&["a", "d/", "d/b"], &[".wh..wh..opq", "c"]], "c1"),
        ("opaque of nothing", &[&["a"], &["d/.wh..wh..opq"]], "a0"),
        ("opaque, then back", &[&["d/", "d/a"], &["d/.wh..wh..opq"], &["d/a"]], "d/0 d/a2"),
        ("housekeeping names", &[&[".wh..wh.plnk/", ".wh..wh.aufs", "a"]], "a0"),
        ("a name that only looks like a whiteout", &[&["a.wh.b", "wh.c"]], "a.wh.b0 wh.c0"),
        ("through a link", &[&["usr/", "usr/bin/", "bin -> usr/bin", "bin/a"]], "bin@0 usr/0 usr/bin/0 usr/bin/a0"),
        ("through a link below", &[&["usr/", "bin -> usr"], &["bin/a"]], "bin@0 usr/0 usr/a1"),
        ("through an absolute link", &[&["usr/", "bin -> /usr"], &["bin/a"]], "bin@0 usr/0 usr/a1"),
        ("through a link to nowhere", &[&["bin -> usr/bin", "bin/a"]], "bin@0 usr/0 usr/bin/0 usr/bin/a0"),
        ("through links in a circle", &[&["a -> b", "b -> a", "a/c"]], "a@0 b@0"),
        ("through a link that was removed", &[&["u/", "l -> u"], &[".wh.l", "l/a"]], "l/1 l/a1 u/0"),
        ("through a link that was replaced", &[&["u/", "l -> u", "l/a", "l/", "l/b"]], "l/0 l/b0 u/0 u/a0"),
        ("a whiteout through a link", &[&["u/", "u/a", "l -> u"], &["l/.wh.a"]], "l@0 u/0"),
        ("opaque through a link", &[&["u/", "u/a", "l -> u"], &["l/.wh..wh..opq"]], "l@0 u/0"),
        ("below a file", &[&["a"], &["a/b"]], "a/1 a/b1"),
        ("below a file, deeper", &[&["a", "a/b/c"]], "a/0 a/b/0 a/b/c0"),
        ("a path that climbs", &[&["../a", "b/../../c"]], "a0 b/0 c0"),
        ("a path that climbs inside", &[&["b/", "b/../a"]], "a0 b/0"),
        ("a path that ends in a climb", &[&["b/", "b/c/../"]], "b/0"),
        ("a hard link", &[&["a", "b => a"]], "a0 b0"),
        ("a hard link to a link", &[&["a", "l -> a", "b => l"]], "a0 b@0 l@0"),
        ("a hard link to a lower layer", &[&["a"], &["b => a"]], "a0 b1"),
        ("a hard link to what comes later", &[&["b => a", "a"]], "a0 b0"),
        ("a hard link to a later hard link", &[&["c => b", "b => a", "a"]], "a0 b0 c0"),
        ("a hard link to one that waits", &[&["b => a", "c => b", "a"]], "a0 b0 c0"),
        ("a hard link to nothing", &[&["b => a"]], "b?0"),
        ("a hard link to a directory", &[&["d/", "b => d"]], "b?0 d/0"),
        ("a hard link to itself", &[&["a"], &["a => a"]], "a1"),
        ("a hard link to what goes", &[&["a"], &["b => a", ".wh.a"]], "b1"),
        ("a hard link through a link", &[&["u/", "u/a", "l -> u", "b => l/a"]], "b0 l@0 u/0 u/a0"),
    ];
    for (title, layers, expected) in rows {
        assert_eq!(left(&merge(layers)), *expected, "{title}");
    }
}

#[test]
fn the_upper_entry_says_what_a_directory_is() {
    let lower = [TarEntry { mode: 0o700, uid: 7, ..directory("d") }, file("d/a")];
    let upper = [TarEntry { mode: 0o750, uid: 8, ..directory("d") }];
    let files = FileSystem::merge(&[&lower, &upper], 12);
    let node = files.lookup("d").unwrap();
    assert_eq!((node.mode, node.uid, node.layer), (0o750, 8, 1));
    assert!(files.lookup("d/a").is_some());
    assert_eq!(files.plain_bytes(), 12);
}

#[test]
fn the_root_entry_describes_the_root() {
    let files = FileSystem::merge(&[&[TarEntry { mode: 0o700, ..directory("") }]], 0);
    assert_eq!(files.lookup("").unwrap().mode, 0o700);
    assert_eq!(FileSystem::default().lookup("").unwrap().mode, 0o755);
}

#[test]
fn a_hard_link_is_what_its_target_is() {
    let target = support::files::program("a", 62);
    for (before, after) in [(vec![target.clone()], vec![]), (vec![], vec![target.clone()])] {
        let layer: Vec<_> = before.into_iter().chain([hardlink("b", "a")]).chain(after).collect();
        let files = FileSystem::merge(&[&layer], 0);
        let (a, b) = (files.lookup("a").unwrap(), files.lookup("b").unwrap());
        assert_eq!(a, b);
        assert_eq!((b.mode, b.notes.as_ref().unwrap().runtime_api), (0o755, true));
    }
}

#[test]
fn what_the_tars_have_wrong() {
    type Row = (&'static str, &'static [&'static [&'static str]], &'static [&'static str]);
    let rows: &[Row] = &[
        ("nothing", &[&["d/", "d/a", "d/e/", "d/e/f"]], &[]),
        ("top-level files need nothing", &[&["a", "b -> a", "c => a"]], &[]),
        ("a parent nowhere", &[&["d/a", "d/b", "d/c"]], &["0 d/a lacks d Nowhere"]),
        ("two parents nowhere", &[&["d/e/a"]], &["0 d/e/a lacks d/e Nowhere"]),
        ("children of both", &[&["d/e/a", "d/b"]], &["0 d/b lacks d Nowhere", "0 d/e/a lacks d/e Nowhere"]),
        ("the directory has an entry, its parent none", &[&["d/e/", "d/e/a"]], &["0 d/e lacks d Nowhere"]),
        ("a parent later", &[&["d/a", "d/"]], &["0 d/a lacks d Later"]),
        ("a grandparent later", &[&["d/e/", "d/"]], &["0 d/e lacks d Later"]),
        (
            "a parent in time, a grandparent later",
            &[&["d/e/a", "d/e/", "d/", "d/b"]],
            &["0 d/e lacks d Later", "0 d/e/a lacks d/e Later"],
        ),
        ("a parent below", &[&["d/"], &["d/a"]], &["1 d/a lacks d LowerLayer"]),
        ("a parent far below", &[&["d/"], &[], &["d/a"]], &["2 d/a lacks d LowerLayer"]),
        ("a parent below and here", &[&["d/"], &["d/", "d/a"]], &[]),
        ("a parent below and later", &[&["d/"], &["d/a", "d/"]], &["1 d/a lacks d Later"]),
        ("a parent nowhere in two layers", &[&["d/a"], &["d/b"]], &["0 d/a lacks d Nowhere", "1 d/b lacks d Nowhere"]),
        ("a parent below, hidden", &[&["d/"], &[".wh.d", "d/a"]], &["1 d/a lacks d Nowhere"]),
        ("a parent below, hidden later", &[&["d/"], &["d/a", ".wh.d"]], &["1 d/a lacks d Nowhere"]),
        ("a parent below, hidden between", &[&["d/"], &[".wh.d"], &["d/a"]], &["2 d/a lacks d Nowhere"]),
        (
            "a parent below an opaque directory",
            &[&["p/", "p/d/"], &["p/", "p/.wh..wh..opq", "p/d/a"]],
            &["1 p/d/a lacks p/d Nowhere"],
        ),
        ("a whiteout needs no parent", &[&["d/", "d/a"], &["d/.wh.a"]], &[]),
        ("a parent that is a link to an entry", &[&["u/", "l -> u", "l/a"]], &[]),
        ("a parent that is a link to below", &[&["u/", "l -> u"], &["l/a"]], &["1 l/a lacks u LowerLayer"]),
        ("a parent that is a link to nowhere", &[&["l -> u/v", "l/a"]], &["0 l/a lacks u/v Nowhere"]),
        ("a parent that is a file", &[&["d"], &["d/a"]], &["1 d/a lacks d Nowhere"]),
        (
            "links and hard links need parents too",
            &[&["d/l -> x", "e/h => d/l"]],
            &["0 d/l lacks d Nowhere", "0 e/h lacks e Nowhere"],
        ),
        ("climbs", &[&["../a"]], &["0 ../a escapes"]),
        ("climbs twice", &[&["../a", "../b"]], &["0 ../a escapes", "0 ../b escapes"]),
        ("climbs in the middle", &[&["d/", "d/../../a"]], &["0 d/../../a escapes"]),
        ("climbs at the end", &[&["d/", "d/../.."]], &["0 d/../.. escapes"]),
        ("climbs and comes back", &[&["d/", "d/../a", "d/../d/b"]], &[]),
        ("a link that climbs", &[&["d/", "d/l -> ../../../etc"]], &[]),
        ("an absolute link", &[&["etc/", "l -> /etc", "l/passwd"]], &[]),
        ("through a link that climbs", &[&["etc/", "l -> ../etc", "l/passwd"]], &["0 l/passwd escapes via l"]),
        (
            "through a link that climbs, below",
            &[&["etc/", "l -> ../etc"], &["etc/", "l/passwd"]],
            &["1 l/passwd escapes via l"],
        ),
        ("through a link that comes later", &[&["l/", "l/passwd", "l -> ../etc"]], &[]),
        ("a hard link that climbs", &[&["etc", "h => ../etc"]], &["0 h escapes"]),
        ("a hard link through a climbing link", &[&["e/", "e/a", "l -> ../e", "h => l/a"]], &["0 h escapes via l"]),
        ("a whiteout that climbs", &[&["a"], &["../.wh.a"]], &["1 ../.wh.a escapes"]),
        ("a hard link in order", &[&["a", "h => a"]], &[]),
        ("a late target", &[&["h => a", "a"]], &["0 h links to a later"]),
        ("a target in a lower layer", &[&["a"], &["h => a"]], &["1 h links to a"]),
        ("a target in both", &[&["a"], &["a", "h => a"]], &[]),
        ("no target", &[&["h => a"]], &["0 h links to a"]),
        ("a target that is itself", &[&["h => h"]], &["0 h links to h"]),
        ("a target that is a directory", &[&["d/", "h => d"]], &["0 h links to d"]),
        ("two links in a circle", &[&["a => b", "b => a"]], &["0 a links to b later"]),
    ];
    for (title, layers, expected) in rows {
        let mut found: Vec<String> = merge(layers).structure().iter().map(told).collect();
        found.sort();
        let mut expected = expected.to_vec();
        expected.sort_unstable();
        assert_eq!(found, expected, "{title}");
    }
}

fn told(structure: &Structure) -> String {
    match structure {
        Structure::Parent { layer, path, parent, found } => format!("{layer} {path} lacks {parent} {found:?}"),
        Structure::Escape { layer, path, via: Some(via) } => format!("{layer} {path} escapes via {via}"),
        Structure::Escape { layer, path, via: None } => format!("{layer} {path} escapes"),
        Structure::Hardlink { layer, path, target, late: true } => format!("{layer} {path} links to {target} later"),
        Structure::Hardlink { layer, path, target, late: false } => format!("{layer} {path} links to {target}"),
    }
}

#[test]
fn the_directories_that_a_tar_lacks_come_in_order_with_what_they_should_be() {
    let lower = [TarEntry { mode: 0o711, uid: 3, gid: 4, ..directory("low") }];
    let upper = [
        file("first"),
        file("a/b/c/file"),
        file("low/x"),
        file("late/y"),
        TarEntry { mode: 0o700, ..directory("late") },
        file("a/z"),
    ];
    let files = FileSystem::merge(&[&lower, &upper], 0);
    assert_eq!(files.missing_directories(0), []);
    assert_eq!(files.missing_directories(2), []);
    let missing: Vec<_> = files
        .missing_directories(1)
        .iter()
        .map(|one| (&*one.path, one.found, one.before, one.mode, one.uid, one.gid))
        .collect();
    assert_eq!(
        missing,
        [
            ("a", ParentFound::Nowhere, 1, 0o755, 0, 0),
            ("a/b", ParentFound::Nowhere, 1, 0o755, 0, 0),
            ("a/b/c", ParentFound::Nowhere, 1, 0o755, 0, 0),
            ("low", ParentFound::LowerLayer, 2, 0o711, 3, 4),
            ("late", ParentFound::Later, 3, 0o700, 0, 0),
        ]
    );
}

/// A small Debian: links where it has links.
fn debian() -> FileSystem {
    merge(&[&[
        "usr/",
        "usr/bin/",
        "usr/lib/",
        "usr/lib64/",
        "bin -> usr/bin",
        "lib -> usr/lib",
        "lib64 -> /usr/lib64",
        "usr/bin/python3.11",
        "usr/bin/python3 -> python3.11",
        "etc/",
        "etc/alternatives/",
        "etc/alternatives/python -> /usr/bin/python3",
        "usr/bin/python -> ../../etc/alternatives/python",
        "loop -> loop",
        "ping -> pong",
        "pong -> ping",
        "gone -> /nowhere/at/all",
        "up -> ../../../usr",
    ]])
}

#[test]
fn links_stay_inside_the_root() {
    let files = debian();
    let rows: &[(&str, &str, Result<&str, &str>)] = &[
        ("", "/", Ok("")),
        ("", "", Ok("")),
        ("", ".", Ok("")),
        ("", "/..", Ok("")),
        ("", "../../usr", Ok("usr")),
        ("usr", "bin", Ok("usr/bin")),
        ("usr/bin", "..", Ok("usr")),
        ("/usr/bin/", "./python3.11", Ok("usr/bin/python3.11")),
        ("usr", "/bin", Ok("usr/bin")),
        ("bin", "../lib", Ok("usr/lib")),
        ("", "//usr///bin//", Ok("usr/bin")),
        ("", "bin/python3", Ok("usr/bin/python3.11")),
        ("", "/bin/python", Ok("usr/bin/python3.11")),
        ("", "lib64", Ok("usr/lib64")),
        ("", "up/bin", Ok("usr/bin")),
        ("", "nothing", Err("/nothing is not there")),
        ("", "usr/nothing/below", Err("/usr/nothing is not there")),
        ("", "gone", Err("/nowhere is not there")),
        ("", "bin/python3/x", Err("/usr/bin/python3.11 is no directory")),
        ("", "loop", Err("/loop is one of too many links")),
        ("", "loop/x", Err("/loop is one of too many links")),
        ("nowhere", "/usr", Ok("usr")),
        ("nowhere", "usr", Err("/nowhere is not there")),
    ];
    for (cwd, path, expected) in rows {
        let found = files.resolve(cwd, path).map(|found| found.path).map_err(|error| error.to_string());
        assert_eq!(found.as_deref().map_err(String::as_str), *expected, "{path} from {cwd}");
    }
    assert!(matches!(files.resolve("", "ping"), Err(ResolveError::LinkLoop { .. })));
}

#[test]
fn as_many_links_as_linux_follows() {
    let chain = |length: usize| {
        let mut layer = vec![file("0")];
        layer.extend((1..=length).map(|number| symlink(&number.to_string(), &(number - 1).to_string())));
        FileSystem::merge(&[&layer], 0)
    };
    assert!(chain(MAX_LINKS).resolve("", &MAX_LINKS.to_string()).is_ok());
    assert!(chain(MAX_LINKS + 1).resolve("", &(MAX_LINKS + 1).to_string()).is_err());
}

#[test]
fn a_path_without_end_is_given_up() {
    let deep = "a/".repeat(10_000);
    let files = FileSystem::merge(&[&[file(&format!("{deep}x"))]], 0);
    assert!(files.lookup(&format!("{deep}x")).is_none());
    let links: Vec<_> = (0..30).map(|n| symlink(&format!("l{n}"), &"./".repeat(2_000))).collect();
    let files = FileSystem::merge(&[&links], 0);
    assert!(files.resolve("", &(0..30).map(|n| format!("l{n}/")).collect::<String>()).is_err());
}

#[test]
fn looking_a_link_up_gives_the_link() {
    let files = debian();
    assert_eq!(files.lookup("bin").unwrap().kind, EntryKind::Symlink("usr/bin".into()));
    assert_eq!(files.lookup("/bin/python3").unwrap().kind, EntryKind::Symlink("python3.11".into()));
    assert!(files.lookup("bin/").is_some_and(|node| matches!(node.kind, EntryKind::Symlink(_))));
    assert!(files.lookup("nothing").is_none());
}

#[test]
fn children_and_walks_come_in_order() {
    let files = debian();
    let names: Vec<&str> = files.children("bin").map(|(name, _)| name).collect();
    assert_eq!(names, ["python", "python3", "python3.11"]);
    assert_eq!(files.children("nothing").count(), 0);
    assert_eq!(files.children("usr/bin/python3.11").count(), 0);
    let below: Vec<String> = files.walk("/etc").map(|(path, _)| path).collect();
    assert_eq!(below, ["etc/alternatives", "etc/alternatives/python"]);
    assert_eq!(files.walk("bin/python3").count(), 0);
}

#[test]
fn a_visit_leaves_out_what_it_is_told_to() {
    let files = merge(&[&["a/", "a/b/", "a/b/c", "a/d", "e/", "e/f", "g"]]);
    let mut seen = Vec::new();
    files.visit("", |path, _| {
        seen.push(path.to_owned());
        if path == "a/b" { Descend::Skip } else { Descend::Into }
    });
    assert_eq!(seen, ["a", "a/b", "a/d", "e", "e/f", "g"]);
}

#[test]
fn directories_searched_on_the_way() {
    let files = debian();
    let searched = |path| files.searched("", path).into_iter().map(|found| found.path).collect::<Vec<_>>();
    assert_eq!(searched("bin/python"), ["", "usr", "usr/bin", "etc", "etc/alternatives"]);
    assert_eq!(searched("usr/nothing/x"), ["", "usr"]);
    assert_eq!(searched("/"), Vec::<String>::new());
}

#[test]
fn programs_on_the_path() {
    let mut layer = entries(&["a/", "b/", "c/", "a/one/", "bin -> b"]);
    layer.extend([file("a/two"), support::files::program("b/two", 62), support::files::program("b/one", 62)]);
    layer.push(file("c/three"));
    let files = FileSystem::merge(&[&layer], 0);
    let find = |cwd, search, name| files.find_program(cwd, search, name).map(|found| found.path);
    assert_eq!(find("", "/a:/b:/c", "one").as_deref(), Some("b/one"), "a directory is no program");
    assert_eq!(find("", "/a:/b:/c", "two").as_deref(), Some("b/two"), "an executable file comes first");
    assert_eq!(find("", "/a:/bin", "two").as_deref(), Some("b/two"));
    assert_eq!(find("", "/a:/c", "three").as_deref(), Some("c/three"), "better than nothing");
    assert_eq!(find("b", "/nowhere:", "one").as_deref(), Some("b/one"), "an empty entry is the working directory");
    assert_eq!(find("", "/a:/b", "nothing"), None);
}

#[test]
fn many_whiteouts_of_one_directory_cost_no_more_than_one() {
    let mut upper: Vec<TarEntry> = vec![directory("d")];
    upper.extend((0..20_000).map(|n| file(&format!("d/{n}"))));
    upper.extend((0..20_000).map(|_| file("d/.wh..wh..opq")));
    let files = FileSystem::merge(&[&entries(&["d/", "d/old"]), &upper], 0);
    assert_eq!(files.children("d").count(), 20_000);
}

/// Names from a small set, so that paths meet.
fn a_path() -> impl Strategy<Value = String> {
    let name = prop_oneof![
        8 => prop::sample::select(vec!["a", "b", "c", "d"]),
        1 => prop::sample::select(vec!["..", ".", "", ".wh.a", ".wh.b", ".wh..wh..opq", ".wh..wh.x", ".wh."]),
    ];
    prop::collection::vec(name, 0..5).prop_map(|names| names.join("/"))
}

fn an_entry() -> impl Strategy<Value = TarEntry> {
    let kind = prop_oneof![
        4 => Just(EntryKind::File),
        4 => Just(EntryKind::Directory),
        2 => (any::<bool>(), a_path()).prop_map(|(absolute, path)| {
            EntryKind::Symlink(if absolute { format!("/{path}").into() } else { path.into() })
        }),
        2 => a_path().prop_map(|path| EntryKind::Hardlink(path.into())),
        1 => Just(EntryKind::Device),
        1 => Just(EntryKind::Fifo),
    ];
    (a_path(), kind, 0..0o10000_u32).prop_map(|(path, kind, mode)| entry(&path, kind, mode))
}

fn some_layers() -> impl Strategy<Value = Vec<Vec<TarEntry>>> {
    prop::collection::vec(prop::collection::vec(an_entry(), 0..20), 0..4)
}

proptest! {
    #[test]
    fn arbitrary_entries_merge_and_everything_left_can_be_looked_up(layers in some_layers(), path in a_path()) {
        let slices: Vec<&[TarEntry]> = layers.iter().map(Vec::as_slice).collect();
        let files = FileSystem::merge(&slices, 1);
        let _ = files.resolve("a", &path);
        let _ = files.searched("b", &path);
        for (path, node) in files.walk("") {
            prop_assert_eq!(files.lookup(&path), Some(node), "{}", path);
            let is_link = matches!(node.kind, EntryKind::Symlink(_));
            if !is_link {
                let found = files.resolve("", &path).unwrap();
                prop_assert_eq!((found.path, found.node), (path, node));
            }
        }
        for (index, layer) in layers.iter().enumerate() {
            for missing in files.missing_directories(index) {
                prop_assert!(missing.before < layer.len());
                prop_assert!(!missing.path.is_empty());
            }
        }
    }

    /// Inserting the directories that a layer lacks, where it lacks them, is the cure.
    #[test]
    fn with_the_missing_directories_inserted_none_is_missing(names in prop::collection::vec("[a-c]/[a-c]/[a-c]", 0..12)) {
        let layer: Vec<TarEntry> = names.iter().map(|name| file(name)).collect();
        let files = FileSystem::merge(&[&layer], 0);
        let mut mended = Vec::new();
        for (position, entry) in layer.iter().enumerate() {
            let here = files.missing_directories(0).iter().filter(|missing| missing.before == position);
            mended.extend(here.map(|missing| directory(&missing.path)));
            mended.push(entry.clone());
        }
        let after = FileSystem::merge(&[&mended], 0);
        prop_assert_eq!(after.structure(), &[]);
        prop_assert_eq!(left(&after), left(&files));
    }

    #[test]
    fn every_path_of_one_clean_layer_is_there(names in prop::collection::btree_set("[a-d]{1,2}", 1..20)) {
        let mut layer = Vec::new();
        for (number, name) in names.iter().enumerate() {
            layer.push(directory(&format!("{name}.d")));
            layer.push(entry(&format!("{name}.d/{name}"), EntryKind::File, 0o600 + u32::try_from(number).unwrap()));
        }
        let files = FileSystem::merge(&[&layer], 0);
        prop_assert!(files.structure().is_empty());
        for entry in &layer {
            prop_assert_eq!(files.lookup(&entry.path).map(|node| node.mode), Some(entry.mode));
        }
    }
}
