//! DeleteFunction.

use super::call::Call;
use super::error::ApiError;
use super::machine::VersionRef;
use crate::http::Reply;

pub(super) fn delete(call: &Call<'_>) -> Result<Reply, ApiError> {
    let named = call.named()?;
    match &named.qualifier {
        None => call.twin.functions.remove(call.twin.store.shelf(), &call.scope, &named.name)?,
        Some(qualifier) => {
            let version = VersionRef::parse(qualifier)
                // The text is ours.
                .ok_or_else(|| ApiError::invalid("Deletion of functions takes a version, not an alias."))?;
            call.change(&named.name, |function| Ok(function.delete_version(version)?))?;
        }
    }
    Ok(Reply::new(204))
}
