//! Repairs and pushes in the ledger. What moves a tag in a registry is recorded; what changes a file of this machine is
//! not, since it is nothing yet that could run.

use std::sync::Arc;

use lambark_images::repair::{self, Change, Prepared, Ready, TakeBack};
use lambark_images::{Access, Progress};
use lambark_ledger::limits::MAX_ATTESTATIONS;
use lambark_ledger::{Draft, Outcome};
use lambark_oci::{ImageName, RawDocument, Reference, Target};

use super::Journal;
use crate::failure::Failure;

/// Who records, and as what.
pub struct Record<'a> {
    /// The ledger.
    pub journal: &'a mut Journal,
    /// What was run.
    pub verb: &'static str,
    /// The service of `lambark.toml`, if it was named.
    pub service: Option<String>,
}

/// Carries a repair out, if there is anything to do: the intent is written, then `first` is done, then the repair.
///
/// # Errors
/// When the intent cannot be written, before anything was changed; and whatever `first` and the repair can end in.
pub fn carry_out(
    prepared: Prepared<'_>,
    access: &Access,
    progress: &Arc<dyn Progress>,
    record: Option<Record<'_>>,
    first: impl FnOnce() -> Result<(), Failure>,
) -> Result<repair::Outcome, Failure> {
    let change = match prepared.ready(access)? {
        Ready::Nothing(outcome) => return Ok(outcome),
        Ready::Change(change) => change,
    };
    let do_it = |change: Change<'_>| first().and_then(|()| Ok(change.carry_out(access, progress)?));
    let (Some(record), Some(reference)) = (record, change.outcome().target.reference()) else {
        return do_it(change);
    };
    record.journal.intend(record.verb, None, |draft| {
        place(draft, reference, record.service.as_ref());
        intended(draft, &change);
    })?;
    let done = do_it(change);
    ended(record.journal, &done, |outcome, draft| {
        if let Some(applied) = &outcome.applied {
            draft.digest_after = Some(applied.image.digest().clone());
            draft.attestations = applied.referrers.iter().take(MAX_ATTESTATIONS).cloned().collect();
        }
    });
    done
}

/// Takes the last repair of a name back.
///
/// # Errors
/// When the intent cannot be written, before anything was changed; or it cannot be taken back.
pub fn take_back(name: &ImageName, back: TakeBack, record: Option<Record<'_>>) -> Result<RawDocument, Failure> {
    let (Some(record), Some(reference)) = (record, name.reference()) else { return Ok(back.carry_out()?) };
    record.journal.intend(record.verb, None, |draft| {
        place(draft, reference, record.service.as_ref());
        draft.digest_before = Some(back.now().clone());
        draft.digest_after = Some(back.before().clone());
    })?;
    let done = back.carry_out().map_err(Failure::from);
    ended(record.journal, &done, |_, _| {});
    done
}

/// The repository, and the tag that moves.
fn place(draft: &mut Draft, reference: &Reference, service: Option<&String>) {
    draft.service = service.cloned();
    draft.repository = Some(reference.repository_name());
    if let Target::Tag(tag) = reference.target() {
        draft.tag = Some(tag);
    }
}

fn intended(draft: &mut Draft, change: &Change<'_>) {
    let outcome = change.outcome();
    draft.digest_before = change.replaces().cloned();
    draft.digest_after = change.result().cloned();
    draft.verdict = Some(outcome.judgement.verdict.to_string());
    draft.facts.insert("steps".to_owned(), outcome.plan.steps().join("; "));
    if let Some(from) = change.from() {
        draft.facts.insert("from".to_owned(), from.to_string());
    }
}

fn ended<T>(journal: &mut Journal, done: &Result<T, Failure>, fill: impl FnOnce(&T, &mut Draft)) {
    let outcome = if done.is_ok() { Outcome::Succeeded } else { Outcome::Failed };
    journal.try_end(outcome, |draft| match done {
        Ok(done) => fill(done, draft),
        Err(failure) => draft.detail = Some(failure.to_string()),
    });
}
