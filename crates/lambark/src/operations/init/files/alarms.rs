//! Alarms as templates: pushes that Lambda would refuse, pushes and updates that failed, validations that failed.

use super::repositories;
use crate::operations::init::fill::fill;
use crate::operations::init::find::Findings;
use crate::operations::init::plan::{Draft, Form};

const CLOUDFORMATION: &str = include_str!("../templates/alarms.cfn.yaml");
const TERRAFORM: &str = include_str!("../templates/alarms.tf");
const WHAT: &str = "alarms on wrong pushes and failed deployments";

pub(super) fn cloudformation(findings: &Findings) -> Draft {
    let filter = match repositories(findings).as_slice() {
        // An empty list would match nothing; without the key every repository counts.
        [] => String::new(),
        names => {
            let lines: String = names.iter().map(|name| format!("\n            - {name}")).collect();
            format!("\n          repository-name:{lines}")
        }
    };
    let text = fill(CLOUDFORMATION, &[("REPOSITORIES", &filter)]);
    Draft { path: "alarms/lambark.cfn.yaml".to_owned(), what: WHAT, form: Form::Whole(text) }
}

pub(super) fn terraform(findings: &Findings) -> Draft {
    let names: Vec<String> = repositories(findings).iter().map(|name| format!("\"{name}\"")).collect();
    let text = fill(TERRAFORM, &[("REPOSITORIES", &names.join(", "))]);
    Draft { path: "alarms/lambark.tf".to_owned(), what: WHAT, form: Form::Whole(text) }
}
