//! The build specification for AWS CodeBuild.

use super::{HOME, VERSION, built_services};
use crate::operations::init::fill::fill;
use crate::operations::init::find::Findings;
use crate::operations::init::plan::{Draft, Form};

const TEMPLATE: &str = include_str!("../templates/buildspec.yml");

/// CodeBuild's own name for it.
const USUAL: &str = "buildspec.yml";
/// Where another one is there already; the project then names this one.
const BESIDE: &str = "buildspec.lambark.yml";

/// How the file begins, by which lambark knows its own.
const MARK: &str = "# Written by `lambark init --ci codebuild`";

pub(super) fn draft(findings: &Findings, there: &dyn Fn(&str) -> Option<String>) -> Draft {
    let ships: String = built_services(findings)
        .map(|service| {
            format!(
                "      - lambark ship {} --tag \"$CODEBUILD_RESOLVED_SOURCE_VERSION\" --ledger none --ledger-artifact lambark-ledger-{}.jsonl\n",
                service.name, service.name
            )
        })
        .collect();
    let ships = if ships.is_empty() {
        "      - echo \"lambark.toml has no service with a Dockerfile\"\n".to_owned()
    } else {
        ships
    };
    let text = fill(TEMPLATE, &[("HOME", HOME), ("VERSION", VERSION), ("SHIPS", ships.trim_end_matches('\n'))]);
    let is_theirs = there(USUAL).is_some_and(|text| !text.starts_with(MARK));
    let path = if is_theirs { BESIDE } else { USUAL };
    Draft { path: path.to_owned(), what: "lints, then ships each service", form: Form::Whole(text) }
}
