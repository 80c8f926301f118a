//! Mending: what is missing comes, everything else stays byte for byte.
#![allow(clippy::unwrap_used, reason = "tests")]

mod support;

use std::collections::BTreeSet;

use lambark_layers::Flaw;
use lambark_layers::tar::{MendPlan, Mended, mend, scan};
use lambark_rules::facts::{Ending, EntryKind, FileSystem, TarEntry};
use proptest::prelude::*;
use support::{Tar, header, put, signed};

fn entries(tar: &[u8]) -> Vec<TarEntry> {
    let scan = scan(tar).unwrap();
    assert_eq!(scan.ending, Ending::Complete);
    scan.entries
}

/// The plan for the highest of these layers.
fn plan(layers: &[&[u8]]) -> MendPlan {
    let entries: Vec<_> = layers.iter().map(|layer| entries(layer)).collect();
    let slices: Vec<_> = entries.iter().map(Vec::as_slice).collect();
    let files = FileSystem::merge(&slices, 0);
    MendPlan::for_layer(slices.last().unwrap(), &files, layers.len() - 1)
}

fn mended(tar: &[u8], plan: &MendPlan) -> (Vec<u8>, Mended) {
    let mut out = Vec::new();
    let mended = mend(tar, plan, &mut out).unwrap();
    (out, mended)
}

fn paths(tar: &[u8]) -> Vec<String> {
    entries(tar).into_iter().map(|entry| entry.path.into()).collect()
}

#[test]
fn missing_parents_come_right_before_their_first_child() {
    let tar = Tar::new().file("top", b"1").file("opt/extensions/adapter", b"2").file("opt/x", b"3").end();
    let plan = plan(&[&tar]);
    assert_eq!(plan.to_string(), "add 2 directory entries");
    let (out, what) = mended(&tar, &plan);
    assert_eq!(what, Mended { inserted: 2, moved: 0, changed: 0 });
    assert_eq!(paths(&out), ["top", "opt", "opt/extensions", "opt/extensions/adapter", "opt/x"]);
    let TarEntry { kind, mode, uid, gid, .. } = &entries(&out)[1];
    assert_eq!((kind, *mode, *uid, *gid), (&EntryKind::Directory, 0o755, 0, 0));
    // Nothing but two headers was put in.
    assert_eq!([&out[..1024], &out[2048..]].concat(), tar);
}

#[test]
fn late_parents_move_to_the_front_with_their_own_rights() {
    let mut late = header("d/", b'5', 0);
    put(&mut late, 100, "0001777\0");
    let tar = Tar::new().file("d/x", b"1").raw(&signed(late)).file("e", b"2").end();
    let plan = plan(&[&tar]);
    assert_eq!(plan.to_string(), "move 1 directory entry to the front");
    let (out, what) = mended(&tar, &plan);
    assert_eq!(what, Mended { inserted: 1, moved: 1, changed: 0 });
    assert_eq!(paths(&out), ["d", "d/x", "e"]);
    let TarEntry { mode, uid, gid, .. } = &entries(&out)[0];
    assert_eq!((*mode, *uid, *gid), (0o1777, 1000, 100));
}

#[test]
fn a_directory_of_a_lower_layer_is_repeated_and_a_link_is_not_replaced() {
    let mut tmp = header("tmp/", b'5', 0);
    put(&mut tmp, 100, "0001777\0");
    let lower = Tar::new().raw(&signed(tmp)).directory("usr/").directory("usr/bin/").link("bin", b'2', "usr/bin").end();
    let upper = Tar::new().file("tmp/x", b"1").file("bin/y", b"2").end();
    let (out, _) = mended(&upper, &plan(&[&lower, &upper]));
    assert_eq!(paths(&out), ["tmp", "tmp/x", "usr", "usr/bin", "bin/y"]);
    assert_eq!(entries(&out)[0].mode, 0o1777);
}

#[test]
fn an_inserted_entry_looks_like_its_child() {
    let mut block = header("./caf_/x", b'0', 0);
    block[5] = 0xe9;
    let tar = Tar::new().raw(&signed(block)).end();
    let (out, _) = mended(&tar, &plan(&[&tar]));
    assert!(out.starts_with(b"./caf\xe9/\0"));

    let long = format!("{0}/{0}/x", "d".repeat(120));
    let tar = Tar::new().gnu_long(b'L', &long).file("x", b"").end();
    let (out, _) = mended(&tar, &plan(&[&tar]));
    assert_eq!(paths(&out), [&long[..120], &long[..241], &long]);
}

