//! Aliases: names that point at versions.

use std::collections::BTreeMap;

/// How much of the traffic goes to another version than the alias's own: at most one, from 0.0 to 1.0.
pub type Weights = BTreeMap<String, f64>;

/// A name that points at a version, or at two.
#[derive(Clone, Debug, PartialEq)]
pub struct Alias {
    /// Its name.
    pub name: String,
    /// Its ARN.
    pub arn: String,
    /// The version that it points at.
    pub version: String,
    /// The version that gets a part of its traffic; empty for none.
    pub weights: Weights,
    /// What the user wrote about it.
    pub description: Option<String>,
    /// What changes with every update.
    pub revision_id: Option<String>,
}

/// An alias to be made.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct NewAlias {
    /// Its name.
    pub name: String,
    /// The version that it points at.
    pub version: String,
    /// The version that gets a part of its traffic; empty for none.
    pub weights: Weights,
    /// What the user writes about it.
    pub description: Option<String>,
}

/// Where an alias is to point; what is `None` stays.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AliasUpdate {
    /// The version that it points at.
    pub version: Option<String>,
    /// The version that gets a part of its traffic; empty takes any away, in the same step as the version moves.
    pub weights: Option<Weights>,
    /// What the user writes about it.
    pub description: Option<String>,
    /// Refuse if the alias was changed since this was read.
    pub revision_id: Option<String>,
}
