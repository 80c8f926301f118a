//! Dependencies point one way, and the pure crates stay pure.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::collections::{BTreeMap, BTreeSet};

use cargo_metadata::{DependencyKind, Metadata, MetadataCommand, PackageId};

/// What each crate of ours may name in its `[dependencies]`. A crate that is not here has to be added.
const MAY_NAME: &[(&str, &[&str])] = &[
    ("lambark-oci", &[]),
    ("lambark-rules", &["lambark-oci"]),
    ("lambark-lint", &["lambark-oci", "lambark-rules"]),
    ("lambark-knowledge", &["lambark-oci", "lambark-rules"]),
    ("lambark-layers", &["lambark-oci", "lambark-rules"]),
    ("lambark-registry", &["lambark-oci"]),
    ("lambark-aws", &["lambark-oci"]),
    ("lambark-images", &["lambark-oci", "lambark-rules", "lambark-layers", "lambark-registry"]),
    ("lambark-ledger", &["lambark-oci"]),
    ("lambark-sandbox", &["lambark-oci", "lambark-rules", "lambark-layers", "lambark-images"]),
    ("lambark-twin", &["lambark-oci", "lambark-rules", "lambark-images"]),
    (
        "lambark",
        &[
            "lambark-oci",
            "lambark-rules",
            "lambark-lint",
            "lambark-knowledge",
            "lambark-layers",
            "lambark-registry",
            "lambark-images",
            "lambark-aws",
            "lambark-ledger",
            "lambark-sandbox",
            "lambark-twin",
        ],
    ),
    ("lambark-parts", &[]),
    // Tests of every crate use it, so it names only what they are tested with.
    ("lambark-testkit", &["lambark-parts", "lambark-oci", "lambark-rules", "lambark-layers", "lambark-registry"]),
    ("xtask", &["lambark-parts"]),
];

const PURE: [&str; 4] = ["lambark-oci", "lambark-rules", "lambark-lint", "lambark-knowledge"];

/// What a pure crate must not reach, however many crates lie between: runtimes, clients, files, the terminal.
const IMPURE: [&str; 18] = [
    "anstream",
    "clap",
    "etcetera",
    "futures-util",
    "h2",
    "hyper",
    "indicatif",
    "mio",
    "reqwest",
    "rustix",
    "rustls",
    "socket2",
    "tar",
    "tempfile",
    "tokio",
    "tokio-util",
    "tracing-subscriber",
    "url",
];

/// For developers only: nothing that is shipped may reach it.
const TEST_ONLY: [&str; 4] = ["lambark-parts", "lambark-testkit", "rcgen", "xtask"];

fn metadata() -> Metadata {
    let manifest = concat!(env!("CARGO_MANIFEST_DIR"), "/../Cargo.toml");
    MetadataCommand::new().manifest_path(manifest).exec().unwrap()
}

/// Names of all packages that `from` reaches by normal dependencies, without itself.
fn reached(metadata: &Metadata, from: &str) -> BTreeSet<String> {
    let nodes: BTreeMap<&PackageId, _> =
        metadata.resolve.as_ref().unwrap().nodes.iter().map(|node| (&node.id, node)).collect();
    let root = &metadata.packages.iter().find(|package| package.name.as_str() == from).unwrap().id;
    let (mut seen, mut open) = (BTreeSet::from([root]), vec![root]);
    while let Some(id) = open.pop() {
        for dependency in &nodes[id].deps {
            let normal = dependency.dep_kinds.iter().any(|kind| kind.kind == DependencyKind::Normal);
            if normal && seen.insert(&dependency.pkg) {
                open.push(&dependency.pkg);
            }
        }
    }
    seen.remove(root);
    seen.iter().map(|id| metadata[id].name.to_string()).collect()
}

#[test]
fn each_crate_names_only_what_lies_below_it() {
    let metadata = metadata();
    for package in metadata.workspace_packages() {
        let name = package.name.as_str();
        let Some((_, allowed)) = MAY_NAME.iter().find(|(known, _)| *known == name) else {
            panic!("{name} has no place in the order of dependencies: add it to this test and to crates/README.md");
        };
        for dependency in &package.dependencies {
            let ours = MAY_NAME.iter().any(|(known, _)| *known == dependency.name);
            if ours && dependency.kind == DependencyKind::Normal {
                assert!(allowed.contains(&dependency.name.as_str()), "{name} must not depend on {}", dependency.name);
            }
        }
    }
}

#[test]
fn the_order_has_no_stale_line() {
    let metadata = metadata();
    let names: BTreeSet<&str> = metadata.workspace_packages().iter().map(|package| package.name.as_str()).collect();
    for (name, _) in MAY_NAME {
        assert!(names.contains(name), "{name} is no crate of the workspace");
    }
}

#[test]
fn pure_crates_reach_no_runtime_network_or_file_crate() {
    let metadata = metadata();
    for pure in PURE {
        let reached = reached(&metadata, pure);
        assert!(reached.contains("serde"), "{pure}: the graph was not read");
        let impure: Vec<&str> = IMPURE.into_iter().filter(|name| reached.contains(*name)).collect();
        assert!(impure.is_empty(), "{pure} reaches {impure:?}");
    }
}

#[test]
fn what_is_shipped_reaches_no_test_crate_and_one_tls_provider() {
    let metadata = metadata();
    let reached = reached(&metadata, "lambark");
    for name in TEST_ONLY {
        assert!(!reached.contains(name), "lambark reaches {name}");
    }
    assert!(!reached.contains("aws-lc-sys"), "lambark has a second TLS provider");
}

#[test]
fn one_crate_knows_the_sdk_of_aws() {
    let metadata = metadata();
    for package in metadata.workspace_packages() {
        let named = package.dependencies.iter().filter(|dependency| dependency.name.starts_with("aws-")).count();
        assert_eq!(named > 0, package.name.as_str() == "lambark-aws", "{} names {named} crates of AWS", package.name);
    }
    for name in ["lambark-registry", "lambark-images", "lambark-layers"] {
        let reached = reached(&metadata, name);
        let aws: Vec<&String> = reached.iter().filter(|name| name.starts_with("aws-")).collect();
        assert!(aws.is_empty(), "{name} reaches {aws:?}");
    }
}

#[test]
fn every_crate_is_told_in_the_list_of_crates() {
    let readme = include_str!("../../crates/README.md");
    for (name, _) in MAY_NAME.iter().filter(|(name, _)| *name != "xtask") {
        assert!(readme.contains(&format!("| `{name}` |")), "{name} has no line in crates/README.md");
    }
}

#[test]
fn pure_crates_have_their_list_of_banned_methods() {
    for name in PURE {
        let path = format!("{}/../crates/{name}/clippy.toml", env!("CARGO_MANIFEST_DIR"));
        let text = std::fs::read_to_string(&path).unwrap();
        for banned in ["std::fs::read", "std::env::var", "std::time::SystemTime::now", "std::process::Command"] {
            assert!(text.contains(&format!("\"{banned}\"")), "{path} does not ban {banned}");
        }
    }
}
