//! What happens to an image before and behind its build: where it is pushed, what is done to it, what deploys it.

use lambark_oci::Architecture;

use crate::image_name::same_repository;
use crate::repository::{BuildSite, Repository};
use crate::step::{Action, Build, Call, CallKind, Push, Step, Tool, Value, Verify};

impl<'a> BuildSite<'a> {
    /// The steps behind the build in its sequence.
    pub(crate) fn behind(&self) -> &'a [Step] {
        self.sequence.steps.get(self.index + 1..).unwrap_or_default()
    }

    /// Whether the image goes to a registry, as far as can be seen.
    pub(crate) fn is_pushed(&self, repository: &Repository<'_>) -> bool {
        pushes_itself(self.build)
            || self.behind().iter().any(|step| matches!(&step.action, Action::Push(push) if self.may_be_pushed(push)))
            || self.build.tags().any(|tag| tag.text.contains(".dkr.ecr."))
            || repository.pushes().any(|push| {
                let reference = push.reference.as_ref();
                reference.is_some_and(|name| self.build.tags().any(|tag| same_repository(tag, name) == Some(true)))
            })
    }

    fn may_be_pushed(&self, push: &Push) -> bool {
        let Some(reference) = &push.reference else { return true };
        let compared: Vec<Option<bool>> = self.names().map(|name| same_repository(name, reference)).collect();
        compared.is_empty() || compared.iter().any(|same| *same != Some(false))
    }

    /// The names that the image gets, by the build itself and by `docker tag` afterwards.
    pub fn names(&self) -> impl Iterator<Item = &'a Value> + use<'a> {
        let build = self.build;
        let later = self.behind().iter().filter_map(move |step| match &step.action {
            Action::Tag { from, to } if build.tags().any(|tag| tag.text == from.text) => Some(to),
            _ => None,
        });
        build.tags().chain(later)
    }

    /// The calls of the same sequence that deploy the image: those that name it, or if what they name is not known,
    /// those that have no other build that they could mean.
    pub fn calls(&self) -> impl Iterator<Item = &'a Call> + use<'a> {
        let builds = self.sequence.steps.iter().filter(|step| step.build().is_some()).count();
        let names: Vec<&Value> = self.names().collect();
        let deploys = move |call: &&Call| match &call.image {
            Some(image) => {
                let compared: Vec<_> = names.iter().map(|name| same_repository(name, image)).collect();
                compared.contains(&Some(true)) || (builds == 1 && compared.iter().all(Option::is_none))
            }
            None => builds == 1,
        };
        let calls = self.behind().iter().filter_map(|step| match &step.action {
            Action::Lambda(call) => Some(call),
            _ => None,
        });
        calls.filter(|call| matches!(call.kind, CallKind::Create | CallKind::UpdateCode)).filter(deploys)
    }

    /// Whether something behind the build makes one manifest of what was pushed, or deploys only what is right.
    pub(crate) fn is_mended(&self) -> bool {
        self.behind().iter().any(|step| match &step.action {
            Action::Convert(convert) => convert.gives_one_manifest != Some(false),
            Action::Push(push) => push.platform.is_some(),
            Action::Lambda(call) => call.kind == CallKind::Deploy || names_a_looked_up_digest(call),
            _ => false,
        })
    }

    /// The architecture of the function that runs the image, and where it is said, as far as that is known.
    pub fn architecture(&self, repository: &Repository<'a>) -> Option<Wanted> {
        self.by_call().or_else(|| self.by_function(repository)).or_else(|| self.by_service(repository))
    }

    fn by_call(&self) -> Option<Wanted> {
        let mut calls = self.behind().iter().filter_map(|step| match &step.action {
            Action::Lambda(call) => call.architecture.as_ref(),
            _ => None,
        });
        let value = calls.next()?;
        Some(Wanted { architecture: known(value)?, place: value.clone() })
    }

    fn by_function(&self, repository: &Repository<'a>) -> Option<Wanted> {
        let path = self.build.dockerfile.as_ref().and_then(Value::known);
        let is_its = |function: &&&crate::step::Function| {
            let by_path = path.is_some() && function.dockerfile.as_ref().and_then(Value::known) == path;
            let named = |image: &Value| self.build.tags().any(|tag| same_repository(tag, image) == Some(true));
            by_path || function.image.as_ref().is_some_and(named)
        };
        let mut functions = repository.functions.iter().filter(is_its);
        let first = functions.next()?;
        let said = |function: &crate::step::Function| match &function.architecture {
            Some(value) => known(value),
            // What templates leave out is x86_64.
            None => Some(Architecture::X86_64),
        };
        let architecture = said(first)?;
        // Functions of both architectures from one image: nothing fits all.
        if functions.any(|other| said(other) != Some(architecture)) {
            return None;
        }
        let place = first.architecture.clone().unwrap_or_else(|| Value::derived("x86_64", first.span.clone()));
        Some(Wanted { architecture, place })
    }

    fn by_service(&self, repository: &Repository<'a>) -> Option<Wanted> {
        let path = self.build.dockerfile.as_ref().and_then(Value::known);
        let service = repository
            .settings
            .services
            .iter()
            .find(|service| service.dockerfile.as_deref().is_some_and(|file| Some(file) == path))?;
        let place = Value::derived("", self.step.span.clone());
        Some(Wanted { architecture: service.architecture?, place })
    }
}

/// A function's architecture, and where it is said.
pub struct Wanted {
    /// As Lambda spells it.
    pub architecture: Architecture,
    /// Where it is said.
    pub place: Value,
}

impl Wanted {
    /// As builders spell it.
    pub(crate) fn platform(&self) -> &'static str {
        match self.architecture {
            Architecture::X86_64 => "linux/amd64",
            Architecture::Arm64 => "linux/arm64",
        }
    }
}

fn known(value: &Value) -> Option<Architecture> {
    match value.known()? {
        "x86_64" => Some(Architecture::X86_64),
        "arm64" => Some(Architecture::Arm64),
        _ => None,
    }
}

/// Whether a build pushes what it builds.
pub(crate) fn pushes_itself(build: &Build) -> bool {
    let push = build.option("push").is_some_and(|push| !push.value.is_false());
    let outputs = build.all("output").chain(build.all("outputs"));
    let by_output = outputs.into_iter().any(|output| {
        let text = &output.value.text;
        text.contains("push=true") || text.contains("type=registry")
    });
    // These build for a registry alone.
    push || by_output || matches!(build.tool, Tool::TerraformLambda | Tool::Kaniko)
}

/// Whether a call deploys a digest that was looked up by a program: it may well be the right child's.
fn names_a_looked_up_digest(call: &Call) -> bool {
    call.image.as_ref().is_some_and(|image| image.text.contains('@') && !image.text.contains("@sha256:"))
}

/// Calls that deploy an image.
pub(crate) fn deploys(step: &Step) -> Option<&Call> {
    match &step.action {
        Action::Lambda(call) if matches!(call.kind, CallKind::Create | CallKind::UpdateCode) => {
            Some(call).filter(|call| call.image.is_some())
        }
        _ => None,
    }
}

/// The look at a registry whose answer a comparison judges.
pub(crate) fn looked_at(steps: &[Step], at: usize) -> Option<&Verify> {
    let Action::Compare(compare) = &steps.get(at)?.action else { return None };
    let mut before = steps[..at].iter().rev().filter_map(|step| match &step.action {
        Action::Verify(verify) => Some(verify),
        _ => None,
    });
    if compare.piped {
        return before.next();
    }
    before.find(|verify| verify.captured_by.as_ref().is_some_and(|name| compare.variables.contains(name)))
}
