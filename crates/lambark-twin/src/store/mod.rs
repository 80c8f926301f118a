//! One content-addressed store behind all faces.
//!
//! Content (blobs and manifests) lies in one pool by its digest; a [`Repository`] tells which of it is there under
//! which name. Everything is in memory, or survives restarts in a data directory:
//!
//! ```text
//! DIR/lambark-twin.lock      locked while a twin runs
//! DIR/blobs/sha256/HEX       content
//! DIR/objects/KIND/…         one JSON file per repository, function and so on: the shelf
//! ```

mod blob;
mod directory;
mod pool;
mod repository;
mod shelf;
mod writer;

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::io;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use lambark_oci::{Digest, MediaType, Target};

pub(crate) use blob::Blob;
pub(crate) use repository::{Encryption, Image, Mutability, Repository};
pub(crate) use shelf::Shelf;
pub(crate) use writer::{BlobWriter, Mark};

use crate::Error;
use crate::scope::Scope;

/// The kind under which repositories are kept.
const REPOSITORIES: &str = "repositories";

/// Where content lies in a data directory.
const BLOBS: &str = "blobs";

/// Everything that was pushed.
#[derive(Debug)]
pub(crate) struct Store {
    shelf: Shelf,
    pool: pool::Pool,
    repositories: Mutex<BTreeMap<(Scope, String), Repository>>,
    /// The lock on the data directory, if there is one.
    _directory: Option<directory::Directory>,
}

/// A manifest or index as it is stored.
#[derive(Clone, Debug)]
pub(crate) struct StoredManifest {
    pub(crate) digest: Digest,
    pub(crate) media_type: MediaType,
    pub(crate) bytes: Bytes,
    /// An archived image is listed, but cannot be pulled.
    pub(crate) archived: bool,
}

impl Store {
    /// Opens a data directory, or an empty store in memory.
    pub(crate) fn open(data: Option<&Path>) -> Result<Store, Error> {
        let directory = data.map(directory::Directory::open).transpose()?;
        let root = directory.as_ref().map(directory::Directory::root);
        let (shelf, pool) = (Shelf::new(root), pool::Pool::new(root)?);
        let repositories = shelf.load_all::<Repository>(REPOSITORIES)?;
        let repositories = repositories.into_iter().map(|one| ((one.scope.clone(), one.name.clone()), one)).collect();
        Ok(Store { shelf, pool, repositories: Mutex::new(repositories), _directory: directory })
    }

    /// Where other objects are kept beside the repositories.
    pub(crate) fn shelf(&self) -> &Shelf {
        &self.shelf
    }

    /// The manifest or index that a tag or digest names, with its bytes; `None` if there is none.
    pub(crate) fn image(&self, scope: &Scope, repository: &str, target: &Target) -> io::Result<Option<StoredManifest>> {
        let found = self.read(scope, repository, |stored| {
            let image = stored.image(target)?;
            Some((image.digest.clone(), image.media_type.clone(), image.archived))
        });
        let Some((digest, media_type, archived)) = found.flatten() else { return Ok(None) };
        let bytes = self.pool.bytes(&digest)?;
        Ok(bytes.map(|bytes| StoredManifest { digest, media_type, bytes, archived }))
    }

    /// A layer or config of a repository.
    pub(crate) fn blob(&self, scope: &Scope, repository: &str, digest: &Digest) -> io::Result<Option<Blob>> {
        match self.read(scope, repository, |stored| stored.layers.contains_key(digest)) {
            Some(true) => self.pool.get(digest),
            _ => Ok(None),
        }
    }

    /// Looks into a repository; `None` if there is none. `look` must be short: everybody waits for it.
    pub(crate) fn read<T>(&self, scope: &Scope, repository: &str, look: impl FnOnce(&Repository) -> T) -> Option<T> {
        self.lock().get(&(scope.clone(), repository.to_owned())).map(look)
    }

    /// Every repository of an account and Region, in the order of their names.
    pub(crate) fn list<T>(&self, scope: &Scope, mut look: impl FnMut(&Repository) -> T) -> Vec<T> {
        let from = (scope.clone(), String::new());
        self.lock().range(from..).take_while(|((of, _), _)| of == scope).map(|(_, one)| look(one)).collect()
    }

