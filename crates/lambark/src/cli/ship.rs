//! `lambark ship`

use std::io::Write;
use std::path::PathBuf;

use clap::Args;
use lambark_rules::Needs;

use super::build::{Builder, wanted_of};
use super::context::{Context, Format, asked};
use super::deployment::{DeployFlags, Deployer, lookup};
use super::ledger::{LedgerFlags, warn};
use super::output;
use super::repair::RepairFlags;
use crate::config::{Config, FailOnWord};
use crate::ecr::RepositoryOptions;
use crate::failure::Failure;
use crate::operations::deployment::Journal;
use crate::operations::deployment::image::Demands;
use crate::operations::service::Service;
use crate::operations::ship::{self, Bringer, Outcome, Settings, Step};
use crate::operations::{build, deploy, fix};
use crate::render;

/// Build, check, push, verify, deploy, test, move the alias, and keep the record
///
/// What `lambark.toml` says of a service, from its Dockerfile to its alias. Of several services all are built and pushed
/// before any is deployed. A run that broke off is run again: what is in the registry and at Lambda is found there.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  lambark ship backend --tag v42
  lambark ship --all --tag v42 --create-repository
  lambark ship backend --tag v42 --until verify
  lambark ship backend --tag v42 --from deploy --canary 10 --wait 5m
  lambark ship backend --tag v42 --ledger none --ledger-artifact lambark-ledger.jsonl -- --build-arg VERSION=42

Steps: build, check, push, verify, deploy, tests, alias, record")]
pub(super) struct Arguments {
    /// The service of lambark.toml
    #[arg(value_name = "SERVICE", required_unless_present = "all")]
    service: Option<String>,
    /// Every service of lambark.toml
    #[arg(long, conflicts_with = "service")]
    all: bool,
    /// The tag; the commit's first twelve digits in CI if nothing is said
    #[arg(long, short, value_name = "TAG")]
    tag: Option<String>,
    /// The first step
    #[arg(long, value_name = "STEP", default_value_t = Step::Build)]
    from: Step,
    /// The last step
    #[arg(long, value_name = "STEP", default_value_t = Step::Record)]
    until: Step,
    /// Use this builder instead of the first that works
    #[arg(long, value_name = "BUILDER")]
    builder: Option<Builder>,
    #[command(flatten)]
    repair: RepairFlags,
    /// From which severity on a finding stops it; `error` if nothing is said
    #[arg(long, value_name = "SEVERITY")]
    fail_on: Option<FailOnWord>,
    /// Create the repository in ECR if it is not there
    #[arg(long)]
    create_repository: bool,
    #[command(flatten)]
    deploy: DeployFlags,
    /// Add a table in Markdown to the end of this file; $GITHUB_STEP_SUMMARY in GitHub Actions if nothing is said
    #[arg(long, value_name = "FILE")]
    summary: Option<PathBuf>,
    /// Add `digest=`, `version=`, `function-arn=` and `image-uri=` to the end of this file; $GITHUB_OUTPUT in GitHub
    /// Actions if nothing is said
    #[arg(long, value_name = "FILE")]
    outputs: Option<PathBuf>,
    /// How to report
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,
    /// What the builder is told besides
    #[arg(last = true, value_name = "BUILDER-ARGS")]
    arguments: Vec<String>,
    #[command(flatten)]
    ledger: LedgerFlags,
}

pub(super) fn run(arguments: &Arguments, context: &Context) -> Result<u8, Failure> {
    if arguments.from > arguments.until {
        let (from, until) = (arguments.from, arguments.until);
        return Err(Failure::Arguments(format!("--from {from} comes after --until {until}")));
    }
    let config = context.config()?;
    let services = match &arguments.service {
        Some(name) => vec![Service::named(&config, name)?],
        None => Service::all(&config)?,
    };
    let ledger = arguments.ledger.settings(context)?;
    let tag = arguments.tag.clone().or_else(|| Some(ledger.caller.commit.as_ref()?.chars().take(12).collect()));
    let tag = tag.ok_or_else(|| Failure::Arguments("give --tag, for instance the commit".to_owned()))?;
    // Everything that every service needs is read before anything is built.
    let plans = services.iter().map(|service| settings(arguments, service, &tag, &config, context));
    let plans = plans.collect::<Result<Vec<Settings>, Failure>>()?;
    if arguments.repair.plan {
        return plan(&plans, arguments, context);
    }
    let (outcomes, head) = shipped(plans, arguments, context)?;
    report(&outcomes, head.as_deref(), arguments, context)
}

/// Prints what would be built and where it would go; of the deployment what can be told without the image.
fn plan(plans: &[Settings], arguments: &Arguments, context: &Context) -> Result<u8, Failure> {
    let planned = plans.iter().map(|plan| {
        let builds = plan.from <= Step::Build;
        Ok((plan, if builds { Some(build::plan(&plan.build.wanted, plan.build.cache.as_deref())?) } else { None }))
    });
    let planned = planned.collect::<Result<Vec<_>, Failure>>()?;
    output::print(|out| match arguments.format {
        Format::Text => render::ship::plan(out, &planned, context.page()),
        Format::Json => render::json::ship_plan(out, &planned),
    })?;
    Ok(crate::exit::FINE)
}

