//! `lambark run`

use std::io::{IsTerminal, Write};
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};
use lambark_sandbox::Network;
use lambark_sandbox::function::LogSink;

use super::cache::CacheSize;
use super::context::{Context, Format};
use super::invoke::{Running, event, means};
use super::output;
use crate::failure::Failure;
use crate::operations::run;
use crate::operations::run::place::{Maker, Means};
use crate::render;
use crate::render::run::LogText;

/// Run an image's function as Lambda would, without Docker
///
/// Starts the function in a sandbox on this machine, with Lambda's APIs, variables and limits, and invokes it. The log
/// goes to standard error as it comes, with the START, END and REPORT lines of Lambda; the response goes to standard
/// output.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  lambark run 123456789012.dkr.ecr.us-east-1.amazonaws.com/app:v1
  lambark run oci-archive:image.tar --event event.json --env STAGE=test --memory 512 --timeout 30
  lambark run oci:build/image --count 10 --format json")]
pub(super) struct Arguments {
    /// The image: HOST/REPOSITORY:TAG, oci:DIR, oci-archive:FILE, docker-archive:FILE, or a path
    #[arg(value_name = "IMAGE")]
    image: String,
    /// The event, a JSON file; `-` reads standard input; `{}` if nothing is said
    #[arg(long, value_name = "FILE")]
    event: Option<PathBuf>,
    /// Set a variable of the function, or pass on one of this shell; may be given more than once
    #[arg(long, value_name = "NAME[=VALUE]", value_parser = variable)]
    env: Vec<Option<(String, String)>>,
    /// The function's timeout in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 3, value_parser = clap::value_parser!(u64).range(1..=900))]
    timeout: u64,
    /// The function's memory in MB
    #[arg(long, value_name = "MB", default_value_t = 128, value_parser = clap::value_parser!(u32).range(128..=10_240))]
    memory: u32,
    /// The size of /tmp in MB
    #[arg(long, value_name = "MB", default_value_t = 512, value_parser = clap::value_parser!(u32).range(512..=10_240))]
    tmp: u32,
    /// How often to invoke it, once if not said; in JSON the invocations are then a list, however many there are
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    count: Option<u32>,
    /// The handler, in place of the image's CMD
    #[arg(long, value_name = "HANDLER")]
    handler: Option<String>,
    /// What the function reaches
    #[arg(long, value_name = "NETWORK", default_value = "none")]
    network: NetworkWord,
    /// Who makes the sandbox
    #[arg(long, value_name = "MAKER", default_value = "auto")]
    sandbox: MakerWord,
    #[command(flatten)]
    running: Running,
    #[command(flatten)]
    cache_size: CacheSize,
    /// How to report
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,
}

/// `--network`.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum NetworkWord {
    /// Nothing but itself
    None,
    /// What this machine reaches
    Host,
}

/// `--sandbox`.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum MakerWord {
    /// lambark itself; docker, podman or finch where the kernel does not let it, or is no Linux
    Auto,
    /// lambark itself
    Native,
    /// The first of docker, podman and finch that answers; the last eight images stay there, as localhost/lambark-run
    Engine,
}

/// `NAME=VALUE`, or `NAME` for the variable of this process, if it has it.
fn variable(text: &str) -> Result<Option<(String, String)>, String> {
    let pair = match text.split_once('=') {
        Some((name, value)) => Some((name.to_owned(), value.to_owned())),
        None => std::env::var(text).ok().map(|value| (text.to_owned(), value)),
    };
    let name = pair.as_ref().map_or(text, |(name, _)| name);
    if name.is_empty() || text.contains('\0') {
        return Err("a variable needs a name: NAME=VALUE".to_owned());
    }
    Ok(pair)
}

pub(super) fn run(arguments: Arguments, context: &Context) -> Result<u8, Failure> {
    let settings = run::Settings {
        image: arguments.image,
        event: event(arguments.event.as_deref())?,
        env: arguments.env.into_iter().flatten().collect(),
        timeout: Duration::from_secs(arguments.timeout),
        memory_mb: arguments.memory,
        tmp_mb: arguments.tmp,
        count: arguments.count.unwrap_or(1),
        handler: arguments.handler,
        network: match arguments.network {
            NetworkWord::None => Network::None,
            NetworkWord::Host => Network::Host,
        },
        means: Means {
            maker: match arguments.sandbox {
                MakerWord::Auto => Maker::Auto,
                MakerWord::Native => Maker::Native,
                MakerWord::Engine => Maker::Engine,
            },
            cache_bytes: arguments.cache_size.bytes(),
            ..means(&arguments.running, context)
        },
    };
    let text = matches!(arguments.format, Format::Text);
    let outcome = run::run(&settings, &context.access, &*context.progress, to_stderr(), |invocation| {
        if text { output::print(|out| render::run::response(out, invocation)) } else { Ok(()) }
    })?;
    match arguments.format {
        Format::Json => output::print(|out| render::json::run(out, &outcome, arguments.count.is_some()))?,
        Format::Text => {
            let mut stderr = anstream::stderr().lock();
            // What cannot be told on standard error has been told by the exit code.
            let _ = render::run::explanation(&mut stderr, &outcome, output::columns_of_stderr());
        }
    }
    Ok(outcome.exit_code())
}

/// The function's log, on standard error. A terminal gets no escapes of the function's.
fn to_stderr() -> LogSink {
    let mut text = LogText::default();
    let terminal = std::io::stderr().is_terminal();
    Box::new(move |bytes| {
        let mut stderr = std::io::stderr().lock();
        // A log that nobody reads is no reason to stop.
        let _ = if terminal { stderr.write_all(text.shown(bytes).as_bytes()) } else { stderr.write_all(bytes) };
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables() {
        let pair = |name: &str, value: &str| Ok(Some((name.to_owned(), value.to_owned())));
        assert_eq!(variable("A=b=c"), pair("A", "b=c"));
        assert_eq!(variable("A="), pair("A", ""));
        assert_eq!(variable("LAMBARK_TEST_UNSET_VARIABLE"), Ok(None));
        assert!(variable("=b").is_err());
        assert!(variable("").is_err());
    }
}
