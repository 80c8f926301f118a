//! Hostile layers and hostile programs leave this machine untouched.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "tests")]

mod common;

use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use common::{Place, act, base_layer, everybody, layer};
use lambark_oci::{Compression, Family};
use lambark_testkit::images::{File, Layer};
use lambark_testkit::parts::skip;
use serde_json::json;

/// A tar as nobody honest writes it: path, type, link, content.
fn raw(entries: &[(&str, u8, &str, &str)]) -> Layer {
    let mut tar = Vec::new();
    for (path, kind, link, content) in entries {
        let mut header = tar::Header::new_gnu();
        let bytes = header.as_mut_bytes();
        bytes[..path.len()].copy_from_slice(path.as_bytes());
        bytes[157..157 + link.len()].copy_from_slice(link.as_bytes());
        header.set_entry_type(tar::EntryType::new(*kind));
        header.set_mode(0o6777);
        header.set_size(content.len() as u64);
        header.set_device_major(1).unwrap();
        header.set_device_minor(3).unwrap();
        header.set_cksum();
        tar.extend(header.as_bytes());
        tar.extend(content.as_bytes());
        tar.resize(tar.len().next_multiple_of(512), 0);
    }
    tar.resize(tar.len() + 1024, 0);
    Layer::of_tar(Family::Oci, Compression::Gzip, &tar)
}

const FILE: u8 = b'0';
const HARD_LINK: u8 = b'1';
const LINK: u8 = b'2';
const DEVICE: u8 = b'3';
const BLOCK_DEVICE: u8 = b'4';
const DIRECTORY: u8 = b'5';
const FIFO: u8 = b'6';

/// What lies below a directory that must not change: paths, kinds, contents, owners, permissions.
fn census(directory: &Path) -> Vec<String> {
    let mut found = Vec::new();
    let mut waiting = vec![directory.to_owned()];
    while let Some(path) = waiting.pop() {
        let metadata = std::fs::symlink_metadata(&path).unwrap();
        let content = if metadata.is_file() { std::fs::read_to_string(&path).unwrap() } else { String::new() };
        found.push(format!("{} {:o} {} {content}", path.display(), metadata.mode(), metadata.nlink()));
        if metadata.is_dir() {
            waiting.extend(std::fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
        }
    }
    found.sort();
    found
}

#[test]
fn no_entry_is_written_outside() {
    for who in everybody() {
        for flat in [false, true] {
            let place = Place::new(who);
            // What an escape would reach: writable by everybody, so that only the way there is closed.
            // Not below /tmp, which inside is another.
            let directory = tempfile::tempdir_in("/var/tmp").unwrap();
            let victim = directory.path().to_owned();
            std::fs::write(victim.join("file"), "precious").unwrap();
            for path in [victim.clone(), victim.join("file")] {
                std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o777)).unwrap();
            }
            let before = census(&victim);
            let outside = victim.to_str().unwrap();
            let up = format!("{}{}", "../".repeat(20), &outside[1..]);
            // Wherever a path of these leads, it leads inside; what it would need is made there first.
            let below: Vec<(String, u8)> = Path::new(outside)
                .ancestors()
                .filter(|path| path.parent().is_some())
                .map(|path| (path.to_str().unwrap()[1..].to_owned(), DIRECTORY))
                .collect();
            let mut entries: Vec<(&str, u8, &str, &str)> =
                below.iter().rev().map(|(path, kind)| (path.as_str(), *kind, "", "")).collect();
            let (file, above) = (format!("{outside}/file"), format!("{up}/file"));
            let through = [
                ("absolute", LINK, outside, ""),
                ("absolute/through-absolute", FILE, "", "evil"),
                ("up", LINK, up.as_str(), ""),
                ("up/through-up", FILE, "", "evil"),
                ("up/directory", DIRECTORY, "", ""),
                ("up/directory/file", FILE, "", "evil"),
                ("absolute/file", FILE, "", "evil"),
                // A link in the place of a directory that was used a moment ago.
                ("race", DIRECTORY, "", ""),
                ("race/one", FILE, "", "evil"),
                ("race", LINK, outside, ""),
                ("race/two", FILE, "", "evil"),
                ("link-to-file", LINK, file.as_str(), ""),
                ("link-to-file", FILE, "", "evil"),
                ("absolute/.wh.file", FILE, "", ""),
                ("up/.wh..wh..opq", FILE, "", ""),
                ("hard", HARD_LINK, "up/through-up", ""),
                ("self", LINK, "/proc/self/root", ""),
                (file.as_str(), FILE, "", "an absolute path is one inside"),
            ];
            entries.extend(through);
            place.image(vec![base_layer(), raw(&entries)]);
            let outcome = place
                .run_with(json!({ "flat": flat }), &[act(&["read", &file, "/up/through-up", "/hard", "/race/two"])]);
            let expected =
                format!("{file}: an absolute path is one inside\n/up/through-up: evil\n/hard: evil\n/race/two: evil\n");
            assert_eq!(outcome["ran"][0]["stdout"], expected, "{who:?} {outcome}");
            assert_eq!(census(&victim), before, "{who:?}");
            // `..` is refused, and so is what leads nowhere.
            for hostile in [
                vec![(above.as_str(), FILE, "", "evil")],
                vec![("a/../../x", FILE, "", "evil")],
                vec![("..", LINK, outside, "")],
                vec![("hard", HARD_LINK, up.as_str(), "")],
                vec![("directory", DIRECTORY, "", ""), ("hard", HARD_LINK, "directory", "")],
                vec![("nowhere", LINK, "/no/such", ""), ("nowhere/x", FILE, "", "evil")],
                vec![("loop", LINK, "loop", ""), ("loop/x", FILE, "", "evil")],
                vec![("file", FILE, "", ""), ("file/x", FILE, "", "evil")],
                vec![(".wh...", FILE, "", "")],
                vec![(".wh.", FILE, "", "")],
            ] {
                let outcome = place.image(vec![base_layer(), raw(&hostile)]).run_with(json!({ "flat": flat }), &[]);
                let error = outcome["error"].as_str().unwrap_or_else(|| panic!("{hostile:?} {outcome}"));
                assert!(error.starts_with("layer sha256:") && error.contains("cannot be unpacked"), "{error}");
                assert_eq!(census(&victim), before, "{who:?}");
            }
            // A hard link to what no layer has, wherever that is outside.
            let hard = raw(&[("hard", HARD_LINK, file.as_str(), "")]);
            let outcome = place.image(vec![base_layer(), hard]).run(&[]);
            assert!(outcome["error"].as_str().unwrap().contains("which no layer has"), "{outcome}");
            assert_eq!(census(&victim), before, "{who:?}");
        }
    }
}

