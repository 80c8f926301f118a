//! From an image URI to an image that Lambda takes.

use lambark_oci::{Architecture, EcrHost, Reference};

use super::call::Call;
use super::error::{ApiError, Code};
use super::machine::{Configuration, ImageCode, ImageConfig, Outcome, Why};
use crate::gates::{self, StoreSource, Wording};
use crate::scope::Scope;
use crate::shared::Shared;

/// An image that exists and may be read.
pub(super) struct Found {
    pub(super) code: ImageCode,
    source: StoreSource,
}

/// Finds what a URI names. The order of the checks is the twin's own: Lambda's is not known.
pub(super) fn find(
    call: &Call<'_>,
    uri: &str,
    config: Option<ImageConfig>,
    function_arn: &str,
) -> Result<Found, ApiError> {
    let not_valid = || ApiError::invalid(format!("Source image {uri} is not valid. Provide a valid source image."));
    let missing = || ApiError::invalid(format!("Source image {uri} does not exist. Provide a valid source image."));
    let reference: Reference = uri.parse().map_err(|_| not_valid())?;
    if reference.tag().is_none() && reference.digest().is_none() {
        return Err(not_valid());
    }
    let scope = place(call, &reference).ok_or_else(not_valid)?;
    if scope.region != call.scope.region {
        return Err(ApiError::invalid("Image repository must be in the same region."));
    }
    let target = reference.target();
    let found = call.twin.store.read(&scope, reference.repository(), |repository| {
        let image = repository.image(&target)?;
        Some((image.digest.clone(), image.archived, repository.policy.clone()))
    });
    let (digest, is_archived, policy) = found.flatten().ok_or_else(missing)?;
    if scope.account != call.scope.account {
        let may_read = |policy: &String| gates::may_read(policy, &call.scope.account, function_arn);
        if !policy.as_ref().is_some_and(may_read) {
            return Err(ApiError::new(
                Code::AccessDenied,
                "Lambda does not have permission to access the ECR image. Check the ECR permissions.",
            ));
        }
    }
    if is_archived {
        note(call, uri, "it is archived; that Lambda refuses it as one that does not exist is not established");
        return Err(missing());
    }
    let source = StoreSource::new(call.twin, scope.clone(), reference.repository(), &digest).ok_or_else(not_valid)?;
    let code = ImageCode { uri: uri.into(), scope, repository: reference.repository().into(), digest, config };
    Ok(Found { code, source })
}

/// Whose registry a reference names: that of an ECR host, or by the twin's own address the caller's.
fn place(call: &Call<'_>, reference: &Reference) -> Option<Scope> {
    match reference.ecr() {
        // Lambda does not take the FIPS endpoint's name.
        Some(EcrHost { fips: true, .. }) => None,
        Some(EcrHost { account, region, dual_stack, .. }) => {
            if dual_stack {
                note(call, &reference.to_string(), "accepted, but not confirmed by AWS: a dual-stack name");
            }
            Some(Scope { account, region })
        }
        None => is_own(reference.host(), call.twin).then(|| call.scope.clone()),
    }
}

/// Whether a host is the twin itself, under any name of loopback.
fn is_own(host: &str, twin: &Shared) -> bool {
    let Some((name, port)) = host.rsplit_once(':') else { return false };
    let is_here = matches!(name, "localhost" | "127.0.0.1" | "[::1]") || name == twin.address.ip().to_string();
    is_here && port == twin.address.port().to_string()
}

/// Asks the gates: a refusal, or how the update ends.
pub(super) async fn ask(call: &Call<'_>, found: &Found, architecture: Architecture) -> Result<Outcome, ApiError> {
    let uri = &found.code.uri;
    let is_pessimistic = call.twin.settings.pessimistic;
    let asked = call.twin.gates.ask(found.source.clone(), architecture, is_pessimistic).await;
    let verdict = asked.map_err(|error| {
        note(call, uri, &error.to_string());
        ApiError::invalid(format!("Source image {uri} does not exist. Provide a valid source image."))
    })?;
    for text in &verdict.notes {
        note(call, uri, text);
    }
    let wording = call.twin.control.behaviour().wording;
    match verdict.fails {
        _ if verdict.is_refused && wording == Wording::Late => {
            Ok(Outcome::Bad(Why::invalid_image(wording.refusal(uri))))
        }
        _ if verdict.is_refused => Err(ApiError::invalid(wording.refusal(uri))),
        Some(reason) => Ok(Outcome::Bad(Why::invalid_image(reason))),
        None => Ok(Outcome::Good),
    }
}

fn note(call: &Call<'_>, uri: &str, text: &str) {
    call.twin.control.notes.add(format!("{uri}: {text}"));
}

/// Whether a function's image can still be pulled. A package is always there.
pub(super) fn is_there(twin: &Shared, configuration: &Configuration) -> bool {
    let Some(image) = configuration.image() else { return true };
    let found = twin.store.read(&image.scope, &image.repository, |repository| {
        repository.images.get(&image.digest).is_some_and(|image| !image.archived)
    });
    found == Some(true)
}
