//! What runs now, as AWS tells it: a function, the alias that gets its traffic, and which image that is.

use lambark_aws::lambda::{Alias, Configuration, Function, PackageType, Processor, State, Weights};
use lambark_aws::{Lambda, Operation, page};
use lambark_oci::{Architecture, Digest, Reference};

use super::back::pointed;
use super::note::{Note, is_version};
use crate::failure::Failure;

/// The version that cannot be published, only updated.
pub const LATEST: &str = "$LATEST";

/// A function as it is.
#[derive(Clone, Debug)]
pub struct Live {
    /// `$LATEST`.
    pub latest: Function,
    /// The alias in question, if one is and it exists.
    pub alias: Option<Alias>,
    /// The version that the alias points at; `$LATEST` without an alias.
    pub carrier: Option<Function>,
}

/// What a way back leads to.
#[derive(Clone, Debug, PartialEq)]
pub struct Before {
    /// `$LATEST`'s image.
    pub latest: Option<Reference>,
    /// Where the alias pointed; `None` without an alias, or before it was made.
    pub alias: Option<AliasBefore>,
    /// The image that gets the traffic.
    pub image: Option<Reference>,
}

/// Where an alias pointed.
#[derive(Clone, Debug, PartialEq)]
pub struct AliasBefore {
    /// The version.
    pub version: String,
    /// The version that got a part of the traffic.
    pub weights: Weights,
}

impl Live {
    /// Reads a function and its alias. An alias that does not exist is no error.
    ///
    /// # Errors
    /// Whatever asking AWS ends in; an error that [is not found](lambark_aws::Error::is_not_found) when there is no
    /// such function.
    pub fn read(lambda: &dyn Lambda, function: &str, alias: Option<&str>) -> Result<Live, Failure> {
        let latest = lambda.function(function, None)?;
        Live::of(lambda, latest, alias)
    }

    /// The same for a function that was read already.
    ///
    /// # Errors
    /// Whatever asking AWS ends in.
    pub fn of(lambda: &dyn Lambda, latest: Function, alias: Option<&str>) -> Result<Live, Failure> {
        let name = latest.configuration.name.clone();
        let alias = match alias {
            None => None,
            Some(alias) => match lambda.alias(&name, alias) {
                Ok(alias) => Some(alias),
                Err(error) if error.is_not_found() => None,
                Err(error) => return Err(error.into()),
            },
        };
        let carrier = match &alias {
            Some(alias) if is_version(&alias.version) => Some(lambda.function(&name, Some(&alias.version))?),
            Some(_) | None => None,
        };
        Ok(Live { latest, alias, carrier })
    }

    /// `$LATEST`'s settings.
    #[must_use]
    pub fn settings(&self) -> &Configuration {
        &self.latest.configuration
    }

    /// The function that gets the traffic: the alias's version, or `$LATEST`.
    #[must_use]
    pub fn traffic(&self) -> &Function {
        self.carrier.as_ref().unwrap_or(&self.latest)
    }

    /// The function's processor.
    #[must_use]
    pub fn architecture(&self) -> Option<Architecture> {
        self.settings().architectures.first().and_then(Processor::architecture)
    }

    /// Where everything goes back to. The part of the traffic that a canary gets is not worth going back to.
    #[must_use]
    pub fn before(&self) -> Before {
        Before {
            latest: image(&self.latest),
            alias: self
                .alias
                .as_ref()
                .map(|alias| AliasBefore { version: alias.version.clone(), weights: alias.weights.clone() }),
            image: image(self.traffic()),
        }
    }

    /// Whether `$LATEST` itself gets the traffic of a new image. It does so, too, while an alias that is wanted does not
    /// exist: whoever calls the function then has nothing else to call.
    #[must_use]
    pub fn latest_has_traffic(&self) -> bool {
        self.alias.as_ref().is_none_or(|alias| alias.version == LATEST)
    }

    /// Whether no image of this function can be started as it is.
    #[must_use]
    pub fn is_broken(&self) -> bool {
        let idle = self.settings().state_reason_code.as_ref().is_some_and(|code| code.as_str() == "Idle");
        match self.settings().state {
            Some(State::Inactive) => !idle,
            Some(State::Failed) => true,
            _ => false,
        }
    }

    /// Who gets the traffic, for people: `live → version 7, 10 % version 8`, or `$LATEST`.
    #[must_use]
    pub fn told(&self) -> String {
        let Some(alias) = &self.alias else { return LATEST.to_owned() };
        let share = |(version, weight): (&String, &f64)| format!(", {:.0} % {}", weight * 100.0, pointed(version));
        let shares: String = alias.weights.iter().map(share).collect();
        format!("{} → {}{shares}", alias.name, pointed(&alias.version))
    }

    /// Account and Region of the function, from its ARN.
    #[must_use]
    pub fn place(&self) -> Option<(&str, &str)> {
        let mut parts = self.settings().arn.split(':').skip(3);
        let region = parts.next().filter(|region| !region.is_empty())?;
        Some((parts.next()?, region))
    }

    /// Whether it runs an image at all.
    #[must_use]
    pub fn is_image(&self) -> bool {
        self.settings().package_type == Some(PackageType::Image)
    }
}

/// A function's image by digest, as it is deployed.
#[must_use]
pub fn image(function: &Function) -> Option<Reference> {
    let resolved = function.code.resolved_image_uri.as_deref().and_then(|uri| uri.parse::<Reference>().ok());
    resolved.filter(|reference| reference.digest().is_some()).or_else(|| {
        let named: Reference = function.code.image_uri.as_deref()?.parse().ok()?;
        Some(named.at(function.configuration.image_digest()?))
    })
}

/// A published version, as far as a list tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version {
    /// Its number.
    pub number: u64,
    /// Its image.
    pub digest: Option<Digest>,
    /// What its Description tells, if lambark wrote it.
    pub note: Option<Note>,
    /// When it was made, as AWS writes it.
    pub made: Option<String>,
}

/// Every published version, the newest first. Costs a request of the shared quota for each fifty.
///
/// # Errors
/// Whatever asking AWS ends in.
pub fn versions(lambda: &dyn Lambda, function: &str) -> Result<Vec<Version>, Failure> {
    let all = page::all(Operation::ListVersionsByFunction, |marker| lambda.versions(function, marker))?;
    let mut versions: Vec<Version> = all
        .into_iter()
        .filter_map(|one| {
            let digest = one.image_digest();
            let note = one.description.as_deref().and_then(Note::read);
            Some(Version { number: one.version.parse().ok()?, digest, note, made: one.last_modified })
        })
        .collect();
    versions.sort_by_key(|version| std::cmp::Reverse(version.number));
    Ok(versions)
}