#[test]
fn a_layer_that_is_refused_is_refused_at_once() {
    let much = "x".repeat(8 << 20);
    let hostile = raw(&[("../x", FILE, "", "evil"), ("much", FILE, "", &much)]);
    for who in everybody() {
        let outcome = Place::new(who).image(vec![base_layer(), hostile.clone()]).run(&[]);
        assert!(outcome["error"].as_str().unwrap().contains("`../x` leads out of it"), "{who:?} {outcome}");
    }
}

#[test]
fn no_device_and_no_foreign_right_is_made() {
    let layer = raw(&[
        ("null", DEVICE, "", ""),
        ("disk", BLOCK_DEVICE, "", ""),
        ("pipe", FIFO, "", ""),
        ("root", FILE, "", "#!/bin/tester"),
        ("directory", DIRECTORY, "", ""),
    ]);
    for who in everybody() {
        let place = Place::new(who);
        let outcome = place.image(vec![base_layer(), layer.clone()]).run(&[act(&["list", "/"])]);
        let expected = "/: bin dev directory etc lib lib64 proc root tmp\n";
        assert_eq!(outcome["ran"][0]["stdout"], expected, "{who:?} {outcome}");
        let mut waiting = vec![place.path("cache")];
        while let Some(path) = waiting.pop() {
            let metadata = std::fs::symlink_metadata(&path).unwrap();
            assert_eq!(metadata.mode() & 0o6000, 0, "{}", path.display());
            let kind = metadata.file_type();
            assert!(!kind.is_block_device() && !kind.is_char_device() && !kind.is_fifo(), "{}", path.display());
            if metadata.is_dir() {
                waiting.extend(std::fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
            }
        }
    }
}

#[test]
fn what_is_not_what_its_digest_says_is_not_kept() {
    for who in everybody() {
        let place = Place::new(who);
        let (good, other) = (layer(&[File::new("good", "1")]), layer(&[File::new("evil", "2")]));
        let lying = Layer { diff_id: good.diff_id.clone(), ..other.clone() };
        let outcome = place.image(vec![base_layer(), lying]).run(&[]);
        assert!(outcome["error"].as_str().unwrap().contains("but the config says otherwise"), "{outcome}");
        place.image(vec![base_layer(), good.clone()]);
        let blob = place.path("image/blobs/sha256").join(lambark_oci::Digest::of(&good.stored).hex());
        std::fs::write(blob, &other.stored).unwrap();
        let outcome = place.run(&[]);
        assert!(outcome["error"].as_str().unwrap().contains("other bytes than its digest says"), "{outcome}");
        let outcome = place.image(vec![base_layer(), good]).run(&[act(&["list", "/good", "/evil"])]);
        assert_eq!(outcome["ran"][0]["stdout"], "/good: NotADirectory\n/evil: NotFound\n", "{outcome}");
    }
}

#[test]
fn a_program_can_do_nothing_that_leads_out() {
    for who in everybody() {
        let place = Place::new(who);
        let outcome = place.image(vec![base_layer()]).run(&[act(&["escape"]), act(&["echo", "on"])]);
        assert_eq!(outcome["ran"][0]["stdout"], "tried\n", "{who:?} {outcome}");
        // Its keeper was told to die, and did not.
        assert_eq!(outcome["ran"][1]["stdout"], "on", "{who:?} {outcome}");
    }
}

#[test]
fn keys_of_the_session_stay_outside() {
    for who in everybody() {
        let place = Place::new(who);
        let outcome = place.image(vec![base_layer()]).run_with(json!({ "key": true }), &[act(&["find-key"])]);
        if outcome["key"] == false {
            skip("this kernel keeps no keys, or not for us");
            return;
        }
        assert_eq!(outcome["ran"][0]["stdout"], "false", "{who:?} {outcome}");
    }
}

#[test]
fn a_fork_bomb_and_a_full_tmp_stay_inside() {
    for who in everybody() {
        let place = Place::new(who);
        let settings = json!({ "tmp_bytes": 8 << 20 });
        let unique = unique();
        let programs =
            [json!({ "args": ["bomb"], "kill_after_output": true }), act(&["fill", "/tmp/x"]), act(&["orphan"])];
        let outcome = place.image(vec![base_layer(), unique.clone()]).run_with(settings, &programs);
        let bomb = outcome["ran"][0]["stdout"].as_str().unwrap();
        let (count, why) = bomb.split_once(' ').unwrap_or_else(|| panic!("{outcome}"));
        assert!(count.parse::<u64>().unwrap() < 1024 && why == "WouldBlock", "{who:?} {outcome}");
        assert_eq!(outcome["ran"][1]["stdout"], "8388608 StorageFull", "{who:?} {outcome}");
        assert_eq!(outcome["ran"][2]["exit"], "exit status 0", "{who:?} {outcome}");
        // The tester has ended its sandbox, and with it everything that was left in it.
        assert_eq!(processes_over(&unique), 0, "{who:?}");
    }
}

#[test]
fn a_maker_that_is_killed_takes_its_sandbox_along() {
    for who in everybody() {
        let place = Place::new(who);
        let unique = unique();
        place.image(vec![base_layer(), unique.clone()]);
        let mut maker = place.start(json!({}), &[act(&["sleep"])]);
        let inside = |count| {
            (0..6000).any(|_| {
                std::thread::sleep(Duration::from_millis(10));
                processes_over(&unique) == count
            })
        };
        // Two helpers and the program.
        assert!(inside(3), "{who:?} {}", processes_over(&unique));
        maker.kill().unwrap();
        maker.wait().unwrap();
        assert!(inside(0), "{who:?} {}", processes_over(&unique));
    }
}

/// A layer that no other test has.
fn unique() -> Layer {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    layer(&[File::new("unique", format!("{} {count}", std::process::id()))])
}

/// How many processes live in a sandbox of this layer.
fn processes_over(layer: &Layer) -> usize {
    let processes = std::fs::read_dir("/proc").unwrap().filter_map(|entry| Some(entry.ok()?.path()));
    let mounts = processes.filter_map(|process| std::fs::read_to_string(process.join("mountinfo")).ok());
    mounts.filter(|mounts| mounts.contains(layer.diff_id.hex())).count()
}
