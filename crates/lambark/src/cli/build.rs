//! `lambark build`

use std::io::Write;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use super::context::{Context, Format, asked};
use super::ledger::{LedgerFlags, warn};
use super::output;
use super::repair::RepairFlags;
use crate::config::{Config, FailOnWord};
use crate::ecr::RepositoryOptions;
use crate::failure::Failure;
use crate::operations::build::capabilities::Program;
use crate::operations::build::planner::Wanted;
use crate::operations::build::{self, Settings};
use crate::operations::ledger::Record;
use crate::operations::service::Service;
use crate::render;

/// Build an image with the builder that is there, and write it as Lambda takes it
///
/// Asks docker with buildx, docker, buildah and podman what they can do, and uses the first that works with flags that
/// it really has. The image is taken as an archive, looked at to its last file, mended, and written to --output. Caches,
/// secrets and build arguments go to the builder as they are, after `--`. Provenance and SBOM may stay on: they end as
/// referrers of the image.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  lambark build backend
  lambark build backend --tag v1
  lambark build backend --output 123456789012.dkr.ecr.us-east-1.amazonaws.com/app:v1
  lambark build --file Dockerfile --output oci-archive:image.tar
  lambark build --file infra/Dockerfile . --arch arm64 --output docker-archive:image.tar --tag app:v1
  lambark build backend --plan -- --build-arg VERSION=1 --secret id=token,src=token.txt

SERVICE is a [service.NAME] of lambark.toml, with its dockerfile, context, architecture and repository.")]
pub(super) struct Arguments {
    /// The service of lambark.toml; with --file the build context
    #[arg(value_name = "SERVICE|CONTEXT", required_unless_present = "file")]
    what: Option<String>,
    /// Build this Dockerfile instead of a service
    #[arg(long, short, value_name = "DOCKERFILE")]
    file: Option<PathBuf>,
    /// Where the image goes: HOST/REPOSITORY:TAG, oci:DIR, oci-archive:FILE or docker-archive:FILE; without --tag too it
    /// is only built and looked at
    #[arg(long, short, value_name = "IMAGE")]
    output: Option<String>,
    /// The tag in the service's repository, or of an --output that has none (in a docker archive the name, app:v1)
    #[arg(long, short, value_name = "TAG")]
    tag: Option<String>,
    /// Use this builder instead of the first that works
    #[arg(long, value_name = "BUILDER")]
    builder: Option<Builder>,
    #[command(flatten)]
    repair: RepairFlags,
    /// From which severity on a finding that cannot be mended writes nothing; `error` if nothing is said
    #[arg(long, value_name = "SEVERITY")]
    fail_on: Option<FailOnWord>,
    /// Create the repository in ECR if it is not there
    #[arg(long)]
    create_repository: bool,
    /// How to report
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,
    /// What the builder is told besides
    #[arg(last = true, value_name = "BUILDER-ARGS")]
    arguments: Vec<String>,
    #[command(flatten)]
    ledger: LedgerFlags,
}

/// `--builder`.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum Builder {
    /// `docker buildx build`
    Buildx,
    /// `docker build`
    Docker,
    /// `buildah bud`
    Buildah,
    /// `podman build`
    Podman,
}

impl From<Builder> for Program {
    fn from(builder: Builder) -> Program {
        match builder {
            Builder::Buildx => Program::Buildx,
            Builder::Docker => Program::Docker,
            Builder::Buildah => Program::Buildah,
            Builder::Podman => Program::Podman,
        }
    }
}

