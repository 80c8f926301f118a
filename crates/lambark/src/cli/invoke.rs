//! What verbs share that run functions: the event, and the sandboxes of the twin.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use clap::Args;
use lambark_sandbox::fault::MAX_EVENT_BYTES;
use lambark_twin::Invoke;

use super::context::Context;
use crate::failure::Failure;
use crate::operations::run::place::{Maker, Means};

/// Reads the event; `{}` if there is no file. One byte more than Lambda takes is enough to know that it is too large.
pub(super) fn event(path: Option<&Path>) -> Result<Bytes, Failure> {
    let Some(path) = path else { return Ok(Bytes::from_static(b"{}")) };
    let limit = MAX_EVENT_BYTES as u64 + 1;
    let mut event = Vec::new();
    let read = if path == Path::new("-") {
        std::io::stdin().lock().take(limit).read_to_end(&mut event)
    } else {
        std::fs::File::open(path).and_then(|file| file.take(limit).read_to_end(&mut event))
    };
    read.map_err(|error| Failure::Arguments(format!("cannot read the event {}: {error}", path.display())))?;
    Ok(event.into())
}

/// Flags of verbs that run functions.
#[derive(Debug, Args)]
pub(super) struct Running {
    /// The lambark for Linux that runs in a container engine's containers
    ///
    /// It must need no libraries. If nothing is said it is this program on Linux, and elsewhere lambark-linux-amd64 or
    /// lambark-linux-arm64, beside this program or in ../libexec.
    #[arg(long, value_name = "FILE")]
    companion: Option<PathBuf>,
}

/// What runs the twin's functions.
pub(super) fn sandboxes(running: &Running, context: &Context) -> Arc<dyn Invoke> {
    Arc::new(crate::operations::invoker::Sandboxes::new(means(running, context)))
}

/// What sandboxes are made with, unless flags of one verb say otherwise.
pub(super) fn means(running: &Running, context: &Context) -> Means {
    Means {
        maker: Maker::default(),
        cache: context.layers_dir(),
        cache_bytes: super::cache::DEFAULT_BYTES,
        companion: running.companion.clone(),
    }
}
