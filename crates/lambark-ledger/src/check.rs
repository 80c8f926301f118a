//! What an entry may hold.

use std::collections::BTreeMap;

use crate::entry::Draft;
use crate::error::Error;
use crate::limits::{
    MAX_ATTESTATIONS, MAX_COMMIT_BYTES, MAX_DETAIL_BYTES, MAX_FACT_BYTES, MAX_FACT_NAME_BYTES, MAX_FACTS,
    MAX_NAME_BYTES, MAX_REASON_BYTES, MAX_REPOSITORY_BYTES, MAX_RESOURCE_BYTES, MAX_TICKET_BYTES, MAX_URL_BYTES,
    MAX_WORD_BYTES,
};

/// The last millisecond of the year 9999: a clock that says more is wrong, and no form of date goes further.
const LAST_TIME: u64 = 253_402_300_799_999;

/// The draft as it is recorded: free texts cut to their limits.
///
/// # Errors
/// When another text is too long.
pub(crate) fn checked(draft: &Draft) -> Result<Draft, Error> {
    let texts: [(&str, Option<&str>, usize); 15] = [
        ("the name of who did it", Some(&draft.who.name), MAX_NAME_BYTES),
        ("the verb", Some(&draft.verb), MAX_WORD_BYTES),
        ("the service", draft.service.as_deref(), MAX_RESOURCE_BYTES),
        ("the function", draft.function.as_deref(), MAX_RESOURCE_BYTES),
        ("the alias", draft.alias.as_deref(), MAX_RESOURCE_BYTES),
        ("the repository", draft.repository.as_deref(), MAX_REPOSITORY_BYTES),
        ("the tag", draft.tag.as_deref(), MAX_RESOURCE_BYTES),
        ("the version before", draft.version_before.as_deref(), MAX_WORD_BYTES),
        ("the version after", draft.version_after.as_deref(), MAX_WORD_BYTES),
        ("the verdict", draft.verdict.as_deref(), MAX_WORD_BYTES),
        ("the version of the rules", draft.rules.as_deref(), MAX_WORD_BYTES),
        ("the commit", draft.commit.as_deref(), MAX_COMMIT_BYTES),
        ("the CI run's address", draft.run_url.as_deref(), MAX_URL_BYTES),
        ("the reason", draft.reason.as_deref(), MAX_REASON_BYTES),
        ("the ticket", draft.ticket.as_deref(), MAX_TICKET_BYTES),
    ];
    for (field, text, limit) in texts {
        within(field, text.unwrap_or_default().len(), limit)?;
    }
    within("who approved", draft.approved_by.as_deref().unwrap_or_default().len(), MAX_TICKET_BYTES)?;
    within("the list of attestations", draft.attestations.len(), MAX_ATTESTATIONS)?;
    within("the list of facts", draft.facts.len(), MAX_FACTS)?;
    draft.facts.keys().try_for_each(|name| within("a fact's name", name.len(), MAX_FACT_NAME_BYTES))?;
    let facts: BTreeMap<String, String> =
        draft.facts.iter().map(|(name, fact)| (name.clone(), cut(fact, MAX_FACT_BYTES))).collect();
    let detail = draft.detail.as_deref().map(|detail| cut(detail, MAX_DETAIL_BYTES));
    Ok(Draft { time: draft.time.min(LAST_TIME), facts, detail, ..draft.clone() })
}

fn within(field: &'static str, bytes: usize, limit: usize) -> Result<(), Error> {
    if bytes > limit { Err(Error::TooLong { field, bytes, limit }) } else { Ok(()) }
}

/// `text`, or as much of its beginning as fits with a mark that it was cut.
fn cut(text: &str, limit: usize) -> String {
    const MARK: &str = "…";
    if text.len() <= limit {
        return text.to_owned();
    }
    format!("{}{MARK}", &text[..text.floor_char_boundary(limit - MARK.len())])
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::entry::Outcome;
    use crate::samples::{TIME, deploy, full, who};

    #[test]
    fn free_text_is_cut_and_other_text_refused() {
        assert_eq!(checked(&full()).unwrap(), full());
        let mut draft = full();
        draft.detail = Some("é".repeat(MAX_DETAIL_BYTES));
        draft.facts.insert("stderr".to_owned(), "x".repeat(MAX_FACT_BYTES + 1));
        let cut = checked(&draft).unwrap();
        let detail = cut.detail.unwrap();
        assert!(detail.ends_with("é…") && detail.len() <= MAX_DETAIL_BYTES && detail.len() > MAX_DETAIL_BYTES - 4);
        assert_eq!(cut.facts["stderr"].len(), MAX_FACT_BYTES);
        draft.time = u64::MAX;
        assert_eq!(checked(&draft).unwrap().time, LAST_TIME);
        draft.reason = Some("x".repeat(MAX_REASON_BYTES + 1));
        let error = checked(&draft).unwrap_err().to_string();
        assert_eq!(error, "the reason has 4097 bytes, and an entry takes 4096");
    }

    #[test]
    fn every_text_has_a_limit() {
        type Set = fn(&mut Draft, String);
        let fields: [Set; 13] = [
            |draft, text| draft.who.name = text,
            |draft, text| draft.verb = text,
            |draft, text| draft.service = Some(text),
            |draft, text| draft.function = Some(text),
            |draft, text| draft.alias = Some(text),
            |draft, text| draft.repository = Some(text),
            |draft, text| draft.tag = Some(text),
            |draft, text| draft.verdict = Some(text),
            |draft, text| draft.commit = Some(text),
            |draft, text| draft.run_url = Some(text),
            |draft, text| draft.ticket = Some(text),
            |draft, text| draft.approved_by = Some(text),
            |draft, text| drop(draft.facts.insert(text, String::new())),
        ];
        for set in fields {
            let mut draft = Draft { who: who(), ..deploy(TIME, "f", Outcome::Intended) };
            set(&mut draft, "x".repeat(5000));
            assert!(matches!(checked(&draft), Err(Error::TooLong { .. })), "{draft:?}");
        }
    }
}
