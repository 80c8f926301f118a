//! Cases of the rules on a manifest.

use lambark_oci::media_type::{
    DOCKER_CONFIG, DOCKER_LAYER_GZIP, DOCKER_LAYER_ZSTD, IN_TOTO, OCI_CONFIG, OCI_EMPTY, OCI_INDEX, OCI_LAYER_GZIP,
};
use lambark_oci::{Architecture, Compression, Digest, Family};
use lambark_rules::Severity::{Error, Note, Warning};
use lambark_rules::facts::{Actual, Evidence, ImageFacts};
use serde_json::{Value, json};

use super::support::laws::Expect::{Find, NotAsked, NotLooked, Pass, Says};
use super::support::{Image, attestation, child, document, image, image_of, layer, nothing};
use super::{Table, table};

const GZIP: Actual = Actual::Tar(Compression::Gzip);
const FOREIGN: &str = "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip";

pub(super) fn tables() -> Vec<Table> {
    vec![
        image_index(),
        multi_platform_index(),
        attestation_manifest(),
        schema_1_manifest(),
        artifact_manifest(),
        mixed_media_types(),
        undefined_media_type(),
        subject_on_image(),
        large_manifest(),
        manifest_policy(),
    ]
}

/// An index entry that is an artifact.
fn artifact(kind: &str) -> Value {
    let mut entry = child("linux/amd64");
    entry["artifactType"] = json!(kind);
    entry
}

fn nested() -> Value {
    json!({ "mediaType": OCI_INDEX, "digest": Digest::of(b"nested"), "size": 300 })
}

/// The image is a manifest whose layers are not a file system's.
fn holding(config: &str, layers: &[&str]) -> Image {
    let layers = layers.iter().map(|media_type| layer(media_type, Actual::Other(*b"{\"_t"))).collect();
    image_of(Family::Oci).config_type(config).layers(layers)
}

/// As a gatherer leaves it when the top object is a manifest of no image: only the top is known.
fn top_only(mut facts: ImageFacts) -> ImageFacts {
    facts.image = Evidence::NotLooked("the object is no image".into());
    facts.layers.clear();
    facts
}

/// As a gatherer leaves it when the child of an index cannot be read.
fn unseen(image: Image) -> ImageFacts {
    let mut facts = image.facts();
    facts.image = Evidence::NotLooked("the child is missing".into());
    facts.layers.clear();
    facts
}

fn schema_1() -> ImageFacts {
    let top = document(&json!({ "schemaVersion": 1, "name": "app", "fsLayers": [] }));
    ImageFacts { top: Evidence::Known(top), ..nothing() }
}

fn image_index() -> Table {
    let amd64 = || child("linux/amd64");
    let digest = Digest::of(b"linux/amd64");
    assert!(digest.as_str().starts_with("sha256:baf0239e"), "the case below names it: {digest}");
    table(
        "image-index",
        vec![
            ("attested", image().index(&[amd64(), attestation()]).facts(), Says(Error, "added an attestation")),
            ("says which image", image().index(&[amd64(), attestation()]).facts(), Says(Error, "sha256:baf0239e")),
            (
                "its child is missing",
                unseen(image().index(&[amd64(), attestation()])),
                Says(Error, "the child is missing"),
            ),
            (
                "its child cannot be put under the tag then",
                unseen(image().index(&[amd64()])),
                Says(Error, "push the image again"),
            ),
            ("quotes Lambda", image().index(&[amd64()]).facts(), Says(Error, "is not supported")),
            ("bare, OCI", image().index(&[amd64()]).facts(), Says(Error, "OCI index where Lambda wants")),
            ("bare, Docker", image().list(&[amd64()]).facts(), Says(Error, "Docker manifest list where Lambda wants")),
            ("attested, Docker", image().list(&[amd64(), attestation()]).facts(), Find(&[Error])),
            ("of an arm64 image", image().index(&[child("linux/arm64/v8")]).facts(), Find(&[Error])),
            ("of a Windows image", image().index(&[child("windows/amd64")]).facts(), Find(&[Error])),
            (
                "with a SOCI index",
                image().index(&[amd64(), artifact("application/vnd.amazon.soci.index.v2+json")]).facts(),
                Says(Error, "SOCI conversion"),
            ),
            (
                "with a bill of materials",
                image().index(&[amd64(), artifact("application/spdx+json")]).facts(),
                Says(Error, "put the image manifest itself under the tag"),
            ),
            ("with two attestations", image().index(&[amd64(), attestation(), attestation()]).facts(), Find(&[Error])),
            ("empty", image().index(&[]).facts(), Says(Error, "it holds no image")),
            ("of attestations alone", image().index(&[attestation()]).facts(), Says(Error, "push the image again")),
            ("of another index", image().index(&[nested()]).facts(), Says(Error, "it holds another index")),
            ("of two platforms is another rule's", image().index(&[amd64(), child("linux/arm64")]).facts(), Pass),
            ("schema 1 is no index", schema_1(), Pass),
            ("an attestation is no index", top_only(holding(OCI_CONFIG, &[IN_TOTO]).facts()), Pass),
            ("a docker archive has no manifest", image().docker_archive().facts(), NotLooked),
        ],
    )
}

