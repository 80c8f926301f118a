//! What `deploy`, `rollback`, `status` and `ship` need of the command line.

use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use lambark_oci::{Architecture, Reference};

use super::context::Context;
use super::ledger::LedgerFlags;
use super::output;
use crate::config::Config;
use crate::failure::Failure;
use crate::operations::deploy::{self, Create, Outcome, Tools};
use crate::operations::deployment::probe::Probe;
use crate::operations::deployment::probe::url::Sender;
use crate::operations::deployment::shift::Shift;
use crate::operations::deployment::{Journal, Patience, World};
use crate::operations::service::Service;
use crate::render;

/// Which function, by its service or by its name.
#[derive(Debug, Args)]
pub(super) struct Target {
    /// The service of lambark.toml
    #[arg(value_name = "SERVICE", required_unless_present = "function")]
    pub(super) service: Option<String>,
    /// The function, by name or ARN, in place of a service's
    #[arg(long, value_name = "FUNCTION", required_unless_present = "service")]
    function: Option<String>,
    /// The alias that gets the traffic; without one $LATEST has it
    #[arg(long, value_name = "ALIAS")]
    alias: Option<String>,
}

impl Target {
    /// The service, if one was named.
    pub(super) fn service<'a>(&'a self, config: &'a Config) -> Result<Option<Service<'a>>, Failure> {
        self.service.as_deref().map(|name| Service::named(config, name)).transpose()
    }

    /// The function: the one that was named, or else the service's.
    pub(super) fn function(&self, service: Option<&Service<'_>>) -> Result<String, Failure> {
        match (&self.function, service) {
            (Some(function), _) => Ok(function.clone()),
            (None, Some(service)) => Ok(service.function()?.to_owned()),
            (None, None) => Err(Failure::Arguments("name a service, or give --function".to_owned())),
        }
    }

    /// The alias: the one that was named, or else the service's.
    pub(super) fn alias(&self, service: Option<&Service<'_>>) -> Option<String> {
        self.alias.clone().or_else(|| service?.config.alias.clone())
    }
}

/// How to deploy; flags of `deploy` and `ship`.
#[derive(Debug, Args)]
pub(super) struct DeployFlags {
    /// Give the new version this share of the traffic in percent first; several in a row: 10,50
    #[arg(long, value_name = "PERCENT", value_delimiter = ',', value_parser = percents)]
    canary: Vec<u8>,
    /// How long each share of a canary stays
    #[arg(long, value_name = "TIME", default_value = "5m", value_parser = humantime::parse_duration)]
    wait: Duration,
    /// Make the function if it is not there
    #[arg(long, requires = "role")]
    create: bool,
    /// The execution role's ARN of a function that is made
    #[arg(long, value_name = "ARN", requires = "create")]
    role: Option<String>,
    /// Deploy though what runs now could not be brought back
    #[arg(long)]
    pub(super) without_way_back: bool,
    /// How long a creation, an update or a version may take
    #[arg(long, value_name = "TIME", default_value = "5m", value_parser = humantime::parse_duration)]
    pub(super) settle_limit: Duration,
}

impl DeployFlags {
    /// How the traffic moves.
    pub(super) fn shift(&self) -> Shift {
        Shift { percents: self.canary.clone(), wait: self.wait }
    }

    /// How to make a function that is not there.
    pub(super) fn create(&self, architecture: Option<Architecture>) -> Option<Create> {
        let architecture = architecture.unwrap_or(Architecture::X86_64);
        self.role.clone().map(|role| Create { role, architecture, memory: None, timeout: None })
    }
}

/// Looks a secret of a test up.
pub(super) fn lookup(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// Reads a share of the traffic.
pub(super) fn percents(text: &str) -> Result<u8, String> {
    match text.trim_end_matches('%').parse::<u8>() {
        Ok(percent) if (1..100).contains(&percent) => Ok(percent),
        _ => Err("a share is a whole number of percent from 1 to 99".to_owned()),
    }
}

/// The way to one function.
pub(super) struct Deployer<'a> {
    context: &'a Context,
    pub(super) world: World<'a>,
}

impl<'a> Deployer<'a> {
    /// Lambda in the Region of a function's ARN, or else in the one that is set, or else in that of the image: Lambda
    /// takes images of its own Region only.
    pub(super) fn new(
        context: &'a Context,
        function: &str,
        image: Option<&str>,
        limit: Duration,
    ) -> Result<Deployer<'a>, Failure> {
        let of_function = function.strip_prefix("arn:").and_then(|arn| arn.split(':').nth(2)).map(str::to_owned);
        let of_image = || Some(image?.parse::<Reference>().ok()?.ecr()?.region);
        let region = match of_function.filter(|region| !region.is_empty()) {
            Some(region) => Some(region),
            None if matches!(context.aws.region(), Err(lambark_aws::Error::NoRegion)) => of_image(),
            None => None,
        };
        let lambda = context.aws.lambda(region.as_deref())?;
        let near = context.aws.ecr_endpoint()?.is_some_and(|endpoint| is_here(&endpoint));
        let patience = if near { Patience::near() } else { Patience::default() };
        let patience = Patience { limit, ..patience };
        let (access, progress) = (&context.access, &context.progress);
        let world = World { lambda: Arc::clone(&lambda), access, progress, patience, knowledge: context.knowledge() };
        Ok(Deployer { context, world })
    }

    /// The ledger, with the caller's ARN if AWS tells it: that is nobody's own word.
    pub(super) fn journal(&self, flags: &LedgerFlags) -> Result<Journal, Failure> {
        let settings = flags.settings(self.context)?;
        let arn = self.context.aws.sts(None).and_then(|sts| sts.caller()).ok().map(|caller| caller.arn);
        Ok(Journal::open(settings, arn)?)
    }

    /// What sends the requests of tests, if there are any.
    pub(super) fn sender(&self, probes: &[Probe]) -> Result<Option<Sender>, Failure> {
        let any = probes.iter().any(|probe| !probe.is_event());
        if any { Sender::new(&self.context.registry_options()?).map(Some) } else { Ok(None) }
    }

    /// Deploys, and tells each step while it happens if somebody reads along.
    pub(super) fn deploy(
        &self,
        settings: &deploy::Settings,
        journal: Option<&mut Journal>,
        text: bool,
    ) -> Result<Outcome, Failure> {
        let sender = self.sender(&settings.probes)?;
        let mut printed = Ok(());
        let tools = Tools { sender: sender.as_ref(), journal };
        let outcome = deploy::run(settings, &self.world, tools, &mut |step| {
            if text && printed.is_ok() {
                printed = output::print(|out| render::deploy::step(out, step, self.context.page()));
            }
        })?;
        printed?;
        Ok(outcome)
    }
}

/// Whether an endpoint is on this machine: `lambark emulate`, whose quota nobody shares.
fn is_here(url: &str) -> bool {
    let authority = url.split_once("://").map_or(url, |(_, rest)| rest).split('/').next().unwrap_or_default();
    let host = authority.rsplit_once(':').map_or(authority, |(host, _)| host).trim_matches(['[', ']']);
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}
