//! From stored bytes to the plain tar.

mod gzip;
mod input;
mod zstd;

use std::io::{self, Read};

use lambark_oci::Compression;
use lambark_rules::facts::Actual;

use crate::Flaw;
use gzip::Gzip;
use input::Input;
use zstd::Zstd;

/// The plain bytes behind a layer's stored bytes; made by [`decode`].
///
/// A defect of the stored bytes is an [`io::Error`] with a [`Flaw`] inside; any other error is the source's own. After
/// a flaw every further read gives the same one.
pub struct Decoded<R> {
    input: Input<R>,
    codec: Codec,
    flaw: Option<Flaw>,
}

enum Codec {
    Gzip(Box<Gzip>),
    Zstd(Zstd),
    Plain,
    None,
}

/// Unpacks `reader`, which holds what [`sniff`](crate::sniff()) said. It reads ahead in chunks.
///
/// gzip may have several members and zstd several frames, skippable ones too; anything else behind them is corrupt.
/// Of [`Actual::Empty`] and [`Actual::Other`] nothing can be read: the first read is a [`Flaw`].
pub fn decode<R: Read>(reader: R, actual: Actual) -> Decoded<R> {
    let mut flaw = None;
    let codec = match actual {
        Actual::Tar(Compression::Gzip) => Codec::Gzip(Box::new(Gzip::new())),
        Actual::Tar(Compression::Zstd) => Zstd::new().map_or_else(
            |error| {
                flaw = Some(Flaw::Stopped(error.to_string()));
                Codec::None
            },
            Codec::Zstd,
        ),
        Actual::Tar(Compression::None) => Codec::Plain,
        Actual::Empty => {
            flaw = Some(Flaw::Truncated("it has no bytes at all".to_owned()));
            Codec::None
        }
        Actual::Other(_) => {
            flaw = Some(Flaw::Corrupt(format!("neither gzip nor zstd nor a tar, but {actual}")));
            Codec::None
        }
    };
    Decoded { input: Input::new(reader), codec, flaw }
}

impl<R> Decoded<R> {
    /// How many gzip members have been begun; 0 for anything else. Whether Lambda reads past the first is not known.
    #[must_use]
    pub fn gzip_members(&self) -> u64 {
        if let Codec::Gzip(gzip) = &self.codec { gzip.members() } else { 0 }
    }

    /// The reader. What was read ahead and not yet unpacked is lost.
    pub fn into_inner(self) -> R {
        self.input.into_inner()
    }
}

impl<R: Read> Read for Decoded<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if let Some(flaw) = &self.flaw {
            return Err(flaw.clone().into());
        }
        if out.is_empty() {
            return Ok(0);
        }
        let read = match &mut self.codec {
            Codec::Gzip(gzip) => gzip.read(&mut self.input, out),
            Codec::Zstd(zstd) => zstd.read(&mut self.input, out),
            Codec::Plain => self.input.read(out),
            Codec::None => Ok(0),
        };
        if let Err(error) = &read {
            self.flaw = Flaw::of(error).cloned();
        }
        read
    }
}

impl<R> std::fmt::Debug for Decoded<R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Decoded").field("flaw", &self.flaw).finish_non_exhaustive()
    }
}