fn multi_platform_index() -> Table {
    let both = || [child("linux/amd64"), child("linux/arm64")];
    let many: Vec<Value> = ["386", "amd64", "arm64", "ppc64le", "s390x", "riscv64"]
        .iter()
        .map(|architecture| child(&format!("linux/{architecture}")))
        .collect();
    let mut plain = child("linux/amd64");
    plain.as_object_mut().unwrap().remove("platform");
    let unset = [plain.clone(), plain];
    table(
        "multi-platform-index",
        vec![
            ("two platforms", image().index(&both()).facts(), Says(Error, "`linux/amd64`, `linux/arm64`")),
            ("says how to choose", image().index(&both()).facts(), Says(Error, "--arch x86_64 or --arch arm64")),
            ("as a Docker list", image().list(&both()).facts(), Says(Error, "Docker manifest list for")),
            (
                "with attestations",
                image().index(&[child("linux/amd64"), child("linux/arm64"), attestation(), attestation()]).facts(),
                Find(&[Error]),
            ),
            (
                "x86_64 was asked for",
                image().asked(Architecture::X86_64).index(&both()).facts(),
                Says(Error, "the image for x86_64 is sha256:baf0239e"),
            ),
            (
                "arm64 was asked for",
                image().asked(Architecture::Arm64).index(&both()).facts(),
                Says(Error, "the image for arm64 is sha256:"),
            ),
            (
                "none is for arm64",
                image().asked(Architecture::Arm64).index(&[child("linux/amd64"), child("linux/386")]).facts(),
                Says(Error, "build the image for linux/arm64"),
            ),
            ("many platforms are counted", image().index(&many).facts(), Says(Error, "and 2 more where")),
            ("without platforms", image().index(&unset).facts(), Says(Error, "`no platform`, `no platform`")),
            ("one image is another rule's", image().index(&[child("linux/amd64"), attestation()]).facts(), Pass),
            ("none, too", image().index(&[]).facts(), Pass),
            ("schema 1", schema_1(), Pass),
            ("a docker archive", image().docker_archive().facts(), NotLooked),
        ],
    )
}

