#![allow(clippy::unwrap_used, reason = "tests")]

use std::time::Duration;

use lambark_oci::{Algorithm, Hasher};
use lambark_rules::facts::{Elf, EntryKind, FileNotes, GlibcVersion, TarEntry};
use proptest::prelude::*;

use super::*;

fn entry(path: &str, kind: EntryKind) -> TarEntry {
    TarEntry { path: path.into(), kind, mode: 0o644, uid: 0, gid: 0, size: 0, notes: None }
}

/// Every kind of entry, and every note.
fn entries() -> Vec<TarEntry> {
    let elf = Elf {
        machine: 62,
        interpreter: Some("/lib64/ld-linux-x86-64.so.2".into()),
        needed: vec!["libc.so.6".into(), "a \"quoted\"\nname".into()],
        run_path: vec!["$ORIGIN".into()],
        glibc_needed: Some(GlibcVersion { major: 2, minor: 34 }),
        glibc_provided: None,
        complete: true,
    };
    let notes = FileNotes { elf: Some(elf), shebang: Some("/bin/sh\r".into()), runtime_api: true };
    let program = TarEntry {
        mode: 0o4755,
        uid: u64::MAX,
        gid: 1000,
        size: 1 << 40,
        notes: Some(Box::new(notes)),
        ..entry("var/task/bootstrap", EntryKind::File)
    };
    vec![
        entry("", EntryKind::Directory),
        program,
        entry("usr/é\u{1b}\\xff", EntryKind::File),
        entry("lib", EntryKind::Symlink("usr/lib".into())),
        entry("hard", EntryKind::Hardlink("usr/lib/x".into())),
        entry("dev/null", EntryKind::Device),
        entry("run/pipe", EntryKind::Fifo),
    ]
}

fn content(name: &str, entries: Vec<TarEntry>) -> Content {
    Content {
        digest: Digest::of(name.as_bytes()),
        size: 7,
        diff_id: Digest::of(b"plain"),
        plain_size: 10_240,
        ending: Ending::Complete,
        entries,
    }
}

fn beginning() -> Digest {
    Digest::of(b"first bytes")
}

fn keep(memory: &Memory, content: &Content) {
    memory.keep(&content.digest, &beginning(), content);
}

fn same(ours: &Content, theirs: &Content) -> bool {
    // Content has no equality of its own.
    format!("{ours:?}") == format!("{theirs:?}")
}

#[test]
fn what_was_read_comes_back() {
    let cache = tempfile::tempdir().unwrap();
    let memory = Memory::new(cache.path());
    let layer = content("layer", entries());
    assert!(memory.find(&layer.digest).is_none());
    keep(&memory, &layer);
    let found = memory.find(&layer.digest).unwrap();
    assert!(same(&found.content, &layer) && found.beginning == beginning(), "{found:?}");
    assert!(memory.find(&Digest::of(b"other")).is_none());
    assert!(memory.clone().anew().find(&layer.digest).is_none());
    assert!(Recall::Learn(&memory).find(&layer.digest).is_none() && Recall::Nothing.memory().is_none());
}

#[test]
fn only_whole_layers_of_the_right_digest_are_remembered() {
    let cache = tempfile::tempdir().unwrap();
    let memory = Memory::new(cache.path());
    let endings = [
        Ending::Truncated("half".to_owned()),
        Ending::Corrupt("bad".to_owned()),
        Ending::Stopped("too much".to_owned()),
    ];
    for ending in endings {
        keep(&memory, &Content { ending, ..content("layer", entries()) });
    }
    let (asked, layer) = (Digest::of(b"what was asked for"), content("what came", entries()));
    memory.keep(&asked, &beginning(), &layer);
    // What was hashed by another algorithm was not held against its digest.
    let mut longer = Hasher::new(Algorithm::Sha512);
    longer.update(b"what came");
    memory.keep(&longer.finish(), &beginning(), &layer);
    assert_eq!(memory.room(), Room { layers: 0, bytes: 0, last_used: None });
}

#[test]
fn only_the_owner_may_read_it() {
    use std::os::unix::fs::PermissionsExt;
    let cache = tempfile::tempdir().unwrap();
    let memory = Memory::new(cache.path());
    let layer = content("layer", entries());
    keep(&memory, &layer);
    let path = memory.path(&layer.digest);
    for (path, mode) in [(path.as_path(), 0o600), (path.parent().unwrap(), 0o700), (&memory.directory, 0o700)] {
        assert_eq!(fs::metadata(path).unwrap().permissions().mode() & 0o777, mode, "{}", path.display());
    }
    assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1, "nothing half-written stays");
}

