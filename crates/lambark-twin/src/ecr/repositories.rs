//! Repositories: made, described, deleted, and what is set on them.

use std::convert::Infallible;

use serde_json::{Value, json};

use super::call::{Call, absent};
use super::check;
use super::page::Page;
use super::refusal::{Kind, Refusal};
use super::shared::{repository_arn, repository_uri};
use crate::scope::Scope;
use crate::store::{Encryption, Mutability, Repository};

/// Labels that a repository may have.
const MAX_LABELS: usize = 50;

/// A repository as AWS describes it.
fn described(stored: &Repository) -> Value {
    let mut encryption = json!({ "encryptionType": stored.encryption.kind });
    if let Some(key) = &stored.encryption.key {
        encryption["kmsKey"] = json!(key);
    }
    let mut described = json!({
        "repositoryArn": repository_arn(&stored.scope, &stored.name),
        "registryId": stored.scope.account,
        "repositoryName": stored.name,
        "repositoryUri": repository_uri(&stored.scope, &stored.name),
        "createdAt": stored.created_at.seconds(),
        "imageTagMutability": stored.mutability,
        "imageScanningConfiguration": { "scanOnPush": stored.scan_on_push },
        "encryptionConfiguration": encryption,
    });
    if !stored.exclusions.is_empty() {
        described["imageTagMutabilityExclusionFilters"] = exclusions(stored);
    }
    described
}

fn exclusions(stored: &Repository) -> Value {
    stored.exclusions.iter().map(|filter| json!({ "filterType": "WILDCARD", "filter": filter })).collect()
}

/// `CreateRepository`
pub(super) fn create(call: &Call<'_>) -> Result<Value, Refusal> {
    let (scope, name) = (own_registry(call)?, call.repository()?);
    let mut repository = Repository::new(scope.clone(), name.to_owned(), call.twin.clock.millis());
    if let Some((mutability, exclusions)) = mutability(call)? {
        (repository.mutability, repository.exclusions) = (mutability, exclusions);
    }
    if let Some(scanning) = call.value("imageScanningConfiguration") {
        repository.scan_on_push = scan_on_push(scanning)?;
    }
    if let Some(encryption) = call.value("encryptionConfiguration") {
        let kind = encryption.get("encryptionType").and_then(Value::as_str);
        let kind = kind.ok_or_else(|| absent("encryptionConfiguration.encryptionType"))?;
        check::one_of("encryptionConfiguration.encryptionType", kind, &["AES256", "KMS", "KMS_DSSE"])?;
        let key = encryption.get("kmsKey").and_then(Value::as_str).map(str::to_owned);
        repository.encryption = Encryption { kind: kind.to_owned(), key };
    }
    repository.labels.extend(given_labels(call)?);
    let answer = json!({ "repository": described(&repository) });
    if call.twin.store.create(repository)? {
        return Ok(answer);
    }
    let message =
        format!("The repository with name '{name}' already exists in the registry with id '{}'", scope.account);
    Err(Refusal::new(Kind::RepositoryAlreadyExists, message))
}

/// Repositories are made in the caller's own registry alone.
fn own_registry(call: &Call<'_>) -> Result<Scope, Refusal> {
    let scope = call.registry()?;
    if scope.account == call.caller.account {
        return Ok(scope);
    }
    let message = format!(
        "User: arn:aws:iam::{}:root is not authorized to perform: ecr:CreateRepository on resource: {}",
        call.caller.account,
        repository_arn(&scope, call.repository()?)
    );
    Err(Refusal::new(Kind::AccessDenied, message))
}

/// `DescribeRepositories`
pub(super) fn describe(call: &Call<'_>) -> Result<Value, Refusal> {
    let scope = call.registry()?;
    if let Some(names) = call.texts("repositoryNames", 1, 100)? {
        let mut all = Vec::new();
        for name in names {
            check::repository_name(name)?;
            let found = call.twin.store.read(&scope, name, described);
            all.push(found.ok_or_else(|| Refusal::no_repository(&scope.account, name))?);
        }
        return Ok(json!({ "repositories": all }));
    }
    // Nobody can ask for the names of another account's repositories.
    let all = if scope.account == call.caller.account {
        call.twin.store.list(&scope, |stored| (stored.name.clone(), described(stored)))
    } else {
        Vec::new()
    };
    let page = Page::of(call.twin, "repositories", call.number("maxResults")?, call.text("nextToken")?)?;
    let (page, next) = page.cut(call.twin, all, |(name, _)| name.clone());
    let mut answer = json!({ "repositories": page.into_iter().map(|(_, one)| one).collect::<Vec<_>>() });
    if let Some(next) = next {
        answer["nextToken"] = json!(next);
    }
    Ok(answer)
}

