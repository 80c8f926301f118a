//! A service of `lambark.toml`: an image, and the function that runs it.

use std::path::{Path, PathBuf};

use lambark_aws::Aws;

use super::deployment::probe::Probe;
use crate::config::{self, Config};
use crate::failure::Failure;
use crate::words::nearest;

/// A service by its name.
#[derive(Clone, Debug)]
pub struct Service<'a> {
    /// Its name.
    pub name: &'a str,
    /// What `lambark.toml` says of it.
    pub config: &'a config::Service,
    /// Where its paths lead on from.
    pub root: PathBuf,
}

impl<'a> Service<'a> {
    /// Finds a service.
    ///
    /// # Errors
    /// [`Failure::Arguments`] when there is none of that name; it names the nearest.
    pub fn named(config: &'a Config, name: &'a str) -> Result<Service<'a>, Failure> {
        let root = config.root.clone().unwrap_or_else(|| PathBuf::from("."));
        match config.service.get(name) {
            Some(service) => Ok(Service { name, config: service, root }),
            None => Err(Failure::Arguments(unknown(config, name))),
        }
    }

    /// Every service, in the order of their names.
    ///
    /// # Errors
    /// [`Failure::Arguments`] when there is none.
    pub fn all(config: &'a Config) -> Result<Vec<Service<'a>>, Failure> {
        if config.service.is_empty() {
            let reason = "lambark.toml has no [service.NAME]: `lambark init` writes one".to_owned();
            return Err(Failure::Arguments(reason));
        }
        config.service.keys().map(|name| Service::named(config, name)).collect()
    }

    /// The function.
    ///
    /// # Errors
    /// [`Failure::Arguments`] when `lambark.toml` names none.
    pub fn function(&self) -> Result<&'a str, Failure> {
        self.config.function.as_deref().ok_or_else(|| self.lacks("function"))
    }

    /// The repository with its host. One without a host lies in the caller's own registry.
    ///
    /// # Errors
    /// [`Failure::Arguments`] when `lambark.toml` names none; what asking AWS for account and Region ends in.
    pub fn repository(&self, aws: &Aws) -> Result<String, Failure> {
        let repository = self.config.repository.as_deref().ok_or_else(|| self.lacks("repository"))?;
        if repository.split_once('/').is_some_and(|(host, _)| host.contains(['.', ':'])) {
            return Ok(repository.to_owned());
        }
        let region = aws.region()?;
        let account = aws.sts(None)?.caller()?.account;
        let suffix = if region.starts_with("cn-") { ".cn" } else { "" };
        Ok(format!("{account}.dkr.ecr.{region}.amazonaws.com{suffix}/{repository}"))
    }

    /// What has to work after a deployment, with every file and secret read.
    ///
    /// # Errors
    /// As [`Probe::of`].
    pub fn probes(&self, lookup: &dyn Fn(&str) -> Option<String>) -> Result<Vec<Probe>, Failure> {
        self.config.tests.iter().map(|test| Probe::of(test, &self.root, lookup)).collect()
    }

    /// A path of `lambark.toml`.
    #[must_use]
    pub fn path(&self, path: &Path) -> PathBuf {
        self.root.join(path)
    }

    fn lacks(&self, key: &str) -> Failure {
        Failure::Arguments(format!("[service.{}] of lambark.toml has no `{key}`", self.name))
    }
}

fn unknown(config: &Config, name: &str) -> String {
    let known: Vec<&str> = config.service.keys().map(String::as_str).collect();
    match (nearest(name, known.iter().copied()), known.as_slice()) {
        (_, []) => format!("there is no service {name}: lambark.toml has no [service.NAME]"),
        (Some(nearest), _) => format!("there is no service {name} in lambark.toml; did you mean `{nearest}`?"),
        (None, known) => format!("there is no service {name} in lambark.toml; it has {}", known.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn services_are_found_by_name_and_the_nearest_is_told() {
        let mut config = Config::default();
        assert!(Service::all(&config).unwrap_err().to_string().contains("lambark init"));
        config.service.insert("backend".to_owned(), config::Service::default());
        let found = Service::named(&config, "backend").unwrap();
        assert!(found.function().unwrap_err().to_string().contains("[service.backend]"));
        let told = |name| Service::named(&config, name).unwrap_err().to_string();
        assert!(told("backen").contains("did you mean `backend`"));
        assert!(told("zzz").ends_with("it has backend"));
    }
}
