//! The catalogue as a whole: names, pages and sources of every rule.

use std::collections::BTreeSet;

use lambark_rules::{CATALOGUE, Confidence, Rule, Safety, Severity, rule};

/// The five parts of a page, in order.
const PARTS: [&str; 5] = [
    "**What it finds.**",
    "**Why Lambda refuses.**",
    "**Confidence and source.**",
    "**Repair.**",
    "**Before / after.**",
];

/// Every rule for which `holds` is false.
fn offenders(holds: impl Fn(&Rule) -> bool) -> Vec<&'static str> {
    CATALOGUE.iter().filter(|rule| !holds(rule)).map(|rule| rule.name).collect()
}

#[test]
fn names_are_unique_kebab_case_and_found() {
    let names: BTreeSet<&str> = CATALOGUE.iter().map(|rule| rule.name).collect();
    assert_eq!(names.len(), CATALOGUE.len());
    let fits = |word: &str| !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    assert_eq!(offenders(|rule| rule.name.split('-').all(fits) && rule.name.contains('-')), [""; 0]);
    assert_eq!(offenders(|it| rule(it.name).is_some_and(|found| found.name == it.name)), [""; 0]);
    assert!(rule("no-such-rule").is_none());
}

#[test]
fn the_public_names_of_the_manifest_config_and_layer_rules_stay() {
    let names: Vec<&str> = CATALOGUE.iter().map(|rule| rule.name).take(28).collect();
    let expected = "image-index multi-platform-index attestation-manifest schema-1-manifest artifact-manifest \
         mixed-media-types undefined-media-type subject-on-image large-manifest manifest-policy config-media-type \
         wrong-os unsupported-architecture architecture-mismatch no-layers diff-id-count nothing-to-start zstd-layer \
         uncompressed-docker-layer uncompressed-oci-layer mislabelled-layer foreign-layer in-toto-layer \
         layer-size-mismatch layer-digest-mismatch diff-id-mismatch truncated-layer missing-blob";
    assert_eq!(names, expected.split_whitespace().collect::<Vec<_>>());
}

#[test]
fn every_page_has_its_heading_and_all_five_parts_in_order() {
    assert_eq!(offenders(|rule| rule.doc.starts_with(&format!("# {}\n\n", rule.name))), [""; 0]);
    let ordered = |rule: &Rule| {
        let positions: Vec<Option<usize>> = PARTS.iter().map(|part| rule.doc.find(part)).collect();
        positions.iter().all(Option::is_some) && positions.is_sorted()
    };
    assert_eq!(offenders(ordered), [""; 0]);
}

#[test]
fn every_part_of_a_page_says_something() {
    let full = |rule: &Rule| {
        let starts: Vec<usize> = PARTS.iter().filter_map(|part| rule.doc.find(part)).collect();
        let ends = starts.iter().skip(1).copied().chain([rule.doc.len()]);
        starts.iter().zip(ends).zip(PARTS).all(|((start, end), part)| {
            rule.doc.get(start + part.len()..end).is_some_and(|text| text.trim().len() > 20)
        })
    };
    assert_eq!(offenders(full), [""; 0]);
}

#[test]
fn pages_are_wrapped_and_their_examples_closed() {
    assert_eq!(offenders(|rule| rule.doc.lines().all(|line| line.chars().count() <= 120)), [""; 0]);
    assert_eq!(offenders(|rule| rule.doc.matches("```").count() == 2 && rule.doc.ends_with("```\n")), [""; 0]);
    let example = |rule: &Rule| rule.doc.contains("\nbefore  ") && rule.doc.contains("\nafter   ");
    assert_eq!(offenders(example), [""; 0]);
}

#[test]
fn pages_name_only_rules_that_exist() {
    let linked = |rule: &Rule| {
        rule.doc
            .split("](")
            .skip(1)
            .filter_map(|rest| rest.split_once(".md)"))
            .all(|(file, _)| CATALOGUE.iter().any(|other| other.name.replace('-', "_") == file))
    };
    assert_eq!(offenders(linked), [""; 0]);
}

#[test]
fn every_rule_has_a_source_of_a_known_form() {
    let form = |source: &str| {
        let page = source.starts_with("https://");
        let mut words = source.split(['/', '#']);
        let repository = words.clone().count() >= 2 && words.all(|word| !word.is_empty());
        (page || repository) && !source.contains(' ')
    };
    assert_eq!(offenders(|rule| !rule.sources.is_empty() && rule.sources.iter().all(|source| form(source))), [""; 0]);
    let cited = |rule: &Rule| rule.sources.iter().all(|source| rule.doc.contains(source));
    assert_eq!(offenders(cited), [""; 0], "a page cites every source of its rule");
}

#[test]
fn summaries_are_one_plain_line() {
    let plain = |rule: &Rule| {
        let summary = rule.summary;
        !summary.is_empty() && summary.len() <= 130 && !summary.ends_with('.') && !summary.contains('\n')
    };
    assert_eq!(offenders(plain), [""; 0]);
}

#[test]
fn what_is_inferred_is_never_said_as_fact() {
    let honest = |rule: &Rule| match rule.confidence {
        Confidence::Inferred => rule.doc.contains("nferred"),
        Confidence::Contradictory => rule.doc.contains("ontradictory"),
        Confidence::Reported(_) => rule.doc.contains("eported"),
        Confidence::Measured => rule.doc.contains("easured"),
        Confidence::Documented => rule.doc.contains("ocumented"),
    };
    assert_eq!(offenders(honest), [""; 0]);
    let warns = |rule: &Rule| rule.severity != Severity::Warning || rule.doc.contains("onfirmed by AWS");
    assert_eq!(offenders(warns), [""; 0]);
}

#[test]
fn what_fix_does_is_on_the_page() {
    let told = |rule: &Rule| rule.fix != Some(Safety::Safe) || rule.doc.contains("`lambark fix");
    assert_eq!(offenders(told), [""; 0]);
}