#[test]
fn damage_anywhere_is_forgotten_and_written_anew() {
    let cache = tempfile::tempdir().unwrap();
    let memory = Memory::new(cache.path());
    let layer = content("layer", entries());
    keep(&memory, &layer);
    let path = memory.path(&layer.digest);
    let good = fs::read(&path).unwrap();
    for place in 0..good.len() {
        let mut bad = good.clone();
        bad[place] ^= 0x20;
        fs::write(&path, &bad).unwrap();
        assert!(memory.find(&layer.digest).is_none(), "byte {place}");
        fs::write(&path, &good[..place]).unwrap();
        assert!(memory.find(&layer.digest).is_none(), "cut at {place}");
    }
    fs::write(&path, [&good[..], b"\n"].concat()).unwrap();
    assert!(memory.find(&layer.digest).is_none(), "a byte more");
    keep(&memory, &layer);
    assert!(memory.find(&layer.digest).is_some());
    // A directory or a link to nowhere in its place is no error either.
    fs::remove_file(&path).unwrap();
    fs::create_dir(&path).unwrap();
    keep(&memory, &layer);
    assert!(memory.find(&layer.digest).is_none());
}

#[test]
fn a_file_under_another_s_name_tells_nothing() {
    let cache = tempfile::tempdir().unwrap();
    let memory = Memory::new(cache.path());
    let (layer, other) = (content("layer", entries()), content("other", Vec::new()));
    keep(&memory, &layer);
    fs::rename(memory.path(&layer.digest), memory.path(&other.digest)).unwrap();
    assert!(memory.find(&other.digest).is_none());
}

#[test]
fn what_another_version_wrote_is_not_read() {
    let payload = form::written(&beginning(), &content("layer", entries())).unwrap();
    let header = file::header(&payload);
    let whole = |header: &str| [header.as_bytes(), &payload].concat();
    assert!(file::opened(&whole(&header)).is_some());
    let reader = format!("reader {}", lambark_layers::READER_VERSION);
    for (now, then) in [("facts 1", "facts 0"), (env!("CARGO_PKG_VERSION"), "0.0.9"), (reader.as_str(), "reader 0")] {
        assert!(header.contains(now));
        assert!(file::opened(&whole(&header.replace(now, then))).is_none(), "{then}");
    }
}

#[test]
fn what_is_too_much_is_neither_written_nor_read() {
    let cache = tempfile::tempdir().unwrap();
    let memory = Memory::new(cache.path());
    let many = vec![entry("x", EntryKind::File); form::MAX_ENTRIES + 1];
    let large = content("large", many);
    keep(&memory, &large);
    assert_eq!(memory.room().layers, 0);

    // Written by somebody who knows no limits: a right digest over a wrong payload.
    let forge = |text: &[u8]| {
        let payload = zstd::encode_all(text, 1).unwrap();
        let path = memory.path(&large.digest);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, [file::header(&payload).as_bytes(), &payload].concat()).unwrap();
        memory.find(&large.digest)
    };
    let text = |entries: &str| {
        let digest = &large.digest;
        format!(
            r#"{{"digest":"{digest}","size":1,"beginning":"{digest}","diff_id":"{digest}","plain_size":1,"entries":[{entries}]}}"#
        )
    };
    let one = r#"["x","f",420,0,0,0,null]"#;
    assert!(forge(text(one).as_bytes()).is_some());
    assert!(forge(text(&vec![one; form::MAX_ENTRIES + 1].join(",")).as_bytes()).is_none());
    assert!(forge(&vec![b' '; usize::try_from(form::MAX_TEXT_BYTES).unwrap() + 1]).is_none(), "a bomb");
    for nonsense in ["", "{}", "[[[[", r#"{"digest":7}"#] {
        assert!(forge(nonsense.as_bytes()).is_none(), "{nonsense}");
    }
    let path = memory.path(&large.digest);
    fs::File::create(&path).unwrap().set_len(file::MAX_FILE_BYTES + 1).unwrap();
    assert!(memory.find(&large.digest).is_none());
}

#[test]
fn what_was_not_used_for_longest_goes_first() {
    let cache = tempfile::tempdir().unwrap();
    let memory = Memory::new(cache.path());
    let layers: Vec<Content> = (0..5).map(|number| content(&number.to_string(), entries())).collect();
    for (age, layer) in layers.iter().enumerate() {
        keep(&memory, layer);
        let then = SystemTime::now() - Duration::from_secs(1000 - age as u64);
        File::options().write(true).open(memory.path(&layer.digest)).unwrap().set_modified(then).unwrap();
    }
    // What another version left, and what a writer that was killed left.
    let old = memory.directory.join("v0/sha256/abc");
    fs::create_dir_all(old.parent().unwrap()).unwrap();
    let begun = memory.path(&layers[0].digest).with_file_name(format!("{BEGUN}xyz"));
    for path in [&old, &begun] {
        fs::write(path, "whatever").unwrap();
        File::options().write(true).open(path).unwrap().set_modified(SystemTime::UNIX_EPOCH).unwrap();
    }
    // The oldest is used again.
    assert!(memory.find(&layers[0].digest).is_some());
    let size = |layer: &Content| fs::metadata(memory.path(&layer.digest)).unwrap().len();
    let sizes: Vec<u64> = layers.iter().map(size).collect();
    let (stay, go) = (sizes[0] + sizes[4], sizes[1] + sizes[2] + sizes[3]);
    let gone = memory.prune(stay + 10);
    assert_eq!(gone, Forgotten { layers: 5, bytes: go + 16 });
    let left: Vec<bool> = layers.iter().map(|layer| memory.find(&layer.digest).is_some()).collect();
    assert_eq!(left, [true, false, false, false, true]);
    assert!(!old.exists() && !begun.exists());
    memory.make_room();
    assert_eq!((memory.room().layers, memory.room().bytes), (2, stay));
    assert_eq!(memory.shrink(u64::MAX, 1).layers, 1);
    assert_eq!(memory.prune(0).layers, 1);
    assert_eq!(Memory::new(&cache.path().join("nowhere")).prune(0), Forgotten::default());
}