/// Brings every image, and deploys them if all were brought; the ledger's head at the end.
fn shipped(
    mut plans: Vec<Settings>,
    arguments: &Arguments,
    context: &Context,
) -> Result<(Vec<Outcome>, Option<String>), Failure> {
    let text = matches!(arguments.format, Format::Text);
    let tell = |service: &str, told: ship::Told<'_>| {
        if text {
            // A line that cannot be printed is no reason to stop half-way.
            let _ = output::print(|out| render::ship::told(out, service, &told, context.page()));
        }
    };
    let mut words: Box<dyn Write + Send> =
        if context.page().quiet { Box::new(std::io::sink()) } else { Box::new(std::io::stderr()) };
    let deploys = arguments.until >= Step::Deploy;
    let deployers: Vec<Deployer<'_>> = if deploys {
        let deployer =
            |plan: &Settings| Deployer::new(context, &plan.deploy.function, None, arguments.deploy.settle_limit);
        plans.iter().map(deployer).collect::<Result<_, _>>()?
    } else {
        Vec::new()
    };
    // A ledger that cannot be written stops everything, and the sooner the better.
    let mut journal = match deployers.first() {
        Some(deployer) => Some(deployer.journal(&arguments.ledger)?),
        None if arguments.until >= Step::Push => Some(arguments.ledger.journal(context)?),
        None => None,
    };
    let mut outcomes = Vec::new();
    for plan in &plans {
        let mut bringer = Bringer { ways: context.ways(), journal: journal.as_mut() };
        outcomes.push(bringer.bring(plan, &mut *words, &mut |told| tell(&plan.service, told)));
        if outcomes.last().is_some_and(|outcome| !outcome.is_well()) {
            return Ok((outcomes, head(journal.as_ref())));
        }
    }
    for ((plan, outcome), deployer) in plans.iter_mut().zip(&mut outcomes).zip(&deployers) {
        plan.deploy.origin = journal.as_ref().map(Journal::origin).unwrap_or_default();
        let sender = deployer.sender(&plan.deploy.probes)?;
        ship::deploy(plan, outcome, &deployer.world, sender.as_ref(), journal.as_mut(), &mut |told| {
            tell(&plan.service, told);
        });
        if !outcome.is_well() {
            break;
        }
    }
    Ok((outcomes, head(journal.as_ref())))
}

/// The last entry; and tells what could not be recorded.
fn head(journal: Option<&Journal>) -> Option<String> {
    warn(journal);
    journal?.head().map(str::to_owned)
}

fn report(outcomes: &[Outcome], head: Option<&str>, arguments: &Arguments, context: &Context) -> Result<u8, Failure> {
    output::print(|out| match arguments.format {
        Format::Text => render::ship::end(out, outcomes, head, context.page()),
        Format::Json => render::json::ship(out, outcomes, head),
    })?;
    let github = |name: &str| {
        let in_github = std::env::var("GITHUB_ACTIONS").is_ok_and(|value| value == "true");
        std::env::var_os(name).filter(|value| in_github && !value.is_empty()).map(PathBuf::from)
    };
    if let Some(path) = arguments.summary.clone().or_else(|| github("GITHUB_STEP_SUMMARY")) {
        output::append_to(&path, |out| render::ship::summary(out, outcomes, head))?;
    }
    if let Some(path) = arguments.outputs.clone().or_else(|| github("GITHUB_OUTPUT")) {
        output::append_to(&path, |out| render::ship::outputs(out, outcomes))?;
    }
    let failures = outcomes.iter().filter_map(|outcome| outcome.failure.as_ref());
    failures.for_each(|failure| {
        super::tell(failure);
    });
    Ok(outcomes.iter().map(Outcome::exit_code).find(|code| *code != 0).unwrap_or(crate::exit::FINE))
}

/// What one service needs.
fn settings(
    arguments: &Arguments,
    service: &Service<'_>,
    tag: &str,
    config: &Config,
    context: &Context,
) -> Result<Settings, Failure> {
    let fail_on = arguments.fail_on.or(config.policy.fail_on).map(Into::into).unwrap_or_default();
    let reference = format!("{}:{tag}", service.repository(&context.aws)?);
    let wanted = wanted_of(service, &arguments.repair, arguments.builder, &arguments.arguments);
    let architecture = wanted.architecture;
    let state = context.state_dir()?;
    let deploys = arguments.until >= Step::Deploy;
    Ok(Settings {
        service: service.name.to_owned(),
        tag: tag.to_owned(),
        reference: reference.clone(),
        from: arguments.from,
        until: arguments.until,
        build: build::Settings {
            what: service.name.to_owned(),
            wanted,
            output: None,
            asked: asked(None, config),
            options: arguments.repair.options(),
            fail_on,
            create: arguments.create_repository.then(RepositoryOptions::default),
            reuse_from: arguments.repair.reuse_from.clone(),
            cache: context.cache_dir(),
            state: state.clone(),
            knowledge: context.knowledge(),
        },
        push: fix::Settings {
            image: String::new(),
            to: None,
            asked: asked(architecture, config),
            depth: Some(Needs::Files),
            options: arguments.repair.options(),
            plan_only: false,
            reuse_from: arguments.repair.reuse_from.clone(),
            cache: context.cache_dir(),
            state: state.clone(),
        },
        deploy: deploy::Settings {
            service: Some(service.name.to_owned()),
            function: if deploys { service.function()?.to_owned() } else { String::new() },
            image: Demands {
                image: reference,
                asked: asked(None, config),
                fail_on,
                fix: false,
                known: None,
                cache: context.cache_dir(),
                state: state.clone(),
            },
            alias: service.config.alias.clone(),
            shift: arguments.deploy.shift(),
            probes: if deploys { service.probes(&lookup)? } else { Vec::new() },
            create: arguments.deploy.create(architecture),
            plan_only: false,
            without_way_back: arguments.deploy.without_way_back,
            until: deploy::Until::Traffic,
            origin: crate::operations::deployment::Origin::default(),
        },
        shelf: state.join("ship").join(service.name).join(format!("{tag}.tar")),
    })
}
