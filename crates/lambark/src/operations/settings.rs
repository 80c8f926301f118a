//! `config`: what `lambark.toml` says, and whether what it names is there.

use std::path::{Path, PathBuf};

use crate::config::{Config, FILE_NAME};
use crate::exit;
use crate::failure::Failure;
use crate::operations::service::Service;

/// What was read.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The file; `None` if there is none.
    pub file: Option<PathBuf>,
    /// What it says, with every default filled in.
    pub config: Config,
    /// What it lacks or names in vain.
    pub remarks: Vec<Remark>,
}

/// Something about a service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remark {
    /// The service.
    pub service: String,
    /// Whether it is wrong; else a verb or two cannot be used.
    pub wrong: bool,
    /// What it is.
    pub text: String,
}

impl Outcome {
    /// 1 when the file names something that is not there.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        if self.remarks.iter().any(|remark| remark.wrong) { exit::FINDINGS } else { exit::FINE }
    }
}

/// Looks at what the file names. Nothing is sent anywhere, and no secret is read: only whether it is set.
///
/// # Errors
/// [`Failure::Arguments`] when there is no file.
pub fn run(config: Config, file: Option<&Path>, is_set: &dyn Fn(&str) -> bool) -> Result<Outcome, Failure> {
    let file = file.map(Path::to_owned).or_else(|| Some(config.root.as_ref()?.join(FILE_NAME)));
    if config.root.is_none() {
        let reason = format!("there is no {FILE_NAME} here or above; `lambark init` writes one");
        return Err(Failure::Arguments(reason));
    }
    let mut remarks = Vec::new();
    for name in config.service.keys() {
        let service = Service::named(&config, name)?;
        let remark = |wrong: bool, text: String| Remark { service: name.clone(), wrong, text };
        remarks
            .extend(missing(&service).into_iter().map(|path| remark(true, format!("{} is not there", path.display()))));
        remarks.extend(lacking(&service).into_iter().map(|text| remark(false, text)));
        for variable in secrets(&service) {
            if !is_set(&variable) {
                remarks
                    .push(remark(false, format!("a test needs the environment variable {variable}, which is not set")));
            }
        }
        if service.config.tests.iter().any(|test| test.event.is_some() == test.url.is_some()) {
            remarks.push(remark(true, "a test has both `event` and `url`, or neither".to_owned()));
        }
    }
    Ok(Outcome { file, config, remarks })
}

fn missing(service: &Service<'_>) -> Vec<PathBuf> {
    let named = service.config.dockerfile.iter().chain(&service.config.context);
    let tests = service.config.tests.iter().flat_map(|test| test.event.iter().chain(&test.body));
    named.chain(tests).filter(|path| !service.path(path).exists()).cloned().collect()
}

fn lacking(service: &Service<'_>) -> Vec<String> {
    let it = service.config;
    let rows = [
        (it.dockerfile.is_none(), "dockerfile", "build and ship"),
        (it.repository.is_none(), "repository", "push, deploy by --tag and ship"),
        (it.function.is_none(), "function", "deploy, rollback, status and ship"),
        (it.alias.is_none(), "alias", "tests before traffic, canaries and an instant way back"),
        (it.tests.is_empty(), "tests", "knowing whether a deployment works"),
    ];
    let lacking = rows.into_iter().filter(|(lacks, ..)| *lacks);
    lacking.map(|(_, key, verbs)| format!("no `{key}`, which is what {verbs} need")).collect()
}

/// Every `${env:NAME}` of its tests.
fn secrets(service: &Service<'_>) -> Vec<String> {
    let tests = &service.config.tests;
    let texts = tests.iter().flat_map(|test| test.url.iter().chain(test.headers.values()));
    let mut names: Vec<String> = texts
        .flat_map(|text| text.split("${env:").skip(1).filter_map(|rest| rest.split_once('}')))
        .map(|(name, _)| name.to_owned())
        .collect();
    names.sort();
    names.dedup();
    names
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn what_is_named_in_vain_is_told_and_what_is_lacking_too() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join(FILE_NAME);
        std::fs::write(directory.path().join("Dockerfile"), "FROM scratch\n").unwrap();
        let text = r#"
            [service.api]
            dockerfile = "Dockerfile"
            context = "src"
            function = "api"
            tests = [{ url = "https://${env:HOST}/x", headers = { authorization = "${env:TOKEN}" } }, { event = "e.json" }]
        "#;
        std::fs::write(&file, text).unwrap();
        let config = Config::load(Some(&file), directory.path()).unwrap();
        let outcome = run(config, Some(&file), &|name| name == "HOST").unwrap();
        let told: Vec<(bool, &str)> = outcome.remarks.iter().map(|it| (it.wrong, it.text.as_str())).collect();
        assert_eq!(
            told,
            [
                (true, "src is not there"),
                (true, "e.json is not there"),
                (false, "no `repository`, which is what push, deploy by --tag and ship need"),
                (false, "no `alias`, which is what tests before traffic, canaries and an instant way back need"),
                (false, "a test needs the environment variable TOKEN, which is not set"),
            ]
        );
        assert_eq!(outcome.exit_code(), exit::FINDINGS);
        assert!(run(Config::default(), None, &|_| true).unwrap_err().to_string().contains("lambark init"));
    }
}
