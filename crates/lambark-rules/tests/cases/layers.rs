//! Cases of the rules on layers. What declared type and real bytes say together is in `matrix.rs`.

use lambark_oci::config::History;
use lambark_oci::media_type::{
    DOCKER_LAYER_GZIP, DOCKER_LAYER_TAR, DOCKER_LAYER_ZSTD, IN_TOTO, OCI_LAYER_GZIP, OCI_LAYER_TAR, OCI_LAYER_ZSTD,
};
use lambark_oci::{Compression, Digest, Family, Hasher};
use lambark_rules::Needs::{Bytes, Manifest};
use lambark_rules::Severity::{Error, Warning};
use lambark_rules::facts::{Actual, ConfigFacts, Ending, Evidence, LayerFacts, Sample};

use super::support::laws::Case;
use super::support::laws::Expect::{Find, NotAsked, NotLooked, Pass, Says};
use super::support::{Image, LAYER_SIZE, image, image_of, layer, not_looked};
use super::{Table, table};

const GZIP: Actual = Actual::Tar(Compression::Gzip);
const ZSTD: Actual = Actual::Tar(Compression::Zstd);
const PLAIN: Actual = Actual::Tar(Compression::None);
const JSON: Actual = Actual::Other(*b"{\"_t");
const FOREIGN: &str = "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip";

pub(super) fn tables() -> Vec<Table> {
    vec![
        zstd_layer(),
        uncompressed_docker_layer(),
        uncompressed_oci_layer(),
        mislabelled_layer(),
        foreign_layer(),
        in_toto_layer(),
        layer_size_mismatch(),
        layer_digest_mismatch(),
        diff_id_mismatch(),
        truncated_layer(),
        missing_blob(),
    ]
}

fn good() -> LayerFacts {
    layer(DOCKER_LAYER_GZIP, GZIP)
}

/// An image with a good layer below one that is declared and stored like this.
fn with(media_type: &str, actual: Actual) -> Image {
    image().layers(vec![good(), layer(media_type, actual)])
}

/// An image with a good layer below one whose blob is not there.
fn without_blob(media_type: &str) -> Image {
    with(media_type, GZIP).layer(1, |layer| {
        layer.sample = Evidence::Known(Sample::Missing);
        layer.content = not_looked();
    })
}

fn ended(ending: Ending) -> Image {
    image().content(0, |content| content.ending = ending)
}

/// A layer that was not read to its end: what was hashed of it is not what the image names, and says nothing.
fn cut(ending: Ending) -> Image {
    ended(ending).content(0, |content| {
        content.digest = Digest::of(b"a part");
        content.diff_id = Digest::of(b"a plain part");
        content.size = 1;
    })
}

fn broken_endings() -> Vec<(&'static str, Ending)> {
    vec![
        ("truncated", Ending::Truncated("inside an entry".into())),
        ("corrupt", Ending::Corrupt("bad checksum".into())),
        ("stopped", Ending::Stopped("more than a terabyte".into())),
    ]
}

/// What every rule does that goes by media types alone.
fn of_types() -> Vec<Case> {
    vec![
        ("an attestation", image().layers(vec![layer(IN_TOTO, JSON)]).facts(), NotLooked),
        ("a docker archive", image().docker_archive().facts(), NotLooked),
        ("a docker archive of plain tars", with(DOCKER_LAYER_TAR, PLAIN).docker_archive().facts(), NotLooked),
        ("an image without layers", image().layers(vec![]).facts(), Pass),
    ]
}

fn history(steps: &[(&str, bool)]) -> Vec<History> {
    let step = |(text, empty_layer): &(&str, bool)| History { created_by: (*text).into(), empty_layer: *empty_layer };
    steps.iter().map(step).collect()
}

