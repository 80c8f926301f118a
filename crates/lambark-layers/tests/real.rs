//! Archives by real tools: the system's tar in every format that it writes, layers by BuildKit.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::fs::{self, File};
use std::io::{Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use lambark_layers::tar::scan;
use lambark_layers::{ReadOptions, decode, read_layer, sniff};
use lambark_oci::Compression;
use lambark_rules::facts::{Actual, Ending, EntryKind};

/// A directory that is removed with it.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Scratch {
        let path = std::env::temp_dir().join(format!("lambark-layers-{name}-{}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Scratch(path)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // What cannot be removed is left for whoever cleans up temporary files.
        let _ = fs::remove_dir_all(&self.0);
    }
}

const SPARSE_SIZE: u64 = 8 << 20;

/// A tree with what tars find hard; long names only where the format has room for them.
fn tree(root: &Path, long: bool) -> Vec<(String, u64)> {
    fs::create_dir_all(root.join("d/e")).unwrap();
    fs::write(root.join("d/plain"), vec![b'x'; 1500]).unwrap();
    fs::write(root.join("d/script"), "#!/bin/sh -e\n").unwrap();
    fs::set_permissions(root.join("d/script"), fs::Permissions::from_mode(0o755)).unwrap();
    symlink("../plain", root.join("d/e/link")).unwrap();
    fs::hard_link(root.join("d/plain"), root.join("d/z-hard")).unwrap();
    let mut sparse = File::create(root.join("d/sparse")).unwrap();
    sparse.write_all(b"begin").unwrap();
    sparse.seek(SeekFrom::Start(SPARSE_SIZE / 2)).unwrap();
    sparse.write_all(b"middle").unwrap();
    sparse.set_len(SPARSE_SIZE).unwrap();
    let mut expected: Vec<(String, u64)> = [("d", 0), ("d/e", 0), ("d/e/link", 0), ("d/plain", 1500)]
        .into_iter()
        .chain([("d/script", 13), ("d/sparse", SPARSE_SIZE), ("d/z-hard", 0)])
        .map(|(path, size)| (path.to_owned(), size))
        .collect();
    if long {
        let name = "n".repeat(200);
        fs::write(root.join("d").join(&name), "long").unwrap();
        expected.push((format!("d/{name}"), 4));
    }
    expected.sort();
    expected
}

fn check(mut command: Command, arguments: &[&str], long: bool) {
    let program = Path::new(command.get_program()).file_name().unwrap().to_str().unwrap().to_owned();
    let scratch = Scratch::new(&[&[&*program], arguments].concat().join("").replace(['-', '='], ""));
    let expected = tree(&scratch.0, long);
    let output = command.args(arguments).args(["-cf", "-", "d"]).current_dir(&scratch.0).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let scan = scan(output.stdout.as_slice()).unwrap();
    assert_eq!(scan.ending, Ending::Complete, "{program} {arguments:?}");
    let mut found: Vec<_> = scan.entries.iter().map(|entry| (String::from(&*entry.path), entry.size)).collect();
    found.sort();
    // Which of two names of one file becomes the link is the tool's choice.
    let hard: Vec<_> = scan.entries.iter().filter(|entry| matches!(entry.kind, EntryKind::Hardlink(_))).collect();
    assert_eq!(hard.len(), 1);
    if &*hard[0].path == "d/plain" {
        found.iter_mut().for_each(|(path, size)| match path.as_str() {
            "d/plain" => *size = 1500,
            "d/z-hard" => *size = 0,
            _ => {}
        });
    }
    assert_eq!(found, expected, "{program} {arguments:?}");
    let script = scan.entries.iter().find(|entry| &*entry.path == "d/script").unwrap();
    assert_eq!((script.mode, script.notes.as_ref().unwrap().shebang.as_deref()), (0o755, Some("/bin/sh -e")));
}

#[test]
fn gnu_tar_in_every_format() {
    for (format, long) in
        [("gnu", true), ("oldgnu", true), ("pax", true), ("posix", true), ("ustar", false), ("v7", false)]
    {
        check(Command::new("tar"), &[&format!("--format={format}")], long);
    }
}

#[test]
fn gnu_tar_with_sparse_files() {
    check(Command::new("tar"), &["-S", "--format=gnu"], true);
    for version in ["0.0", "0.1", "1.0"] {
        check(Command::new("tar"), &["-S", "--format=pax", &format!("--sparse-version={version}")], true);
    }
}

#[test]
fn bsdtar_in_every_format() {
    for (format, long) in [("gnutar", true), ("pax", true), ("ustar", false), ("v7", false)] {
        let Some(bsdtar) = lambark_parts::bsdtar() else { return };
        check(bsdtar, &[&format!("--format={format}")], long);
    }
}

/// Every blob of an archive that BuildKit wrote, with the digest that is its name.
fn blobs(fixture: &str) -> Vec<(String, Vec<u8>)> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../lambark-testkit/fixtures").join(fixture);
    let mut archive = tar::Archive::new(File::open(path).unwrap());
    let mut blobs = Vec::new();
    for entry in archive.entries().unwrap() {
        let mut entry = entry.unwrap();
        let path = entry.path().unwrap().to_string_lossy().into_owned();
        let Some(hex) = path.strip_prefix("blobs/sha256/").filter(|hex| !hex.is_empty()) else { continue };
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).unwrap();
        blobs.push((format!("sha256:{hex}"), bytes));
    }
    blobs
}

#[test]
fn buildkit_s_layers() {
    let fixtures = [
        ("default-oci.tar", Compression::Gzip),
        ("estargz-oci.tar", Compression::Gzip),
        ("zstd-oci.tar", Compression::Zstd),
        ("uncompressed-oci.tar", Compression::None),
    ];
    for (fixture, compression) in fixtures {
        let mut entries = 0;
        for (digest, bytes) in blobs(fixture) {
            let content = read_layer(bytes.as_slice(), &ReadOptions::default()).unwrap();
            assert_eq!(content.digest.as_str(), digest, "{fixture}");
            match sniff(&bytes) {
                Actual::Tar(found) => {
                    assert_eq!((found, content.ending), (compression, Ending::Complete), "{fixture} {digest}");
                    // One of them may be BuildKit's empty layer.
                    entries += content.entries.len();
                }
                // Manifests, configs and attestations.
                Actual::Other(first) => assert_eq!(first[0], b'{', "{fixture} {digest}"),
                Actual::Empty => panic!("{fixture} has an empty blob"),
            }
        }
        assert!(entries > 0, "{fixture}");
    }
}

#[test]
fn estargz_has_a_member_for_each_file() {
    let (_, layer) = blobs("estargz-oci.tar").into_iter().find(|(_, bytes)| bytes.starts_with(&[0x1f, 0x8b])).unwrap();
    let mut decoded = decode(layer.as_slice(), sniff(&layer));
    decoded.read_to_end(&mut Vec::new()).unwrap();
    assert!(decoded.gzip_members() > 1);
}
