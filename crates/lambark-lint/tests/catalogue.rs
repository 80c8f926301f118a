//! The catalogue as a whole: names, pages and sources of every rule.

use std::collections::BTreeSet;

use lambark_lint::{CATALOGUE, Rule, rule};

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
fn names_are_not_those_of_rules_on_images() {
    assert_eq!(offenders(|rule| lambark_rules::rule(rule.name).is_none()), [""; 0]);
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
fn pages_are_wrapped_and_their_examples_closed() {
    let wrapped = |rule: &Rule| rule.doc.lines().all(|line| line.chars().count() <= 120 || line.starts_with("after"));
    assert_eq!(offenders(wrapped), [""; 0]);
    assert_eq!(offenders(|rule| rule.doc.matches("```").count() == 2 && rule.doc.ends_with("```\n")), [""; 0]);
    assert_eq!(offenders(|rule| rule.doc.contains("\nbefore  ") && rule.doc.contains("\nafter   ")), [""; 0]);
}

#[test]
fn every_rule_names_its_sources() {
    let source = |text: &&'static str| text.starts_with("https://") || text.contains('#');
    assert_eq!(offenders(|rule| !rule.sources.is_empty() && rule.sources.iter().all(&source)), [""; 0]);
}
