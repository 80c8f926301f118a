//! Whatever the facts, judging ends, every rule is told once, and the verdict follows from what was found.
#![allow(clippy::unwrap_used, reason = "tests")]

mod support;

use lambark_oci::media_type::{
    DOCKER_CONFIG, DOCKER_LAYER_GZIP, DOCKER_LAYER_TAR, DOCKER_LAYER_ZSTD, IN_TOTO, OCI_CONFIG, OCI_EMPTY,
    OCI_LAYER_GZIP, OCI_LAYER_TAR, OCI_LAYER_ZSTD,
};
use lambark_oci::{Architecture, Compression, Digest, Family};
use lambark_rules::facts::{Actual, ConfigFacts, Content, Ending, Evidence, ImageFacts, LayerFacts, Sample};
use lambark_rules::{CATALOGUE, GateVerdict, Judgement, Needs, Place, Severity, Skip, Verdict, judge, rule};
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::json;
use support::{Image, LAYER_SIZE, attestation, child, image, image_of, laws, layer, not_looked, nothing};

const FOREIGN: &str = "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip";
const TYPES: [&str; 10] = [
    DOCKER_LAYER_GZIP,
    OCI_LAYER_GZIP,
    DOCKER_LAYER_TAR,
    OCI_LAYER_TAR,
    DOCKER_LAYER_ZSTD,
    OCI_LAYER_ZSTD,
    FOREIGN,
    IN_TOTO,
    "text/plain",
    "",
];

fn sample() -> impl Strategy<Value = Evidence<Sample>> {
    let actual = prop_oneof![
        select(vec![Compression::Gzip, Compression::Zstd, Compression::None]).prop_map(Actual::Tar),
        Just(Actual::Empty),
        any::<[u8; 4]>().prop_map(Actual::Other),
    ];
    let stored = select(vec![None, Some(0), Some(LAYER_SIZE), Some(u64::MAX)]);
    prop_oneof![
        1 => Just(not_looked()),
        1 => Just(Evidence::Known(Sample::Missing)),
        6 => (actual, stored).prop_map(|(actual, stored)| Evidence::Known(Sample::Present { actual, stored })),
    ]
}

fn ending() -> impl Strategy<Value = Ending> {
    prop_oneof![
        3 => Just(Ending::Complete),
        1 => ".{0,20}".prop_map(Ending::Truncated),
        1 => ".{0,20}".prop_map(Ending::Corrupt),
        1 => ".{0,20}".prop_map(Ending::Stopped),
    ]
}

/// Changes what was read of a layer: what it hashes to, how it ends, or that it was read at all.
fn read_otherwise(content: &mut Content, ending: Ending, (digest, diff_id, size): (bool, bool, bool)) {
    content.ending = ending;
    if digest {
        content.digest = Digest::of(b"other");
    }
    if diff_id {
        content.diff_id = Digest::of(b"another");
    }
    if size {
        content.size = 1;
    }
}

fn any_layer() -> impl Strategy<Value = LayerFacts> {
    let lies = (any::<bool>(), any::<bool>(), any::<bool>());
    (select(TYPES.to_vec()), sample(), ending(), lies, 0..4_u8).prop_map(|(media_type, sample, ending, lies, gaps)| {
        let mut layer = layer(media_type, Actual::Tar(Compression::Gzip));
        layer.sample = sample;
        if let Evidence::Known(content) = &mut layer.content {
            read_otherwise(content, ending, lies);
        }
        match gaps {
            0 => layer.content = not_looked(),
            1 => layer.diff_id = None,
            _ => {}
        }
        layer
    })
}

fn any_config() -> impl Strategy<Value = Image> {
    let family = select(vec![Family::Docker, Family::Oci]);
    let config_type = select(vec![DOCKER_CONFIG, OCI_CONFIG, OCI_EMPTY, "text/plain"]);
    let os = prop_oneof![3 => Just("linux".to_owned()), 1 => ".{0,10}"];
    let architecture = prop_oneof![3 => select(vec!["amd64", "arm64"]).prop_map(str::to_owned), 1 => ".{0,10}"];
    let words = || proptest::collection::vec(".{0,8}", 0..3);
    let diff_ids = proptest::option::of(0..4_usize);
    (family, config_type, os, architecture, words(), words(), any_layers(), diff_ids).prop_map(
        |(family, config_type, os, architecture, entrypoint, cmd, layers, diff_ids)| {
            image_of(family).config_type(config_type).layers(layers).config(|config| {
                config.os = os;
                config.architecture = architecture;
                config.config.entrypoint = entrypoint;
                config.config.cmd = cmd;
                if let Some(count) = diff_ids {
                    config.rootfs.diff_ids = vec![Digest::of(b"x"); count];
                }
            })
        },
    )
}

fn any_layers() -> impl Strategy<Value = Vec<LayerFacts>> {
    proptest::collection::vec(any_layer(), 0..4)
}

