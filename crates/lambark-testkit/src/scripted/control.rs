//! What tests ask of a registry and tell it.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use lambark_oci::{Digest, MediaType};

use super::behaviour::Behaviour;
use super::script::{Fault, Rule};
use super::store::{Manifest, Store};

/// Which of the two hosts a request went to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// The registry, its token server included.
    Registry,
    /// The storage that blobs are redirected to.
    Storage,
}

/// One request as it came in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recorded {
    /// Where it came in.
    pub place: Place,
    /// The method.
    pub method: String,
    /// The path, without the query.
    pub path: String,
    /// The query, without the question mark.
    pub query: String,
    /// The headers, names in lower case.
    pub headers: Vec<(String, String)>,
    /// How many body bytes were read of it.
    pub body_bytes: u64,
    /// The answer's status; 0 as long as there is none, or when the connection was cut in its place.
    pub status: u16,
}

impl Recorded {
    /// A header's value, by its name in lower case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// `GET /v2/app/manifests/v1`, for comparing whole dialogues.
    #[must_use]
    pub fn line(&self) -> String {
        format!("{} {}", self.method, self.path)
    }

    /// Whether it meant to change something.
    #[must_use]
    pub fn is_mutating(&self) -> bool {
        self.place == Place::Registry && self.path != "/token" && !matches!(self.method.as_str(), "GET" | "HEAD")
    }
}

pub(super) struct Inner {
    pub(super) behaviour: Behaviour,
    pub(super) store: Store,
    pub(super) rules: Vec<Rule>,
    pub(super) requests: Vec<Recorded>,
    pub(super) connections: usize,
    /// Tokens with their scopes and the uses that are left.
    pub(super) tokens: BTreeMap<String, (Vec<String>, Option<u32>)>,
    /// Signatures of storage URLs with the uses that are left.
    pub(super) links: BTreeMap<String, Option<u32>>,
    counter: u64,
}

/// A handle on a running registry; clones speak of the same one.
#[derive(Clone)]
pub struct Control {
    inner: Arc<Mutex<Inner>>,
    pub(super) registry: SocketAddr,
    pub(super) storage: SocketAddr,
}

