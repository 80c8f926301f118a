//! `lambark cache`

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::context::{Context, Format};
use super::output;
use crate::exit;
use crate::failure::Failure;
use crate::operations::cache::{self, Places};
use crate::render;
use crate::words;

/// Show or clear what lambark keeps of images that were run, built or looked at
///
/// For a run, layers are unpacked once and kept by their digest, so that the next run of the same or a similar image
/// starts at once. For a build, what the builder wrote last is kept, so that it sends only what changed. Of a layer that was
/// read to its end the list of its files is kept, so that it is not read again. What was not used for the longest time
/// goes first.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  lambark cache list
  lambark cache prune --keep 2GB")]
pub(super) struct Arguments {
    #[command(subcommand)]
    what: What,
    /// How to report
    #[arg(long, global = true, value_name = "FORMAT", default_value = "text")]
    format: Format,
}

#[derive(Debug, Subcommand)]
enum What {
    /// List what is kept
    List,
    /// Remove what no run and no build uses right now
    Prune {
        /// How much may stay, for instance 500MB or 2GB
        #[arg(long, value_name = "SIZE", default_value = "0", value_parser = size)]
        keep: u64,
    },
}

/// The room for unpacked layers if nothing is said, in bytes: a few large images, on a runner's disk too.
pub(super) const DEFAULT_BYTES: u64 = 20_000_000_000;

/// Where unpacked layers are kept, and how many.
#[derive(Debug, Args)]
pub(super) struct CacheSize {
    /// How much room unpacked layers may take in the cache, for instance 500MB or 20GB
    #[arg(long, value_name = "SIZE", default_value = "20GB", value_parser = size)]
    cache_size: u64,
}

impl CacheSize {
    /// The room, in bytes.
    pub(super) fn bytes(&self) -> u64 {
        self.cache_size
    }
}

/// The directory of unpacked layers.
pub(super) fn layers(context: &Context) -> Result<PathBuf, Failure> {
    context.layers_dir().ok_or_else(|| {
        Failure::Arguments("there is no home directory to unpack the image in: give --cache-dir".to_owned())
    })
}

fn size(text: &str) -> Result<u64, String> {
    words::parse_bytes(text).ok_or_else(|| "a size is a number with B, kB, MB or GB, for instance 500MB".to_owned())
}

pub(super) fn run(arguments: &Arguments, context: &Context) -> Result<u8, Failure> {
    let layers = layers(context)?;
    let places = Places { cache: context.cache_dir().unwrap_or_else(|| layers.clone()), layers };
    match arguments.what {
        What::List => {
            let listing = cache::list(&places)?;
            output::print(|out| match arguments.format {
                Format::Text => render::cache::list(out, &listing),
                Format::Json => render::json::cache_list(out, &listing),
            })?;
        }
        What::Prune { keep } => {
            let pruned = cache::prune(&places, keep)?;
            output::print(|out| match arguments.format {
                Format::Text => render::cache::pruned(out, &pruned),
                Format::Json => render::json::cache_pruned(out, &pruned),
            })?;
        }
    }
    Ok(exit::FINE)
}