fn any_image() -> impl Strategy<Value = Image> {
    let depth = select(vec![Needs::Manifest, Needs::Bytes, Needs::Files]);
    let above = proptest::option::of((any::<bool>(), proptest::collection::vec(0..3_u8, 0..4)));
    let asked = select(vec![None, Some(Architecture::X86_64), Some(Architecture::Arm64)]);
    let policy = select(vec![None, Some(Family::Docker), Some(Family::Oci)]);
    (any_config(), depth, above, asked, policy, 0..16_u8).prop_map(|(mut image, depth, above, asked, policy, marks)| {
        if marks & 1 != 0 {
            image = image.field("artifactType", json!("text/x"));
        }
        if marks & 2 != 0 {
            image = image.field("subject", json!({ "mediaType": "x", "digest": Digest::of(b"s"), "size": 1 }));
        }
        if let Some((docker, children)) = above {
            let entry = |kind: &u8| match kind {
                0 => child("linux/amd64"),
                1 => child("linux/arm64"),
                _ => attestation(),
            };
            let children: Vec<_> = children.iter().map(entry).collect();
            image = if docker { image.list(&children) } else { image.index(&children) };
        }
        if let Some(architecture) = asked {
            image = image.asked(architecture);
        }
        if let Some(family) = policy {
            image = image.policy(family);
        }
        if marks & 12 == 12 { image.docker_archive().depth(depth) } else { image.depth(depth) }
    })
}

/// Facts as no gatherer should make them: any part may be missing, or contradict another.
fn any_facts() -> impl Strategy<Value = ImageFacts> {
    (any_image(), any::<u8>()).prop_map(|(image, gaps)| {
        let mut facts = image.facts();
        if gaps & 0b0000_0111 == 0 {
            facts.top = not_looked();
        }
        if gaps & 0b0001_1100 == 0 {
            facts.image = not_looked();
        }
        if gaps & 0b0111_0000 == 0 {
            facts.config = not_looked();
        }
        if gaps & 0b1100_0001 == 0 {
            facts.files = not_looked();
        }
        if gaps & 0b1010_1000 == 0 {
            facts.layers.pop();
        }
        facts
    })
}

fn told_once(judgement: &Judgement) {
    for rule in CATALOGUE {
        let found = judgement.findings.iter().any(|finding| finding.rule == rule.name);
        let skipped = judgement.skipped.iter().filter(|skipped| skipped.rule == rule.name).count();
        let passed = judgement.passed.iter().filter(|name| **name == rule.name).count();
        assert_eq!(usize::from(found) + skipped + passed, 1, "{} is told once", rule.name);
    }
}

fn gates_follow(judgement: &Judgement) {
    for (gate, verdict) in judgement.gates {
        let worst = judgement.findings.iter().filter(|finding| finding.gate == gate).map(|it| it.severity).max();
        let blind = judgement.skipped.iter().any(|skipped| {
            matches!(skipped.skip, Skip::NotLooked(_)) && rule(skipped.rule).is_some_and(|rule| rule.gate == gate)
        });
        let expected = match (worst, blind) {
            (Some(Severity::Error), _) => GateVerdict::Rejected,
            (Some(Severity::Warning), _) => GateVerdict::Unknown,
            (_, true) => GateVerdict::NotLooked,
            (_, false) => GateVerdict::Accepted,
        };
        assert_eq!(verdict, expected, "{gate}");
    }
}

fn verdict_follows(judgement: &Judgement) {
    let blind = judgement.skipped.iter().any(|skipped| matches!(skipped.skip, Skip::NotLooked(_)));
    let expected = match judgement.worst() {
        Some(Severity::Error) => Verdict::Rejected,
        Some(Severity::Warning) => Verdict::Unknown,
        _ if blind => Verdict::Incomplete,
        _ => Verdict::Accepted,
    };
    assert_eq!(judgement.verdict, expected);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn judging_any_facts_ends_and_obeys_the_laws(facts in any_facts()) {
        let judgement = judge(&facts);
        told_once(&judgement);
        gates_follow(&judgement);
        verdict_follows(&judgement);
        let single = judgement.findings.iter().filter(|it| it.place != Place::Image);
        single.for_each(|finding| laws::obeys(rule(finding.rule).unwrap(), finding));
    }

    #[test]
    fn a_shallow_look_never_accepts(image in any_image(), deep in any::<bool>()) {
        let depth = if deep { Needs::Bytes } else { Needs::Manifest };
        prop_assert_ne!(judge(&image.depth(depth).facts()).verdict, Verdict::Accepted);
    }

    #[test]
    fn looking_deeper_never_takes_an_error_of_the_manifest_back(image in any_image()) {
        let shallow = judge(&image.clone().depth(Needs::Manifest).facts());
        let deep = judge(&image.depth(Needs::Files).facts());
        // What bytes can tell better is told by another rule then; the image stays refused.
        if shallow.verdict == Verdict::Rejected {
            prop_assert_eq!(deep.verdict, Verdict::Rejected);
        }
    }
}

