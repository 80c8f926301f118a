//! Zstandard, frame after frame (RFC 8878).

use std::io::{self, Read};

use zstd::zstd_safe::{DCtx, DParameter, InBuffer, OutBuffer, get_error_name};

use super::input::Input;
use crate::Flaw;
use crate::limits::MAX_ZSTD_WINDOW_LOG;

pub(super) struct Zstd {
    context: DCtx<'static>,
    /// Whether the last frame is finished, so that the bytes may end here.
    between_frames: bool,
}

impl Zstd {
    /// # Errors
    /// When there is no memory for it.
    pub(super) fn new() -> io::Result<Zstd> {
        let mut context = DCtx::try_create().ok_or(io::ErrorKind::OutOfMemory)?;
        context
            .set_parameter(DParameter::WindowLogMax(MAX_ZSTD_WINDOW_LOG))
            .map_err(|code| io::Error::other(get_error_name(code)))?;
        Ok(Zstd { context, between_frames: false })
    }

    pub(super) fn read<R: Read>(&mut self, input: &mut Input<R>, out: &mut [u8]) -> io::Result<usize> {
        loop {
            let waiting = input.fill()?;
            let at_end = waiting.is_empty();
            if at_end && self.between_frames {
                return Ok(0);
            }
            let mut from = InBuffer::around(waiting);
            let mut to = OutBuffer::around(&mut *out);
            let hint = self.context.decompress_stream(&mut to, &mut from).map_err(flaw)?;
            let (consumed, written) = (from.pos(), to.pos());
            input.consume(consumed);
            self.between_frames = hint == 0;
            if written > 0 {
                return Ok(written);
            }
            if at_end && !self.between_frames {
                return Err(Flaw::Truncated("the zstd data stops inside a frame".to_owned()).into());
            }
        }
    }
}

fn flaw(code: usize) -> io::Error {
    let name = get_error_name(code);
    // The library's name for a window above the limit; its numbers are not public here.
    if name.contains("too much memory") {
        let window = 1_u64 << MAX_ZSTD_WINDOW_LOG;
        return Flaw::Stopped(format!("the zstd data needs a window of more than {window} bytes")).into();
    }
    Flaw::Corrupt(format!("the zstd data is corrupt: {}", name.to_lowercase())).into()
}