/// `DeleteRepository`
pub(super) fn delete(call: &Call<'_>) -> Result<Value, Refusal> {
    let (scope, name) = call.place("DeleteRepository")?;
    let force = call.flag("force")?;
    let check = |stored: &Repository| {
        if force || stored.images.is_empty() {
            return Ok(());
        }
        let message = format!(
            "The repository with name '{name}' in registry with id '{}' cannot be deleted because it still contains \
             images",
            scope.account
        );
        Err(Refusal::new(Kind::RepositoryNotEmpty, message))
    };
    let gone = call.twin.store.delete(&scope, name, check)?;
    let gone = gone.unwrap_or_else(|| Err(Refusal::no_repository(&scope.account, name)))?;
    Ok(json!({ "repository": described(&gone) }))
}

/// `PutImageTagMutability`
pub(super) fn put_mutability(call: &Call<'_>) -> Result<Value, Refusal> {
    let (scope, name) = call.place("PutImageTagMutability")?;
    let (mutability, filters) = mutability(call)?.ok_or_else(|| absent("imageTagMutability"))?;
    change(call, &scope, name, |stored| {
        (stored.mutability, stored.exclusions) = (mutability, filters);
        let mut answer = json!({
            "registryId": stored.scope.account, "repositoryName": stored.name, "imageTagMutability": stored.mutability,
        });
        if !stored.exclusions.is_empty() {
            answer["imageTagMutabilityExclusionFilters"] = exclusions(stored);
        }
        answer
    })
}

/// `PutImageScanningConfiguration`
pub(super) fn put_scanning(call: &Call<'_>) -> Result<Value, Refusal> {
    let (scope, name) = call.place("PutImageScanningConfiguration")?;
    let wanted = call.value("imageScanningConfiguration").ok_or_else(|| absent("imageScanningConfiguration"))?;
    let scan_on_push = scan_on_push(wanted)?;
    change(call, &scope, name, |stored| {
        stored.scan_on_push = scan_on_push;
        json!({
            "registryId": stored.scope.account,
            "repositoryName": stored.name,
            "imageScanningConfiguration": { "scanOnPush": scan_on_push },
        })
    })
}

/// Changes a repository that has to be there.
pub(super) fn change<T>(
    call: &Call<'_>,
    scope: &Scope,
    name: &str,
    change: impl FnOnce(&mut Repository) -> T,
) -> Result<T, Refusal> {
    let outcome = call.twin.store.change(scope, name, |stored| Ok::<T, Infallible>(change(stored)))?;
    match outcome {
        Some(Ok(answer)) => Ok(answer),
        None => Err(Refusal::no_repository(&scope.account, name)),
    }
}

fn scan_on_push(value: &Value) -> Result<bool, Refusal> {
    match value.get("scanOnPush") {
        None | Some(Value::Null) => Ok(false),
        Some(Value::Bool(scan)) => Ok(*scan),
        Some(_) => Err(Refusal::new(Kind::Serialization, "'scanOnPush' must be a boolean")),
    }
}

