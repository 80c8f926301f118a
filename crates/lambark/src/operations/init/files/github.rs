//! The GitHub workflow: lint for everyone, ship from the deployed branch.

use lambark_oci::Architecture;

use super::{HOME, VERSION, built_services};
use crate::operations::init::fill::fill;
use crate::operations::init::find::{Findings, Service};
use crate::operations::init::plan::{Draft, Form};

const TEMPLATE: &str = include_str!("../templates/github.yml");
const SHIP: &str = include_str!("../templates/github-ship.yml");

/// Machines of either architecture: an image is built where its programs run.
const X86_64: &str = "ubuntu-24.04";
const ARM64: &str = "ubuntu-24.04-arm";

pub(super) fn draft(findings: &Findings) -> Draft {
    let matrix: String = built_services(findings).map(row).collect();
    let region = region(findings);
    let ship = match matrix.as_str() {
        "" => "\n  # A job that ships is written when lambark.toml has a service with a Dockerfile.\n".to_owned(),
        rows => {
            let rows = rows.trim_end_matches('\n');
            fill(SHIP, &[("MATRIX", rows), ("REGION", &region), ("HOME", HOME)])
        }
    };
    let text = fill(
        TEMPLATE,
        &[("BRANCH", &findings.branch), ("HOME", HOME), ("VERSION", VERSION), ("SHIP", ship.trim_end_matches('\n'))],
    );
    Draft {
        path: ".github/workflows/lambark.yml".to_owned(),
        what: "lints every change, ships the deployed branch",
        form: Form::Whole(text),
    }
}

fn row(service: &Service) -> String {
    let runner = match service.architecture.as_ref().map(|fact| fact.value) {
        Some(Architecture::Arm64) => ARM64,
        Some(Architecture::X86_64) => X86_64,
        None => "ubuntu-24.04 # ubuntu-24.04-arm for an arm64 function: lambark.toml does not say",
    };
    format!("          - service: {}\n            runner: {runner}\n", service.name)
}

/// The Region as a literal if it is one, else as the repository's variable.
fn region(findings: &Findings) -> String {
    let letter = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    let known = findings.region.as_ref().map(|fact| fact.value.as_str());
    let known = known.filter(|region| !region.is_empty() && region.bytes().all(letter));
    known.map_or_else(|| "${{ vars.AWS_REGION }}".to_owned(), str::to_owned)
}
