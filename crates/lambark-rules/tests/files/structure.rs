//! Cases of the rules on tars and sizes.

use lambark_rules::Severity::{Error, Note, Warning};
use lambark_rules::facts::{EntryKind, Evidence, ImageFacts, TarEntry};

use super::support::files::{directory, entry, file, good, hardlink, symlink};
use super::support::image;
use super::support::laws::Expect::{Find, NotLooked, Pass, Says};
use super::{Table, table};

pub(super) fn tables() -> Vec<Table> {
    vec![
        missing_parent_directory(),
        late_parent_directory(),
        image_too_large(),
        path_escapes_root(),
        device_node(),
        hardlink_without_target(),
    ]
}

/// An image whose first layer is good and whose others are these.
fn layers(others: Vec<Vec<TarEntry>>) -> ImageFacts {
    image().files(std::iter::once(good()).chain(others).collect()).facts()
}

fn layer(entries: Vec<TarEntry>) -> ImageFacts {
    layers(vec![entries])
}

fn missing_parent_directory() -> Table {
    let adapter = "Parent directory does not exist for file: `opt/extensions/lambda-adapter`";
    table(
        "missing-parent-directory",
        vec![
            ("all there", layer(vec![directory("a"), file("a/b")]), Pass),
            ("a file at the root", layer(vec![file("a")]), Pass),
            ("nowhere", layer(vec![file("opt/extensions/lambda-adapter")]), Says(Error, adapter)),
            (
                "nowhere, with its place",
                layer(vec![file("a/b")]),
                Says(Error, "`/a` has no entry, and `/a/b` lies in it"),
            ),
            ("many files, one directory", layer(vec![file("a/b"), file("a/c"), file("a/d")]), Find(&[Error])),
            ("two directories", layer(vec![file("a/b"), file("c/d")]), Find(&[Error, Error])),
            ("below another layer's", layer(vec![file("var/task/app.py")]), Says(Warning, "only in a lower layer")),
            ("repeated", layer(vec![directory("var"), directory("var/task"), file("var/task/app.py")]), Pass),
            ("hidden below", layer(vec![file(".wh.var"), file("var/app.py")]), Says(Error, "`/var` has no entry")),
            ("later", layer(vec![file("a/b"), directory("a")]), Pass),
            ("a whiteout alone", layer(vec![file("var/task/.wh.bootstrap")]), Pass),
            ("through a link", layer(vec![directory("u"), symlink("l", "u"), file("l/x")]), Pass),
            ("in two layers", layers(vec![vec![file("a/b")], vec![file("a/c")]]), Find(&[Error, Error])),
            ("an odd name", layer(vec![file("a\u{1b}[31m/b")]), Says(Error, "\\u{1b}[31m")),
        ],
    )
}

fn late_parent_directory() -> Table {
    table(
        "late-parent-directory",
        vec![
            ("in time", layer(vec![directory("a"), file("a/b")]), Pass),
            ("never", layer(vec![file("a/b")]), Pass),
            ("late", layer(vec![file("a/b"), directory("a")]), Says(Error, "the entry of `/a` comes after `/a/b`")),
            ("late, after two", layer(vec![file("a/b"), file("a/c"), directory("a")]), Find(&[Error])),
            ("in time and again", layer(vec![directory("a"), file("a/b"), directory("a")]), Pass),
            ("below in time, here late", layer(vec![file("var/x"), directory("var")]), Find(&[Error])),
            ("a chain", layer(vec![file("a/b/c"), directory("a/b"), directory("a")]), Find(&[Error, Error])),
        ],
    )
}

