//! Live functions: what AWS tells of them.

use std::sync::Arc;

use lambark_aws::lambda::{PackageType, Processor};
use lambark_aws::{Aws, Operation, page};

use super::find::Live;
use crate::failure::Failure;

/// Looks at each function.
pub(super) fn look(functions: &[String], region: Option<&str>, aws: &Arc<Aws>) -> Result<Vec<Live>, Failure> {
    functions.iter().map(|name| one(name, region, aws)).collect()
}

fn one(name: &str, region: Option<&str>, aws: &Arc<Aws>) -> Result<Live, Failure> {
    let own = name.strip_prefix("arn:").and_then(|arn| arn.split(':').nth(2)).filter(|region| !region.is_empty());
    let lambda = aws.lambda(own.or(region))?;
    let told = lambda.function(name, None)?;
    if told.configuration.package_type == Some(PackageType::Zip) {
        return Err(Failure::Arguments(format!("{name} runs a zip archive, not a container image")));
    }
    let aliases = page::all(Operation::ListAliases, |marker| lambda.aliases(name, None, marker))?;
    Ok(Live {
        name: told.configuration.name.clone(),
        image: told.code.image_uri.or(told.code.resolved_image_uri),
        architecture: told.configuration.architectures.first().and_then(Processor::architecture),
        aliases: aliases.into_iter().map(|alias| alias.name).collect(),
    })
}
