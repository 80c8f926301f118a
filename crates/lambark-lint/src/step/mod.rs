//! The model that all front ends fill and all rules read: what a repository does, step by step, with images.
//!
//! Everything is written in one vocabulary, that of `docker buildx build`: a workflow's `with: provenance: false`, a
//! bake target's `platforms = […]` and a compose file's `build.args` become the options `provenance`, `platform` and
//! `build-arg`. Rules therefore know tools only where tools differ.

mod insertion;
mod lambda;

use crate::source::Span;

pub use insertion::{Dialect, Insertion};
pub use lambda::{Call, CallKind, Function, Tie};

/// A text in a file, as far as it is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Value {
    /// The text. What is not known stands in it as it is written: `${NAME}`, `$(…)`, `${{ … }}`.
    pub text: String,
    /// Whether the text is all there is. If not, nothing may be concluded from what it lacks.
    pub known: bool,
    /// Where it is written.
    pub span: Span,
    /// Whether the file holds exactly this at the span, so that an edit may put something else there.
    pub literal: bool,
}

impl Value {
    /// A value that the file holds as it is.
    #[must_use]
    pub fn literal(text: impl Into<String>, span: Span) -> Value {
        Value { text: text.into(), known: true, span, literal: true }
    }

    /// A value that the file holds in another form (escaped, folded, through a variable).
    #[must_use]
    pub fn derived(text: impl Into<String>, span: Span) -> Value {
        Value { text: text.into(), known: true, span, literal: false }
    }

    /// A value of which at most a part is known.
    #[must_use]
    pub fn unknown(text: impl Into<String>, span: Span) -> Value {
        Value { text: text.into(), known: false, span, literal: false }
    }

    /// The text if all of it is known.
    #[must_use]
    pub fn known(&self) -> Option<&str> {
        self.known.then_some(self.text.as_str())
    }

    /// Whether it is known and one of Go's words for false (`strconv.ParseBool`), which all Docker tools follow.
    #[must_use]
    pub fn is_false(&self) -> bool {
        matches!(self.known(), Some("0" | "f" | "F" | "false" | "FALSE" | "False"))
    }

    /// Whether it is known and one of Go's words for true.
    #[must_use]
    pub fn is_true(&self) -> bool {
        matches!(self.known(), Some("1" | "t" | "T" | "true" | "TRUE" | "True"))
    }
}

/// What a file has run one after another: a script, a workflow (its jobs in the order of `needs`), a make target with
/// what it needs, a build specification. A compose or bake file is one sequence with a step a service or target.
#[derive(Clone, Debug, Default)]
pub struct Sequence {
    /// For people: `job deploy`, `target push`; empty for a plain script.
    pub name: String,
    /// The steps, in order.
    pub steps: Vec<Step>,
}

/// One step.
#[derive(Clone, Debug)]
pub struct Step {
    /// What is done.
    pub action: Action,
    /// What a finding points at: the words of the command, the `uses:` line, the service's name.
    pub span: Span,
    /// Variables in force that builders read (`DOCKER_*`, `BUILDX_*`, `BUILDKIT_*`, `COMPOSE_*`), the innermost only.
    pub environment: Vec<Variable>,
    /// Whether variables may be in force that were not seen (an unreadable `source`, an unknown `env` file).
    pub open_environment: bool,
    /// Why nothing here may be edited, if so: a YAML anchor, a generated text.
    pub unsound: Option<&'static str>,
    /// What ties just this step to Lambda, where the front end itself sees it (a SAM function's metadata, a Terraform
    /// module that makes the function). What other files say is judged later.
    pub tie: Option<Tie>,
}

impl Step {
    /// A step without environment; the front end adds what it knows.
    #[must_use]
    pub fn new(action: Action, span: Span) -> Step {
        Step { action, span, environment: Vec::new(), open_environment: false, unsound: None, tie: None }
    }

    /// The variable in force.
    #[must_use]
    pub fn variable(&self, name: &str) -> Option<&Value> {
        self.environment.iter().rev().find(|variable| variable.name == name).map(|variable| &variable.value)
    }

    /// The build, if it is one.
    #[must_use]
    pub fn build(&self) -> Option<&Build> {
        match &self.action {
            Action::Build(build) => Some(build),
            _ => None,
        }
    }
}

