//! What a scan makes of archives by many writers, and of such as no writer should make.
#![allow(clippy::unwrap_used, reason = "tests")]

mod support;

use lambark_layers::limits::{MAX_EXTENSION_BYTES, MAX_PATH_BYTES};
use lambark_layers::tar::scan;
use lambark_rules::facts::{Ending, EntryKind, TarEntry};
use support::{Tar, header, put, signed};

fn only(tar: Tar) -> TarEntry {
    let mut scan = tar.scan();
    assert_eq!(scan.ending, Ending::Complete);
    assert_eq!(scan.entries.len(), 1, "{:?}", scan.entries);
    scan.entries.remove(0)
}

fn corrupt(tar: Tar) -> String {
    match tar.scan().ending {
        Ending::Corrupt(reason) => reason,
        other => panic!("{other:?} instead of corrupt"),
    }
}

#[test]
fn every_kind_of_entry() {
    let tar = Tar::new()
        .directory("./")
        .file("./a", b"hello")
        .link("l", b'2', "../a//b")
        .link("h", b'1', "./a")
        .raw(&header("null", b'3', 0))
        .raw(&header("disk", b'4', 0))
        .raw(&header("pipe", b'6', 0))
        .raw(&header("old", 0, 0))
        .raw(&header("olddir/", 0, 0))
        .raw(&header("contiguous", b'7', 0));
    let entries = tar.scan().entries;
    let kinds: Vec<_> = entries.iter().map(|entry| (&*entry.path, entry.kind.clone())).collect();
    assert_eq!(
        kinds,
        [
            ("", EntryKind::Directory),
            ("a", EntryKind::File),
            ("l", EntryKind::Symlink("../a//b".into())),
            ("h", EntryKind::Hardlink("a".into())),
            ("null", EntryKind::Device),
            ("disk", EntryKind::Device),
            ("pipe", EntryKind::Fifo),
            ("old", EntryKind::File),
            ("olddir", EntryKind::Directory),
            ("contiguous", EntryKind::File),
        ]
    );
    let TarEntry { mode, uid, gid, size, notes, .. } = &entries[1];
    assert_eq!((*mode, *uid, *gid, *size, notes), (0o644, 1000, 100, 5, &None));
}

#[test]
fn long_names_of_both_families() {
    let long = format!("{}x", "directory/".repeat(30));
    assert_eq!(*only(Tar::new().gnu_long(b'L', &long).file("short", b"")).path, long);
    assert_eq!(*only(Tar::new().pax(&[("path", &long)]).file("short", b"")).path, long);
    let both = Tar::new().gnu_long(b'L', "gnu").pax(&[("path", "pax")]).file("short", b"");
    assert_eq!(&*only(both).path, "pax");
    let link = Tar::new().gnu_long(b'K', &long).gnu_long(b'L', "l").link("short", b'2', "short");
    assert_eq!(only(link).kind, EntryKind::Symlink(long.clone().into()));
    let hard = Tar::new().pax(&[("linkpath", &long)]).link("short", b'1', "short");
    assert_eq!(only(hard).kind, EntryKind::Hardlink(long.into()));
}

#[test]
fn pax_counts_before_the_header() {
    let big = (1_u64 << 33).to_string();
    let entry = only(Tar::new().pax(&[("uid", &big), ("gid", "7"), ("size", "3")]).file("f", b"abc"));
    assert_eq!((entry.uid, entry.gid, entry.size), (1 << 33, 7, 3));
    // The header says 0: a reader that believes it would take the content for a header.
    let content = header("hidden", b'0', 0);
    let tar = Tar::new().pax(&[("size", "512")]).raw(&header("f", b'0', 0)).content(&content);
    assert_eq!(only(tar).size, 512);
}

#[test]
fn a_global_header_and_a_label_are_no_entries() {
    let tar = Tar::new().raw(&header("g", b'g', 15)).content(b"15 comment=abc\n").raw(&header("label", b'V', 0));
    assert_eq!(&*only(tar.file("f", b"")).path, "f");
}