#[test]
fn several_writers_and_readers_see_the_whole_or_nothing() {
    let cache = tempfile::tempdir().unwrap();
    let layer = content("layer", entries());
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let memory = Memory::new(cache.path());
                for _ in 0..50 {
                    keep(&memory, &layer);
                    // Nobody takes it away, so it is there from now on.
                    assert!(same(&memory.find(&layer.digest).unwrap().content, &layer));
                }
            });
        }
    });
    assert_eq!(Memory::new(cache.path()).room().layers, 1);
}

#[test]
fn a_place_that_takes_nothing_is_no_error() {
    let cache = tempfile::tempdir().unwrap();
    let file = cache.path().join("file");
    fs::write(&file, "").unwrap();
    let memory = Memory::new(&file);
    let layer = content("layer", entries());
    keep(&memory, &layer);
    assert!(memory.find(&layer.digest).is_none());
    assert_eq!(memory.room().layers, 0);
}

/// What is written of every kind of entry, and what reading notes of a layer. If it changes, then files of before would
/// be taken for something that they are not: raise [`file::FORMAT`] (the form is another) or
/// [`lambark_layers::READER_VERSION`] (the same bytes give other facts), which is part of the snapshot's name.
#[test]
fn each_version_has_its_form() {
    let text = |content: &Content| {
        let payload = form::written(&beginning(), content).unwrap();
        String::from_utf8(zstd::decode_all(payload.as_slice()).unwrap()).unwrap().replace(",[", ",\n[")
    };
    let read = lambark_layers::read_layer(layer().as_slice(), &lambark_layers::ReadOptions::default()).unwrap();
    let name = format!("format_{}_reader_{}", file::FORMAT, lambark_layers::READER_VERSION);
    insta::assert_snapshot!(name, format!("{}\n\n{}", text(&content("layer", entries())), text(&read)));
}

fn layer() -> Vec<u8> {
    use lambark_testkit::images::{File, bootstrap, tar_of};
    tar_of(&[
        File::directory("./var/"),
        File::new("var/task/bootstrap", bootstrap(183)).mode(0o4755),
        File::new("var/task/run.sh", "#!/bin/sh -e\r\ncurl $AWS_LAMBDA_RUNTIME_API"),
        File::new("var/task/data", "nothing"),
        File::symlink("lib//x", "../usr/lib"),
        File::hardlink("var/task/again", "./var/task/data"),
        File::new("var/task/.wh.gone", ""),
    ])
}

fn any_entry() -> impl Strategy<Value = TarEntry> {
    let text = || any::<String>().prop_map(String::into_boxed_str);
    let kind = prop_oneof![
        Just(EntryKind::File),
        Just(EntryKind::Directory),
        text().prop_map(EntryKind::Symlink),
        text().prop_map(EntryKind::Hardlink),
        Just(EntryKind::Device),
        Just(EntryKind::Fifo),
    ];
    let version =
        || proptest::option::of((any::<u32>(), any::<u32>()).prop_map(|(major, minor)| GlibcVersion { major, minor }));
    let texts = || proptest::collection::vec(text(), 0..3);
    let elf = (any::<u16>(), proptest::option::of(text()), texts(), texts(), version(), version(), any::<bool>())
        .prop_map(|(machine, interpreter, needed, run_path, glibc_needed, glibc_provided, complete)| Elf {
            machine,
            interpreter,
            needed,
            run_path,
            glibc_needed,
            glibc_provided,
            complete,
        });
    let notes = (proptest::option::of(elf), proptest::option::of(text()), any::<bool>())
        .prop_map(|(elf, shebang, runtime_api)| Box::new(FileNotes { elf, shebang, runtime_api }));
    let numbers = (any::<u32>(), any::<u64>(), any::<u64>(), any::<u64>());
    (text(), kind, numbers, proptest::option::of(notes))
        .prop_map(|(path, kind, (mode, uid, gid, size), notes)| TarEntry { path, kind, mode, uid, gid, size, notes })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn any_layer_comes_back(
        entries in proptest::collection::vec(any_entry(), 0..20),
        size in any::<u64>(),
        plain_size in any::<u64>(),
    ) {
        let layer = Content { size, plain_size, ..content("layer", entries) };
        let found = form::read(&form::written(&beginning(), &layer).unwrap()).unwrap();
        prop_assert!(same(&found.content, &layer));
    }

    #[test]
    fn nothing_that_is_read_panics(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = file::opened(&bytes);
        let _ = form::read(&bytes);
        let _ = form::read(&zstd::encode_all(bytes.as_slice(), 1).unwrap());
    }
}
