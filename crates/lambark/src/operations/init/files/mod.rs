//! The files that lambark would have: each a text of a template with the findings in it.

mod agents;
mod alarms;
mod codebuild;
mod config;
mod docs;
mod github;
mod hooks;
mod replacement;

use super::find::{Findings, Service};
use super::plan::Draft;
use super::{Alarms, Choices, Ci};

/// The tag of this version in lambark's own repository.
const VERSION: &str = concat!("v", env!("CARGO_PKG_VERSION"));

/// Where lambark comes from.
const HOME: &str = env!("CARGO_PKG_REPOSITORY");

/// Everything that is wanted, in the order in which it is written; `there` tells what files hold
/// that are there already.
///
/// `lambark.toml` comes first: whatever stops the rest, the next run then finds the same services.
pub(super) fn drafts(findings: &Findings, choices: &Choices, there: impl Fn(&str) -> Option<String>) -> Vec<Draft> {
    let mut drafts = vec![config::draft(findings)];
    match choices.ci {
        Some(Ci::Github) => drafts.push(github::draft(findings)),
        Some(Ci::Codebuild) => drafts.push(codebuild::draft(findings, &there)),
        None => {}
    }
    if choices.pre_commit {
        drafts.push(hooks::draft());
    }
    match choices.alarms {
        Some(Alarms::Cloudformation) => drafts.push(alarms::cloudformation(findings)),
        Some(Alarms::Terraform) => drafts.push(alarms::terraform(findings)),
        None => {}
    }
    if choices.docs {
        drafts.extend(docs::drafts(findings));
    }
    if choices.agents {
        drafts.extend(agents::drafts(findings, &there));
    }
    drafts.extend(choices.replaced_scripts.iter().map(|path| replacement::draft(path, findings)));
    drafts
}

/// Services whose names can stand anywhere without quotes; `lambark.toml` may hold others that its owner chose.
fn plain_services(findings: &Findings) -> impl Iterator<Item = &Service> {
    let letter = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
    let plain = move |name: &str| !name.is_empty() && name.bytes().all(letter);
    findings.services.iter().filter(move |service| plain(&service.name))
}

/// Services that can be built here.
fn built_services(findings: &Findings) -> impl Iterator<Item = &Service> {
    plain_services(findings).filter(|service| service.dockerfile.is_some())
}

/// The repositories of all services, each once, that ECR's grammar allows.
fn repositories(findings: &Findings) -> Vec<&str> {
    let grammar = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"._-/".contains(&b);
    let names = findings.services.iter().filter_map(|service| service.repository.as_ref());
    let mut names: Vec<&str> =
        names.map(|fact| fact.value.as_str()).filter(|name| !name.is_empty() && name.bytes().all(grammar)).collect();
    names.sort_unstable();
    names.dedup();
    names
}

#[cfg(test)]
mod tests;
