//! An image brought to a registry as it is, faults and all: what a plain push does.

use std::sync::Arc;

use lambark_oci::limits::MAX_INDEX_DEPTH;
use lambark_oci::{Document, RawDocument, Reference, Target};

use super::RegistrySink;
use crate::Error;
use crate::bring::{blobs_of, bring_blobs};
use crate::open::Access;
use crate::sink::Sink;
use crate::source::{Source, Top};

/// Brings what `source` points at under the tag of `to`, every byte as it is: an index with all that it names. Returns
/// what stands under the tag then.
///
/// # Errors
/// When reading or writing failed, or the source is a classic docker archive: that one has no manifest to bring.
pub fn push_as_is(source: &Arc<dyn Source>, to: &Reference, access: &Access) -> Result<RawDocument, Error> {
    let Top::Document(top) = source.top()? else {
        return Err(Error::Usage(format!("{} has no manifest: whoever pushes it makes one", source.place())));
    };
    let sink = RegistrySink::new(to.clone(), access.dialogue(to)?, None, None)?;
    bring(source, &sink, &top, 0)?;
    sink.publish(&top)?;
    Ok(top)
}

/// Brings what a document names; the document itself is the caller's.
fn bring(source: &Arc<dyn Source>, sink: &RegistrySink, document: &RawDocument, depth: usize) -> Result<(), Error> {
    match document.document() {
        Document::Manifest(manifest) => bring_blobs(source, sink, &blobs_of(manifest), None).map(drop),
        Document::Index(_) if depth >= MAX_INDEX_DEPTH => {
            let reason = format!("indexes are nested more than {MAX_INDEX_DEPTH} deep");
            Err(Error::Malformed { place: source.place(), reason })
        }
        Document::Index(index) => index.manifests.iter().try_for_each(|child| {
            let child = source.document(child)?;
            bring(source, sink, &child, depth + 1)?;
            sink.put(&Target::Digest(child.digest().clone()), &child).map(drop)
        }),
        Document::Schema1 | Document::OldArtifact => Ok(()),
    }
}
