//! Aliases and their rules.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Function, Refusal, Revision};

/// `$LATEST` or a number.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
pub(crate) enum VersionRef {
    Latest,
    Number(u32),
}

impl VersionRef {
    /// Reads `$LATEST` or digits. A number beyond all that exist is one that does not exist.
    pub(crate) fn parse(text: &str) -> Option<VersionRef> {
        match text {
            "$LATEST" => Some(VersionRef::Latest),
            _ if !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()) => {
                Some(VersionRef::Number(text.parse().unwrap_or(u32::MAX)))
            }
            _ => None,
        }
    }
}

impl fmt::Display for VersionRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            VersionRef::Latest => f.write_str("$LATEST"),
            VersionRef::Number(number) => number.fmt(f),
        }
    }
}

/// An alias.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Alias {
    pub(crate) version: VersionRef,
    /// The additional version, and its share of the calls.
    pub(crate) weight: Option<(u32, f64)>,
    pub(crate) description: String,
    pub(crate) revision: Revision,
}

/// What a client wants of an alias. Versions and weights are in the form that Lambda allows.
#[derive(Clone, Debug, Default)]
pub(crate) struct AliasChange {
    pub(crate) version: Option<String>,
    /// `Some` of nothing clears the weights.
    pub(crate) weights: Option<BTreeMap<String, f64>>,
    pub(crate) description: Option<String>,
}

impl Alias {
    pub(super) fn points_to(&self, version: VersionRef) -> bool {
        self.version == version || self.weight.is_some_and(|(number, _)| VersionRef::Number(number) == version)
    }

    /// The version of one call.
    pub(super) fn choose(&self, roll: f64) -> VersionRef {
        match self.weight {
            Some((number, weight)) if roll < weight => VersionRef::Number(number),
            _ => self.version,
        }
    }
}

impl Function {
    pub(crate) fn create_alias(&mut self, name: &str, change: AliasChange) -> Result<&Alias, Refusal> {
        if self.aliases.contains_key(name) {
            return Err(Refusal::AliasExists(self.qualified(name)));
        }
        let alias = self.changed(None, change)?;
        Ok(self.aliases.entry(name.into()).or_insert(alias))
    }

    pub(crate) fn update_alias(
        &mut self,
        name: &str,
        change: AliasChange,
        revision: Option<&str>,
    ) -> Result<&Alias, Refusal> {
        let Some(old) = self.aliases.get(name) else {
            return Err(Refusal::AliasNotFound(self.qualified(name)));
        };
        if revision.is_some_and(|given| !old.revision.is(given)) {
            return Err(Refusal::Revision);
        }
        let alias = self.changed(Some(old), change)?;
        let place = self.aliases.entry(name.into());
        Ok(place.insert_entry(alias).into_mut())
    }

    pub(crate) fn alias(&self, name: &str) -> Result<&Alias, Refusal> {
        self.aliases.get(name).ok_or_else(|| Refusal::CannotFindAlias(self.qualified(name)))
    }

    /// The alias that `old` becomes by `change`, if the rules allow it.
    fn changed(&self, old: Option<&Alias>, change: AliasChange) -> Result<Alias, Refusal> {
        let version = match &change.version {
            Some(text) => self.existing(text)?,
            None => old.map_or(VersionRef::Latest, |old| old.version),
        };
        let weight = match &change.weights {
            Some(weights) => self.weight(version, weights)?,
            None => old.and_then(|old| old.weight),
        };
        if let Some((number, _)) = weight {
            self.check_pair(version, number)?;
        }
        let description = change.description.or_else(|| old.map(|old| old.description.clone())).unwrap_or_default();
        Ok(Alias { version, weight, description, revision: Revision::fresh() })
    }

    fn existing(&self, text: &str) -> Result<VersionRef, Refusal> {
        let known = VersionRef::parse(text).filter(|version| self.unit(*version).is_some());
        known.ok_or_else(|| Refusal::FunctionNotFound(self.qualified(text)))
    }

    fn weight(&self, version: VersionRef, weights: &BTreeMap<String, f64>) -> Result<Option<(u32, f64)>, Refusal> {
        if weights.len() > 1 {
            return Err(Refusal::TooManyWeights);
        }
        let Some((text, weight)) = weights.first_key_value() else { return Ok(None) };
        if version == VersionRef::Latest {
            return Err(Refusal::WeightedLatest);
        }
        match self.existing(text)? {
            VersionRef::Number(number) => Ok(Some((number, *weight))),
            VersionRef::Latest => Err(Refusal::WeightedLatest),
        }
    }

    /// Whether an alias may point to both.
    fn check_pair(&self, main: VersionRef, additional: u32) -> Result<(), Refusal> {
        let VersionRef::Number(number) = main else { return Err(Refusal::WeightedLatest) };
        if number == additional {
            return Err(Refusal::SameVersion(additional));
        }
        let (Some(main), Some(additional)) = (self.versions.get(&number), self.versions.get(&additional)) else {
            return Err(Refusal::FunctionNotFound(self.qualified(&additional.to_string())));
        };
        if main.configuration.role != additional.configuration.role {
            return Err(Refusal::DifferentRoles);
        }
        if main.configuration.dead_letters() != additional.configuration.dead_letters() {
            return Err(Refusal::DifferentDeadLetters);
        }
        Ok(())
    }
}