/// The mutability that is wanted, with its exclusions.
fn mutability(call: &Call<'_>) -> Result<Option<(Mutability, Vec<String>)>, Refusal> {
    const NAME: &str = "imageTagMutability";
    const FILTERS: &str = "imageTagMutabilityExclusionFilters";
    let Some(wanted) = call.text(NAME)? else { return Ok(None) };
    check::one_of(NAME, wanted, &["MUTABLE", "IMMUTABLE", "IMMUTABLE_WITH_EXCLUSION", "MUTABLE_WITH_EXCLUSION"])?;
    let mutability: Mutability =
        serde_json::from_value(json!(wanted)).map_err(|_| Refusal::parameter(NAME, "Member must not be null"))?;
    let mut filters = Vec::new();
    for filter in call.list(FILTERS, 1, 5)?.unwrap_or_default() {
        check::one_of(FILTERS, filter.get("filterType").and_then(Value::as_str).unwrap_or_default(), &["WILDCARD"])?;
        let filter = filter.get("filter").and_then(Value::as_str).unwrap_or_default();
        let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'*' | b'-');
        if filter.is_empty() || filter.len() > 128 || !filter.bytes().all(plain) {
            return Err(Refusal::parameter(FILTERS, "must satisfy regular expression '^[0-9a-zA-Z._*-]{1,128}$'"));
        }
        filters.push(filter.to_owned());
    }
    let excepts = matches!(mutability, Mutability::ImmutableWithExclusion | Mutability::MutableWithExclusion);
    if excepts == filters.is_empty() {
        let constraint =
            if excepts { "must be given with this mutability" } else { "not allowed with this mutability" };
        return Err(Refusal::parameter(FILTERS, constraint));
    }
    Ok(Some((mutability, filters)))
}

/// `ListTagsForResource`
pub(super) fn labels(call: &Call<'_>) -> Result<Value, Refusal> {
    let (scope, name) = resource(call)?;
    let labels = call.twin.store.read(&scope, &name, |stored| {
        stored.labels.iter().map(|(key, value)| json!({ "Key": key, "Value": value })).collect::<Vec<_>>()
    });
    Ok(json!({ "tags": labels.ok_or_else(|| Refusal::no_repository(&scope.account, &name))? }))
}

/// `TagResource`
pub(super) fn label(call: &Call<'_>) -> Result<Value, Refusal> {
    let (scope, name) = resource(call)?;
    let new = given_labels(call)?;
    let outcome = call.twin.store.change(&scope, &name, |stored| {
        let added = new.iter().filter(|(key, _)| !stored.labels.contains_key(key)).count();
        if stored.labels.len() + added > MAX_LABELS {
            return Err(too_many_labels());
        }
        stored.labels.extend(new);
        Ok(json!({}))
    })?;
    outcome.unwrap_or_else(|| Err(Refusal::no_repository(&scope.account, &name)))
}

/// `UntagResource`
pub(super) fn unlabel(call: &Call<'_>) -> Result<Value, Refusal> {
    let (scope, name) = resource(call)?;
    let keys = call.texts("tagKeys", 0, MAX_LABELS)?.ok_or_else(|| absent("tagKeys"))?;
    change(call, &scope, &name, |stored| {
        stored.labels.retain(|key, _| !keys.contains(&key.as_str()));
        json!({})
    })
}

fn given_labels(call: &Call<'_>) -> Result<Vec<(String, String)>, Refusal> {
    let given = call.list("tags", 0, usize::MAX)?.unwrap_or_default();
    if given.len() > MAX_LABELS {
        return Err(too_many_labels());
    }
    let text = |label: &Value, name: &str| label.get(name).and_then(Value::as_str).map(str::to_owned);
    let labels = given.iter().map(|label| Some((text(label, "Key")?, text(label, "Value")?)));
    labels.collect::<Option<Vec<_>>>().ok_or_else(|| absent("tags.Key"))
}

fn too_many_labels() -> Refusal {
    let message =
        format!("The list of tags on the repository is over the limit. The maximum number of tags is {MAX_LABELS}");
    Refusal::new(Kind::TooManyTags, message)
}

/// The repository that an ARN names, in the caller's own registry.
fn resource(call: &Call<'_>) -> Result<(Scope, String), Refusal> {
    let arn = call.needed_text("resourceArn")?;
    let name = arn.split_once(":repository/").map_or("", |(_, name)| name);
    if arn == repository_arn(&call.caller, name) {
        return Ok((call.caller.clone(), name.to_owned()));
    }
    let message = "Invalid parameter at 'resourceArn' failed to satisfy constraint: 'Invalid ARN'";
    Err(Refusal::new(Kind::InvalidParameter, message))
}