fn zstd_layer() -> Table {
    let steps = |steps: &[(&str, bool)]| with(OCI_LAYER_ZSTD, ZSTD).config(|config| config.history = history(steps));
    let three = [("ADD base", false), ("COPY a", false), ("COPY b", false)];
    let two = [("ADD base", false), ("ENV a=b", true), ("RUN apt-get install\n\tlibfoo", false)];
    let mut cases = of_types();
    cases.extend([
        ("OCI", with(OCI_LAYER_ZSTD, ZSTD).facts(), Says(Warning, "is compressed with zstd")),
        ("Docker", with(DOCKER_LAYER_ZSTD, ZSTD).facts(), Says(Warning, "a type that Docker never defined")),
        ("names the layer", with(OCI_LAYER_ZSTD, ZSTD).facts(), Says(Warning, "layer 1 (")),
        ("not confirmed", with(OCI_LAYER_ZSTD, ZSTD).facts(), Says(Warning, "not confirmed by AWS")),
        ("by its type alone", with(OCI_LAYER_ZSTD, ZSTD).depth(Manifest).facts(), Find(&[Warning])),
        ("the origin is unknown", with(OCI_LAYER_ZSTD, ZSTD).facts(), Says(Warning, "may come from the base image")),
        ("the build step is named", steps(&two).facts(), Says(Warning, "it was made by `RUN apt-get install  libfoo`")),
        ("a shorter history names none", steps(&two[1..]).facts(), Says(Warning, "may come from the base")),
        ("a longer one neither", steps(&three).facts(), Says(Warning, "may come from the base")),
        (
            "two of them",
            image().layers(vec![layer(OCI_LAYER_ZSTD, ZSTD), layer(DOCKER_LAYER_ZSTD, ZSTD)]).facts(),
            Find(&[Warning, Warning]),
        ),
        ("zstd that says gzip is mislabelled", with(DOCKER_LAYER_GZIP, ZSTD).facts(), Pass),
        ("gzip that says zstd, too", with(OCI_LAYER_ZSTD, GZIP).facts(), Pass),
        ("gzip by its type alone", with(DOCKER_LAYER_GZIP, GZIP).depth(Manifest).facts(), Pass),
    ]);
    table("zstd-layer", cases)
}

fn uncompressed_docker_layer() -> Table {
    let mut cases = of_types();
    cases.extend([
        ("plain", with(DOCKER_LAYER_TAR, PLAIN).facts(), Says(Error, "layer 1 (")),
        (
            "quotes Lambda",
            with(DOCKER_LAYER_TAR, PLAIN).facts(),
            Says(Error, "UnsupportedImageLayerDetected - Layer Digest"),
        ),
        ("by its type alone", with(DOCKER_LAYER_TAR, PLAIN).depth(Manifest).facts(), Find(&[Error])),
        ("compressed after all is mislabelled", with(DOCKER_LAYER_TAR, GZIP).facts(), Pass),
        ("plain that says gzip, too", with(DOCKER_LAYER_GZIP, PLAIN).facts(), Pass),
        ("OCI's plain tar is another rule's", with(OCI_LAYER_TAR, PLAIN).facts(), Pass),
    ]);
    table("uncompressed-docker-layer", cases)
}

fn uncompressed_oci_layer() -> Table {
    let mut cases = of_types();
    cases.extend([
        ("plain", with(OCI_LAYER_TAR, PLAIN).facts(), Says(Warning, "another that it does not")),
        ("by its type alone", with(OCI_LAYER_TAR, PLAIN).depth(Manifest).facts(), Find(&[Warning])),
        (
            "every layer of a layout by buildah",
            image_of(Family::Oci).layers((0..3).map(|_| layer(OCI_LAYER_TAR, PLAIN)).collect()).facts(),
            Find(&[Warning; 3]),
        ),
        ("compressed after all is mislabelled", with(OCI_LAYER_TAR, ZSTD).facts(), Pass),
        ("Docker's plain tar is another rule's", with(DOCKER_LAYER_TAR, PLAIN).facts(), Pass),
    ]);
    table("uncompressed-oci-layer", cases)
}