fn image_too_large() -> Table {
    let gib = 1024 * 1024 * 1024;
    let sized = |bytes: u64| image().content(0, |content| content.plain_size = bytes).facts();
    let two = |one: u64, other: u64| {
        let image = image().files(vec![good(), Vec::new()]);
        image.content(0, |content| content.plain_size = one).content(1, |content| content.plain_size = other).facts()
    };
    table(
        "image-too-large",
        vec![
            ("nothing", sized(0), Pass),
            ("one gibibyte", sized(gib), Pass),
            ("80 %", sized(8_000_000_000), Pass),
            ("a byte above 80 %", sized(8_000_000_001), Says(Note, "8.00 GB (8000000001 bytes)")),
            ("10 GB", sized(10_000_000_000), Find(&[Note])),
            ("above 10 GB", sized(10_000_000_001), Says(Warning, "not confirmed by AWS")),
            ("10 GiB", sized(10 * gib), Find(&[Warning])),
            ("above 10 GiB", sized(10 * gib + 1), Says(Error, "exceeds 10 GiB limit")),
            ("all there is", sized(u64::MAX), Find(&[Error])),
            ("two halves", two(4 * gib, 7 * gib), Says(Error, "the largest is layer 1 with 7.51 GB")),
        ],
    )
}

fn path_escapes_root() -> Table {
    table(
        "path-escapes-root",
        vec![
            ("inside", layer(vec![directory("a"), file("a/../b")]), Pass),
            ("climbs", layer(vec![file("../a")]), Says(Warning, "`../a` climbs above the root")),
            ("climbs late", layer(vec![directory("a"), file("a/../../b")]), Find(&[Warning])),
            ("a climbing link alone", layer(vec![symlink("a", "../../../etc/passwd")]), Pass),
            ("an absolute link alone", layer(vec![symlink("a", "/etc/passwd")]), Pass),
            ("through an absolute link", layer(vec![directory("e"), symlink("a", "/e"), file("a/b")]), Pass),
            ("through a climbing link", layer(vec![symlink("a", "../e"), file("a/b")]), Says(Warning, "the link `/a`")),
            ("two entries", layer(vec![file("../a"), file("../b")]), Find(&[Warning, Warning])),
            ("a link of another layer", layers(vec![vec![symlink("a", "../e")], vec![file("a/b")]]), Find(&[Warning])),
            ("a hard link", layer(vec![hardlink("a", "../../etc/shadow")]), Find(&[Warning])),
        ],
    )
}

fn device_node() -> Table {
    let device = |path: &str| entry(path, EntryKind::Device, 0o666);
    let blind = |entries| {
        let mut facts = layers(vec![entries, Vec::new()]);
        facts.layers[2].content = Evidence::NotLooked("not read".into());
        facts
    };
    table(
        "device-node",
        vec![
            ("none", layer(vec![file("a"), entry("p", EntryKind::Fifo, 0o644)]), Pass),
            ("one", layer(vec![device("null")]), Says(Warning, "holds the device `/null`")),
            ("three", layer(vec![device("a"), device("b"), device("c")]), Says(Warning, "and 2 devices more")),
            ("in two layers", layers(vec![vec![device("a")], vec![device("b")]]), Find(&[Warning, Warning])),
            ("deleted above", layers(vec![vec![device("a")], vec![file(".wh.a")]]), Find(&[Warning])),
            ("overlay's mark", layer(vec![device("a")]), Says(Warning, "overlayfs' own mark")),
            ("one of a layer, another not read", blind(vec![device("a")]), Find(&[Warning])),
            ("none, another layer not read", blind(vec![file("a")]), NotLooked),
        ],
    )
}

fn hardlink_without_target() -> Table {
    table(
        "hardlink-without-target",
        vec![
            ("in order", layer(vec![file("a"), hardlink("b", "a")]), Pass),
            ("late", layer(vec![hardlink("b", "a"), file("a")]), Says(Warning, "which comes later in the layer")),
            ("never", layer(vec![hardlink("b", "a")]), Says(Warning, "which the layer does not hold before it")),
            ("only below", layer(vec![hardlink("b", "var/task/bootstrap")]), Find(&[Warning])),
            ("twice", layer(vec![hardlink("b", "a"), hardlink("c", "a")]), Find(&[Warning, Warning])),
            ("to a link in order", layer(vec![hardlink("a", "b"), file("b"), hardlink("c", "a")]), Find(&[Warning])),
        ],
    )
}
