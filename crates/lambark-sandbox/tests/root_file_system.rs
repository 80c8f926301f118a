//! Layers over each other give what unpacking one after the other gives, stacked or flat, as root or not.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "tests")]

mod common;

use common::{Place, Who, act, base_layer, everybody, layer};
use lambark_testkit::images::File;
use serde_json::{Value, json};

/// What the program inside sees below `/t`, stacked if the layers allow it, and flat; both must be the same.
fn seen(who: Who, layers: &[Vec<File>], stackable: bool) -> String {
    let place = Place::new(who);
    let mut all = vec![base_layer()];
    all.extend(layers.iter().map(|files| layer(files)));
    place.image(all);
    let told = |settings: Value, flat: bool| {
        let outcome = place.run_with(settings, &[act(&["tree", "/t"])]);
        assert_eq!(outcome["flat"], flat, "{who:?} {outcome}");
        assert_eq!(outcome["ran"][0]["exit"], "exit status 0", "{who:?} {outcome}");
        outcome["ran"][0]["stdout"].as_str().unwrap().to_owned()
    };
    let first = told(json!({}), !stackable);
    let flat = told(json!({ "flat": true }), true);
    assert_eq!(first, flat, "{who:?}: stacked, flat");
    first
}

/// The same for everybody.
fn check(layers: &[Vec<File>], stackable: bool, expected: &[&str]) {
    for who in everybody() {
        let lines = seen(who, layers, stackable);
        assert_eq!(lines.lines().collect::<Vec<_>>(), expected, "{who:?}");
    }
}

#[test]
fn what_a_layer_takes_away_is_gone() {
    let below = vec![
        File::directory("t"),
        File::new("t/gone", "1"),
        File::new("t/stays", "2"),
        File::directory("t/gone-directory"),
        File::new("t/gone-directory/file", "3"),
        File::directory("t/emptied"),
        File::new("t/emptied/old", "4"),
        File::directory("t/replaced"),
        File::new("t/replaced/old", "5"),
    ];
    let above = vec![
        File::directory("t"),
        File::new("t/.wh.gone", ""),
        File::new("t/.wh.gone-directory", ""),
        File::new("t/.wh.never-was", ""),
        File::directory("t/emptied"),
        File::new("t/emptied/.wh..wh..opq", ""),
        File::new("t/emptied/new", "6"),
        // A whiteout takes away from layers below only, whichever comes first.
        File::new("t/.wh.replaced", ""),
        File::directory("t/replaced"),
        File::new("t/replaced/new", "7"),
        File::new("t/.wh.stays", ""),
        File::new("t/stays", "8"),
    ];
    let expected = ["/t/emptied/ 5", "/t/emptied/new 4 6", "/t/replaced/ 5", "/t/replaced/new 4 7", "/t/stays 4 8"];
    check(&[below, above], true, &expected);
}

#[test]
fn one_kind_replaces_another() {
    let below = vec![
        File::directory("t"),
        File::directory("t/was-directory"),
        File::new("t/was-directory/file", ""),
        File::new("t/was-file", "1"),
        File::symlink("t/was-link", "was-directory"),
    ];
    let above = vec![
        File::directory("t"),
        File::new("t/was-directory", "2"),
        File::directory("t/was-file"),
        File::directory("t/was-link"),
        File::new("t/was-link/inside", "3"),
        File::new("t/twice", "first"),
        File::symlink("t/twice", "second"),
    ];
    let expected =
        ["/t/twice -> second", "/t/was-directory 4 2", "/t/was-file/ 5", "/t/was-link/ 5", "/t/was-link/inside 4 3"];
    check(&[below, above], true, &expected);
}

#[test]
fn hard_links_reach_files_of_their_own_layer_and_below() {
    let below = vec![File::directory("t"), File::new("t/file", "1"), File::hardlink("t/link", "t/file")];
    check(std::slice::from_ref(&below), true, &["/t/file 4 1", "/t/link 4 1"]);
    let above = vec![File::directory("t"), File::hardlink("t/above", "./t/link")];
    check(&[below, above], false, &["/t/above 4 1", "/t/file 4 1", "/t/link 4 1"]);
}

#[test]
fn directories_that_are_only_implied_are_those_below() {
    // The same as below: they can be stacked.
    let below = vec![File::directory("t"), File::directory("t/a"), File::new("t/a/old", "1")];
    let above = vec![File::new("t/a/new", "2"), File::new("t/b/new", "3")];
    let expected = ["/t/a/ 5", "/t/a/new 4 2", "/t/a/old 4 1", "/t/b/ 5", "/t/b/new 4 3"];
    check(&[below, above.clone()], true, &expected);
    // Others below: with other permissions, or a link.
    let below = vec![File::directory("t"), File::directory("t/a").mode(0o777)];
    let expected = ["/t/a/ 7", "/t/a/new 4 2", "/t/b/ 5", "/t/b/new 4 3"];
    check(&[below, above.clone()], false, &expected);
    let below = vec![File::directory("t"), File::directory("t/real"), File::symlink("t/a", "/t/real")];
    let expected = ["/t/a -> /t/real", "/t/b/ 5", "/t/b/new 4 3", "/t/real/ 5", "/t/real/new 4 2"];
    check(&[below, above], false, &expected);
}