#[test]
fn extension_headers_stay_with_their_entry() {
    let tar = Tar::new()
        .pax(&[("path", "a/b"), ("SCHILY.xattr.user.x", "y")])
        .file("short", b"content")
        .pax(&[("mtime", "1.5")])
        .gnu_long(b'L', "c/d")
        .file("short", b"")
        .end();
    let (out, _) = mended(&tar, &plan(&[&tar]));
    let first = tar.windows(512).position(|block| block == header("short", b'0', 7)).unwrap() + 1024;
    let rest = out.strip_suffix(&tar[first..]).unwrap();
    assert!(rest[512..].starts_with(&tar[..first]), "a/ was put in front of a/b");
    assert_eq!(out.len(), tar.len() + 1024);
}

#[test]
fn rights_are_given_only_where_wanted() {
    let mut secret = header("srv/program", b'0', 1);
    put(&mut secret, 100, "0000700\0");
    let mut shadow = header("etc/shadow", b'0', 1);
    put(&mut shadow, 100, "0000600\0");
    let mut closed = header("srv/", b'5', 0);
    put(&mut closed, 100, "0000700\0");
    let tar = Tar::new()
        .raw(&signed(closed))
        .pax(&[("mtime", "1.5")])
        .raw(&signed(secret))
        .content(b"x")
        .directory("etc/")
        .raw(&signed(shadow))
        .content(b"y")
        .end();
    let mut plan = plan(&[&tar]);
    assert!(plan.is_empty());
    plan.make_readable(&entries(&tar), |path| path.starts_with("srv"));
    assert_eq!(plan.to_string(), "make 2 entries readable by others");
    let (out, what) = mended(&tar, &plan);
    assert_eq!(what, Mended { inserted: 0, moved: 0, changed: 2 });
    let modes: Vec<_> = entries(&out).iter().map(|entry| entry.mode).collect();
    assert_eq!(modes, [0o705, 0o705, 0o755, 0o600]);
    assert_eq!(out.len(), tar.len());
    let different = out.iter().zip(&tar).filter(|(new, old)| new != old).count();
    assert!(different <= 2 * (1 + 3), "only modes and checksums differ: {different} bytes");
}

#[test]
fn a_plan_for_another_tar_is_refused() {
    let tar = Tar::new().file("d/x", b"1").file("e", b"").directory("d/").end();
    let plan = plan(&[&tar]);
    for other in [Tar::new().file("d/x", b"").end(), Tar::new().file("d/x", b"1").file("e", b"").file("f", b"").end()] {
        let error = mend(other.as_slice(), &plan, &mut Vec::new()).unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::InvalidInput, "{error}");
    }
    let error = mend(&tar[..512], &plan, &mut Vec::new()).unwrap_err();
    assert!(matches!(Flaw::of(&error), Some(Flaw::Truncated(_))), "{error}");
}

#[derive(Clone, Debug)]
enum Item {
    File(String, Vec<u8>),
    Directory(String),
    Symlink(String, String),
    Hardlink(String, String),
}

fn any_path() -> impl Strategy<Value = String> {
    prop::collection::vec("[ab]|c{60}|é", 1..5).prop_map(|parts| parts.join("/"))
}

fn any_item() -> impl Strategy<Value = Item> {
    prop_oneof![
        6 => (any_path(), prop::collection::vec(any::<u8>(), 0..700)).prop_map(|(path, content)| Item::File(path, content)),
        4 => any_path().prop_map(Item::Directory),
        1 => (any_path(), any_path()).prop_map(|(path, target)| Item::Symlink(path, format!("target/{target}"))),
        1 => (any_path(), any_path()).prop_map(|(path, target)| Item::Hardlink(path, target)),
    ]
}

impl Item {
    fn path(&self) -> &str {
        let (Item::File(path, _) | Item::Directory(path) | Item::Symlink(path, _) | Item::Hardlink(path, _)) = self;
        path
    }
}

