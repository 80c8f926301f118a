//! What a layer's type says against what its bytes are: each cell, and all rules that speak of it.

use std::collections::BTreeSet;

use lambark_oci::media_type::{
    DOCKER_LAYER_GZIP, DOCKER_LAYER_TAR, DOCKER_LAYER_ZSTD, IN_TOTO, OCI_LAYER_GZIP, OCI_LAYER_TAR, OCI_LAYER_ZSTD,
};
use lambark_oci::{Compression, Family, MediaType};
use lambark_rules::facts::{Actual, Evidence, Sample};
use lambark_rules::{GateVerdict, Needs, Severity, judge, rule};

use super::support::{image_of, layer, not_looked};

/// Which rules speak when the bytes are: gzip, zstd, a plain tar, something else, no bytes, no blob, not looked at.
type Row = (&'static str, [&'static [&'static str]; 7]);

const GOOD: &[&str] = &[];
const WRONG: &[&str] = &["mislabelled-layer"];
const EMPTY: &[&str] = &["truncated-layer"];
const GONE: &[&str] = &["missing-blob"];
const ZSTD: &[&str] = &["zstd-layer"];
const ZSTD_EMPTY: &[&str] = &["zstd-layer", "truncated-layer"];
const ZSTD_GONE: &[&str] = &["zstd-layer", "missing-blob"];
const OCI_TAR: &[&str] = &["uncompressed-oci-layer"];
const OCI_TAR_EMPTY: &[&str] = &["uncompressed-oci-layer", "truncated-layer"];
const OCI_TAR_GONE: &[&str] = &["uncompressed-oci-layer", "missing-blob"];
const TAR: &[&str] = &["uncompressed-docker-layer"];
const TAR_EMPTY: &[&str] = &["uncompressed-docker-layer", "truncated-layer"];
const TAR_GONE: &[&str] = &["uncompressed-docker-layer", "missing-blob"];
const FOREIGN: &[&str] = &["foreign-layer"];
const FOREIGN_WRONG: &[&str] = &["foreign-layer", "mislabelled-layer"];
const FOREIGN_EMPTY: &[&str] = &["foreign-layer", "truncated-layer"];
const IN_TOTO_: &[&str] = &["in-toto-layer"];
const IN_TOTO_GONE: &[&str] = &["in-toto-layer", "missing-blob"];
const UNDEFINED: &[&str] = &["undefined-media-type"];
const UNDEFINED_EMPTY: &[&str] = &["undefined-media-type", "truncated-layer"];
const UNDEFINED_GONE: &[&str] = &["undefined-media-type", "missing-blob"];

const MATRIX: &[Row] = &[
    (DOCKER_LAYER_GZIP, [GOOD, WRONG, WRONG, WRONG, EMPTY, GONE, GOOD]),
    (OCI_LAYER_GZIP, [GOOD, WRONG, WRONG, WRONG, EMPTY, GONE, GOOD]),
    (OCI_LAYER_ZSTD, [WRONG, ZSTD, WRONG, WRONG, ZSTD_EMPTY, ZSTD_GONE, ZSTD]),
    (DOCKER_LAYER_ZSTD, [WRONG, ZSTD, WRONG, WRONG, ZSTD_EMPTY, ZSTD_GONE, ZSTD]),
    (OCI_LAYER_TAR, [WRONG, WRONG, OCI_TAR, WRONG, OCI_TAR_EMPTY, OCI_TAR_GONE, OCI_TAR]),
    (DOCKER_LAYER_TAR, [WRONG, WRONG, TAR, WRONG, TAR_EMPTY, TAR_GONE, TAR]),
    (
        "application/vnd.oci.image.layer.nondistributable.v1.tar",
        [FOREIGN_WRONG, FOREIGN_WRONG, FOREIGN, FOREIGN_WRONG, FOREIGN_EMPTY, FOREIGN, FOREIGN],
    ),
    (
        "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip",
        [FOREIGN, FOREIGN_WRONG, FOREIGN_WRONG, FOREIGN_WRONG, FOREIGN_EMPTY, FOREIGN, FOREIGN],
    ),
    (
        "application/vnd.oci.image.layer.nondistributable.v1.tar+zstd",
        [FOREIGN_WRONG, FOREIGN, FOREIGN_WRONG, FOREIGN_WRONG, FOREIGN_EMPTY, FOREIGN, FOREIGN],
    ),
    (
        "application/vnd.docker.image.rootfs.foreign.diff.tar",
        [FOREIGN_WRONG, FOREIGN_WRONG, FOREIGN, FOREIGN_WRONG, FOREIGN_EMPTY, FOREIGN, FOREIGN],
    ),
    (
        "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip",
        [FOREIGN, FOREIGN_WRONG, FOREIGN_WRONG, FOREIGN_WRONG, FOREIGN_EMPTY, FOREIGN, FOREIGN],
    ),
    (IN_TOTO, [IN_TOTO_, IN_TOTO_, IN_TOTO_, IN_TOTO_, IN_TOTO_, IN_TOTO_GONE, IN_TOTO_]),
    (
        "application/octet-stream",
        [UNDEFINED, UNDEFINED, UNDEFINED, UNDEFINED, UNDEFINED_EMPTY, UNDEFINED_GONE, UNDEFINED],
    ),
];

fn columns() -> [(&'static str, Evidence<Sample>); 7] {
    let present = |actual| Evidence::Known(Sample::Present { actual, stored: None });
    [
        ("gzip", present(Actual::Tar(Compression::Gzip))),
        ("zstd", present(Actual::Tar(Compression::Zstd))),
        ("plain", present(Actual::Tar(Compression::None))),
        ("other", present(Actual::Other([1, 2, 3, 4]))),
        ("empty", present(Actual::Empty)),
        ("missing", Evidence::Known(Sample::Missing)),
        ("unlooked", not_looked()),
    ]
}

#[test]
fn each_cell_is_spoken_of_by_its_rules_and_no_other() {
    for (media_type, cells) in MATRIX {
        let family = MediaType::new(media_type).family().unwrap_or(Family::Docker);
        for ((column, sample), expected) in columns().into_iter().zip(cells) {
            let good = layer(family.gzip_layer().as_str(), Actual::Tar(Compression::Gzip));
            let odd = layer(media_type, Actual::Empty);
            let image = image_of(family).layers(vec![good, odd]).layer(1, |layer| layer.sample = sample);
            let judgement = judge(&image.depth(Needs::Bytes).facts());
            let spoken: Vec<&str> = judgement.findings.iter().map(|finding| finding.rule).collect();
            let context = format!("{media_type} × {column}");
            assert_eq!(spoken.len(), expected.len(), "each speaks once: {context}: {spoken:?}");
            assert_eq!(BTreeSet::from_iter(spoken), expected.iter().copied().collect(), "{context}");
            for finding in &judgement.findings {
                assert_eq!(Some(finding.severity), rule(finding.rule).map(|rule| rule.severity), "{context}");
            }
            let errors = judgement.count(Severity::Error) > 0;
            assert_eq!(judgement.gates.iter().any(|(_, gate)| *gate == GateVerdict::Rejected), errors, "{context}");
        }
    }
}

#[test]
fn all_types_that_are_known_are_in_the_matrix() {
    let named = MATRIX.iter().filter(|(media_type, _)| MediaType::new(media_type).layer().is_some()).count();
    assert_eq!(named, 11);
}