fn attestation_manifest() -> Table {
    let subject = json!({ "mediaType": "x", "digest": Digest::of(b"image"), "size": 3 });
    let newer = || {
        holding(OCI_EMPTY, &[IN_TOTO])
            .field("artifactType", json!("application/vnd.docker.attestation.manifest.v1+json"))
            .field("subject", subject.clone())
    };
    let typed = holding(OCI_EMPTY, &["application/json"])
        .field("artifactType", json!("application/vnd.docker.attestation.manifest.v1+json"));
    table(
        "attestation-manifest",
        vec![
            (
                "BuildKit up to 0.31",
                top_only(holding(OCI_CONFIG, &[IN_TOTO]).facts()),
                Says(Error, "1 in-toto statement)"),
            ),
            ("BuildKit since 0.32", top_only(newer().facts()), Says(Error, "it speaks of sha256:")),
            (
                "two statements",
                top_only(holding(OCI_CONFIG, &[IN_TOTO; 2]).facts()),
                Says(Error, "2 in-toto statements"),
            ),
            ("told by its artifactType alone", top_only(typed.facts()), Find(&[Error])),
            ("known as the image", holding(OCI_CONFIG, &[IN_TOTO]).facts(), Find(&[Error])),
            (
                "an unmarked child of an index",
                holding(OCI_CONFIG, &[IN_TOTO]).index(&[child("linux/amd64")]).facts(),
                Find(&[Error]),
            ),
            (
                "a statement among layers is another rule's",
                holding(OCI_CONFIG, &[OCI_LAYER_GZIP, IN_TOTO]).facts(),
                Pass,
            ),
            ("an index above an image", image().index(&[child("linux/amd64"), attestation()]).facts(), Pass),
            ("another artifact", top_only(holding(OCI_EMPTY, &["application/x"]).facts()), Pass),
            ("no layers at all", image().layers(vec![]).facts(), Pass),
            ("schema 1", schema_1(), NotLooked),
            ("a docker archive", image().docker_archive().facts(), NotLooked),
        ],
    )
}

fn schema_1_manifest() -> Table {
    let signed = document(&json!({
        "schemaVersion": 1,
        "mediaType": "application/vnd.docker.distribution.manifest.v1+prettyjws",
    }));
    let signed = ImageFacts { top: Evidence::Known(signed), ..nothing() };
    table(
        "schema-1-manifest",
        vec![
            ("unsigned", schema_1(), Says(Warning, "not confirmed by AWS")),
            ("signed", signed, Find(&[Warning])),
            ("an index", image().index(&[child("linux/amd64")]).facts(), Pass),
            ("a docker archive", image().docker_archive().facts(), NotLooked),
        ],
    )
}

fn artifact_manifest() -> Table {
    let chart =
        || holding("application/vnd.cncf.helm.config.v1+json", &["application/vnd.cncf.helm.chart.v1.tar+gzip"]);
    let signature = || {
        holding(OCI_EMPTY, &["application/vnd.dev.sigstore.bundle.v0.3+json"])
            .field("artifactType", json!("application/vnd.dev.sigstore.bundle.v0.3+json"))
            .field("subject", json!({ "mediaType": "x", "digest": Digest::of(b"image"), "size": 3 }))
    };
    table(
        "artifact-manifest",
        vec![
            (
                "a chart, by its config",
                top_only(chart().facts()),
                Says(Error, "`application/vnd.cncf.helm.config.v1+json`"),
            ),
            ("a signature, by its artifactType", top_only(signature().facts()), Says(Error, "it speaks of sha256:")),
            ("an empty artifact", top_only(holding(OCI_EMPTY, &[]).facts()), Find(&[Error])),
            (
                "layers are tars, and it says that it is none",
                holding(OCI_EMPTY, &[OCI_LAYER_GZIP]).field("artifactType", json!("text/x")).facts(),
                Find(&[Error]),
            ),
            ("layers are tars: a wrong config is another rule's", holding(OCI_EMPTY, &[OCI_LAYER_GZIP]).facts(), Pass),
            ("an attestation is another rule's", top_only(holding(OCI_EMPTY, &[IN_TOTO]).facts()), Pass),
            ("an image with artifactType, too", image().field("artifactType", json!("text/x")).facts(), Pass),
            ("an empty artifactType means nothing", image().field("artifactType", json!("")).facts(), Pass),
            ("schema 1", schema_1(), NotLooked),
            ("a docker archive", image().docker_archive().facts(), NotLooked),
        ],
    )
}