#[test]
fn more_layers_than_can_be_named_in_one_mount_are_laid_flat() {
    let layers: Vec<Vec<File>> = (0..70)
        .map(|number| {
            vec![File::directory("t"), File::new("t/last", format!("{number}")), File::new("t/.wh.first", "")]
        })
        .chain([vec![File::directory("t"), File::new("t/top", "")]])
        .collect();
    check(&layers, false, &["/t/last 4 69", "/t/top 4 "]);
}

#[test]
fn what_is_too_deep_is_refused() {
    for (depth, fine) in [(200, true), (201, false)] {
        let path = vec!["d"; depth].join("/");
        for who in everybody() {
            let place = Place::new(who);
            let outcome = place.image(vec![base_layer(), layer(&[File::new(&path, "")])]).run(&[]);
            assert_eq!(outcome["error"].is_null(), fine, "{who:?} {outcome}");
            let told = outcome["error"].as_str().is_none_or(|error| error.contains("deeper than 200 directories"));
            assert!(told, "{who:?} {outcome}");
        }
    }
}

#[test]
fn the_function_owns_nothing() {
    let files = vec![
        File::directory("t"),
        File::new("t/0600", "x").mode(0o600),
        File::new("t/0640", "x").mode(0o640),
        File::new("t/0644", "x").mode(0o644),
        File::new("t/4755", "x").mode(0o4755),
        File::directory("t/0700").mode(0o700),
        File::new("t/0700/inside", "x"),
        File::directory("t/0711").mode(0o711),
        File::new("t/0711/inside", "x"),
        File::directory("t/1777").mode(0o1777),
        File::directory("t/2755").mode(0o2755),
    ];
    let expected = [
        "/t/0600 0 PermissionDenied",
        "/t/0640 0 PermissionDenied",
        "/t/0644 4 x",
        "/t/0700/ 0",
        "/t/0700 closed",
        "/t/0711/ 1",
        "/t/0711 closed",
        "/t/1777/ 1007",
        "/t/2755/ 5",
        "/t/4755 5 x",
    ];
    check(std::slice::from_ref(&files), true, &expected);
    // What a layer above opens is open, with all that is in it.
    let above = vec![File::directory("t"), File::directory("t/0700")];
    for who in everybody() {
        let lines = seen(who, &[files.clone(), above.clone()], true);
        assert!(lines.contains("/t/0700/ 5\n/t/0700/inside 4 x\n"), "{who:?} {lines}");
    }
}

#[test]
fn a_layer_is_unpacked_once_and_evicted_last_used_last() {
    for who in everybody() {
        let place = Place::new(who);
        let (one, two) =
            (vec![File::directory("t"), File::new("t/1", "1")], vec![File::directory("t"), File::new("t/2", "2")]);
        let names = || -> Vec<String> {
            let layers = place.path("cache/layers");
            let kind = std::fs::read_dir(layers).unwrap().next().unwrap().unwrap().path();
            let names = std::fs::read_dir(kind).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
            let mut names: Vec<String> = names.filter(|name| name.len() >= 64 || name.starts_with("new")).collect();
            names.sort();
            names
        };
        place.image(vec![base_layer(), layer(&one)]).run(&[]);
        let first = names();
        assert_eq!(first.len(), 4, "{first:?}");
        // The blobs are not needed any more: only the manifest and the config are read.
        for layer in [base_layer(), layer(&one)] {
            let blob = lambark_oci::Digest::of(&layer.stored);
            std::fs::remove_file(place.path("image/blobs/sha256").join(blob.hex())).unwrap();
        }
        let outcome = place.run(&[act(&["tree", "/t"])]);
        assert_eq!(outcome["ran"][0]["stdout"], "/t/1 4 1\n", "{who:?} {outcome}");
        // A byte is not enough for anything but what is in use.
        place.image(vec![base_layer(), layer(&two)]);
        let outcome = place.run_with(json!({ "cache_bytes": 1 }), &[act(&["tree", "/t"])]);
        assert_eq!(outcome["ran"][0]["stdout"], "/t/2 4 2\n", "{who:?} {outcome}");
        let then = names();
        assert!(then.len() == 4 && then != first, "{then:?}");
    }
}