#[test]
fn numbers_of_base_256() {
    let mut block = header("f", b'0', 0);
    block[124..136].copy_from_slice(&[0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0]);
    block[108..116].copy_from_slice(&[0x80, 0, 0, 0, 0x12, 0x34, 0x56, 0x78]);
    let entry = only(Tar::new().raw(&signed(block)).content(&[1; 512]));
    assert_eq!((entry.size, entry.uid), (512, 0x1234_5678));
}

#[test]
fn sparse_files_have_the_size_that_a_reader_sees() {
    let mut block = header("sparse", b'S', 512);
    put(&mut block, 257, "ustar  \0");
    put(&mut block, 386, "00000000000\x0000000001000\0");
    block[482] = 1;
    put(&mut block, 483, "00004000000\0");
    let mut more = [0; 512];
    more[504] = 1;
    let old = Tar::new().raw(&signed(block)).raw(&more).raw(&[0; 512]).content(&[7; 512]).file("behind", b"");
    let scan = old.scan();
    assert_eq!(scan.ending, Ending::Complete);
    assert_eq!((&*scan.entries[0].path, scan.entries[0].size), ("sparse", 1 << 20));
    assert_eq!(&*scan.entries[1].path, "behind");

    let records = [
        ("GNU.sparse.major", "1"),
        ("GNU.sparse.minor", "0"),
        ("GNU.sparse.name", "real"),
        ("GNU.sparse.realsize", "1048576"),
    ];
    let entry = only(Tar::new().pax(&records).file("GNUSparseFile.0/real", &[0x7f; 1024]));
    assert_eq!((&*entry.path, entry.size), ("real", 1 << 20));
}

#[test]
fn names_that_are_not_utf_8_are_escaped() {
    let mut block = header("caf_", b'0', 0);
    block[3] = 0xe9;
    assert_eq!(&*only(Tar::new().raw(&signed(block))).path, "caf\\xe9");
}

#[test]
fn what_is_noted_of_content() {
    let script = b"#!/usr/bin/env python3\r\nprint('AWS_LAMBDA_RUNTIME_API')\n";
    let scan = Tar::new().file("script", script).file("text", b"nothing").scan();
    let notes = scan.entries[0].notes.as_deref().unwrap();
    assert_eq!(notes.shebang.as_deref(), Some("/usr/bin/env python3\r"));
    assert!(notes.runtime_api);
    assert_eq!(scan.entries[1].notes, None);
}

#[test]
fn damage_is_told_with_its_place() {
    let good = Tar::new().file("a", b"x");
    let mut bad_sum = header("b", b'0', 0);
    bad_sum[0] = b'c';
    assert!(corrupt(good.clone().raw(&bad_sum)).contains("byte 1024"));
    let mut no_size = header("b", b'0', 0);
    put(&mut no_size, 124, "-0000000001\0");
    assert!(corrupt(good.clone().raw(&signed(no_size))).contains("size"));
    let mut negative = header("b", b'0', 0);
    negative[124..136].fill(0xff);
    assert!(corrupt(good.clone().raw(&signed(negative))).contains("size"));
    let mut no_mode = header("b", b'0', 0);
    put(&mut no_mode, 100, "rw-r--r-");
    assert!(corrupt(good.clone().raw(&signed(no_mode))).contains("mode"));
    assert!(corrupt(good.clone().pax(&[("size", "1"), ("size", "2")]).file("b", b"x")).contains("two different sizes"));
    assert!(corrupt(good.clone().pax(&[("size", "-1")]).file("b", b"x")).contains("no number"));
    assert!(corrupt(good.clone().pax(&[("path", "b")])).contains("without an entry"));
    assert!(corrupt(good.raw(&[0; 512]).file("b", b"x")).contains("single block of zeros"));
}

