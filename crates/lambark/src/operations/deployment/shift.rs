//! Moving an alias, at once or in steps.

use std::time::Duration;

use lambark_aws::Lambda;
use lambark_aws::lambda::{Alias, AliasUpdate, NewAlias, Weights};

use super::lost::may_be_taken;

/// How traffic moves.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shift {
    /// Shares of the traffic in percent that the new version gets before it gets all of it, each for `wait`.
    pub percents: Vec<u8>,
    /// How long each share stays.
    pub wait: Duration,
}

impl Shift {
    /// Whether everything moves in one step.
    #[must_use]
    pub fn at_once(&self) -> bool {
        self.percents.is_empty()
    }
}

/// Gives a version a share of an alias's traffic, if the alias is still as it was read.
///
/// # Errors
/// See [`lambark_aws::Error`]; one that says [so](lambark_aws::Error::is_precondition_failed) when it was changed.
pub fn share(
    lambda: &dyn Lambda,
    function: &str,
    alias: &Alias,
    version: &str,
    percent: u8,
) -> Result<Alias, lambark_aws::Error> {
    let weights = Weights::from([(version.to_owned(), f64::from(percent) / 100.0)]);
    point(lambda, function, alias, &alias.version, &weights)
}

/// Points an alias at a version with all of its traffic, if it is still as it was read.
///
/// # Errors
/// As [`share`].
pub fn point(
    lambda: &dyn Lambda,
    function: &str,
    alias: &Alias,
    version: &str,
    weights: &Weights,
) -> Result<Alias, lambark_aws::Error> {
    let update = AliasUpdate {
        version: Some(version.to_owned()),
        weights: Some(weights.clone()),
        revision_id: alias.revision_id.clone(),
        ..AliasUpdate::default()
    };
    let moved = lambda.update_alias(function, &alias.name, &update);
    or_as_wanted(moved, lambda, function, &alias.name, version, weights)
}

/// Makes an alias that points at a version.
///
/// # Errors
/// See [`lambark_aws::Error`].
pub fn make(lambda: &dyn Lambda, function: &str, alias: &str, version: &str) -> Result<Alias, lambark_aws::Error> {
    let new = NewAlias { name: alias.to_owned(), version: version.to_owned(), ..NewAlias::default() };
    let made = lambda.create_alias(function, &new);
    or_as_wanted(made, lambda, function, alias, version, &Weights::new())
}

/// A call whose answer was lost, and whose second try was refused because of the first, has done what it was to do.
fn or_as_wanted(
    answer: Result<Alias, lambark_aws::Error>,
    lambda: &dyn Lambda,
    function: &str,
    name: &str,
    version: &str,
    weights: &Weights,
) -> Result<Alias, lambark_aws::Error> {
    let error = match answer {
        Err(error) if may_be_taken(&error) => error,
        other => return other,
    };
    match lambda.alias(function, name) {
        Ok(now) if now.version == version && now.weights == *weights => Ok(now),
        _ => Err(error),
    }
}
