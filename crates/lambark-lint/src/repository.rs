//! All that a repository's files say together, and which of it concerns Lambda.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use lambark_oci::Architecture;

use crate::dockerfile::{Dockerfile, Stage};
use crate::front::{Followed, ReadFile};
use crate::image_name::same_repository;
use crate::runtime;
use crate::source::Tree;
use crate::step::{Action, Build, Call, CallKind, Function, Push, Sequence, Step, Tie, Tool, Value};

/// What the caller knows besides the files.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// Take every build to be one for Lambda.
    pub assume_lambda: bool,
    /// The services of `lambark.toml`: each is a Lambda function's image.
    pub services: Vec<Service>,
}

/// A service of `lambark.toml`.
#[derive(Clone, Debug, Default)]
pub struct Service {
    /// Its name.
    pub name: String,
    /// Its Dockerfile, relative to the repository's root.
    pub dockerfile: Option<String>,
    /// Its repository in the registry.
    pub repository: Option<String>,
    /// The function's architecture.
    pub architecture: Option<Architecture>,
}

/// All files together.
pub struct Repository<'a> {
    /// Serves files that a rule has to look at.
    pub tree: &'a dyn Tree,
    /// What the caller knows.
    pub settings: &'a Settings,
    /// What is run.
    pub sequences: Vec<&'a Sequence>,
    /// Image functions that templates define.
    pub functions: Vec<&'a Function>,
    dockerfiles: BTreeMap<Arc<str>, &'a Dockerfile>,
    /// For each sequence and each of its steps, what ties it to Lambda.
    ties: Vec<Vec<Option<Tie>>>,
}

/// A build that concerns Lambda, with what is around it.
#[derive(Clone, Copy)]
pub struct BuildSite<'a> {
    /// The sequence in which it stands.
    pub sequence: &'a Sequence,
    /// Its place there.
    pub index: usize,
    /// The step.
    pub step: &'a Step,
    /// The build.
    pub build: &'a Build,
    /// What ties it to Lambda.
    pub tie: &'a Tie,
}

impl<'a> Repository<'a> {
    /// Puts the files' results together and decides what concerns Lambda.
    #[must_use]
    pub fn new(files: &'a [ReadFile], tree: &'a dyn Tree, settings: &'a Settings) -> Repository<'a> {
        let followed: BTreeSet<&Followed> = files.iter().flat_map(|file| &file.result.followed).collect();
        // A script that others call is judged where it is called, with the environment that it gets there.
        let called = |file: &ReadFile, sequence: &Sequence| {
            let name = sequence.name.clone();
            followed.contains(&Followed { path: file.path.to_string(), name })
        };
        let own = |file: &'a ReadFile| file.result.sequences.iter().filter(move |sequence| !called(file, sequence));
        let dockerfiles = files.iter().filter_map(|file| file.result.dockerfile.as_ref());
        let mut repository = Repository {
            tree,
            settings,
            sequences: files.iter().flat_map(own).collect(),
            functions: files.iter().flat_map(|file| &file.result.functions).collect(),
            dockerfiles: dockerfiles.map(|file| (Arc::clone(&file.path), file)).collect(),
            ties: Vec::new(),
        };
        repository.ties = repository.sequences.iter().map(|sequence| repository.ties_of(sequence)).collect();
        repository
    }

    /// The builds that concern Lambda.
    pub fn builds(&self) -> impl Iterator<Item = BuildSite<'_>> {
        self.sequences.iter().zip(&self.ties).flat_map(|(sequence, ties)| {
            sequence.steps.iter().zip(ties).enumerate().filter_map(|(index, (step, tie))| {
                Some(BuildSite { sequence, index, step, build: step.build()?, tie: tie.as_ref()? })
            })
        })
    }

    /// Whether anything here is for Lambda.
    pub(crate) fn concerns_lambda(&self) -> bool {
        !self.functions.is_empty()
            || self.ties.iter().flatten().any(Option::is_some)
            || self.sequences.iter().any(|sequence| calls(sequence).next().is_some())
    }

    /// Whether a call gives a function a command of its own.
    pub(crate) fn overrides_command(&self) -> bool {
        let mut steps = self.sequences.iter().flat_map(|sequence| &sequence.steps);
        steps.any(|step| matches!(&step.action, Action::Lambda(call) if call.overrides_command))
    }

    /// Every build, whether it concerns Lambda or not.
    pub(crate) fn all_builds(&self) -> impl Iterator<Item = (&'a Step, &'a Build)> {
        self.sequences.iter().flat_map(|sequence| &sequence.steps).filter_map(|step| Some((step, step.build()?)))
    }

