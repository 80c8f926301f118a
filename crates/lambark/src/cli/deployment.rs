//! What `deploy`, `rollback`, `status` and `ship` need of the command line.

use std::sync::Arc;
use std::time::Duration;

use super::context::Context;
use super::output;
use crate::failure::Failure;
use crate::operations::deploy::{self, Outcome, Tools};
use crate::operations::deployment::probe::url::Sender;
use crate::operations::deployment::{Patience, World};
use crate::render;

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
    /// Lambda in the Region of a function's ARN, or else in the one that is set.
    pub(super) fn new(context: &'a Context, function: &str, limit: Duration) -> Result<Deployer<'a>, Failure> {
        let region = function.strip_prefix("arn:").and_then(|arn| arn.split(':').nth(2));
        let lambda = context.aws.lambda(region.filter(|region| !region.is_empty()))?;
        let near = context.aws.ecr_endpoint()?.is_some_and(|endpoint| is_here(&endpoint));
        let patience = if near { Patience::near() } else { Patience::default() };
        let patience = Patience { limit, ..patience };
        let (access, progress) = (&context.access, &context.progress);
        let world = World { lambda: Arc::clone(&lambda), access, progress, patience, knowledge: context.knowledge() };
        Ok(Deployer { context, world })
    }

    /// Deploys, and tells each step while it happens if somebody reads along.
    pub(super) fn deploy(&self, settings: &deploy::Settings, text: bool) -> Result<Outcome, Failure> {
        let requests = settings.probes.iter().any(|probe| !probe.is_event());
        let sender = if requests { Some(Sender::new(&self.context.registry_options()?)?) } else { None };
        let mut printed = Ok(());
        let tools = Tools { sender: sender.as_ref() };
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