/// Leaves out what makes of one path a directory and something else in the same archive: there, a directory may be
/// missing twice.
fn sane(items: Vec<Item>) -> Vec<Item> {
    let mut directories = BTreeSet::new();
    let mut others = BTreeSet::new();
    items
        .into_iter()
        .filter(|item| {
            let parents: Vec<String> =
                item.path().match_indices('/').map(|(at, _)| item.path()[..at].to_owned()).collect();
            let path = item.path().to_owned();
            if parents.iter().any(|parent| others.contains(parent)) {
                return false;
            }
            let fits = match item {
                Item::Directory(_) => !others.contains(&path),
                _ => !directories.contains(&path),
            };
            if fits {
                directories.extend(parents);
                if matches!(item, Item::Directory(_)) {
                    directories.insert(path)
                } else {
                    others.insert(path)
                };
            }
            fits
        })
        .collect()
}

/// An archive whose long names alternate between the two families, with or without its end mark.
fn archive(items: &[Item], tail: usize) -> Vec<u8> {
    let tar = items.iter().enumerate().fold(Tar::new(), |tar, (index, item)| {
        let path = item.path();
        let tar = match index % 3 {
            0 => tar.gnu_long(b'L', path),
            1 => tar.pax(&[("path", path), ("mtime", "1.25")]),
            _ if path.len() > 100 => tar.gnu_long(b'L', path),
            _ => tar,
        };
        let short = if path.len() > 100 { "short" } else { path };
        match item {
            Item::File(_, content) => tar.file(short, content),
            Item::Directory(_) => tar.directory(short),
            Item::Symlink(_, target) => tar.pax(&[("path", path), ("linkpath", target)]).link("l", b'2', "t"),
            Item::Hardlink(_, target) => tar.pax(&[("path", path), ("linkpath", target)]).link("h", b'1', "t"),
        }
    });
    tar.raw(&vec![0; 512 * tail]).0
}

/// Every entry but directories, in order: those must come through unchanged.
fn no_directories(tar: &[u8]) -> Vec<TarEntry> {
    entries(tar).into_iter().filter(|entry| entry.kind != EntryKind::Directory).collect()
}

proptest! {
    #[test]
    fn a_mended_tar_needs_no_mending(
        lower in prop::collection::vec(any_item(), 0..6).prop_map(sane),
        upper in prop::collection::vec(any_item(), 0..12).prop_map(sane),
        tail in 0_usize..4,
    ) {
        let (lower, upper) = (archive(&lower, 2), archive(&upper, tail));
        let first = plan(&[&lower, &upper]);
        let (out, what) = mended(&upper, &first);
        prop_assert_eq!(what.inserted, first.directories().count() as u64);
        prop_assert_eq!(no_directories(&out), no_directories(&upper));
        prop_assert!(plan(&[&lower, &out]).is_empty(), "{:?}", paths(&out));
        // What a function sees is the same, but for who made directories that nobody had made.
        let files = |layer: &[u8]| {
            let (lower, upper) = (entries(&lower), entries(layer));
            FileSystem::merge(&[&lower, &upper], 0).walk("").map(|(path, node)| (path, node.kind.clone(), node.mode))
                .collect::<Vec<_>>()
        };
        prop_assert_eq!(files(&out), files(&upper));
    }

    #[test]
    fn a_good_tar_keeps_every_byte(items in prop::collection::vec(any_item(), 0..12).prop_map(sane), tail in 0_usize..4, junk in any::<[u8; 9]>()) {
        let (mut good, _) = { let tar = archive(&items, tail); mended(&tar, &plan(&[&tar])) };
        if tail >= 2 {
            good.extend(junk);
        }
        let nothing = plan(&[&good]);
        prop_assert!(nothing.is_empty());
        prop_assert_eq!(&mended(&good, &nothing).0, &good);
        // The same through the reader: a plan that changes one header to what it is.
        let mut all = MendPlan::default();
        let listed = entries(&good);
        all.make_readable(&listed, |_| true);
        prop_assert_eq!(all.is_empty(), listed.iter().all(|entry| matches!(entry.kind, EntryKind::Symlink(_)) || entry.mode & 4 != 0));
    }

    #[test]
    fn arbitrary_bytes_do_no_harm(mut bytes in prop::collection::vec(any::<u8>(), 0..4096), signs in any::<bool>()) {
        if signs {
            for block in bytes.chunks_exact_mut(512).step_by(2) {
                let fixed = signed(block.try_into().unwrap());
                block.copy_from_slice(&fixed);
            }
        }
        let tar = Tar::new().file("d/x", b"1").end();
        // Whether it fails depends on the bytes; that it comes back does not, and it writes no more than it read.
        let mut out = Vec::new();
        let _ = mend(bytes.as_slice(), &plan(&[&tar]), &mut out);
        prop_assert!(out.len() <= bytes.len() + 512);
    }
}
