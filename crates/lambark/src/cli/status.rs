//! `lambark status`

use std::time::{Duration, Instant};

use clap::Args;

use super::context::{Context, Format, asked};
use super::deployment::{Deployer, Target};
use super::output;
use crate::failure::Failure;
use crate::operations::status;
use crate::render;

/// Tell what a function runs, and whether that will go on
///
/// State and reasons in AWS's words and what they mean; the alias and its shares; whether the image can still be pulled
/// and what the rules say of it; the last versions and what lambark wrote into them; what a deployment that broke off
/// left behind, and how it is finished or undone. With --watch it ends with 0 when all is well and with 1 when something
/// is left that goes on by nobody.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  lambark status backend
  lambark status --function app --alias live --watch
  lambark status --function app --alias live --watch --still 1h
  lambark status --function app --format json")]
pub(super) struct Arguments {
    #[command(flatten)]
    target: Target,
    /// Look again until nothing is under way any more, and tell every change
    #[arg(long)]
    watch: bool,
    /// With --watch: a share of the traffic that has not changed for so long was left by a canary that broke off
    #[arg(long, value_name = "TIME", default_value = "15m", value_parser = humantime::parse_duration, requires = "watch")]
    still: Duration,
    /// How to report
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,
}

/// A watched function is looked at for as long as somebody watches.
const NO_LIMIT: Duration = Duration::from_secs(24 * 3600);

pub(super) fn run(arguments: &Arguments, context: &Context) -> Result<u8, Failure> {
    let config = context.config()?;
    let service = arguments.target.service(&config)?;
    let settings = status::Settings {
        function: arguments.target.function(service.as_ref())?,
        alias: arguments.target.alias(service.as_ref()),
        asked: asked(None, &config),
    };
    let deployer = Deployer::new(context, &settings.function, None, NO_LIMIT)?;
    let (mut last, mut since) = (String::new(), Instant::now());
    loop {
        let outcome = status::run(&settings, &deployer.world)?;
        let mut told = Vec::new();
        match arguments.format {
            Format::Text => render::status::outcome(&mut told, &outcome, context.page()),
            Format::Json => render::json::status(&mut told, &outcome),
        }
        .map_err(|source| Failure::Output { path: "standard output".into(), source })?;
        let told = String::from_utf8_lossy(&told).into_owned();
        if told != last {
            output::print(|out| write!(out, "{told}"))?;
            (last, since) = (told, Instant::now());
        }
        let left_behind = outcome.is_shared() && since.elapsed() >= arguments.still;
        if arguments.watch && left_behind && !outcome.is_settling() {
            let page = context.page();
            render::status::left_behind(&mut anstream::stderr().lock(), arguments.still, page)
                .map_err(|source| Failure::Output { path: "standard error".into(), source })?;
            return Ok(outcome.exit_code());
        }
        if !arguments.watch || !(outcome.is_settling() || outcome.is_shared()) {
            return Ok(outcome.exit_code());
        }
        std::thread::sleep(deployer.world.patience.most);
    }
}
