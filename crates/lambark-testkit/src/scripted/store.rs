//! What a registry holds, in memory.

use std::collections::BTreeMap;

use bytes::{Bytes, BytesMut};
use lambark_oci::Digest;

#[derive(Default)]
pub(super) struct Store {
    repositories: BTreeMap<String, Repository>,
    pub(super) uploads: BTreeMap<String, Upload>,
}

#[derive(Default)]
pub(super) struct Repository {
    pub(super) manifests: BTreeMap<Digest, Manifest>,
    pub(super) tags: BTreeMap<String, Digest>,
    pub(super) blobs: BTreeMap<Digest, Bytes>,
}

#[derive(Clone)]
pub(super) struct Manifest {
    pub(super) media_type: String,
    pub(super) bytes: Bytes,
}

#[derive(Default)]
pub(super) struct Upload {
    pub(super) repository: String,
    pub(super) bytes: BytesMut,
    pub(super) first_chunk: usize,
    pub(super) last_chunk: usize,
}

impl Store {
    /// The repository, made at need.
    pub(super) fn repository(&mut self, name: &str) -> &mut Repository {
        self.repositories.entry(name.to_owned()).or_default()
    }

    pub(super) fn get(&self, name: &str) -> Option<&Repository> {
        self.repositories.get(name)
    }
}