    /// Every push.
    pub(crate) fn pushes(&self) -> impl Iterator<Item = &'a Push> {
        self.sequences.iter().flat_map(|sequence| &sequence.steps).filter_map(|step| match &step.action {
            Action::Push(push) => Some(push),
            _ => None,
        })
    }

    /// The builds of which nothing says that they concern Lambda.
    pub fn untied(&self) -> impl Iterator<Item = (&Step, &Build)> {
        self.sequences.iter().zip(&self.ties).flat_map(|(sequence, ties)| {
            let untied = sequence.steps.iter().zip(ties).filter(|(_, tie)| tie.is_none());
            untied.filter_map(|(step, _)| Some((step, step.build()?)))
        })
    }

    /// The Dockerfile of a build, if it is in the repository and could be read.
    #[must_use]
    pub fn dockerfile_of(&self, build: &Build) -> Option<&'a Dockerfile> {
        self.dockerfiles.get(build.dockerfile.as_ref()?.known()?).copied()
    }

    /// The paths of all Dockerfiles.
    pub fn dockerfile_paths(&self) -> impl Iterator<Item = &Arc<str>> {
        self.dockerfiles.keys()
    }

    /// Every call that makes a function of an image, or gives one another image.
    pub fn deployments(&self) -> impl Iterator<Item = (&'a Step, &'a Call)> + use<'_, 'a> {
        self.sequences.iter().flat_map(|sequence| calls(sequence))
    }

    /// The Dockerfiles of images for Lambda, each with the stages that it is made of, the last one first.
    #[must_use]
    pub fn lambda_dockerfiles(&self) -> Vec<(&'a Dockerfile, Vec<&'a Stage>)> {
        let mut found: BTreeMap<(&str, Option<&str>), &'a Dockerfile> = BTreeMap::new();
        let sites: Vec<BuildSite<'_>> = self.builds().collect();
        for site in &sites {
            if let Some(file) = self.dockerfile_of(site.build) {
                let target = site.build.option("target").map(|option| &option.value);
                if target.is_none_or(|target| target.known) {
                    found.insert((&file.path, target.map(|target| target.text.as_str())), file);
                }
            }
        }
        let built: BTreeSet<&str> = found.keys().map(|(path, _)| *path).collect();
        let named = self.dockerfiles.values().filter(|file| !built.contains(&*file.path) && self.names(file));
        let named: Vec<&'a Dockerfile> = named.copied().collect();
        let alone = named.into_iter().map(|file| (file, file.lineage(None)));
        found.iter().map(|((_, target), file)| (*file, file.lineage(*target))).chain(alone).collect()
    }

    /// Whether a Dockerfile that no build step names is one for Lambda all the same.
    fn names(&self, file: &Dockerfile) -> bool {
        let path = &*file.path;
        runtime::is_for_lambda(&file.lineage(None)).is_some()
            || self.settings.services.iter().any(|service| service.dockerfile.as_deref() == Some(path))
            || self.functions.iter().any(|function| is_path(function.dockerfile.as_ref(), path))
    }

    fn ties_of(&self, sequence: &Sequence) -> Vec<Option<Tie>> {
        sequence.steps.iter().map(|step| self.tie(sequence, step, step.build()?)).collect()
    }

    /// What ties a build to Lambda: the nearest evidence first.
    fn tie(&self, sequence: &Sequence, step: &Step, build: &Build) -> Option<Tie> {
        step.tie
            .clone()
            .or_else(|| self.tie_by_configuration(step, build))
            .or_else(|| self.tie_by_dockerfile(build))
            .or_else(|| tie_by_call(sequence, build))
            .or_else(|| self.tie_by_function(build))
            .or_else(|| self.tie_by_name_elsewhere(sequence, build))
            .or_else(|| {
                let why = "--assume-lambda says so".to_owned();
                self.settings.assume_lambda.then(|| Tie { span: step.span.clone(), why })
            })
    }

    fn tie_by_configuration(&self, step: &Step, build: &Build) -> Option<Tie> {
        let service = self.settings.services.iter().find(|service| {
            let by_file = service.dockerfile.as_deref().is_some_and(|path| is_path(build.dockerfile.as_ref(), path));
            let named = |repository: &str| {
                let repository = Value::derived(repository, step.span.clone());
                build.tags().any(|tag| same_repository(tag, &repository) == Some(true))
            };
            by_file || service.repository.as_deref().is_some_and(named)
        })?;
        Some(Tie { span: step.span.clone(), why: format!("lambark.toml names it as service `{}`", service.name) })
    }

    fn tie_by_dockerfile(&self, build: &Build) -> Option<Tie> {
        let file = self.dockerfile_of(build)?;
        let target = build.option("target").and_then(|option| option.value.known());
        runtime::is_for_lambda(&file.lineage(target))
    }

    fn tie_by_function(&self, build: &Build) -> Option<Tie> {
        let function = self.functions.iter().find(|function| {
            let by_file = build.dockerfile.as_ref().and_then(Value::known);
            let by_image = |image: &Value| build.tags().any(|tag| same_repository(tag, image) == Some(true));
            by_file.is_some_and(|path| is_path(function.dockerfile.as_ref(), path))
                || function.image.as_ref().is_some_and(by_image)
                || self.stand_together(function, build)
        })?;
        let why = format!("the function `{}` uses the image", function.name);
        Some(Tie { span: function.span.clone(), why })
    }

    /// A Terraform module that builds one image and makes a function of an image means that image.
    fn stand_together(&self, function: &Function, build: &Build) -> bool {
        let directory = |span: &crate::source::Span| span.file.rsplit_once('/').map(|(path, _)| path.to_owned());
        let is_terraform = |build: &Build| build.tool == Tool::TerraformDocker;
        let here: Vec<&Step> = self
            .all_builds()
            .filter(|(step, build)| is_terraform(build) && directory(&step.span) == directory(&function.span))
            .map(|(step, _)| step)
            .collect();
        let unclear = function.image.as_ref().is_none_or(|image| !image.known);
        is_terraform(build)
            && unclear
            && matches!(here.as_slice(), [only] if only.build().is_some_and(|it| std::ptr::eq(it, build)))
    }

    /// A call in another file that deploys an image of the same name.
    fn tie_by_name_elsewhere(&self, own: &Sequence, build: &Build) -> Option<Tie> {
        let others = self.sequences.iter().filter(|sequence| !std::ptr::eq(**sequence, own));
        let all = others.flat_map(|sequence| calls(sequence));
        let named = |image: &Value| build.tags().any(|tag| same_repository(tag, image) == Some(true));
        all.into_iter()
            .find_map(|(step, call)| call.image.as_ref().filter(|image| named(image)).map(|_| tie_of_call(step)))
    }
}

