//! `lambark deploy`

use std::time::Duration;

use clap::Args;
use lambark_oci::Architecture;

use super::context::{Context, Format, asked};
use super::deployment::{Deployer, Target, lookup, percents};
use super::ledger::LedgerFlags;
use super::output;
use crate::config::FailOnWord;
use crate::failure::Failure;
use crate::operations::deploy::{self, Create, Until};
use crate::operations::deployment::Journal;
use crate::operations::deployment::image::Demands;
use crate::operations::deployment::shift::Shift;
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
    /// Give the new version this share of the traffic in percent first; several in a row: 10,50
    #[arg(long, value_name = "PERCENT", value_delimiter = ',', value_parser = percents)]
    canary: Vec<u8>,
    /// How long each share of a canary stays
    #[arg(long, value_name = "TIME", default_value = "5m", value_parser = humantime::parse_duration, requires = "canary")]
    wait: Duration,
    /// Mend what Lambda would refuse, where the image lies
    #[arg(long)]
    fix: bool,
    /// Make the function if it is not there
    #[arg(long, requires = "role")]
    create: bool,
    /// The execution role's ARN of a function that is made
    #[arg(long, value_name = "ARN", requires = "create")]
    role: Option<String>,
    /// The architecture of a function that is made: x86_64 or arm64
    #[arg(long, value_name = "ARCH")]
    arch: Option<Architecture>,
    /// Deploy though what runs now could not be brought back
    #[arg(long)]
    without_way_back: bool,
    /// From which severity on a finding stops the deployment; `error` if nothing is said
    #[arg(long, value_name = "SEVERITY")]
    fail_on: Option<FailOnWord>,
    /// How long a creation, an update or a version may take
    #[arg(long, value_name = "TIME", default_value = "5m", value_parser = humantime::parse_duration)]
    settle_limit: Duration,
    /// Print the calls and make none that changes anything
    #[arg(long)]
    plan: bool,
    #[command(flatten)]
    ledger: LedgerFlags,
    /// How to report
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,
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
    let deployer = Deployer::new(context, &function, arguments.settle_limit)?;
    let mut journal = if arguments.plan { None } else { Some(deployer.journal(&arguments.ledger)?) };
    let settings = deploy::Settings {
        service: arguments.target.service.clone(),
        image: Demands {
            image,
            asked: asked(None, &config),
            fail_on: arguments.fail_on.or(config.policy.fail_on).map(Into::into).unwrap_or_default(),
            fix: arguments.fix,
            looked: None,
            cache: context.cache_dir(),
            state: context.state_dir()?,
        },
        alias: arguments.target.alias(service.as_ref()),
        shift: Shift { percents: arguments.canary, wait: arguments.wait },
        probes,
        create: arguments.role.map(|role| Create {
            role,
            architecture: architecture.unwrap_or(Architecture::X86_64),
            memory: None,
            timeout: None,
        }),
        plan_only: arguments.plan,
        without_way_back: arguments.without_way_back,
        until: Until::Traffic,
        origin: journal.as_ref().map(Journal::origin).unwrap_or_default(),
        function,
    };
    let text = matches!(arguments.format, Format::Text);
    let outcome = deployer.deploy(&settings, journal.as_mut(), text)?;
    output::print(|out| match arguments.format {
        Format::Text => render::deploy::end(out, &outcome, context.page()),
        Format::Json => render::json::deploy(out, &outcome),
    })?;
    Ok(outcome.exit_code())
}
