//! `emulate` for people: where the twin listens, and how to use it.

use std::io::{self, Write};

use lambark_twin::Settings;

use super::Page;
use super::escape::plain;
use super::style::{BOLD, CODE, DIM};
use crate::words::shell;

/// Writes where the twin at `url` listens, and a first command or two.
///
/// # Errors
/// When `out` fails.
pub fn ready(out: &mut dyn Write, url: &str, settings: &Settings, page: Page) -> io::Result<()> {
    writeln!(out, "{BOLD}ECR and Lambda{BOLD:#} on {CODE}{url}{CODE:#} until interrupted")?;
    if page.quiet {
        return Ok(());
    }
    let place = settings
        .data
        .as_ref()
        .map_or_else(|| "in memory".to_owned(), |data| format!("kept in {}", plain(&data.display().to_string())));
    let doubt = if settings.pessimistic { "refused" } else { "accepted with a note" };
    writeln!(
        out,
        "\n  {DIM}account{DIM:#}   {}, Region {} unless the request names one",
        settings.account, settings.region
    )?;
    writeln!(out, "  {DIM}content{DIM:#}   {place}")?;
    writeln!(out, "  {DIM}settling{DIM:#}  updates take {}", humantime::format_duration(settings.settle))?;
    writeln!(out, "  {DIM}doubt{DIM:#}     what nobody has established is {doubt}\n")?;
    let region = shell(&settings.region);
    for line in [
        format!("export AWS_ENDPOINT_URL={url} AWS_REGION={region} AWS_DEFAULT_REGION={region}"),
        "export AWS_ACCESS_KEY_ID=twin AWS_SECRET_ACCESS_KEY=twin".to_owned(),
        "aws ecr create-repository --repository-name app".to_owned(),
        format!("lambark push examples/attested.tar {}/app:v1", url.trim_start_matches("http://")),
    ] {
        writeln!(out, "    {CODE}{line}{CODE:#}")?;
    }
    Ok(())
}
