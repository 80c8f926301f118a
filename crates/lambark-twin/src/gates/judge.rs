//! Looking at an image once, and remembering what came of it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use lambark_images::{Error, Gather, Recall, Silent, gather};
use lambark_oci::{Architecture, Digest};
use lambark_rules::facts::Asked;
use lambark_rules::{Gate, Needs, judge};
use tokio::sync::OnceCell;

use super::objection::Objections;
use super::source::StoreSource;
use crate::limits::MAX_JUDGEMENTS;

/// What is known of an image for an architecture. Two requests for the same wait for one look.
type Place = Arc<OnceCell<Arc<Objections>>>;

/// The gates, with what they have seen. A digest never changes, so nothing here goes stale.
#[derive(Debug, Default)]
pub(crate) struct Gates {
    seen: Mutex<HashMap<(Digest, Architecture), Place>>,
}

/// What becomes of an image.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Verdict {
    /// The call is refused with the media-type gate's text.
    pub(crate) is_refused: bool,
    /// Unpacking fails with this reason.
    pub(crate) fails: Option<String>,
    /// What a person should know of it.
    pub(crate) notes: Vec<String>,
}

impl Gates {
    /// Asks both gates about an image.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub(crate) async fn ask(
        &self,
        image: StoreSource,
        architecture: Architecture,
        is_pessimistic: bool,
    ) -> Result<Verdict, Error> {
        let key = (image.digest.clone(), architecture);
        let place = self.place(&key);
        let objections = place.get_or_try_init(|| look(image, architecture)).await;
        let objections = objections.inspect_err(|_| self.forget(&key))?;
        if objections.is_passing {
            self.forget(&key);
        }
        Ok(verdict(objections, is_pessimistic))
    }

    fn place(&self, key: &(Digest, Architecture)) -> Place {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if seen.len() >= MAX_JUDGEMENTS {
            // Looking again is slow, not wrong.
            seen.clear();
        }
        Arc::clone(seen.entry(key.clone()).or_default())
    }

    fn forget(&self, key: &(Digest, Architecture)) {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).remove(key);
    }
}

async fn look(image: StoreSource, architecture: Architecture) -> Result<Arc<Objections>, Error> {
    let look = move || {
        let asked = Asked { architecture: Some(architecture), ..Asked::default() };
        // The first gate sees the manifest alone. What it refuses is not unpacked.
        let facts = gather(&image, &Gather { depth: Needs::Manifest, asked }, Recall::Nothing, &Silent)?;
        let shallow = Objections::of(&judge(&facts).findings, &facts);
        if shallow.refused.is_some() {
            return Ok(Arc::new(shallow));
        }
        let facts = gather(&image, &Gather { depth: Needs::Files, asked }, Recall::Nothing, &Silent)?;
        Ok(Arc::new(Objections::of(&judge(&facts).findings, &facts)))
    };
    let joined = tokio::task::spawn_blocking(look).await;
    joined.unwrap_or_else(|panic| std::panic::resume_unwind(panic.into_panic()))
}

fn verdict(objections: &Objections, is_pessimistic: bool) -> Verdict {
    let mut verdict = Verdict { is_refused: objections.refused.is_some(), ..Verdict::default() };
    verdict.fails.clone_from(&objections.fails);
    verdict.notes.extend(objections.refused.iter().map(|note| format!("refused at the call: {note}")));
    verdict.notes.extend(objections.fails.iter().map(|reason| format!("unpacking will fail: {reason}")));
    for doubt in &objections.doubts {
        let fate = if is_pessimistic { "refused, being pessimistic" } else { "accepted, but not confirmed by AWS" };
        verdict.notes.push(format!("{fate}: {}", doubt.note));
        if is_pessimistic {
            match doubt.gate {
                Gate::MediaTypes => verdict.is_refused = true,
                _ => {
                    verdict.fails.get_or_insert_with(|| doubt.reason.clone());
                }
            }
        }
    }
    if !verdict.is_refused {
        verdict
            .notes
            .extend(objections.later.iter().map(|note| format!("accepted, but may fail when it runs: {note}")));
    }
    verdict
}
