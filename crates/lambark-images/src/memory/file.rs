//! The file that keeps one blob's facts: a line that says what wrote it and what follows, and what follows.

use lambark_layers::READER_VERSION;
use lambark_oci::Digest;

/// Version of the files' format: of the first line, the compression and the fields.
pub(super) const FORMAT: u32 = 1;

/// Largest file that is read, in bytes: compressed, a layer of half a million files needs a third of it.
pub(super) const MAX_FILE_BYTES: u64 = 16 * 1024 * 1024;

/// Longest first line, in bytes.
const MAX_HEADER_BYTES: usize = 256;

/// The first line of a file with this payload. It names lambark's own version too: what somebody forgot to count in
/// [`READER_VERSION`] is forgotten with the next release.
pub(super) fn header(payload: &[u8]) -> String {
    let lambark = env!("CARGO_PKG_VERSION");
    format!("lambark facts {FORMAT}, lambark {lambark}, reader {READER_VERSION}, {}\n", Digest::of(payload))
}

/// The payload of a whole file, if it was written by the same version and not damaged since.
pub(super) fn opened(bytes: &[u8]) -> Option<&[u8]> {
    let end = bytes.iter().take(MAX_HEADER_BYTES).position(|byte| *byte == b'\n')?;
    let (line, payload) = bytes.split_at(end + 1);
    (line == header(payload).as_bytes()).then_some(payload)
}
