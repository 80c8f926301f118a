//! Names of services.

use std::collections::BTreeSet;

use super::Service;

/// Directories that say nothing about what lies in them.
const COMMON: [&str; 12] = [
    "infra",
    "lambda",
    "lambdas",
    "docker",
    "build",
    "deploy",
    "src",
    "app",
    "services",
    "functions",
    "packages",
    "apps",
];

/// Gives each service a name of its own: what tells it from the others in the name of its Dockerfile, of that one's
/// directory, of the repository, of the function, or else that of the whole repository.
pub(super) fn give(services: &mut [Service], directory: &str) {
    let mut taken = BTreeSet::new();
    for service in services.iter_mut() {
        let own = candidates(service).into_iter().map(|name| clean(&name)).find(|name| !name.is_empty());
        let base = own.unwrap_or_else(|| {
            let directory = clean(directory);
            if directory.is_empty() { "app".to_owned() } else { directory }
        });
        let mut name = base.clone();
        let mut number = 2;
        while !taken.insert(name.clone()) {
            name = format!("{base}-{number}");
            number += 1;
        }
        service.name = name;
    }
    services.sort_by(|one, other| one.name.cmp(&other.name));
}

fn candidates(service: &Service) -> Vec<String> {
    let mut names = Vec::new();
    if let Some(path) = service.dockerfile.as_ref().map(|fact| fact.value.as_str()) {
        let (directory, file) = path.rsplit_once('/').unwrap_or(("", path));
        let lower = file.to_ascii_lowercase();
        let suffix = lower.strip_prefix("dockerfile.").or_else(|| lower.strip_prefix("dockerfile-"));
        let suffix = suffix.or_else(|| lower.strip_suffix(".dockerfile"));
        names.extend(suffix.filter(|name| !COMMON.contains(name)).map(str::to_owned));
        let parent = directory.rsplit('/').find(|name| !COMMON.contains(name));
        names.extend(parent.map(str::to_owned));
    }
    // A whole repository or function name would only repeat itself in the file, but there is nothing better.
    names.extend(service.target.as_ref().map(|fact| fact.value.clone()));
    let repository = service.repository.as_ref().map(|fact| fact.value.as_str());
    names.extend(repository.map(|name| name.rsplit('/').next().unwrap_or(name).to_owned()));
    let function = service.function.as_ref().map(|fact| fact.value.as_str());
    names.extend(function.map(|name| name.rsplit(':').next().unwrap_or(name).to_owned()));
    names
}

/// Letters, digits and dashes: a key that TOML takes without quotes, and a word that a shell takes without.
fn clean(name: &str) -> String {
    let mapped = name.chars().map(|c| if c.is_ascii_alphanumeric() || c == '_' { c.to_ascii_lowercase() } else { '-' });
    mapped.collect::<String>().trim_matches('-').to_owned()
}

#[cfg(test)]
mod tests {
    use super::super::Fact;
    use super::*;

    fn named(services: &[(&str, &str)]) -> Vec<String> {
        let fact = |value: &str| (!value.is_empty()).then(|| Fact::new(value, ""));
        let service = |(dockerfile, repository): &(&str, &str)| Service {
            dockerfile: fact(dockerfile),
            repository: fact(repository),
            ..Service::default()
        };
        let mut services: Vec<Service> = services.iter().map(service).collect();
        give(&mut services, "My Repo");
        services.into_iter().map(|service| service.name).collect()
    }

    #[test]
    fn the_most_telling_name_wins_and_none_is_given_twice() {
        assert_eq!(named(&[("infra/lambda/Dockerfile.backend", "acme-backend")]), ["backend"]);
        assert_eq!(named(&[("services/api/Dockerfile", "x"), ("worker/lambda/Dockerfile", "x")]), ["api", "worker"]);
        assert_eq!(named(&[("Dockerfile", "team/app"), ("Dockerfile", "team/app")]), ["app", "app-2"]);
        assert_eq!(named(&[("Dockerfile", "")]), ["my-repo"]);
        assert_eq!(named(&[("Dockerfile.lambda", "")]), ["my-repo"]);
    }
}