/// An environment variable in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Variable {
    /// Its name.
    pub name: String,
    /// What it holds; the span is where it is set.
    pub value: Value,
}

/// Whether a variable is one that builders read, and so belongs into [`Step::environment`].
#[must_use]
pub fn is_build_variable(name: &str) -> bool {
    ["DOCKER_", "BUILDX_", "BUILDKIT_", "COMPOSE_"].iter().any(|prefix| name.starts_with(prefix))
}

/// What a step does.
#[derive(Clone, Debug)]
pub enum Action {
    /// Builds an image, perhaps pushing it at once.
    Build(Build),
    /// Gives an image another name (`docker tag`).
    Tag {
        /// The old name.
        from: Value,
        /// The new name.
        to: Value,
    },
    /// Pushes an image that was built before.
    Push(Push),
    /// Makes one image manifest of whatever lies in a registry, or means to (`skopeo copy`, `crane copy --platform`,
    /// `regctl image copy`, `buildx imagetools create`, `lambark fix`).
    Convert(Convert),
    /// Looks at what lies in a registry (`docker manifest inspect`, `aws ecr batch-get-image`, `lambark check`).
    Verify(Verify),
    /// Judges by a text whether an image is right: a `grep`, a test, a `case` on what a [`Action::Verify`] gave.
    Compare(Compare),
    /// Asks Lambda for something.
    Lambda(Call),
    /// Applies Terraform's files: what they build sees the environment of this step.
    Apply,
    /// Makes a builder (`docker buildx create`).
    Builder {
        /// Its options.
        options: Vec<Opt>,
    },
}

/// A tool that builds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Tool {
    /// `docker build`, `docker image build`.
    Docker,
    /// `docker buildx build`.
    Buildx,
    /// `docker buildx bake`, a bake file's target.
    Bake,
    /// `docker compose build`, `docker-compose build`, a service of a compose file.
    Compose,
    /// docker/build-push-action.
    BuildPushAction,
    /// docker/bake-action.
    BakeAction,
    /// Podman.
    Podman,
    /// Buildah.
    Buildah,
    /// Kaniko's executor.
    Kaniko,
    /// nerdctl.
    Nerdctl,
    /// finch.
    Finch,
    /// `depot build`.
    Depot,
    /// `sam build`, a function of a SAM template.
    Sam,
    /// `docker_image` or `docker_registry_image` of the Terraform provider kreuzwerker/docker.
    TerraformDocker,
    /// The `docker-build` module of terraform-aws-modules/lambda.
    TerraformLambda,
    /// A tool that says nothing about attestations: nothing is judged but what it has in common with others.
    Other,
}

impl Tool {
    /// The name that people use.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Tool::Docker => "docker build",
            Tool::Buildx => "docker buildx build",
            Tool::Bake => "docker buildx bake",
            Tool::Compose => "docker compose build",
            Tool::BuildPushAction => "docker/build-push-action",
            Tool::BakeAction => "docker/bake-action",
            Tool::Podman => "podman build",
            Tool::Buildah => "buildah",
            Tool::Kaniko => "kaniko",
            Tool::Nerdctl => "nerdctl build",
            Tool::Finch => "finch build",
            Tool::Depot => "depot build",
            Tool::Sam => "sam build",
            Tool::TerraformDocker => "the docker provider",
            Tool::TerraformLambda => "the docker-build module",
            Tool::Other => "the builder",
        }
    }
}

/// An image is built.
#[derive(Clone, Debug)]
pub struct Build {
    /// By whom.
    pub tool: Tool,
    /// The tool's version as written (`v6`, `~> 3.0`), if it is.
    pub version: Option<Value>,
    /// What it is told, in the vocabulary of `docker buildx build`: `provenance`, `sbom`, `attest`, `platform` (one a
    /// platform, or separated by commas), `output`, `push`, `load`, `tag`, `file`, `target`, `build-arg`
    /// (`NAME=value`), `builder`. Anything else under its own name, without leading dashes.
    pub options: Vec<Opt>,
    /// Whether there may be more options than were seen (`$EXTRA`, `"$@"`, an expression).
    pub more_options: bool,
    /// The build context, relative to the repository's root if it is a directory in it.
    pub context: Option<Value>,
    /// The Dockerfile, relative to the repository's root, as far as it is known; its default name is filled in.
    pub dockerfile: Option<Value>,
    /// Where an option can be added.
    pub insertion: Option<Insertion>,
}