fn mislabelled_layer() -> Table {
    let half = with(DOCKER_LAYER_GZIP, GZIP).layer(1, |layer| layer.sample = not_looked());
    let half_bad = with(DOCKER_LAYER_GZIP, ZSTD).layer(0, |layer| layer.sample = not_looked());
    let other = |bytes: &[u8; 4]| with(DOCKER_LAYER_GZIP, Actual::Other(*bytes)).facts();
    let mut cases = of_types();
    cases.extend([
        ("by crane", with(DOCKER_LAYER_GZIP, ZSTD).facts(), Says(Error, "says gzip and is zstd")),
        ("by crane, named", with(DOCKER_LAYER_GZIP, ZSTD).facts(), Says(Error, "crane pull")),
        ("by Nix", with(DOCKER_LAYER_GZIP, PLAIN).facts(), Says(Error, "says gzip and is plain tar")),
        ("gzip keeps its bytes", with(OCI_LAYER_ZSTD, GZIP).facts(), Says(Error, "the layer stays as it is")),
        ("xz", other(b"\xfd7zX"), Says(Error, "is xz")),
        ("bzip2", other(b"BZh9"), Says(Error, "is bzip2")),
        ("lz4", other(b"\x04\x22\x4d\x18"), Says(Error, "is lz4")),
        ("a zip archive", other(b"PK\x03\x04"), Says(Error, "is a zip archive")),
        ("an error page", other(b"<htm"), Says(Error, "a page of HTML or XML")),
        ("JSON", other(b"{\"er"), Says(Error, "is JSON")),
        ("who knows", other(b"\0\x01\x02\xff"), Says(Error, "unknown bytes (00 01 02 ff)")),
        ("one layer good, one unlooked-at", half.facts(), NotLooked),
        ("one layer bad, one unlooked-at", half_bad.facts(), Find(&[Error])),
        ("depth manifest", with(DOCKER_LAYER_GZIP, ZSTD).depth(Manifest).facts(), NotLooked),
        ("depth bytes", with(DOCKER_LAYER_GZIP, ZSTD).depth(Bytes).facts(), Find(&[Error])),
        ("no bytes is truncated-layer's", with(DOCKER_LAYER_GZIP, Actual::Empty).facts(), Pass),
        ("no blob is missing-blob's", without_blob(DOCKER_LAYER_GZIP).facts(), Pass),
        ("an unknown type cannot be belied", with("text/plain", ZSTD).facts(), Pass),
        ("a statement is in-toto-layer's", with(IN_TOTO, JSON).facts(), Pass),
    ]);
    table("mislabelled-layer", cases)
}

fn foreign_layer() -> Table {
    let url = |image: Image| {
        image.layer(1, |layer| {
            layer.descriptor.as_mut().unwrap().urls = vec!["https://mcr.microsoft.com/v2/x".into()];
        })
    };
    let mut cases = of_types();
    cases.extend([
        ("absent", without_blob(FOREIGN).facts(), Says(Warning, "its content is not in the registry")),
        ("present", with(FOREIGN, GZIP).facts(), Says(Warning, "though its content is in the registry")),
        ("by its type alone", with(FOREIGN, GZIP).depth(Manifest).facts(), Says(Warning, "outside of the registry")),
        ("with an address", url(without_blob(FOREIGN)).facts(), Says(Warning, "`https://mcr.microsoft.com/v2/x`")),
        ("an address alone is no mark", url(with(DOCKER_LAYER_GZIP, GZIP)).facts(), Pass),
        (
            "OCI's word",
            with("application/vnd.oci.image.layer.nondistributable.v1.tar+gzip", GZIP).facts(),
            Find(&[Warning]),
        ),
        (
            "Docker's plain one",
            with("application/vnd.docker.image.rootfs.foreign.diff.tar", PLAIN).facts(),
            Find(&[Warning]),
        ),
    ]);
    table("foreign-layer", cases)
}

fn in_toto_layer() -> Table {
    table(
        "in-toto-layer",
        vec![
            ("a statement", with(IN_TOTO, JSON).facts(), Says(Error, "is an in-toto statement")),
            ("in an envelope", with("application/vnd.in-toto.provenance+dsse", JSON).facts(), Find(&[Error])),
            ("by its type alone", with(IN_TOTO, JSON).depth(Manifest).facts(), Find(&[Error])),
            ("the other answer", with(IN_TOTO, JSON).facts(), Says(Error, "UnsupportedImageLayerDetected")),
            (
                "statements alone are attestation-manifest's",
                image().layers(vec![layer(IN_TOTO, JSON)]).facts(),
                NotLooked,
            ),
            ("a docker archive", image().docker_archive().facts(), NotLooked),
        ],
    )
}

