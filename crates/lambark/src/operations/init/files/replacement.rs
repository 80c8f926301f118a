//! What comes in place of a hand-written build script: a call of `lambark ship` with the same two words.

use super::built_services;
use crate::operations::init::fill::fill;
use crate::operations::init::find::Findings;
use crate::operations::init::plan::{Draft, Form};

const TEMPLATE: &str = include_str!("../templates/ship.sh");

pub(super) fn draft(path: &str, findings: &Findings) -> Draft {
    let names: Vec<&str> = built_services(findings).map(|service| service.name.as_str()).collect();
    let (service, usage) = match names.as_slice() {
        [only] => (format!("service={only}\ntag=\"${{1:?usage: $0 TAG}}\""), "TAG"),
        _ => ("service=\"${1:?usage: $0 SERVICE TAG}\"\ntag=\"${2:?usage: $0 SERVICE TAG}\"".to_owned(), "SERVICE TAG"),
    };
    let known = if names.is_empty() { "none yet".to_owned() } else { names.join(", ") };
    let text = fill(TEMPLATE, &[("ARGUMENTS", &service), ("USAGE", usage), ("SERVICES", &known)]);
    Draft {
        path: path.to_owned(),
        what: "calls `lambark ship` in place of what stood there",
        form: Form::Replacement(text),
    }
}