impl Build {
    /// Every option of that name, in order.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Opt> {
        self.options.iter().filter(move |option| option.name == name)
    }

    /// The option that counts: the last one of that name.
    #[must_use]
    pub fn option(&self, name: &str) -> Option<&Opt> {
        self.options.iter().rev().find(|option| option.name == name)
    }

    /// The platforms asked for, however they are spelt; `None` if a part is not known.
    #[must_use]
    pub fn platforms(&self) -> Option<Vec<&str>> {
        let mut platforms = Vec::new();
        for option in self.all("platform") {
            let text = option.value.known()?;
            platforms.extend(text.split([',', '\n']).map(str::trim).filter(|platform| !platform.is_empty()));
        }
        Some(platforms)
    }

    /// Whether this is written down in a bake or compose file, for a command that builds it.
    #[must_use]
    pub fn is_declared(&self) -> bool {
        let by_command = matches!(&self.insertion, Some(insertion) if insertion.dialect == Dialect::CommandLine);
        matches!(self.tool, Tool::Bake | Tool::Compose) && !by_command
    }

    /// The names that the image gets.
    pub fn tags(&self) -> impl Iterator<Item = &Value> {
        self.all("tag").map(|option| &option.value)
    }
}

/// An option.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opt {
    /// Without leading dashes.
    pub name: String,
    /// Its value; for a flag without one, `true` at the flag's own span.
    pub value: Value,
    /// All of it: `--name=value`, `--name value`, the whole line `name: value` without indentation and line end.
    pub span: Span,
    /// Whether the file holds it literally, so that it may be replaced or removed.
    pub literal: bool,
}

/// An image is pushed.
#[derive(Clone, Debug)]
pub struct Push {
    /// What is pushed; `None` if the command does not say (`docker compose push`).
    pub reference: Option<Value>,
    /// `--platform`, which leaves the attestation behind (Docker 28 and newer).
    pub platform: Option<Value>,
}

/// One manifest is made of another.
#[derive(Clone, Debug)]
pub struct Convert {
    /// `skopeo copy`, `crane copy`, `regctl image mod`, `docker buildx imagetools create`, `lambark fix` …
    pub tool: String,
    /// Its options, names without dashes.
    pub options: Vec<Opt>,
    /// What is read.
    pub source: Option<Value>,
    /// What is written.
    pub target: Option<Value>,
    /// Whether the result is one image manifest: `None` if that cannot be told.
    pub gives_one_manifest: Option<bool>,
}

/// Something in a registry is looked at.
#[derive(Clone, Debug)]
pub struct Verify {
    /// With what.
    pub tool: Verifier,
    /// Of which image.
    pub reference: Option<Value>,
    /// Whether the image is named by its digest.
    pub by_digest: bool,
    /// The options, names without dashes.
    pub options: Vec<Opt>,
    /// The variable that catches the answer.
    pub captured_by: Option<String>,
    /// Whether something picks a part of the answer (`jq`, `--query`, `--format`) before it is compared.
    pub filtered: bool,
}

/// What looks at a registry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Verifier {
    /// `lambark check`: judges by itself.
    Lambark,
    /// `docker manifest inspect`.
    DockerManifest,
    /// `docker buildx imagetools inspect`.
    Imagetools,
    /// `aws ecr batch-get-image`.
    BatchGetImage,
    /// `aws ecr describe-images`.
    DescribeImages,
    /// `skopeo inspect`.
    Skopeo,
    /// `crane manifest`.
    Crane,
    /// `regctl manifest`.
    Regctl,
    /// `oras manifest fetch`.
    Oras,
    /// A request to a registry's `/v2/…/manifests/…`.
    Http,
}

/// A text is compared.
#[derive(Clone, Debug)]
pub struct Compare {
    /// The text that is looked for.
    pub pattern: Value,
    /// Whether a part suffices: `grep`, `*text*`, `=~`.
    pub substring: bool,
    /// Variables that are compared with it.
    pub variables: Vec<String>,
    /// Whether it reads what the command before it in the pipe writes.
    pub piped: bool,
    /// Which comparisons belong together as alternatives (`a || b`, one `case`, one `grep -E`): the same number.
    pub group: usize,
}
