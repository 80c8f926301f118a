//! Root file systems of random layers are what umoci makes of them, stacked and flat.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "tests")]

mod common;

use std::collections::BTreeMap;
use std::path::Path;

use common::{Place, act, base_layer, everybody, layer};
use lambark_testkit::images::File;
use lambark_testkit::parts;
use serde_json::json;

/// How many images of how many layers of how many entries.
const IMAGES: u64 = 12;
const LAYERS: u64 = 4;
const ENTRIES: u64 = 14;

/// Numbers that are the same each time (Knuth's generator).
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }

    fn name(&mut self) -> &'static str {
        ["a", "b", "c", "d"][usize::try_from(self.below(4)).unwrap()]
    }
}

/// Entries of a layer in an order that an honest writer could have: directories before what is in them.
fn random_layer(random: &mut Random) -> Vec<File> {
    // What this layer has at each path: a directory or something else.
    let mut has = BTreeMap::from([("t".to_owned(), true)]);
    let mut files = vec![File::directory("t")];
    for number in 0..random.below(ENTRIES) {
        let mut directory = "t".to_owned();
        for _ in 0..random.below(3) {
            let deeper = format!("{directory}/{}", random.name());
            match has.get(&deeper) {
                Some(true) => directory = deeper,
                Some(false) => break,
                None => {
                    files.push(File::directory(&deeper));
                    has.insert(deeper.clone(), true);
                    directory = deeper;
                }
            }
        }
        let name = random.name();
        let path = format!("{directory}/{name}");
        let content = format!("{number}");
        match random.below(7) {
            0 => files.push(File::new(&format!("{directory}/.wh.{name}"), "")),
            1 => files.push(File::new(&format!("{directory}/.wh..wh..opq"), "")),
            _ if has.contains_key(&path) => {}
            kind => {
                let other = has.iter().find(|(path, directory)| !**directory && path.as_str() != "t");
                files.push(match (kind, other) {
                    (2, _) => File::directory(&path),
                    (3, _) => File::symlink(&path, "/t/a"),
                    (4, Some((other, _))) => File::hardlink(&path, other),
                    _ => File::new(&path, content),
                });
                has.insert(path, kind == 2);
            }
        }
    }
    files
}

/// The same lines as the tester's act `tree`.
fn tree(root: &Path, directory: &str, lines: &mut Vec<String>) {
    let mut names: Vec<String> = std::fs::read_dir(root.join(&directory[1..]))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    for name in names {
        let path = format!("{directory}/{name}");
        let real = root.join(&path[1..]);
        let metadata = std::fs::symlink_metadata(&real).unwrap();
        if metadata.is_dir() {
            lines.push(format!("{path}/ 5"));
            tree(root, &path, lines);
        } else if metadata.is_symlink() {
            lines.push(format!("{path} -> {}", std::fs::read_link(&real).unwrap().display()));
        } else {
            lines.push(format!("{path} 4 {}", std::fs::read_to_string(&real).unwrap()));
        }
    }
}

#[test]
fn random_layers_give_what_umoci_makes_of_them() {
    if parts::umoci().is_none() {
        return;
    }
    for who in everybody() {
        let place = Place::new(who);
        let mut random = Random(20_261_122);
        let (mut longest, mut stacked) = (0, 0);
        for image in 0..IMAGES {
            let layers: Vec<Vec<File>> = (0..=random.below(LAYERS)).map(|_| random_layer(&mut random)).collect();
            let mut all = vec![base_layer()];
            all.extend(layers.iter().map(|files| layer(files)));
            place.image(all);
            let bundle = place.path(&format!("bundle-{image}"));
            let mut umoci = parts::umoci().unwrap();
            let layout = format!("{}:t", place.path("image").display());
            let output = umoci.args(["unpack", "--rootless", "--image", &layout]).arg(&bundle).output().unwrap();
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
            let mut expected = Vec::new();
            tree(&bundle.join("rootfs"), "/t", &mut expected);
            longest = longest.max(expected.len());
            for flat in [false, true] {
                let outcome = place.run_with(json!({ "flat": flat }), &[act(&["tree", "/t"])]);
                assert_eq!(outcome["ran"][0]["exit"], "exit status 0", "{outcome}");
                assert!(!flat || outcome["flat"] == true, "{outcome}");
                stacked += usize::from(outcome["flat"] == false);
                let seen: Vec<&str> = outcome["ran"][0]["stdout"].as_str().unwrap().lines().collect();
                assert_eq!(seen, expected, "{who:?}, image {image}, flat: {flat}: {layers:#?}");
            }
        }
        assert!(longest > 10 && stacked > 3, "the images are too simple, or none can be stacked: {longest} {stacked}");
    }
}
