//! Paths below `/v2/`.

/// What a path names.
#[derive(Debug, Eq, PartialEq)]
pub(super) enum Route {
    Version,
    Catalog,
    Tags { repository: String },
    Manifest { repository: String, target: String },
    Blob { repository: String, digest: String },
    Uploads { repository: String },
    Upload { repository: String, id: String },
    Referrers { repository: String, subject: String },
}

impl Route {
    /// Reads a path. Repository names have slashes, so the kind is looked for from the end.
    pub(super) fn of(path: &str) -> Option<Route> {
        let rest = match path.strip_prefix("/v2")? {
            "" | "/" => return Some(Route::Version),
            rest => rest.strip_prefix('/')?,
        };
        // Docker's and Go's clients escape the colon of a digest.
        let rest = rest.replace("%3A", ":").replace("%3a", ":");
        if rest == "_catalog" {
            return Some(Route::Catalog);
        }
        if let Some(repository) = rest.strip_suffix("/tags/list") {
            return Some(Route::Tags { repository: repository.to_owned() });
        }
        let both = |needle: &str| {
            let (repository, name) = rest.rsplit_once(needle)?;
            (!repository.is_empty() && !name.contains('/')).then(|| (repository.to_owned(), name.to_owned()))
        };
        if let Some((repository, id)) = both("/blobs/uploads/") {
            let begins = id.is_empty();
            return Some(if begins { Route::Uploads { repository } } else { Route::Upload { repository, id } });
        }
        if let Some(repository) = rest.strip_suffix("/blobs/uploads") {
            return Some(Route::Uploads { repository: repository.to_owned() });
        }
        both("/manifests/")
            .map(|(repository, target)| Route::Manifest { repository, target })
            .or_else(|| both("/blobs/").map(|(repository, digest)| Route::Blob { repository, digest }))
            .or_else(|| both("/referrers/").map(|(repository, subject)| Route::Referrers { repository, subject }))
    }
}