pub(super) fn run(arguments: Arguments, context: &Context) -> Result<u8, Failure> {
    let config = context.config()?;
    let (what, wanted) = wanted(&arguments, &config)?;
    if arguments.repair.plan {
        let plan = build::plan(&wanted, context.cache_dir().as_deref())?;
        output::print(|out| match arguments.format {
            Format::Text => render::build::plan(out, &what, &plan),
            Format::Json => render::json::build_plan(out, &what, &plan),
        })?;
        return Ok(crate::exit::FINE);
    }
    let output = target(&arguments, &config, context)?;
    // A ledger that cannot be written stops a push, and better before the build than after it.
    let mut journal =
        if output.as_deref().is_some_and(build::is_pushed) { Some(arguments.ledger.journal(context)?) } else { None };
    let service = arguments.file.is_none().then(|| what.clone());
    let settings = Settings {
        what,
        wanted,
        output,
        asked: asked(None, &config),
        options: arguments.repair.options(),
        fail_on: arguments.fail_on.or(config.policy.fail_on).map(Into::into).unwrap_or_default(),
        create: arguments.create_repository.then(RepositoryOptions::default),
        reuse_from: arguments.repair.reuse_from,
        cache: context.cache_dir(),
        state: context.state_dir()?,
        knowledge: context.knowledge(),
    };
    // A builder's colours and moving lines are its own business: its words go out as they come in.
    let mut words: Box<dyn Write + Send> =
        if context.page().quiet { Box::new(std::io::sink()) } else { Box::new(std::io::stderr()) };
    let record = journal.as_mut().map(|journal| Record { journal, verb: "build", service });
    let outcome = build::run(&settings, context.ways(), &mut *words, record);
    warn(journal.as_ref());
    let outcome = outcome?;
    output::print(|out| match arguments.format {
        Format::Text => render::build::outcome(out, &outcome, context.page()),
        Format::Json => render::json::build(out, &outcome),
    })?;
    // What is left was allowed by --fail-on, else nothing had been written.
    Ok(if outcome.written { crate::exit::FINE } else { outcome.repair.exit_code() })
}

fn wanted(arguments: &Arguments, config: &Config) -> Result<(String, Wanted), Failure> {
    if let Some(file) = &arguments.file {
        let mut wanted = wanted_by(&arguments.repair, arguments.builder, &arguments.arguments);
        wanted.dockerfile = Some(text(file));
        wanted.context = arguments.what.clone().unwrap_or_else(|| ".".to_owned());
        return Ok((text(file), wanted));
    }
    let name = arguments.what.clone().unwrap_or_default();
    let service = Service::named(config, &name)?;
    Ok((name.clone(), wanted_of(&service, &arguments.repair, arguments.builder, &arguments.arguments)))
}

/// What is to be built of a service.
pub(super) fn wanted_of(
    service: &Service<'_>,
    repair: &RepairFlags,
    builder: Option<Builder>,
    arguments: &[String],
) -> Wanted {
    let mut wanted = wanted_by(repair, builder, arguments);
    let here = std::env::current_dir().unwrap_or_default();
    let below = |path: &Path| text(if service.root == here { path.to_owned() } else { service.path(path) }.as_path());
    wanted.dockerfile = service.config.dockerfile.as_deref().map(below);
    wanted.context = below(service.config.context.as_deref().unwrap_or(Path::new(".")));
    wanted.architecture = wanted.architecture.or(service.config.architecture);
    wanted
}

/// What flags and environment say of any build.
fn wanted_by(repair: &RepairFlags, builder: Option<Builder>, arguments: &[String]) -> Wanted {
    let flag = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let truth = |value: &str| !matches!(value, "0" | "f" | "F" | "false" | "FALSE" | "False");
    Wanted {
        dockerfile: None,
        context: ".".to_owned(),
        architecture: repair.arch,
        arguments: arguments.to_vec(),
        builder: builder.map(Into::into),
        legacy: flag("DOCKER_BUILDKIT").is_some_and(|value| !truth(&value)),
        layers: flag("BUILDAH_LAYERS").map(|value| truth(&value)),
    }
}

fn text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

/// Where the image goes: where `--output` says, else with a tag into the service's repository.
fn target(arguments: &Arguments, config: &Config, context: &Context) -> Result<Option<String>, Failure> {
    match (&arguments.output, &arguments.tag) {
        (Some(output), Some(tag)) => Ok(Some(format!("{output}:{tag}"))),
        (Some(output), None) => Ok(Some(output.clone())),
        (None, None) => Ok(None),
        (None, Some(_)) if arguments.file.is_some() => {
            Err(Failure::Arguments("--tag needs an --output that it belongs to".to_owned()))
        }
        (None, Some(tag)) => {
            let service = Service::named(config, arguments.what.as_deref().unwrap_or_default())?;
            Ok(Some(format!("{}:{tag}", service.repository(&context.aws)?)))
        }
    }
}
