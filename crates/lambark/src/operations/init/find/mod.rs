//! What a repository shows: its services, and the scripts that build them by hand. The files are read by `lint`'s front
//! ends; here their builds, calls and functions become services.

mod assemble;
mod live;
mod name;
mod pattern;

use std::sync::Arc;

use lambark_lint::front::{self, ReadFile};
use lambark_lint::{Repository, Span, Tree};
use lambark_oci::Architecture;

use crate::config::{Config, FILE_NAME};

pub use live::Live;

/// Something that is known, and from where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fact<T = String> {
    /// What.
    pub value: T,
    /// From where, for people: `scripts/build.sh:12`.
    pub from: String,
}

impl<T> Fact<T> {
    fn new(value: impl Into<T>, from: impl Into<String>) -> Fact<T> {
        Fact { value: value.into(), from: from.into() }
    }
}

impl Fact<Architecture> {
    /// The same with Lambda's word for it.
    #[must_use]
    pub fn word(&self) -> Fact {
        Fact::new(self.value.as_str(), self.from.clone())
    }
}

/// An image, and the function that runs it, as far as the repository tells.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Service {
    /// Its name in `lambark.toml`.
    pub name: String,
    /// Its Dockerfile.
    pub dockerfile: Option<Fact>,
    /// The stage of the Dockerfile that is built, if it is not the last.
    pub target: Option<Fact>,
    /// The build context.
    pub context: Option<Fact>,
    /// The ECR repository.
    pub repository: Option<Fact>,
    /// The function.
    pub function: Option<Fact>,
    /// The function's architecture.
    pub architecture: Option<Fact<Architecture>>,
    /// The alias that gets the traffic.
    pub alias: Option<Fact>,
    /// Aliases among which a person has to choose.
    pub aliases: Vec<String>,
    /// Where two places of the repository contradict each other.
    pub contradictions: Vec<String>,
}

/// Everything that was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Findings {
    /// The services, by name.
    pub services: Vec<Service>,
    /// The Region of their registry.
    pub region: Option<Fact>,
    /// The account of their registry.
    pub account: Option<Fact>,
    /// The branch that is deployed.
    pub branch: String,
    /// Files that build, push or deploy by hand, by path: scripts, workflows, makefiles.
    pub by_hand: Vec<Arc<str>>,
    /// Whether the services are those of a `lambark.toml` that was there already.
    pub configured: bool,
    /// What a person should know: a service that `lambark.toml` lacks, a build that nothing ties to Lambda.
    pub notes: Vec<String>,
}

/// What is asked.
pub struct Question<'a> {
    /// What the front ends read.
    pub files: &'a [ReadFile],
    /// The files themselves.
    pub tree: &'a dyn Tree,
    /// `lambark.toml`, if there is one that counts.
    pub config: Option<&'a Config>,
    /// Functions that were looked at.
    pub live: &'a [Live],
    /// The branch that is deployed.
    pub branch: String,
    /// The name of the repository's directory.
    pub directory: &'a str,
}

/// Puts together what the files and the live functions say.
#[must_use]
pub fn find(question: &Question<'_>) -> Findings {
    let none = Config::default();
    let settings = question.config.unwrap_or(&none).known_to_lint(false);
    let repository = Repository::new(question.files, question.tree, &settings);
    let mut found = assemble::services(&repository, question.tree);
    for live in question.live {
        live.add_to(&mut found);
    }
    name::give(&mut found.services, question.directory);
    found.by_hand = assemble::by_hand(question.files);
    found.branch.clone_from(&question.branch);
    let untied: Vec<String> = repository
        .untied()
        .map(|(step, build)| format!("{}: {}", place(&step.span, question.tree), build.tool.name()))
        .collect();
    found.notes.extend(twice(&found.by_hand));
    found.notes.extend(by_templates(&repository));
    for place in untied {
        found.notes.push(format!("{place} builds an image that nothing ties to Lambda: it is left out"));
    }
    match question.config {
        Some(config) => configured(config, found),
        None => found,
    }
}

/// What runs by itself and builds or deploys would do so beside lambark's own workflow.
fn twice(by_hand: &[Arc<str>]) -> impl Iterator<Item = String> {
    let by_itself = |path: &&Arc<str>| {
        front::of(path).is_some_and(|front| matches!(front.name, "GitHub workflow" | "build specification"))
    };
    by_hand.iter().filter(by_itself).map(|path| {
        format!("{path} builds or deploys by itself: take that out of it before lambark's own workflow does the same")
    })
}

/// A template that names an image puts it back.
fn by_templates(repository: &Repository<'_>) -> Vec<String> {
    let mut files: Vec<&Arc<str>> = repository.functions.iter().map(|function| &function.span.file).collect();
    files.sort_unstable();
    files.dedup();
    let told = files.into_iter().map(|file| {
        format!(
            "{file} names the image of a function: lambark changes the image alone, and the next deployment of that \
             template puts its own back unless it follows (Terraform: `ignore_changes = [image_uri]`)"
        )
    });
    told.collect()
}

/// What stands in `lambark.toml` counts; what was found besides is told.
fn configured(config: &Config, found: Findings) -> Findings {
    let mut services: Vec<Service> = Vec::new();
    for (name, told) in &config.service {
        let fact = |value: &Option<String>| value.clone().map(|value| Fact::new(value, FILE_NAME));
        let path = |value: &Option<std::path::PathBuf>| {
            value.as_ref().map(|path| Fact::new(path.to_string_lossy().replace('\\', "/"), FILE_NAME))
        };
        services.push(Service {
            name: name.clone(),
            dockerfile: path(&told.dockerfile),
            context: path(&told.context),
            repository: fact(&told.repository),
            function: fact(&told.function),
            architecture: told.architecture.map(|value| Fact::new(value, FILE_NAME)),
            alias: fact(&told.alias),
            ..Service::default()
        });
    }
    let mut notes = found.notes;
    for service in &found.services {
        if !services.iter().any(|known| assemble::is_same(known, service)) {
            let what = service.dockerfile.as_ref().or(service.repository.as_ref()).or(service.function.as_ref());
            let what = what.map(|fact| format!(" ({})", fact.value)).unwrap_or_default();
            notes.push(format!("{FILE_NAME} has no service for what the repository shows as `{}`{what}", service.name));
        }
    }
    let region = config.aws.region.clone().map(|region| Fact::new(region, FILE_NAME)).or(found.region);
    Findings { services, region, notes, configured: true, ..found }
}

/// `file:line`.
fn place(span: &Span, tree: &dyn Tree) -> String {
    match tree.read(&span.file) {
        Some(file) => format!("{}:{}", span.file, file.position(span.start).line),
        None => span.file.to_string(),
    }
}

#[cfg(test)]
pub(crate) mod tests;
