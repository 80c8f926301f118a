//! Cases of the rules on a config.

use lambark_oci::media_type::{DOCKER_LAYER_GZIP, IN_TOTO, OCI_CONFIG, OCI_EMPTY};
use lambark_oci::{Architecture, Compression, Digest, Family};
use lambark_rules::Severity::{Error, Warning};
use lambark_rules::facts::{Actual, ConfigFacts, Evidence, ImageFacts};

use super::support::laws::Case;
use super::support::laws::Expect::{self, Find, NotAsked, NotLooked, Pass, Says};
use super::support::{Image, image, image_of, layer, not_looked};
use super::{Table, table};

pub(super) fn tables() -> Vec<Table> {
    vec![
        config_media_type(),
        wrong_os(),
        unsupported_architecture(),
        architecture_mismatch(),
        no_layers(),
        diff_id_count(),
        nothing_to_start(),
    ]
}

fn missing() -> Image {
    image().config_facts(|descriptor| Evidence::Known(ConfigFacts::Missing(descriptor)))
}

fn unreadable(reason: &str) -> Image {
    let reason = reason.to_owned();
    image().config_facts(|descriptor| Evidence::Known(ConfigFacts::Unreadable { descriptor, reason }))
}

/// What every rule that reads the config does without one, or without an image.
fn without_config() -> Vec<Case> {
    vec![
        ("the config is missing", missing().asked(Architecture::Arm64).facts(), NotLooked),
        ("the config is unreadable", unreadable("no JSON").asked(Architecture::Arm64).facts(), NotLooked),
        (
            "the config was not read",
            image().asked(Architecture::Arm64).config_facts(|_| not_looked()).facts(),
            NotLooked,
        ),
        (
            "an attestation's stub of a config",
            image().asked(Architecture::Arm64).layers(vec![layer(IN_TOTO, Actual::Other(*b"{\"_t"))]).facts(),
            NotLooked,
        ),
    ]
}

fn config_media_type() -> Table {
    table(
        "config-media-type",
        vec![
            (
                "OCI's empty object",
                image_of(Family::Oci).config_type(OCI_EMPTY).facts(),
                Says(Error, "oci.empty.v1+json"),
            ),
            ("plain text", image().config_type("text/plain").facts(), Says(Error, "`text/plain`")),
            ("no type at all", image().config_type("").facts(), Find(&[Error])),
            (
                "wrong type, not read",
                image().config_type("text/plain").config_facts(|_| not_looked()).facts(),
                Says(Error, "is not supported"),
            ),
            (
                "wrong type and unreadable are one finding",
                unreadable("its media type is text/plain").config_type("text/plain").facts(),
                Find(&[Error]),
            ),
            ("unreadable", unreadable("expected value at line 1").facts(), Says(Error, "expected value at line 1")),
            ("unreadable, hostile reason", unreadable("a\u{1b}[0m\nb").facts(), Says(Error, "\\u{1b}")),
            ("the other family's config is mixed-media-types'", image().config_type(OCI_CONFIG).facts(), Pass),
            ("a missing config is missing-blob's", missing().facts(), NotLooked),
            ("not read", image().config_facts(|_| not_looked()).facts(), NotLooked),
            ("an artifact", image_of(Family::Oci).config_type(OCI_EMPTY).layers(vec![]).facts(), NotLooked),
            ("a docker archive has no types", image().docker_archive().facts(), NotLooked),
        ],
    )
}

fn wrong_os() -> Table {
    let of = |os: &str| image().config(|config| config.os = os.into());
    let mut cases = without_config();
    cases.extend([
        ("windows", of("windows").facts(), Says(Error, "`windows`")),
        ("darwin", of("darwin").facts(), Find(&[Error])),
        ("freebsd", of("freebsd").facts(), Find(&[Error])),
        ("wasip1", of("wasip1").facts(), Find(&[Error])),
        ("unknown", of("unknown").facts(), Find(&[Error])),
        ("the word is exact", of("Linux").facts(), Find(&[Error])),
        ("no word", of("").facts(), Says(Warning, "names no operating system")),
        ("hostile word", of("a\nb").facts(), Says(Error, "`a b`")),
        ("windows in a docker archive", of("windows").docker_archive().facts(), Find(&[Error])),
        ("linux in a docker archive", of("linux").docker_archive().facts(), Pass),
    ]);
    table("wrong-os", cases)
}

fn for_platform(architecture: &str, variant: Option<&str>) -> Image {
    image().config(|config| {
        config.architecture = architecture.into();
        config.variant = variant.map(str::to_owned);
    })
}

fn unsupported_architecture() -> Table {
    const PLATFORMS: &[(&str, Option<&str>, Expect)] = &[
        ("amd64", None, Pass),
        ("amd64", Some(""), Pass),
        ("amd64", Some("v1"), Pass),
        ("amd64", Some("v2"), Pass),
        ("amd64", Some("v3"), Says(Warning, "`amd64/v3`")),
        ("amd64", Some("v4"), Find(&[Warning])),
        ("amd64", Some("v9"), Find(&[Warning])),
        ("arm64", None, Pass),
        ("arm64", Some("v8"), Pass),
        ("arm64", Some("8"), Pass),
        ("arm64", Some("v8.2"), Find(&[Warning])),
        ("arm64", Some("v9"), Says(Warning, "AWS promises no such machine")),
        ("arm", None, Find(&[Error])),
        ("arm", Some("v5"), Find(&[Error])),
        ("arm", Some("v6"), Find(&[Error])),
        ("arm", Some("v7"), Says(Error, "`arm/v7`")),
        ("arm", Some("v8"), Find(&[Error])),
        ("386", None, Says(Error, "only x86_64 and arm64")),
        ("ppc64le", None, Find(&[Error])),
        ("s390x", None, Find(&[Error])),
        ("riscv64", None, Find(&[Error])),
        ("mips64le", None, Find(&[Error])),
        ("loong64", None, Find(&[Error])),
        ("wasm", None, Find(&[Error])),
        ("unknown", None, Find(&[Error])),
        ("AMD64", None, Find(&[Error])),
        ("x86_64", None, Says(Warning, "image configs say amd64 and arm64")),
        ("aarch64", None, Find(&[Warning])),
        ("", None, Says(Warning, "names no architecture")),
        ("", Some("v8"), Find(&[Warning])),
    ];
    let mut cases = without_config();
    for (architecture, variant, expect) in PLATFORMS {
        cases.push((architecture, for_platform(architecture, *variant).facts(), *expect));
        cases.push((architecture, for_platform(architecture, *variant).docker_archive().facts(), *expect));
    }
    table("unsupported-architecture", cases)
}