impl Control {
    pub(super) fn new(behaviour: Behaviour, registry: SocketAddr, storage: SocketAddr) -> Control {
        let inner = Inner {
            behaviour,
            store: Store::default(),
            rules: Vec::new(),
            requests: Vec::new(),
            connections: 0,
            tokens: BTreeMap::new(),
            links: BTreeMap::new(),
            counter: 0,
        };
        Control { inner: Arc::new(Mutex::new(inner)), registry, storage }
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Host and port, as image names write them.
    #[must_use]
    pub fn host(&self) -> String {
        self.registry.to_string()
    }

    /// Host and port of the storage that blobs are redirected to.
    #[must_use]
    pub fn storage_host(&self) -> String {
        self.storage.to_string()
    }

    /// Changes how the registry behaves from now on.
    pub fn behave(&self, change: impl FnOnce(&mut Behaviour)) {
        change(&mut self.lock().behaviour);
    }

    /// Adds a rule behind those that there are.
    pub fn rule(&self, rule: Rule) {
        self.lock().rules.push(rule);
    }

    /// Forgets all rules.
    pub fn clear_rules(&self) {
        self.lock().rules.clear();
    }

    /// Makes a repository, for registries that do not make them on a push.
    pub fn create_repository(&self, repository: &str) {
        self.lock().store.repository(repository);
    }

    /// Stores a blob, making the repository at need.
    pub fn put_blob(&self, repository: &str, bytes: impl Into<Bytes>) -> Digest {
        let bytes = bytes.into();
        let digest = Digest::of(&bytes);
        self.put_blob_as(repository, &digest, bytes);
        digest
    }

    /// Stores bytes under a digest that may not be theirs.
    pub fn put_blob_as(&self, repository: &str, digest: &Digest, bytes: impl Into<Bytes>) {
        self.lock().store.repository(repository).blobs.insert(digest.clone(), bytes.into());
    }

    /// Stores a manifest, making the repository at need, and points `tag` at it if one is given.
    pub fn put_manifest(
        &self,
        repository: &str,
        tag: Option<&str>,
        media_type: &str,
        bytes: impl Into<Bytes>,
    ) -> Digest {
        let bytes = bytes.into();
        let digest = Digest::of(&bytes);
        let mut inner = self.lock();
        let stored = inner.store.repository(repository);
        stored.manifests.insert(digest.clone(), Manifest { media_type: media_type.to_owned(), bytes });
        if let Some(tag) = tag {
            stored.tags.insert(tag.to_owned(), digest.clone());
        }
        digest
    }

    /// Points a tag at a digest, whether or not that is there.
    pub fn move_tag(&self, repository: &str, tag: &str, digest: &Digest) {
        self.lock().store.repository(repository).tags.insert(tag.to_owned(), digest.clone());
    }

    /// Takes a blob away.
    pub fn remove_blob(&self, repository: &str, digest: &Digest) {
        self.lock().store.repository(repository).blobs.remove(digest);
    }

    /// What a tag points at.
    #[must_use]
    pub fn tagged(&self, repository: &str, tag: &str) -> Option<Digest> {
        self.lock().store.get(repository)?.tags.get(tag).cloned()
    }

    /// All tags of a repository.
    #[must_use]
    pub fn tags(&self, repository: &str) -> BTreeMap<String, Digest> {
        self.lock().store.get(repository).map(|stored| stored.tags.clone()).unwrap_or_default()
    }

    /// A manifest's media type and bytes.
    #[must_use]
    pub fn manifest(&self, repository: &str, digest: &Digest) -> Option<(MediaType, Bytes)> {
        let inner = self.lock();
        let manifest = inner.store.get(repository)?.manifests.get(digest)?;
        Some((MediaType::new(&manifest.media_type), manifest.bytes.clone()))
    }

    /// The digests of all manifests of a repository.
    #[must_use]
    pub fn manifests(&self, repository: &str) -> Vec<Digest> {
        self.lock().store.get(repository).map(|stored| stored.manifests.keys().cloned().collect()).unwrap_or_default()
    }

    /// A blob's bytes.
    #[must_use]
    pub fn blob(&self, repository: &str, digest: &Digest) -> Option<Bytes> {
        self.lock().store.get(repository)?.blobs.get(digest).cloned()
    }

    /// The digests of all blobs of a repository.
    #[must_use]
    pub fn blobs(&self, repository: &str) -> Vec<Digest> {
        self.lock().store.get(repository).map(|stored| stored.blobs.keys().cloned().collect()).unwrap_or_default()
    }

    /// Every request so far, in order of arrival; the token server's and the storage's too.
    #[must_use]
    pub fn requests(&self) -> Vec<Recorded> {
        self.lock().requests.clone()
    }

    /// Every request so far as `METHOD /path`.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        self.lock().requests.iter().map(Recorded::line).collect()
    }

    /// How many requests meant to change something.
    #[must_use]
    pub fn mutations(&self) -> usize {
        self.lock().requests.iter().filter(|request| request.is_mutating()).count()
    }

    /// How many connections were made to registry and storage so far.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.lock().connections
    }

    /// Forgets the requests so far.
    pub fn forget_requests(&self) {
        self.lock().requests.clear();
    }

    /// Lets every token that was handed out expire.
    pub fn expire_tokens(&self) {
        self.lock().tokens.clear();
    }

    /// Lets every storage URL that was handed out expire.
    pub fn expire_links(&self) {
        self.lock().links.clear();
    }

    /// The fault for a request, after the hook of its rule has run.
    pub(super) fn fault_for(&self, place: Place, method: &str, path: &str) -> Fault {
        let (fault, hook) = {
            let mut inner = self.lock();
            let rule = inner.rules.iter_mut().filter(|rule| rule.matches(place, method, path)).find_map(|rule| {
                if rule.skip == 0 {
                    return Some(rule);
                }
                rule.skip -= 1;
                None
            });
            let Some(rule) = rule else { return Fault::None };
            rule.left = rule.left.map(|left| left - 1);
            (rule.fault.clone(), rule.hook.take())
        };
        if let Some(hook) = hook {
            hook(self);
        }
        fault
    }
}

impl Inner {
    /// A word that was never used before, for tokens, signatures and uploads.
    pub(super) fn fresh(&mut self, kind: &str) -> String {
        self.counter += 1;
        format!("{kind}-{:08x}", self.counter.wrapping_mul(0x9E37_79B1) & 0xFFFF_FFFF)
    }
}
