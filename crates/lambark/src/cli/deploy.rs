//! `lambark deploy`

use clap::Args;
use lambark_oci::Architecture;

use super::context::{Context, Format, asked};
use super::deployment::{DeployFlags, Deployer, Target, lookup};
use super::ledger::LedgerFlags;
use super::output;
use crate::config::FailOnWord;
use crate::failure::Failure;
use crate::operations::deploy::{self, Until};
use crate::operations::deployment::Journal;
use crate::operations::deployment::image::Demands;
use crate::render;

/// Make an image what a function runs, with a way back
///
/// Reads what runs now, looks at every file of the image, and makes sure that what runs now could be brought back. Then it
/// updates the function by digest, waits, publishes a version, tests it, and moves the alias, at once or in steps. What
/// fails after the first change leads back to what was read, and that is verified. A deployment that broke off is
/// finished by running it again, and undone by `lambark rollback`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  lambark deploy backend --tag v42
  lambark deploy backend --tag v42 --plan
  lambark deploy --function app --image 123456789012.dkr.ecr.us-east-1.amazonaws.com/app:v42 --alias live
  lambark deploy --function app --image 123456789012.dkr.ecr.us-east-1.amazonaws.com/app:v42 --alias live --canary 10 --wait 5m
  lambark deploy --function new --image 123456789012.dkr.ecr.us-east-1.amazonaws.com/app:v42 --create --role arn:aws:iam::123456789012:role/app")]
pub(super) struct Arguments {
    #[command(flatten)]
    target: Target,
    /// The image: HOST/REPOSITORY:TAG or @DIGEST
    #[arg(long, value_name = "IMAGE", required_unless_present = "service")]
    image: Option<String>,
    /// The tag in the service's repository
    #[arg(long, value_name = "TAG", conflicts_with = "image")]
    tag: Option<String>,
    /// Mend what Lambda would refuse, where the image lies
    #[arg(long)]
    fix: bool,
    /// The architecture of a function that is made: x86_64 or arm64
    #[arg(long, value_name = "ARCH")]
    arch: Option<Architecture>,
    #[command(flatten)]
    deploy: DeployFlags,
    /// From which severity on a finding stops the deployment; `error` if nothing is said
    #[arg(long, value_name = "SEVERITY")]
    fail_on: Option<FailOnWord>,
    /// Print the calls and make none that changes anything
    #[arg(long)]
    plan: bool,
    /// How to report
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,
    #[command(flatten)]
    ledger: LedgerFlags,
}

pub(super) fn run(arguments: Arguments, context: &Context) -> Result<u8, Failure> {
    let config = context.config()?;
    let service = arguments.target.service(&config)?;
    let function = arguments.target.function(service.as_ref())?;
    let image = match (arguments.image, &service) {
        (Some(image), _) => image,
        (None, Some(service)) => {
            let tag = arguments.tag.as_deref().unwrap_or(lambark_oci::reference::DEFAULT_TAG);
            format!("{}:{tag}", service.repository(&context.aws)?)
        }
        (None, None) => return Err(Failure::Arguments("give --image".to_owned())),
    };
    let probes = service.as_ref().map(|service| service.probes(&lookup)).transpose()?.unwrap_or_default();
    let architecture = arguments.arch.or_else(|| service.as_ref().and_then(|service| service.config.architecture));
    let deployer = Deployer::new(context, &function, Some(&image), arguments.deploy.settle_limit)?;
    let mut journal = if arguments.plan { None } else { Some(deployer.journal(&arguments.ledger)?) };
    let settings = deploy::Settings {
        service: arguments.target.service.clone(),
        image: Demands {
            image,
            asked: asked(None, &config),
            fail_on: arguments.fail_on.or(config.policy.fail_on).map(Into::into).unwrap_or_default(),
            fix: arguments.fix,
            known: None,
            cache: context.cache_dir(),
            state: context.state_dir()?,
        },
        alias: arguments.target.alias(service.as_ref()),
        shift: arguments.deploy.shift(),
        probes,
        create: arguments.deploy.create(architecture),
        plan_only: arguments.plan,
        without_way_back: arguments.deploy.without_way_back,
        until: Until::Traffic,
        origin: journal.as_ref().map(Journal::origin).unwrap_or_default(),
        function,
    };
    let text = matches!(arguments.format, Format::Text);
    let outcome = deployer.deploy(&settings, journal.as_mut(), text)?;
    let head = journal.as_ref().and_then(Journal::head);
    output::print(|out| match arguments.format {
        Format::Text => {
            render::deploy::end(out, &outcome, context.page())?;
            render::record::head(out, head, context.page())
        }
        Format::Json => render::json::deploy(out, &outcome, head),
    })?;
    Ok(outcome.exit_code())
}
