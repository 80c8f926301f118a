//! `lambark emulate`

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use lambark_twin::control::NoteSink;
use lambark_twin::{Settings, Twin};

use super::aws::account;
use super::context::{Context, Format};
use super::invoke::{Running, sandboxes};
use super::{interrupt, output};
use crate::failure::Failure;
use crate::render;

/// A twin of ECR and Lambda on this machine, which rejects what AWS rejects
///
/// One port, one content store: the registry, ECR's API, Lambda's API for image functions, STS. Give its address to any
/// client as AWS_ENDPOINT_URL, with any credentials. It runs until it is interrupted; with --data it remembers.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  lambark emulate
  lambark emulate --listen 127.0.0.1:0 --format json
  lambark emulate --data twin --settle 0s --pessimistic")]
pub(super) struct Arguments {
    /// Where to listen; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:4510")]
    listen: SocketAddr,
    /// Consent to an address that others on the network can reach: the twin asks nobody who they are
    #[arg(long)]
    allow_remote: bool,
    /// Keep everything here across restarts, instead of in memory
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// The account of whoever calls
    #[arg(long, value_name = "ACCOUNT", default_value = "123456789012", value_parser = account)]
    account: String,
    #[command(flatten)]
    running: Running,
    /// The Region of a caller whose request names none
    #[arg(long, value_name = "REGION", default_value = "us-east-1")]
    region: String,
    /// How long a new function is Pending and an update InProgress, for instance 500ms
    #[arg(long, value_name = "TIME", default_value = "3s", value_parser = humantime::parse_duration)]
    settle: Duration,
    /// Refuse what nobody has established, instead of accepting it with a note
    #[arg(long)]
    pessimistic: bool,
    /// What decides between the versions of a weighted alias; the same seed gives the same sequence
    #[arg(long, value_name = "NUMBER", default_value_t = 0)]
    seed: u64,
    /// How to tell the address
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,
}

impl Arguments {
    fn settings(&self, context: &Context) -> Settings {
        let progress = Arc::clone(&context.progress);
        Settings {
            listen: self.listen,
            allow_remote: self.allow_remote,
            data: self.data.clone(),
            account: self.account.clone(),
            region: self.region.clone(),
            settle: self.settle,
            pessimistic: self.pessimistic,
            seed: self.seed,
            notes: Some(NoteSink::new(move |note| progress.step(note))),
            invoker: Some(sandboxes(&self.running, context)),
        }
    }
}

pub(super) fn run(arguments: &Arguments, context: &Context) -> Result<u8, Failure> {
    let settings = arguments.settings(context);
    let twin = Twin::start(settings.clone())?;
    output::print(|out| match arguments.format {
        Format::Text => render::emulate::ready(out, &twin.url(), &settings, context.page()),
        Format::Json => render::json::emulate(out, &twin.url(), &settings),
    })?;
    interrupt::wait();
    drop(twin);
    Ok(crate::exit::FINE)
}
