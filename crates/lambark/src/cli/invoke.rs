//! What verbs share that run functions: the event, and the sandboxes of the twin.

use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use lambark_sandbox::fault::MAX_EVENT_BYTES;
use lambark_twin::Invoke;

use super::context::Context;
use crate::failure::Failure;

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

/// What runs the twin's functions; `None` where this machine has no sandboxes, or no place to unpack an image in.
#[cfg(target_os = "linux")]
pub(super) fn sandboxes(context: &Context) -> Option<Arc<dyn Invoke>> {
    let cache = super::cache::layers(context).ok()?;
    Some(Arc::new(crate::operations::invoker::Sandboxes::new(cache, super::cache::DEFAULT_BYTES)))
}

/// What runs the twin's functions: nothing does here.
#[cfg(not(target_os = "linux"))]
pub(super) fn sandboxes(_: &Context) -> Option<Arc<dyn Invoke>> {
    None
}
