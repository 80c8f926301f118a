//! Changes whose answer may be lost. AWS's SDK sends a call again when the connection breaks or Lambda answers 5xx, and
//! when the first try was taken the second one is refused because of it: 409 while the update is in progress, 412 after.
//! So a refusal says nothing about whose change it was; what is there does.

use lambark_aws::lambda::{CodeUpdate, Configuration, LastUpdateStatus, Publish};
use lambark_aws::{Error, Lambda, Operation};
use lambark_oci::Reference;

/// Whether a call may have been taken although it ended in this.
#[must_use]
pub fn may_be_taken(error: &Error) -> bool {
    match error {
        Error::Refused(refusal) => {
            refusal.status >= 500 || error.is_throttled() || error.is_conflict() || error.is_precondition_failed()
        }
        Error::Unreachable { .. } | Error::TimedOut { .. } | Error::Protocol { .. } => true,
        _ => false,
    }
}

/// Gives `$LATEST` an image, if it is still as it was read. `Ok` means that `$LATEST` has it or is about to.
///
/// # Errors
/// See [`Error`]. A refusal below 500 means that the image is not there; anything else that it is not known.
pub fn give(lambda: &dyn Lambda, function: &str, image: &Reference, revision_id: Option<String>) -> Result<(), Error> {
    let update = CodeUpdate { image_uri: image.to_string(), revision_id, ..CodeUpdate::default() };
    let Err(error) = lambda.update_code(function, &update) else { return Ok(()) };
    if !may_be_taken(&error) {
        return Err(error);
    }
    match lambda.function(function, None) {
        Ok(now) if now.configuration.image_digest().as_ref() == image.digest() => Ok(()),
        Ok(_) => Err(error),
        Err(look) => Err(Error::Unreachable {
            operation: Operation::UpdateFunctionCode,
            reason: format!("{error}; and it could not be seen whether it was taken: {look}").into(),
        }),
    }
}

/// Makes a version of `$LATEST`, if it is still as it was read (`now`).
///
/// # Errors
/// See [`Error`].
pub fn publish(
    lambda: &dyn Lambda,
    function: &str,
    now: &Configuration,
    description: &str,
) -> Result<Configuration, Error> {
    let ask = |now: &Configuration| {
        let (code_sha256, revision_id) = (now.code_sha256.clone(), now.revision_id.clone());
        lambda.publish(function, &Publish { code_sha256, revision_id, description: Some(description.to_owned()) })
    };
    let error = match ask(now) {
        Err(error) if may_be_taken(&error) => error,
        other => return other,
    };
    // Of `$LATEST` a publishing changes the revision and nothing else, and Lambda gives the same version again as long
    // as nothing was updated: so asking once more is safe, and yields the version that was made before.
    match lambda.function(function, None) {
        Ok(again) if differs_by_revision_alone(&again.configuration, now) => ask(&again.configuration),
        _ => Err(error),
    }
}

fn differs_by_revision_alone(now: &Configuration, before: &Configuration) -> bool {
    Configuration { revision_id: before.revision_id.clone(), ..now.clone() } == *before
}

/// Whether a change was refused because somebody else made one since `read` was read. A function whose creation failed
/// refuses every update with the same code, though nobody touched it.
#[must_use]
pub fn is_overtaken(lambda: &dyn Lambda, function: &str, read: &Configuration, error: &Error) -> bool {
    if !error.is_precondition_failed() && !error.is_conflict() {
        return false;
    }
    lambda.function(function, None).map_or(true, |now| {
        let now = now.configuration;
        now.revision_id != read.revision_id || now.last_update_status == Some(LastUpdateStatus::InProgress)
    })
}
