//! `lambark resolve`

use clap::Args;
use lambark_oci::Architecture;

use super::context::{Context, Format, asked};
use super::output;
use crate::exit;
use crate::failure::Failure;
use crate::operations::resolve;
use crate::render;

/// Print the reference to deploy: the image manifest by its digest
///
/// For an index, that is the image inside which fits the function's architecture. Nothing is written anywhere.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  lambark resolve 123456789012.dkr.ecr.us-east-1.amazonaws.com/app:v1
  lambark resolve 123456789012.dkr.ecr.us-east-1.amazonaws.com/app:v1 --arch arm64")]
pub(super) struct Arguments {
    /// The image: HOST/REPOSITORY:TAG, oci:DIR, oci-archive:FILE, docker-archive:FILE, or a path
    #[arg(value_name = "IMAGE")]
    image: String,
    /// The function's architecture: x86_64 or arm64; needed where the index holds several images
    #[arg(long, value_name = "ARCH")]
    arch: Option<Architecture>,
    /// How to print it
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,
}

pub(super) fn run(arguments: Arguments, context: &Context) -> Result<u8, Failure> {
    let config = context.config()?;
    let settings = resolve::Settings { image: arguments.image, asked: asked(arguments.arch, &config) };
    let outcome = resolve::run(&settings, &context.access, &*context.progress)?;
    output::print(|out| match arguments.format {
        Format::Text => writeln!(out, "{}", outcome.deployable),
        Format::Json => render::json::resolve(out, &outcome),
    })?;
    Ok(exit::FINE)
}
