//! `lambark.toml`: what was found, and where; what was not found stays a comment with the reason.

use crate::config::FILE_NAME;
use crate::operations::init::fill::{fill, one_line};
use crate::operations::init::find::{Fact, Findings, Service};
use crate::operations::init::plan::{Draft, Form};

const TEMPLATE: &str = include_str!("../templates/lambark.toml");

pub(super) fn draft(findings: &Findings) -> Draft {
    let region = match &findings.region {
        Some(fact) => line("region", &fact.value, &fact.from),
        None => "# region = \"us-east-1\"   # no file names one; AWS_REGION and the profile count then\n".to_owned(),
    };
    let mut services: String = findings.services.iter().map(service).collect();
    if services.is_empty() {
        services = "# No build here could be tied to Lambda, and no function was named (--from-function).\n\
                    # [service.NAME]\n# dockerfile = \"Dockerfile\"\n# repository = \"NAME\"\n# function = \"NAME\"\n"
            .to_owned();
    }
    let text = fill(TEMPLATE, &[("REGION", &region), ("SERVICES", &services)]);
    Draft { path: FILE_NAME.to_owned(), what: "the services, and what is allowed", form: Form::Once(text) }
}

fn service(service: &Service) -> String {
    let facts: Vec<(&str, Option<Fact>)> = vec![
        ("dockerfile", service.dockerfile.clone()),
        ("context", service.context.clone()),
        ("repository", service.repository.clone()),
        ("function", service.function.clone()),
        ("architecture", service.architecture.as_ref().map(Fact::word)),
        ("alias", service.alias.clone()),
    ];
    let mut files: Vec<&str> = facts.iter().filter_map(|(_, fact)| Some(file(&fact.as_ref()?.from))).collect();
    files.dedup();
    // Where everything comes from one place, that is said once.
    let (heading, each) = match files.as_slice() {
        [only] => (format!("# From {}.\n", one_line(only)), false),
        _ => (String::new(), true),
    };
    let mut text = format!("{heading}[service.{}]\n", key(&service.name));
    for (name, fact) in &facts {
        match fact {
            Some(fact) if each => text.push_str(&line(name, &fact.value, &fact.from)),
            Some(fact) => text.push_str(&format!("{name} = {}\n", toml::Value::from(fact.value.clone()))),
            None => text.push_str(&unknown(name, service)),
        }
    }
    for contradiction in &service.contradictions {
        text.push_str(&format!("# contradiction: {}\n", one_line(contradiction)));
    }
    if let Some(target) = &service.target {
        text.push_str(&format!("# {} builds the stage `{}`\n", one_line(&target.from), one_line(&target.value)));
    }
    text.push('\n');
    text
}

/// The line of a key of which nothing is known, as a comment with the reason.
fn unknown(name: &str, service: &Service) -> String {
    let aliases = service.aliases.join(", ");
    let reason = match name {
        "dockerfile" => "no build of it was found; `lambark build` and `ship` need it",
        "repository" => "no file says which; `lambark push` and `ship` need it",
        "function" => "no file says which; `lambark deploy` and `ship` need it",
        "architecture" => "x86_64 or arm64; no file says which",
        "alias" if service.aliases.is_empty() => "no file says which alias gets the traffic",
        "alias" => return format!("# alias = \"…\"   # the function has {}: which one?\n", one_line(&aliases)),
        _ => return String::new(),
    };
    format!("# {name} = \"…\"   # {reason}\n")
}

/// `key = "value"` with where it was found.
fn line(key: &str, value: &str, from: &str) -> String {
    format!("{key} = {}   # {}\n", toml::Value::from(value), one_line(file(from)))
}

/// A place without its line, whose number would be wrong after the next edit.
fn file(from: &str) -> &str {
    let line = from.split_once(':').filter(|(_, rest)| rest.starts_with(|c: char| c.is_ascii_digit()));
    line.map_or(from, |(file, _)| file)
}

fn key(name: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    if !name.is_empty() && name.chars().all(plain) { name.to_owned() } else { toml::Value::from(name).to_string() }
}
