//! `lambark.rules/v1` and `lambark.rule/v1`.

use std::io::{self, Write};

use lambark_rules::{CATALOGUE, Rule};
use serde_json::{Value, json};

/// Writes every rule.
///
/// # Errors
/// When `out` fails.
pub fn rules(out: &mut dyn Write) -> io::Result<()> {
    let rules: Vec<Value> = CATALOGUE.iter().map(|rule| describe(rule)).collect();
    let lint: Vec<Value> = lambark_lint::CATALOGUE.iter().map(|rule| describe_lint(rule)).collect();
    super::document(out, &json!({ "schema": "lambark.rules/v1", "rules": rules, "lintRules": lint }))
}

/// Writes one rule with its page.
///
/// # Errors
/// When `out` fails.
pub fn explain(out: &mut dyn Write, rule: &Rule) -> io::Result<()> {
    super::document(out, &json!({ "schema": "lambark.rule/v1", "rule": describe(rule), "markdown": rule.doc }))
}

/// Writes one rule of `lint` with its page.
///
/// # Errors
/// When `out` fails.
pub fn explain_lint(out: &mut dyn Write, rule: &lambark_lint::Rule) -> io::Result<()> {
    super::document(out, &json!({ "schema": "lambark.rule/v1", "rule": describe_lint(rule), "markdown": rule.doc }))
}

fn describe_lint(rule: &lambark_lint::Rule) -> Value {
    json!({
        "name": rule.name,
        "summary": rule.summary,
        "severity": rule.severity,
        "confidence": rule.confidence.word(),
        "fix": rule.fix,
        "sources": rule.sources,
    })
}

fn describe(rule: &Rule) -> Value {
    json!({
        "name": rule.name,
        "summary": rule.summary,
        "severity": rule.severity,
        "confidence": rule.confidence.word(),
        "gate": rule.gate,
        "depth": rule.needs,
        "fix": rule.fix,
        "sources": rule.sources,
    })
}
