//! What went over the wire: every request, every body byte.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};

/// What a request was for. Each counts on its own line of [`Traffic`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    ManifestGet,
    ManifestHead,
    ManifestPut,
    BlobGet,
    BlobRange,
    BlobHead,
    Upload,
    Referrers,
    Auth,
}

impl Kind {
    /// Whether its body bytes are blob bytes.
    pub(crate) fn is_blob(self) -> bool {
        matches!(self, Kind::BlobGet | Kind::BlobRange | Kind::Upload)
    }
}

/// Requests made and body bytes moved by one client so far. Headers are not counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Traffic {
    /// Every HTTP request: also token exchanges, redirects followed, and each retry.
    pub requests: u64,
    /// Manifest and index reads by GET.
    pub manifest_gets: u64,
    /// Manifest looks by HEAD.
    pub manifest_heads: u64,
    /// Manifest writes.
    pub manifest_puts: u64,
    /// Whole blobs read, and continued reads of them.
    pub blob_gets: u64,
    /// Ranges of blobs read for a look.
    pub blob_ranges: u64,
    /// Blobs looked for.
    pub blob_heads: u64,
    /// Upload requests: mounts, starts, bodies and closings.
    pub uploads: u64,
    /// Referrers API requests.
    pub referrers: u64,
    /// Token requests.
    pub auth: u64,
    /// Requests made because an answer redirected; also counted in the line of what was asked for.
    pub redirects: u64,
    /// Requests made again after a failure; also counted in the line of what was asked for.
    pub retries: u64,
    /// Body bytes received, of every kind.
    pub bytes_received: u64,
    /// Body bytes sent, of every kind.
    pub bytes_sent: u64,
    /// Of the received bytes, those of blobs.
    pub blob_bytes_received: u64,
    /// Of the sent bytes, those of blobs.
    pub blob_bytes_sent: u64,
}

impl Traffic {
    /// What was added since `earlier`, a snapshot of the same client.
    #[must_use]
    pub fn since(&self, earlier: &Traffic) -> Traffic {
        Traffic {
            requests: self.requests.saturating_sub(earlier.requests),
            manifest_gets: self.manifest_gets.saturating_sub(earlier.manifest_gets),
            manifest_heads: self.manifest_heads.saturating_sub(earlier.manifest_heads),
            manifest_puts: self.manifest_puts.saturating_sub(earlier.manifest_puts),
            blob_gets: self.blob_gets.saturating_sub(earlier.blob_gets),
            blob_ranges: self.blob_ranges.saturating_sub(earlier.blob_ranges),
            blob_heads: self.blob_heads.saturating_sub(earlier.blob_heads),
            uploads: self.uploads.saturating_sub(earlier.uploads),
            referrers: self.referrers.saturating_sub(earlier.referrers),
            auth: self.auth.saturating_sub(earlier.auth),
            redirects: self.redirects.saturating_sub(earlier.redirects),
            retries: self.retries.saturating_sub(earlier.retries),
            bytes_received: self.bytes_received.saturating_sub(earlier.bytes_received),
            bytes_sent: self.bytes_sent.saturating_sub(earlier.bytes_sent),
            blob_bytes_received: self.blob_bytes_received.saturating_sub(earlier.blob_bytes_received),
            blob_bytes_sent: self.blob_bytes_sent.saturating_sub(earlier.blob_bytes_sent),
        }
    }

    /// Requests that read or wrote manifests: the figure that a repair is judged by.
    #[must_use]
    pub fn manifest_requests(&self) -> u64 {
        self.manifest_gets + self.manifest_heads + self.manifest_puts
    }
}

impl fmt::Display for Traffic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} requests, {} bytes received, {} bytes sent", self.requests, self.bytes_received, self.bytes_sent)
    }
}

/// The live counters behind [`Traffic`].
#[derive(Debug, Default)]
pub(crate) struct Counters {
    by_kind: [AtomicU64; 9],
    redirects: AtomicU64,
    retries: AtomicU64,
    received: AtomicU64,
    sent: AtomicU64,
    blob_received: AtomicU64,
    blob_sent: AtomicU64,
}

impl Counters {
    pub(crate) fn request(&self, kind: Kind) {
        self.by_kind[kind as usize].fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn redirect(&self) {
        self.redirects.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn retry(&self) {
        self.retries.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn received(&self, kind: Kind, bytes: usize) {
        self.received.fetch_add(bytes as u64, Ordering::Relaxed);
        if kind.is_blob() {
            self.blob_received.fetch_add(bytes as u64, Ordering::Relaxed);
        }
    }

    pub(crate) fn sent(&self, kind: Kind, bytes: usize) {
        self.sent.fetch_add(bytes as u64, Ordering::Relaxed);
        if kind.is_blob() {
            self.blob_sent.fetch_add(bytes as u64, Ordering::Relaxed);
        }
    }

    pub(crate) fn snapshot(&self) -> Traffic {
        let of = |kind: Kind| self.by_kind[kind as usize].load(Ordering::Relaxed);
        let load = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Traffic {
            requests: self.by_kind.iter().map(load).sum(),
            manifest_gets: of(Kind::ManifestGet),
            manifest_heads: of(Kind::ManifestHead),
            manifest_puts: of(Kind::ManifestPut),
            blob_gets: of(Kind::BlobGet),
            blob_ranges: of(Kind::BlobRange),
            blob_heads: of(Kind::BlobHead),
            uploads: of(Kind::Upload),
            referrers: of(Kind::Referrers),
            auth: of(Kind::Auth),
            redirects: load(&self.redirects),
            retries: load(&self.retries),
            bytes_received: load(&self.received),
            bytes_sent: load(&self.sent),
            blob_bytes_received: load(&self.blob_received),
            blob_bytes_sent: load(&self.blob_sent),
        }
    }
}