    /// Changes a repository and keeps it; `None` if there is none. What `change` refuses is kept nowhere, so it has to
    /// refuse before it changes anything.
    pub(crate) fn change<T, E>(
        &self,
        scope: &Scope,
        repository: &str,
        change: impl FnOnce(&mut Repository) -> Result<T, E>,
    ) -> Result<Option<Result<T, E>>, Error> {
        let mut repositories = self.lock();
        let Some(stored) = repositories.get_mut(&(scope.clone(), repository.to_owned())) else { return Ok(None) };
        let outcome = change(stored);
        if outcome.is_ok() {
            self.keep(stored)?;
        }
        Ok(Some(outcome))
    }

    /// Makes a repository; `false` if there is one of that name already, which stays as it is.
    pub(crate) fn create(&self, repository: Repository) -> Result<bool, Error> {
        match self.lock().entry((repository.scope.clone(), repository.name.clone())) {
            Entry::Occupied(_) => Ok(false),
            Entry::Vacant(place) => {
                self.keep(&repository)?;
                place.insert(repository);
                Ok(true)
            }
        }
    }

    /// Deletes a repository if `check` consents, and the content that no other one has.
    pub(crate) fn delete<E>(
        &self,
        scope: &Scope,
        repository: &str,
        check: impl FnOnce(&Repository) -> Result<(), E>,
    ) -> Result<Option<Result<Repository, E>>, Error> {
        let mut repositories = self.lock();
        let Entry::Occupied(place) = repositories.entry((scope.clone(), repository.to_owned())) else {
            return Ok(None);
        };
        if let Err(refused) = check(place.get()) {
            return Ok(Some(Err(refused)));
        }
        self.shelf.delete(REPOSITORIES, &key(place.get()))?;
        let gone = place.remove();
        for digest in gone.layers.keys().chain(gone.images.keys()) {
            self.sweep(&repositories, digest);
        }
        Ok(Some(Ok(gone)))
    }

    /// Begins to take in content.
    pub(crate) fn writer(&self) -> io::Result<BlobWriter> {
        self.pool.writer()
    }

    /// Takes in content and names it a layer of a repository; `false` if the repository is gone.
    pub(crate) fn add_layer(&self, scope: &Scope, repository: &str, writer: BlobWriter) -> Result<bool, Error> {
        // Locked throughout: a deletion elsewhere must not sweep what is about to be named.
        let mut repositories = self.lock();
        let Some(stored) = repositories.get_mut(&(scope.clone(), repository.to_owned())) else { return Ok(false) };
        let (digest, size) = self.pool.commit(writer).map_err(content)?;
        stored.layers.insert(digest, size);
        self.keep(stored).map(|()| true)
    }

    /// Takes in a manifest's bytes together with what they change in a repository; `None` if there is none. What
    /// `change` refuses is kept nowhere.
    pub(crate) fn add_manifest<T, E>(
        &self,
        scope: &Scope,
        repository: &str,
        bytes: &[u8],
        change: impl FnOnce(&mut Repository) -> Result<T, E>,
    ) -> Result<Option<Result<T, E>>, Error> {
        let mut repositories = self.lock();
        let Some(stored) = repositories.get_mut(&(scope.clone(), repository.to_owned())) else { return Ok(None) };
        let digest = self.pool.put(bytes).map_err(content)?;
        let outcome = change(stored);
        if outcome.is_ok() {
            self.keep(stored)?;
        } else {
            self.sweep(&repositories, &digest);
        }
        Ok(Some(outcome))
    }

    /// Forgets content if no repository names it.
    fn sweep(&self, repositories: &BTreeMap<(Scope, String), Repository>, digest: &Digest) {
        let named = |one: &Repository| one.layers.contains_key(digest) || one.images.contains_key(digest);
        if !repositories.values().any(named) {
            // What cannot be removed costs room, nothing else.
            self.pool.remove(digest).ok();
        }
    }

    fn keep(&self, repository: &Repository) -> Result<(), Error> {
        self.shelf.save(REPOSITORIES, &key(repository), repository)
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<(Scope, String), Repository>> {
        self.repositories.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An error with content, which lies below no path that a person would look at.
fn content(source: io::Error) -> Error {
    Error::Data { path: BLOBS.into(), source }
}

fn key(repository: &Repository) -> [&str; 3] {
    [&repository.scope.account, &repository.scope.region, &repository.name]
}

#[cfg(test)]
mod tests;