fn mixed_media_types() -> Table {
    let docker_layers = |count| (0..count).map(|_| layer(DOCKER_LAYER_GZIP, GZIP)).collect::<Vec<_>>();
    let oci = || image_of(Family::Oci);
    table(
        "mixed-media-types",
        vec![
            ("Docker's config", oci().config_type(DOCKER_CONFIG).facts(), Says(Warning, "an OCI manifest with Docker")),
            ("OCI's config", image().config_type(OCI_CONFIG).facts(), Says(Warning, "a Docker manifest with OCI")),
            ("one Docker layer", oci().layers(docker_layers(1)).facts(), Says(Warning, "(layer 0)")),
            ("three Docker layers", oci().layers(docker_layers(3)).facts(), Says(Warning, "(layers 0, 1 and 2)")),
            (
                "config and layers are one finding",
                oci().config_type(DOCKER_CONFIG).layers(docker_layers(9)).facts(),
                Says(Warning, "(config and layers 0, 1, 2, 3, 4 and 4 more)"),
            ),
            (
                "one layer of many",
                image().layers(vec![layer(DOCKER_LAYER_GZIP, GZIP), layer(OCI_LAYER_GZIP, GZIP)]).facts(),
                Says(Warning, "(layer 1)"),
            ),
            (
                "Docker's zstd in an OCI manifest is mixed, whatever zstd-layer says",
                oci().layers(vec![layer(DOCKER_LAYER_ZSTD, Actual::Tar(Compression::Zstd))]).facts(),
                Find(&[Warning]),
            ),
            (
                "the child of an index",
                oci().config_type(DOCKER_CONFIG).index(&[child("linux/amd64"), attestation()]).facts(),
                Find(&[Warning]),
            ),
            ("foreign layers are another rule's", oci().layers(vec![layer(FOREIGN, GZIP)]).facts(), Pass),
            ("types of no family, too", image().layers(vec![layer("text/plain", GZIP)]).facts(), Pass),
            ("a config that is none, too", image().config_type(OCI_EMPTY).facts(), Pass),
            ("an attestation is no image", top_only(holding(OCI_CONFIG, &[IN_TOTO]).facts()), NotLooked),
            ("a docker archive", image().docker_archive().facts(), NotLooked),
        ],
    )
}

fn undefined_media_type() -> Table {
    let typed =
        |media_type: &str, actual| image().layers(vec![layer(DOCKER_LAYER_GZIP, GZIP), layer(media_type, actual)]);
    let misspelt = "application/vnd.docker.image.rootfs.diff.tar+gzip";
    table(
        "undefined-media-type",
        vec![
            (
                "misspelt",
                typed(misspelt, GZIP).facts(),
                Says(Warning, "`application/vnd.docker.image.rootfs.diff.tar+gzip`"),
            ),
            ("bare gzip", typed("application/gzip", GZIP).facts(), Find(&[Warning])),
            ("bare tar", typed("application/x-tar", Actual::Tar(Compression::None)).facts(), Find(&[Warning])),
            ("no type", typed("", GZIP).facts(), Find(&[Warning])),
            ("not looked into", typed(misspelt, GZIP).depth(lambark_rules::Needs::Manifest).facts(), Find(&[Warning])),
            ("no tar either", typed(misspelt, Actual::Other(*b"PK\x03\x04")).facts(), Says(Warning, "no tar either")),
            ("hostile text", typed("a\u{1b}[2Jb\nc", GZIP).facts(), Says(Warning, "\\u{1b}")),
            ("endless text", typed(&"x".repeat(5_000), GZIP).facts(), Says(Warning, "x…`")),
            (
                "two of them",
                image().layers(vec![layer("a/b", GZIP), layer("c/d", GZIP)]).facts(),
                Find(&[Warning, Warning]),
            ),
            ("zstd-layer speaks", typed(DOCKER_LAYER_ZSTD, Actual::Tar(Compression::Zstd)).facts(), Pass),
            ("in-toto-layer speaks", typed(IN_TOTO, Actual::Other(*b"{\"_t")).facts(), Pass),
            ("an enveloped statement, too", typed("application/vnd.in-toto.bundle", GZIP).facts(), Pass),
            ("foreign-layer speaks", typed(FOREIGN, GZIP).facts(), Pass),
            (
                "letters and parameters do not matter",
                typed("Application/VND.oci.image.layer.v1.tar+gzip;q=1", GZIP).facts(),
                Pass,
            ),
            ("a docker archive", image().docker_archive().facts(), NotLooked),
        ],
    )
}

