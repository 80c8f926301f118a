//! A function with its versions and aliases.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Alias, Configuration, Plan, Refusal, Revision, Unit, VersionRef};
use crate::clock::Millis;

/// A function.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Function {
    /// Without a qualifier.
    pub(crate) arn: Box<str>,
    pub(crate) latest: Unit,
    pub(crate) versions: BTreeMap<u32, Unit>,
    pub(crate) aliases: BTreeMap<Box<str>, Alias>,
    pub(crate) tags: BTreeMap<String, String>,
    /// Resource policies by qualifier; the empty one is the function's own.
    pub(crate) policies: BTreeMap<String, Policy>,
    /// Reserved concurrency.
    pub(crate) concurrency: Option<u32>,
    /// Version numbers are never used twice, not even after a deletion.
    pub(super) last_number: u32,
    /// The version that `$LATEST` was published as, until the next update call.
    pub(super) published_as: Option<u32>,
}

/// A resource policy.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Policy {
    pub(crate) revision: Revision,
    pub(crate) statements: Vec<Value>,
}

/// What a qualifier led to.
#[derive(Debug)]
pub(crate) struct Picked {
    pub(crate) version: VersionRef,
    /// The ARN with the qualifier that was asked for; without one, the bare ARN.
    pub(crate) arn: String,
}

impl Function {
    /// A new function.
    pub(crate) fn create(arn: &str, configuration: Configuration, plan: &Plan, publish: bool) -> Function {
        let mut function = Function {
            arn: arn.into(),
            latest: Unit::pending(Arc::new(configuration), plan, true),
            versions: BTreeMap::new(),
            aliases: BTreeMap::new(),
            tags: BTreeMap::new(),
            policies: BTreeMap::new(),
            concurrency: None,
            last_number: 0,
            published_as: None,
        };
        if publish {
            function.make_version(None, plan);
        }
        function
    }

    pub(crate) fn name(&self) -> &str {
        self.arn.rsplit(':').next().unwrap_or_default()
    }

    /// Its ARN with a qualifier.
    pub(crate) fn qualified(&self, qualifier: &str) -> String {
        format!("{}:{qualifier}", self.arn)
    }

    /// Ends what is over by now, of `$LATEST` and of every version.
    pub(crate) fn settle(&mut self, now: Millis) {
        self.latest.settle(now);
        self.versions.values_mut().for_each(|version| version.settle(now));
    }

    /// Finds what a qualifier means. A weighted alias is decided by `roll`, in 0.0 to 1.0.
    pub(crate) fn pick(&self, qualifier: Option<&str>, roll: f64) -> Result<Picked, Refusal> {
        let Some(qualifier) = qualifier else {
            return Ok(Picked { version: VersionRef::Latest, arn: self.arn.to_string() });
        };
        let arn = self.qualified(qualifier);
        let version = match VersionRef::parse(qualifier) {
            Some(version) => version,
            None => match self.aliases.get(qualifier) {
                Some(alias) => alias.choose(roll),
                None => return Err(Refusal::FunctionNotFound(arn)),
            },
        };
        match self.unit(version) {
            Some(_) => Ok(Picked { version, arn }),
            None => Err(Refusal::FunctionNotFound(arn)),
        }
    }

    pub(crate) fn unit(&self, version: VersionRef) -> Option<&Unit> {
        match version {
            VersionRef::Latest => Some(&self.latest),
            VersionRef::Number(number) => self.versions.get(&number),
        }
    }

    pub(crate) fn unit_mut(&mut self, version: VersionRef) -> Option<&mut Unit> {
        match version {
            VersionRef::Latest => Some(&mut self.latest),
            VersionRef::Number(number) => self.versions.get_mut(&number),
        }
    }

    /// Deletes one version; one that is not there is no error.
    pub(crate) fn delete_version(&mut self, version: VersionRef) -> Result<(), Refusal> {
        let VersionRef::Number(number) = version else { return Err(Refusal::DeleteLatest) };
        if let Some((name, _)) = self.aliases.iter().find(|(_, alias)| alias.points_to(version)) {
            return Err(Refusal::VersionInUse { version: number, alias: self.qualified(name) });
        }
        self.versions.remove(&number);
        if self.published_as == Some(number) {
            self.published_as = None;
        }
        Ok(())
    }
}
