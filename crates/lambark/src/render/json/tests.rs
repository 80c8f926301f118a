//! Every report fits the schema that is published for it.
#![allow(clippy::unwrap_used, reason = "tests")]

use serde_json::Value;

use super::check;
use crate::render::samples;

fn rendered(images: Vec<crate::operations::check::Checked>) -> Value {
    let mut out = Vec::new();
    check(&mut out, &samples::outcome(images)).unwrap();
    serde_json::from_slice(&out).unwrap()
}

#[test]
fn reports_fit_the_schema() {
    let schema = serde_json::to_value(check::schema()).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let images = vec![samples::attested(), samples::plain(), samples::unreachable(), samples::multi_platform(None)];
    let report = rendered(images);
    let errors: Vec<String> = validator.iter_errors(&report).map(|error| error.to_string()).collect();
    assert_eq!(errors, [] as [String; 0]);
    // The schema says something: a report without its list is refused.
    assert!(!validator.is_valid(&serde_json::json!({ "schema": "lambark.check/v1" })));
}

#[test]
fn the_issue_s_fields_are_there() {
    let report = rendered(vec![samples::attested(), samples::unreachable()]);
    assert_eq!(report["schema"], "lambark.check/v1");
    let image = &report["images"][0];
    assert_eq!(image["verdict"], "rejected");
    assert_eq!(image["gates"]["media-types"], "rejected");
    assert_eq!(image["children"][1]["role"], "attestation");
    assert_eq!(image["layers"][0]["actual"], "gzip");
    let finding = &image["findings"][0];
    assert_eq!(finding["rule"], "image-index");
    assert_eq!(finding["where"]["pointer"], "/mediaType");
    assert_eq!(finding["fix"]["command"], "lambark fix registry.example.com/app:v1");
    assert!(image["passed"].as_array().unwrap().iter().any(|rule| rule == "wrong-os"));
    assert!(image.get("error").is_none());
    let error = &report["images"][1]["error"];
    assert_eq!(error["kind"], "usage");
    assert!(report["images"][1]["verdict"].is_null());
}