/// A call in the same sequence ties a build if it deploys that image, or if it cannot be told which image it deploys
/// and there is no other that it could be.
fn tie_by_call(sequence: &Sequence, build: &Build) -> Option<Tie> {
    let builds = sequence.steps.iter().filter(|step| step.build().is_some()).count();
    for (step, call) in calls(sequence) {
        if comes_too_late(sequence, build, step, call) {
            continue;
        }
        let compared: Vec<Option<bool>> = match &call.image {
            Some(image) => names_of(sequence, build).map(|name| same_repository(name, image)).collect(),
            // `lambark deploy SERVICE` and its like name no image.
            None if call.kind == CallKind::Deploy => Vec::new(),
            None => continue,
        };
        let differs = !compared.is_empty() && compared.iter().all(|same| *same == Some(false));
        if compared.contains(&Some(true)) || (builds == 1 && !differs) {
            return Some(tie_of_call(step));
        }
    }
    None
}

/// Whether a build stands behind a call that has another build of that name before it: one repository may serve Lambda
/// and something else, one behind the other.
fn comes_too_late(sequence: &Sequence, build: &Build, call_step: &Step, call: &Call) -> bool {
    let Some(image) = &call.image else { return false };
    let before = sequence.steps.iter().take_while(|step| !std::ptr::eq(*step, call_step)).filter_map(Step::build);
    let mut serves = false;
    for other in before {
        if std::ptr::eq(other, build) {
            return false;
        }
        serves |= names_of(sequence, other).any(|name| same_repository(name, image) == Some(true));
    }
    serves
}

/// The names that a build's image gets, by the build itself and by `docker tag` afterwards.
fn names_of<'a>(sequence: &'a Sequence, build: &'a Build) -> impl Iterator<Item = &'a Value> {
    let later = sequence.steps.iter().filter_map(move |step| match &step.action {
        Action::Tag { from, to } if build.tags().any(|tag| tag.text == from.text) => Some(to),
        _ => None,
    });
    build.tags().chain(later)
}

fn calls(sequence: &Sequence) -> impl Iterator<Item = (&Step, &Call)> {
    sequence.steps.iter().filter_map(|step| match &step.action {
        Action::Lambda(call) if matches!(call.kind, CallKind::Create | CallKind::UpdateCode | CallKind::Deploy) => {
            Some((step, call))
        }
        _ => None,
    })
}

fn tie_of_call(step: &Step) -> Tie {
    Tie { span: step.span.clone(), why: "it is deployed to a Lambda function".to_owned() }
}

fn is_path(value: Option<&Value>, path: &str) -> bool {
    value.and_then(Value::known) == Some(path)
}