fn subject_on_image() -> Table {
    let subject = || json!({ "mediaType": "x", "digest": Digest::of(b"other"), "size": 3 });
    let oci = || image_of(Family::Oci);
    table(
        "subject-on-image",
        vec![
            ("subject", oci().field("subject", subject()).facts(), Says(Warning, "`subject` sha256:")),
            (
                "artifactType",
                oci().field("artifactType", json!("text/x")).facts(),
                Says(Warning, "`artifactType` `text/x`"),
            ),
            (
                "both are one finding",
                oci().field("subject", subject()).field("artifactType", json!("text/x")).facts(),
                Says(Warning, "and `artifactType`"),
            ),
            ("in a Docker manifest", image().field("subject", subject()).facts(), Find(&[Warning])),
            ("empty", oci().field("artifactType", json!("")).field("subject", json!(null)).facts(), Pass),
            (
                "on an attestation it belongs",
                holding(OCI_EMPTY, &[IN_TOTO]).field("subject", subject()).facts(),
                NotLooked,
            ),
            ("a docker archive", image().docker_archive().facts(), NotLooked),
        ],
    )
}

fn large_manifest() -> Table {
    let padded = |size: usize| {
        let plain = |facts: &ImageFacts| facts.top.known().unwrap().size();
        let overhead = plain(&image_of(Family::Oci).field("annotations", json!({ "a": "" })).facts());
        let padding = "x".repeat(size - usize::try_from(overhead).unwrap());
        let facts = image_of(Family::Oci).field("annotations", json!({ "a": padding })).facts();
        assert_eq!(plain(&facts), size as u64);
        facts
    };
    let layers = |count| image().layers((0..count).map(|_| layer(DOCKER_LAYER_GZIP, GZIP)).collect());
    let index = image_of(Family::Oci).field("annotations", json!({ "a": "x".repeat(30_000) }));
    let wide = "é".repeat(3_000_000);
    table(
        "large-manifest",
        vec![
            ("25,400 bytes", padded(25_400), Pass),
            ("25,401 bytes", padded(25_401), Says(Note, "25401 bytes, more than the 25400 that AWS advises")),
            ("4,194,304 characters", padded(4_194_304), Find(&[Note])),
            ("4,194,305 characters", padded(4_194_305), Says(Error, "that ECR stores")),
            (
                "ECR counts characters, not bytes",
                image().field("annotations", json!({ "a": wide })).facts(),
                Find(&[Note]),
            ),
            ("the child of an index", index.index(&[child("linux/amd64")]).facts(), Says(Note, "the OCI manifest has")),
            ("127 layers", layers(127).facts(), Pass),
            ("128 layers", layers(128).facts(), Says(Note, "more than the 127 that Docker can mount")),
            ("schema 1", schema_1(), Pass),
            ("a docker archive", image().docker_archive().facts(), NotLooked),
        ],
    )
}

fn manifest_policy() -> Table {
    let oci = || image_of(Family::Oci);
    table(
        "manifest-policy",
        vec![
            ("OCI, only Docker allowed", oci().policy(Family::Docker).facts(), Says(Error, "only Docker manifests")),
            ("Docker, only OCI allowed", image().policy(Family::Oci).facts(), Says(Error, "only OCI manifests")),
            ("its words are not Lambda's", image().policy(Family::Oci).facts(), Says(Error, "Lambda takes both")),
            (
                "the child of an index",
                oci().policy(Family::Docker).index(&[child("linux/amd64"), attestation()]).facts(),
                Says(Error, "OCI manifest where the policy"),
            ),
            (
                "an index above an image that is allowed is another rule's",
                image().policy(Family::Docker).index(&[child("linux/amd64")]).facts(),
                Pass,
            ),
            ("parts of the other family, too", image().policy(Family::Docker).config_type(OCI_CONFIG).facts(), Pass),
            ("no policy", image().facts(), NotAsked),
            ("no policy, OCI", oci().facts(), NotAsked),
            ("an attestation", holding(OCI_CONFIG, &[IN_TOTO]).policy(Family::Oci).facts(), NotLooked),
            ("a docker archive", image().policy(Family::Oci).docker_archive().facts(), NotLooked),
        ],
    )
}