#[test]
fn of_nothing_nothing_is_said() {
    let judgement = judge(&nothing());
    assert_eq!((judgement.verdict, judgement.findings.len(), judgement.passed.len()), (Verdict::Incomplete, 0, 0));
    assert!(judgement.gates.iter().all(|(_, verdict)| *verdict == GateVerdict::NotLooked));
}

#[test]
fn a_good_image_looked_at_in_full_is_accepted() {
    let judgement = judge(&image().facts());
    assert_eq!(judgement.verdict, Verdict::Accepted, "{:?} {:?}", judgement.findings, judgement.skipped);
    assert!(judgement.skipped.iter().all(|skipped| matches!(skipped.skip, Skip::NotAsked(_))));
}

#[test]
fn a_good_image_at_each_depth() {
    for depth in [Needs::Manifest, Needs::Bytes] {
        let judgement = judge(&image().depth(depth).facts());
        assert_eq!((judgement.verdict, judgement.findings.len()), (Verdict::Incomplete, 0), "{depth:?}");
        let gates = judgement.gates.map(|(_, verdict)| verdict);
        assert_eq!(gates[0], GateVerdict::Accepted, "the manifest decides the first gate");
        assert_eq!(gates[1], GateVerdict::NotLooked, "the second one needs all bytes");
    }
}

#[test]
fn an_attested_index_is_refused_at_the_first_gate() {
    let judgement = judge(&image().index(&[child("linux/amd64"), attestation()]).facts());
    let gates = judgement.gates.map(|(_, verdict)| verdict);
    assert_eq!(gates, [GateVerdict::Rejected, GateVerdict::Accepted, GateVerdict::Accepted]);
    assert_eq!(judgement.findings.iter().map(|finding| finding.rule).collect::<Vec<_>>(), ["image-index"]);
}

#[test]
fn a_docker_archive_is_never_accepted_as_whoever_pushes_it_decides() {
    let judgement = judge(&image().docker_archive().facts());
    assert_eq!((judgement.verdict, judgement.findings.len()), (Verdict::Incomplete, 0));
    assert_eq!(judgement.gates[0].1, GateVerdict::NotLooked);
}

#[test]
fn all_defects_are_told_at_once() {
    let facts = image()
        .layers(vec![
            layer(DOCKER_LAYER_TAR, Actual::Tar(Compression::None)),
            layer(OCI_LAYER_ZSTD, Actual::Tar(Compression::Zstd)),
            layer(DOCKER_LAYER_GZIP, Actual::Tar(Compression::Zstd)),
        ])
        .config(|config| config.os = "windows".into())
        .command(&[], &[])
        .index(&[child("linux/amd64"), attestation()])
        .depth(Needs::Bytes)
        .facts();
    let told: Vec<&str> = judge(&facts).findings.iter().map(|finding| finding.rule).collect();
    assert_eq!(
        told,
        [
            "image-index",
            "mixed-media-types",
            "wrong-os",
            "nothing-to-start",
            "zstd-layer",
            "uncompressed-docker-layer",
            "mislabelled-layer"
        ]
    );
}

#[test]
fn a_missing_config_is_told_by_one_rule() {
    let gone = image().config_facts(|descriptor| Evidence::Known(ConfigFacts::Missing(descriptor)));
    let told: Vec<&str> = judge(&gone.facts()).findings.iter().map(|finding| finding.rule).collect();
    assert_eq!(told, ["missing-blob"]);
}

/// The same image, looked at only as deep as `bytes`.
fn sampled(mut facts: ImageFacts) -> ImageFacts {
    for layer in &mut facts.layers {
        layer.content = not_looked();
    }
    facts.files = not_looked();
    facts
}

#[test]
fn blobs_that_were_read_once_are_not_read_again() {
    let full = image().facts();
    let mut again = sampled(full.clone());
    assert_eq!(judge(&again).verdict, Verdict::Incomplete);
    assert!(again.learn(&full));
    assert_eq!((judge(&again).verdict, judge(&again).findings), (judge(&full).verdict, judge(&full).findings));
}

#[test]
fn what_was_learnt_of_other_blobs_says_nothing() {
    let full = image().facts();
    let change = |change: fn(&mut ImageFacts)| {
        let mut other = full.clone();
        change(&mut other);
        other
    };
    let others = [
        change(|facts| drop(facts.layers.pop())),
        change(|facts| facts.layers.clear()),
        change(|facts| facts.layers[0].descriptor = None),
        change(|facts| facts.layers[0].descriptor.as_mut().unwrap().digest = Digest::of(b"other")),
        change(|facts| facts.layers[0].diff_id = Some(Digest::of(b"other"))),
    ];
    for other in others {
        let mut again = sampled(full.clone());
        assert!(!again.learn(&other));
        assert_eq!(judge(&again).verdict, Verdict::Incomplete, "nothing was taken over");
    }
    let (mut none, empty) = (sampled(full.clone()), change(|facts| facts.layers.clear()));
    none.layers.clear();
    assert!(!none.learn(&empty), "an image that is not known has no layers either");
}