#[test]
fn limits_stop_it() {
    let stopped = |tar: Tar, word: &str| match tar.scan().ending {
        Ending::Stopped(reason) => assert!(reason.contains(word), "{reason}"),
        other => panic!("{other:?} instead of stopped"),
    };
    stopped(Tar::new().raw(&header("pax", b'x', MAX_EXTENSION_BYTES + 1)), "extension header");
    let long = "x".repeat(MAX_PATH_BYTES + 1);
    stopped(Tar::new().gnu_long(b'L', &long).file("f", b""), "longer");
    stopped(Tar::new().pax(&[("linkpath", &long)]).link("f", b'2', ""), "longer");
    let mut many = Tar::new();
    for _ in 0..5 {
        many = many.raw(&header("pax", b'x', MAX_EXTENSION_BYTES)).content(&pax_of(MAX_EXTENSION_BYTES));
    }
    stopped(many, "headers");
}

/// One record that fills the whole header.
fn pax_of(size: u64) -> Vec<u8> {
    let mut content = format!("{size} comment=").into_bytes();
    content.resize(usize::try_from(size).unwrap() - 1, b'.');
    content.push(b'\n');
    content
}

#[test]
fn a_huge_size_is_an_archive_that_stops() {
    let tar = Tar::new().pax(&[("size", &i64::MAX.to_string())]).file("f", b"x").scan();
    assert!(matches!(&tar.ending, Ending::Truncated(reason) if reason.contains("`f`")), "{:?}", tar.ending);
}

#[test]
fn how_archives_may_end() {
    let tar = Tar::new().file("a", b"x").0;
    let ending = |extra: &[u8]| scan([&tar, extra].concat().as_slice()).unwrap();
    for good in [&[][..], &[0; 512], &[0; 1024], &[0; 10240]] {
        assert_eq!(ending(good).ending, Ending::Complete, "{} bytes", good.len());
    }
    // What follows the end mark is nobody's.
    let behind = [&[0; 1024][..], &header("late", b'0', 0)].concat();
    assert_eq!((ending(&behind).ending, ending(&behind).entries.len()), (Ending::Complete, 1));
    assert!(matches!(ending(&[0; 100]).ending, Ending::Truncated(_)));
    assert_eq!(scan(&b""[..]).unwrap().ending, Ending::Complete);
}

#[test]
fn cut_anywhere_it_is_truncated_or_ends_between_entries() {
    let tar = Tar::new()
        .directory("d/")
        .gnu_long(b'L', "d/long")
        .file("x", b"content")
        .pax(&[("path", "d/pax")])
        .file("x", &[1; 600]);
    // Where an entry's content ends, and from there to the end of its padding.
    let whole = tar.0.len();
    let boundary = |at: usize| at == 0 || at == 512 || (2055..=2560).contains(&at) || at >= whole - (1024 - 600);
    for at in 0..=whole {
        let scan = scan(&tar.0[..at]).unwrap();
        if boundary(at) {
            assert_eq!(scan.ending, Ending::Complete, "cut at {at}");
        } else {
            assert!(matches!(scan.ending, Ending::Truncated(_)), "cut at {at}: {:?}", scan.ending);
        }
    }
}

#[test]
fn the_tar_crate_s_archives() {
    let long = format!("{}/x", "d".repeat(120));
    let mut builder = tar::Builder::new(Vec::new());
    for path in ["plain", long.as_str()] {
        let mut header = tar::Header::new_gnu();
        header.set_size(3);
        header.set_mode(0o4755);
        header.set_uid(70_000_000);
        builder.append_data(&mut header, path, &b"abc"[..]).unwrap();
    }
    let mut header = tar::Header::new_ustar();
    header.set_entry_type(tar::EntryType::Symlink);
    header.set_size(0);
    builder.append_link(&mut header, "link", "plain").unwrap();
    let found = scan(builder.into_inner().unwrap().as_slice()).unwrap();
    assert_eq!(found.ending, Ending::Complete);
    let paths: Vec<_> = found.entries.iter().map(|entry| &*entry.path).collect();
    assert_eq!(paths, ["plain", &long, "link"]);
    assert_eq!((found.entries[0].mode, found.entries[0].uid), (0o4755, 70_000_000));
    assert_eq!(found.entries[2].kind, EntryKind::Symlink("plain".into()));
}
