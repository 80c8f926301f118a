//! SARIF 2.1.0, for code scanning.

use std::io::{self, Write};

use lambark_rules::{CATALOGUE, Finding, Rule, Severity};
use serde_json::{Value, json};

use super::escape::plain;
use super::json;
use super::text::sorted;
use crate::operations::check::{Checked, Looked, Outcome};

/// Writes the whole report.
///
/// # Errors
/// When `out` fails.
pub fn check(out: &mut dyn Write, outcome: &Outcome) -> io::Result<()> {
    let results: Vec<Value> = outcome.images.iter().flat_map(results).collect();
    let problems: Vec<Value> = outcome.images.iter().filter_map(problem).collect();
    let log = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "lambark",
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "informationUri": env!("CARGO_PKG_REPOSITORY"),
                "rules": CATALOGUE.iter().copied().map(rule).collect::<Vec<Value>>(),
            } },
            // A run that could not look at an image must never pass for a clean one.
            "invocations": [{ "executionSuccessful": problems.is_empty(), "toolExecutionNotifications": problems }],
            "columnKind": "utf16CodeUnits",
            "results": results,
        }],
    });
    json::document(out, &log)
}

fn rule(rule: &'static Rule) -> Value {
    json!({
        "id": rule.name,
        "shortDescription": { "text": rule.summary },
        "help": { "text": rule.summary, "markdown": rule.doc },
        "defaultConfiguration": { "level": level(rule.severity) },
        "properties": {
            "tags": ["aws-lambda", "container-image", rule.gate.to_string()],
            "confidence": rule.confidence.to_string(),
            "gate": rule.gate.to_string(),
            "sources": rule.sources,
        },
    })
}

fn results(checked: &Checked) -> Vec<Value> {
    match &checked.result {
        Ok(looked) => sorted(&looked.judgement).into_iter().map(|finding| result(checked, looked, finding)).collect(),
        Err(_) => Vec::new(),
    }
}

fn result(checked: &Checked, looked: &Looked, finding: &Finding) -> Value {
    let place = finding.place.to_string();
    let mut message = plain(&finding.message).into_owned();
    for note in &finding.notes {
        message.push_str(&format!(". {}", plain(note)));
    }
    if let Some(fix) = &finding.fix {
        message.push_str(&format!(". Remedy: {}", plain(&fix.summary)));
    }
    let digest = looked.facts.top.known().map_or_else(|_| "none".to_owned(), |top| top.digest().to_string());
    json!({
        "ruleId": finding.rule,
        "ruleIndex": CATALOGUE.iter().position(|rule| rule.name == finding.rule),
        "level": level(finding.severity),
        "message": { "text": message },
        "locations": [{
            // GitHub shows no result without a file and a line; an image has neither, so it gets its name and line 1.
            "physicalLocation": {
                "artifactLocation": { "uri": uri(&checked.image) },
                "region": { "startLine": 1 },
            },
            "logicalLocations": [{
                "name": plain(&place),
                "fullyQualifiedName": format!("{} {}", plain(&checked.image), plain(&place)),
                "kind": "member",
            }],
        }],
        // Stable while rule and place stay the same, so that an alert is not opened anew for each build.
        "partialFingerprints": { "lambark/v1": format!("{} {}", finding.rule, place) },
        "properties": {
            "confidence": finding.confidence.to_string(),
            "gate": finding.gate.to_string(),
            "imageDigest": digest,
        },
    })
}

fn problem(checked: &Checked) -> Option<Value> {
    let failure = checked.result.as_ref().err()?;
    Some(json!({
        "level": "error",
        "message": { "text": format!("{}: {}", plain(&checked.image), plain(&failure.to_string())) },
        "descriptor": { "id": failure.kind() },
    }))
}

/// SARIF's words for severities.
pub(super) fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "note",
    }
}

/// An image's name as a URI reference: what RFC 3986 does not allow in a path is percent-encoded. The colon is encoded
/// too, for `oci:dir` would else be a URI of the scheme `oci`.
pub(super) fn uri(name: &str) -> String {
    let mut uri = String::with_capacity(name.len());
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/@".contains(&byte) {
            uri.push(char::from(byte));
        } else {
            uri.push_str(&format!("%{byte:02X}"));
        }
    }
    uri
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::render::samples;

    fn rendered(outcome: &Outcome) -> Value {
        let mut out = Vec::new();
        check(&mut out, outcome).unwrap();
        serde_json::from_slice(&out).unwrap()
    }

    #[test]
    fn a_result_names_a_rule_of_the_driver() {
        let log = rendered(&samples::outcome(vec![samples::attested()]));
        let run = &log["runs"][0];
        let result = &run["results"][0];
        let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
        assert_eq!(run["tool"]["driver"]["rules"][index]["id"], result["ruleId"]);
        assert_eq!(result["level"], "error");
        assert_eq!(run["invocations"][0]["executionSuccessful"], true);
        assert_eq!(result["locations"][0]["logicalLocations"][0]["name"], "manifest /mediaType");
    }

    #[test]
    fn an_image_that_was_not_looked_at_is_no_clean_run() {
        let log = rendered(&samples::outcome(vec![samples::unreachable()]));
        let invocation = &log["runs"][0]["invocations"][0];
        assert_eq!(invocation["executionSuccessful"], false);
        assert_eq!(invocation["toolExecutionNotifications"].as_array().unwrap().len(), 1);
        assert_eq!(log["runs"][0]["results"], json!([]));
    }

    #[test]
    fn every_rule_has_its_page() {
        let log = rendered(&samples::outcome(vec![]));
        let rules = log["runs"][0]["tool"]["driver"]["rules"].as_array().unwrap();
        assert_eq!(rules.len(), CATALOGUE.len());
        assert!(rules.iter().all(|rule| rule["help"]["markdown"].as_str().is_some_and(|page| page.starts_with("# "))));
    }

    #[test]
    fn names_are_uris() {
        assert_eq!(uri("oci:a b"), "oci%3Aa%20b");
        assert_eq!(uri("x.io/a@sha256"), "x.io/a@sha256");
        assert_eq!(uri("\u{202e}"), "%E2%80%AE");
    }
}