fn layer_size_mismatch() -> Table {
    let stored = |size| {
        let sample = Sample::Present { actual: GZIP, stored: size };
        image().layer(0, |layer| layer.sample = Evidence::Known(sample)).depth(Bytes)
    };
    let read = |size| image().content(0, |content| content.size = size);
    let other_bytes = read(7).content(0, |content| content.digest = Digest::of(b"other"));
    let mut cases: Vec<Case> =
        broken_endings().into_iter().map(|(title, ending)| (title, cut(ending).facts(), Pass)).collect();
    cases.extend([
        (
            "longer in the store",
            stored(Some(LAYER_SIZE + 1)).facts(),
            Says(Error, "has 1001 bytes, and the manifest says 1000"),
        ),
        ("shorter in the store", stored(Some(1)).facts(), Find(&[Error])),
        ("the store says the same", stored(Some(LAYER_SIZE)).facts(), Pass),
        ("the store says nothing", stored(None).facts(), NotLooked),
        ("longer when read", read(LAYER_SIZE + 1).facts(), Find(&[Error])),
        ("other bytes are layer-digest-mismatch's", other_bytes.facts(), Pass),
        ("no bytes is truncated-layer's", with(DOCKER_LAYER_GZIP, Actual::Empty).depth(Bytes).facts(), Pass),
        ("no blob is missing-blob's", without_blob(DOCKER_LAYER_GZIP).facts(), Pass),
        ("depth manifest", image().depth(Manifest).facts(), NotLooked),
        ("a docker archive", image().docker_archive().facts(), NotAsked),
    ]);
    table("layer-size-mismatch", cases)
}

fn layer_digest_mismatch() -> Table {
    let sha512 = Hasher::new(lambark_oci::Algorithm::Sha512).finish();
    let other = || image().content(0, |content| content.digest = Digest::of(b"other"));
    let unlike = image().content(0, |content| content.digest = sha512);
    let mut cases: Vec<Case> =
        broken_endings().into_iter().map(|(title, ending)| (title, cut(ending).facts(), Pass)).collect();
    cases.extend([
        (
            "other bytes",
            other().facts(),
            Says(Error, "has the digest sha256:d9298a10d1b0735837dc4bd85dac641b0f3cef27a47e5d53a54f2f3f5b2fcffa"),
        ),
        ("hashed otherwise", unlike.facts(), NotLooked),
        ("depth bytes", other().depth(Bytes).facts(), NotLooked),
        ("no blob is missing-blob's", without_blob(DOCKER_LAYER_GZIP).facts(), Pass),
        ("a docker archive", image().docker_archive().facts(), NotAsked),
    ]);
    table("layer-digest-mismatch", cases)
}

fn diff_id_mismatch() -> Table {
    let other = || image().content(0, |content| content.diff_id = Digest::of(b"other"));
    let other_bytes = other().content(0, |content| content.digest = Digest::of(b"other"));
    let unnamed = image().layer(0, |layer| layer.diff_id = None);
    let sha512 = Hasher::new(lambark_oci::Algorithm::Sha512).finish();
    let unlike = image().content(0, |content| content.diff_id = sha512);
    let mut cases: Vec<Case> =
        broken_endings().into_iter().map(|(title, ending)| (title, cut(ending).facts(), Pass)).collect();
    cases.extend([
        ("another tar", other().facts(), Says(Error, "unpacks to d9298a10d1b0")),
        ("another tar in a docker archive", other().docker_archive().facts(), Find(&[Error])),
        ("a good docker archive", image().docker_archive().facts(), Pass),
        ("other bytes are layer-digest-mismatch's", other_bytes.facts(), Pass),
        ("the config names none", unnamed.facts(), NotLooked),
        ("hashed otherwise", unlike.facts(), NotLooked),
        ("depth bytes", other().depth(Bytes).facts(), NotLooked),
    ]);
    table("diff-id-mismatch", cases)
}

