//! One call: its body, read with AWS's own complaints, and whose registry it is for.

use serde_json::{Map, Value};

use super::check;
use super::policy::{Principal, allows};
use super::refusal::{Kind, Refusal};
use crate::scope::{Scope, is_account};
use crate::shared::Shared;

/// One call of ECR's JSON API.
pub(crate) struct Call<'a> {
    pub(crate) twin: &'a Shared,
    /// Whose credentials it came with.
    pub(crate) caller: Scope,
    /// `http://HOST` by the name that the client called us by.
    pub(crate) base: String,
    body: Map<String, Value>,
}

impl<'a> Call<'a> {
    pub(super) fn read(twin: &'a Shared, caller: Scope, base: String, body: &[u8]) -> Result<Call<'a>, Refusal> {
        let body = if body.is_empty() { b"{}" } else { body };
        let body = serde_json::from_slice(body)
            .map_err(|error| Refusal::new(Kind::Serialization, format!("the body is no JSON object: {error}")))?;
        Ok(Call { twin, caller, base, body })
    }

    /// A member as it came; `null` is as good as absent.
    pub(super) fn value(&self, name: &str) -> Option<&Value> {
        self.body.get(name).filter(|value| !value.is_null())
    }

    pub(super) fn text(&self, name: &str) -> Result<Option<&str>, Refusal> {
        self.value(name).map(|value| value.as_str().ok_or_else(|| mistyped(name, "a string"))).transpose()
    }

    pub(super) fn needed_text(&self, name: &str) -> Result<&str, Refusal> {
        self.text(name)?.ok_or_else(|| absent(name))
    }

    pub(super) fn number(&self, name: &str) -> Result<Option<u64>, Refusal> {
        let Some(value) = self.value(name) else { return Ok(None) };
        match value.as_u64() {
            Some(number) => Ok(Some(number)),
            None if value.is_i64() => {
                Err(Refusal::parameter(name, "Member must have value greater than or equal to 0"))
            }
            None => Err(mistyped(name, "a number")),
        }
    }

    pub(super) fn needed_number(&self, name: &str) -> Result<u64, Refusal> {
        self.number(name)?.ok_or_else(|| absent(name))
    }

    pub(super) fn flag(&self, name: &str) -> Result<bool, Refusal> {
        let given = self.value(name).map(|value| value.as_bool().ok_or_else(|| mistyped(name, "a boolean")));
        Ok(given.transpose()?.unwrap_or(false))
    }

    /// A list with `least` to `most` members; an absent one is `None`.
    pub(super) fn list(&self, name: &str, least: usize, most: usize) -> Result<Option<&[Value]>, Refusal> {
        let Some(value) = self.value(name) else { return Ok(None) };
        let list = value.as_array().ok_or_else(|| mistyped(name, "a list"))?;
        check::length(name, list.len(), least, most)?;
        Ok(Some(list))
    }

    pub(super) fn needed_list(&self, name: &str, least: usize, most: usize) -> Result<&[Value], Refusal> {
        self.list(name, least, most)?.ok_or_else(|| absent(name))
    }

    /// A list of strings.
    pub(super) fn texts(&self, name: &str, least: usize, most: usize) -> Result<Option<Vec<&str>>, Refusal> {
        let Some(list) = self.list(name, least, most)? else { return Ok(None) };
        let texts = list.iter().map(|one| one.as_str().ok_or_else(|| mistyped(name, "a list of strings")));
        texts.collect::<Result<Vec<_>, _>>().map(Some)
    }

    /// The repository's name, checked.
    pub(super) fn repository(&self) -> Result<&str, Refusal> {
        let name = self.needed_text("repositoryName")?;
        check::repository_name(name)?;
        Ok(name)
    }

    /// The registry that the call is for: `registryId`'s, or the caller's own.
    pub(super) fn registry(&self) -> Result<Scope, Refusal> {
        let account = match self.text("registryId")? {
            None => &self.caller.account,
            Some(id) if is_account(id) => id,
            Some(_) => return Err(Refusal::parameter("registryId", "must satisfy regular expression '[0-9]{12}'")),
        };
        Ok(Scope { account: account.to_owned(), region: self.caller.region.clone() })
    }

    /// The registry and repository that the call is for. In another account's registry the repository's policy has to
    /// allow `action`.
    pub(super) fn place(&self, action: &str) -> Result<(Scope, &str), Refusal> {
        let (scope, repository) = (self.registry()?, self.repository()?);
        self.permit(&scope, repository, action)?;
        Ok((scope, repository))
    }

    fn permit(&self, scope: &Scope, repository: &str, action: &str) -> Result<(), Refusal> {
        if scope.account == self.caller.account {
            return Ok(());
        }
        let policy = self.twin.store.read(scope, repository, |stored| stored.policy.clone());
        let policy = policy.ok_or_else(|| Refusal::no_repository(&scope.account, repository))?;
        let action = format!("ecr:{action}");
        if policy.is_some_and(|policy| allows(&policy, &Principal::Account(&self.caller.account), &action)) {
            return Ok(());
        }
        let message = format!(
            "User: arn:aws:iam::{}:root is not authorized to perform: {action} on resource: {} because no \
             resource-based policy allows the {action} action",
            self.caller.account,
            super::shared::repository_arn(scope, repository)
        );
        Err(Refusal::new(Kind::AccessDenied, message))
    }
}

/// What a member that must be there is missed with.
pub(super) fn absent(name: &str) -> Refusal {
    Refusal::parameter(name, "Member must not be null")
}

fn mistyped(name: &str, wanted: &str) -> Refusal {
    Refusal::new(Kind::Serialization, format!("'{name}' must be {wanted}"))
}
