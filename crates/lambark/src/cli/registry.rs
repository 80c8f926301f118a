//! Flags that say how registries are reached.

use std::path::PathBuf;

use clap::Args;
use lambark_registry::{CaBundle, Error, Options};

#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Registry options")]
pub(super) struct Registry {
    /// Trust the certificates in this PEM file too; may be given more than once
    #[arg(long, global = true, value_name = "FILE", value_delimiter = ',')]
    ca_certificate: Vec<PathBuf>,
    /// Speak plain HTTP to this host (localhost needs no word); may be given more than once
    #[arg(long, global = true, value_name = "HOST[:PORT]", value_delimiter = ',')]
    plain_http: Vec<String>,
}

impl Registry {
    /// What the environment says, and these flags on top of it.
    pub(super) fn options(&self) -> Result<Options, Error> {
        let mut options = Options::from_environment()?;
        for path in &self.ca_certificate {
            options.ca_certificates.push(CaBundle::read("--ca-certificate", path)?);
        }
        options.plain_http.extend(self.plain_http.iter().cloned());
        Ok(options)
    }
}