fn truncated_layer() -> Table {
    let in_archive = ended(Ending::Truncated("inside an entry".into())).docker_archive();
    let garbage =
        with(DOCKER_LAYER_GZIP, JSON).content(1, |content| content.ending = Ending::Corrupt("no gzip".into()));
    let statement = with(IN_TOTO, JSON).content(1, |content| content.ending = Ending::Corrupt("no tar".into()));
    let odd = with("text/plain", JSON).content(1, |content| content.ending = Ending::Corrupt("no tar".into()));
    let mut cases: Vec<Case> = Vec::new();
    for (title, ending) in broken_endings() {
        let severity = if matches!(ending, Ending::Stopped(_)) { Warning } else { Error };
        cases.push((title, ended(ending.clone()).facts(), Find(if severity == Error { &[Error] } else { &[Warning] })));
        cases.push((title, ended(ending).depth(Bytes).facts(), NotLooked));
    }
    cases.extend([
        (
            "tells where it ends",
            ended(Ending::Truncated("inside an entry".into())).facts(),
            Says(Error, "inside an entry"),
        ),
        ("a limit is lambark's", ended(Ending::Stopped("x".into())).facts(), Says(Warning, "lambark's own")),
        ("hostile reason", ended(Ending::Corrupt("a\nb".into())).facts(), Says(Error, "`a b`")),
        ("in a docker archive", in_archive.facts(), Find(&[Error])),
        (
            "no bytes, by the first bytes",
            with(DOCKER_LAYER_GZIP, Actual::Empty).depth(Bytes).facts(),
            Says(Error, "no bytes at all"),
        ),
        ("no bytes, read", with(DOCKER_LAYER_GZIP, Actual::Empty).facts(), Find(&[Error])),
        ("no tar is mislabelled-layer's", garbage.facts(), Pass),
        ("a statement is in-toto-layer's", statement.facts(), Pass),
        ("an unknown type is read all the same", odd.facts(), Find(&[Error])),
        ("no blob is missing-blob's", without_blob(DOCKER_LAYER_GZIP).facts(), Pass),
        ("a good docker archive", image().docker_archive().facts(), Pass),
    ]);
    table("truncated-layer", cases)
}

fn missing_blob() -> Table {
    let no_config = || image().config_facts(|descriptor| Evidence::Known(ConfigFacts::Missing(descriptor)));
    let gone = |layer: &mut LayerFacts| layer.sample = Evidence::Known(Sample::Missing);
    table(
        "missing-blob",
        vec![
            ("a layer", without_blob(DOCKER_LAYER_GZIP).facts(), Says(Error, "layer 1 (")),
            ("of OCI", image_of(Family::Oci).layer(0, gone).facts(), Find(&[Error])),
            ("the config", no_config().facts(), Says(Error, "the config sha256:")),
            ("the config, by the manifest alone", no_config().depth(Manifest).facts(), Find(&[Error])),
            ("config and layer", no_config().layer(0, gone).facts(), Find(&[Error, Error])),
            (
                "a layer, the config not looked at",
                image().layer(0, gone).config_facts(|_| not_looked()).facts(),
                Find(&[Error]),
            ),
            ("all there, the config not looked at", image().config_facts(|_| not_looked()).facts(), NotLooked),
            (
                "a layer of two, the other not looked at",
                without_blob(OCI_LAYER_GZIP).layer(0, |layer| layer.sample = not_looked()).facts(),
                Find(&[Error]),
            ),
            ("in a docker archive", image().layer(0, gone).docker_archive().facts(), Find(&[Error])),
            ("a foreign layer is elsewhere", without_blob(FOREIGN).facts(), Pass),
            ("an empty layer is there", with(DOCKER_LAYER_GZIP, Actual::Empty).facts(), Pass),
            ("a good docker archive", image().docker_archive().facts(), Pass),
            ("depth manifest", image().depth(Manifest).facts(), NotLooked),
        ],
    )
}