fn architecture_mismatch() -> Table {
    let asked = |word: &str, wanted| for_platform(word, None).asked(wanted).facts();
    let (x86, arm) = (Architecture::X86_64, Architecture::Arm64);
    let mut cases = without_config();
    cases.extend([
        ("amd64 for x86_64", asked("amd64", x86), Pass),
        ("arm64 for arm64", asked("arm64", arm), Pass),
        ("arm64/v8 for arm64", for_platform("arm64", Some("v8")).asked(arm).facts(), Pass),
        ("arm64 for x86_64", asked("arm64", x86), Says(Error, "the image is for arm64, and the function for x86_64")),
        ("amd64 for arm64", asked("amd64", arm), Says(Error, "build for linux/arm64")),
        ("tells when Lambda notices", asked("amd64", arm), Says(Error, "exec format error")),
        ("in a docker archive", for_platform("amd64", None).asked(arm).docker_archive().facts(), Find(&[Error])),
        ("386 is unsupported-architecture's", asked("386", x86), Pass),
        ("an unnamed one, too", asked("", arm), Pass),
        ("a misnamed one, too", asked("aarch64", arm), Pass),
        ("nobody asked", image().facts(), NotAsked),
        ("nobody asked, nothing known", ImageFacts { asked: image().facts().asked, ..missing().facts() }, NotAsked),
    ]);
    table("architecture-mismatch", cases)
}

fn no_layers() -> Table {
    table(
        "no-layers",
        vec![
            ("none", image().layers(vec![]).facts(), Says(Error, "no layers")),
            ("none, OCI", image_of(Family::Oci).layers(vec![]).facts(), Find(&[Error])),
            ("none, and the config is missing", missing().layers(vec![]).facts(), Find(&[Error])),
            ("none in a docker archive", image().layers(vec![]).docker_archive().facts(), Find(&[Error])),
            ("an empty layer is a layer", image().layers(vec![layer(DOCKER_LAYER_GZIP, Actual::Empty)]).facts(), Pass),
            ("a docker archive", image().docker_archive().facts(), Pass),
            ("an artifact", image_of(Family::Oci).config_type(OCI_EMPTY).layers(vec![]).facts(), NotLooked),
        ],
    )
}

fn diff_id_count() -> Table {
    let gzip = || layer(DOCKER_LAYER_GZIP, Actual::Tar(Compression::Gzip));
    let counted = |layers: usize, diff_ids: usize| {
        image()
            .layers((0..layers).map(|_| gzip()).collect())
            .config(|config| config.rootfs.diff_ids = vec![Digest::of(b"x"); diff_ids])
    };
    let mut cases = without_config();
    cases.extend([
        ("one each", counted(1, 1).facts(), Pass),
        ("the same digest twice is fine", counted(2, 2).facts(), Pass),
        ("one layer, none", counted(1, 0).facts(), Says(Error, "1 layer and 0 diff_ids in the config")),
        ("two layers, one", counted(2, 1).facts(), Says(Error, "2 layers and 1 diff_id in the config")),
        ("one layer, two", counted(1, 2).facts(), Find(&[Error])),
        ("at depth manifest", counted(3, 2).depth(lambark_rules::Needs::Manifest).facts(), Find(&[Error])),
        ("no layers are no-layers'", counted(0, 3).facts(), Pass),
        ("in a docker archive", counted(2, 3).docker_archive().facts(), Find(&[Error])),
        ("a good docker archive", counted(2, 2).docker_archive().facts(), Pass),
    ]);
    table("diff-id-count", cases)
}

fn nothing_to_start() -> Table {
    let mut cases = without_config();
    cases.extend([
        ("neither", image().command(&[], &[]).facts(), Says(Error, "neither ENTRYPOINT nor CMD")),
        ("tells of the override", image().command(&[], &[]).facts(), Says(Error, "ImageConfig")),
        ("an empty word", image().command(&[""], &[]).facts(), Says(Error, "first word is empty")),
        ("an empty CMD word", image().command(&[], &[""]).facts(), Find(&[Error])),
        ("in a docker archive", image().command(&[], &[]).docker_archive().facts(), Find(&[Error])),
        ("ENTRYPOINT alone", image().command(&["/bootstrap"], &[]).facts(), Pass),
        ("CMD alone", image().command(&[], &["/bootstrap"]).facts(), Pass),
        ("both", image().command(&["/lambda-entrypoint.sh"], &["app.handler"]).facts(), Pass),
        ("an empty argument", image().command(&["/bootstrap"], &[""]).facts(), Pass),
    ]);
    table("nothing-to-start", cases)
}
