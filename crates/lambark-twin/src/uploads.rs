//! Blobs on their way in, by either face.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use lambark_oci::Digest;
use tokio::sync::Mutex as Turn;

use crate::clock::Millis;
use crate::ecr::{Kind, Refusal};
use crate::ids;
use crate::limits::{MAX_LAYER_BYTES, MAX_UPLOADS};
use crate::scope::Scope;
use crate::shared::Shared;
use crate::store::{BlobWriter, Mark};

/// Every upload that is not complete. They do not outlive the process.
#[derive(Debug, Default)]
pub(crate) struct Uploads(Mutex<HashMap<String, Waiting>>);

/// An upload whose parts wait in line.
#[derive(Debug)]
struct Waiting {
    began: Millis,
    upload: Arc<Turn<Upload>>,
}

/// One upload.
#[derive(Debug)]
pub(crate) struct Upload {
    scope: Scope,
    repository: String,
    writer: BlobWriter,
    /// The end of the last part that arrived whole. Whatever stands behind it broke off.
    whole: Mark,
    received: u64,
    /// Bytes of the first part: all that ECR's `Range` ever tells.
    first_part: u64,
    last_part: u64,
    parts: u64,
    /// A part other than the last is smaller than ECR takes.
    too_small: bool,
}

impl Uploads {
    /// Begins an upload and gives its id.
    pub(crate) fn begin(&self, twin: &Shared, scope: &Scope, repository: &str) -> Result<String, Refusal> {
        let writer = twin.store.writer()?;
        let upload = Upload {
            scope: scope.clone(),
            repository: repository.to_owned(),
            whole: writer.mark(),
            writer,
            received: 0,
            first_part: 0,
            last_part: 0,
            parts: 0,
            too_small: false,
        };
        let id = ids::uuid();
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= MAX_UPLOADS {
            // The one that was begun first is the likeliest to have been given up.
            let oldest = all.iter().min_by_key(|(_, waiting)| waiting.began).map(|(id, _)| id.clone());
            oldest.map(|id| all.remove(&id));
        }
        let waiting = Waiting { began: twin.clock.millis(), upload: Arc::new(Turn::new(upload)) };
        all.insert(id.clone(), waiting);
        Ok(id)
    }

    /// An upload of a repository.
    pub(crate) async fn find(&self, scope: &Scope, repository: &str, id: &str) -> Result<Arc<Turn<Upload>>, Refusal> {
        let found = {
            let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            all.get(id).map(|waiting| Arc::clone(&waiting.upload))
        };
        let unknown = || {
            let message = format!(
                "The upload with upload ID '{id}' does not exist in the repository with name '{repository}' in the \
                 registry with id '{}'",
                scope.account
            );
            Refusal::new(Kind::UploadNotFound, message)
        };
        let found = found.ok_or_else(unknown)?;
        let own = {
            let upload = found.lock().await;
            upload.scope == *scope && upload.repository == repository
        };
        if own { Ok(found) } else { Err(unknown()) }
    }

    /// Gives an upload up.
    pub(crate) fn remove(&self, id: &str) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(id);
    }
}

impl Upload {
    /// Bytes of all parts that arrived whole.
    pub(crate) fn received(&self) -> u64 {
        self.received
    }

    /// The bytes that ECR's `Range` tells.
    pub(crate) fn told(&self, stale: bool) -> u64 {
        if stale { self.first_part } else { self.received }
    }

    /// Begins a part. What an earlier one that broke off left behind is forgotten.
    pub(crate) fn begin_part(&mut self) -> Result<(), Refusal> {
        if self.writer.length() != self.received {
            self.writer.return_to(&self.whole)?;
        }
        Ok(())
    }

    pub(crate) fn write(&mut self, bytes: &[u8]) -> Result<(), Refusal> {
        if self.writer.length() + bytes.len() as u64 > MAX_LAYER_BYTES {
            return Err(Refusal::new(Kind::LimitExceeded, "The layer is larger than 52000 MiB"));
        }
        Ok(self.writer.write(bytes)?)
    }

    /// Ends a part; one without bytes is none.
    pub(crate) fn end_part(&mut self, least: u64) {
        let length = self.writer.length() - self.received;
        if length == 0 {
            return;
        }
        self.too_small |= self.parts > 0 && self.last_part < least;
        if self.parts == 0 {
            self.first_part = length;
        }
        (self.parts, self.last_part, self.received) = (self.parts + 1, length, self.writer.length());
        self.whole = self.writer.mark();
    }

    /// Takes the blob into the repository, if it is what it should be. Only a blob that was taken in ends the upload.
    pub(crate) fn complete(&mut self, twin: &Shared, id: &str, expected: &Digest) -> Result<(), Refusal> {
        self.begin_part()?;
        let (repository, account) = (&self.repository, &self.scope.account);
        if self.parts == 0 {
            let message = format!(
                "The upload with id '{id}' in the repository with name '{repository}' in registry with id '{account}' \
                 cannot be completed because it does not have any parts"
            );
            return Err(Refusal::new(Kind::EmptyUpload, message));
        }
        if self.too_small {
            let message = "All layer parts except the last part should be at least 5MB";
            return Err(Refusal::new(Kind::LayerPartTooSmall, message));
        }
        let actual = self.writer.digest();
        if actual != *expected {
            let message =
                format!("The layer digest '{expected}' does not match the digest '{actual}' of what was uploaded");
            return Err(Refusal::new(Kind::InvalidLayer, message));
        }
        let writer = std::mem::replace(&mut self.writer, twin.store.writer()?);
        (self.received, self.parts, self.whole) = (0, 0, self.writer.mark());
        let added = twin.store.add_layer(&self.scope, repository, writer)?;
        twin.uploads.remove(id);
        if added { Ok(()) } else { Err(Refusal::no_repository(account, repository)) }
    }
}
