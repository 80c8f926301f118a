//! Paging, with tokens that mean nothing to anybody but this twin.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::refusal::Refusal;
use crate::shared::Shared;

/// Members of a page if nothing is said, and at most.
const DEFAULT: u64 = 100;
const MOST: u64 = 1000;

/// Which page of a list is wanted.
#[derive(Debug)]
pub(crate) struct Page<'a> {
    /// What the list is of: a token of another one is none.
    list: &'a str,
    count: usize,
    after: Option<String>,
}

impl<'a> Page<'a> {
    pub(crate) fn of(
        twin: &Shared,
        list: &'a str,
        count: Option<u64>,
        token: Option<&str>,
    ) -> Result<Page<'a>, Refusal> {
        Page::up_to(twin, list, count, token, MOST)
    }

    /// A page of at most `most` members.
    pub(super) fn up_to(
        twin: &Shared,
        list: &'a str,
        count: Option<u64>,
        token: Option<&str>,
        most: u64,
    ) -> Result<Page<'a>, Refusal> {
        let count = count.unwrap_or(DEFAULT.min(most));
        if count < 1 {
            return Err(Refusal::parameter("maxResults", "Member must have value greater than or equal to 1"));
        }
        if count > most {
            let constraint = format!("Member must have value less than or equal to {most}");
            return Err(Refusal::parameter("maxResults", &constraint));
        }
        let after = token.map(|token| {
            let opened = || {
                let (payload, signature) = token.split_once('.')?;
                twin.signer.is_signed("page", &format!("{list}\n{payload}"), signature).then_some(())?;
                String::from_utf8(URL_SAFE_NO_PAD.decode(payload).ok()?).ok()
            };
            opened().ok_or_else(|| Refusal::parameter("nextToken", "Invalid token"))
        });
        Ok(Page { list, count: usize::try_from(count).unwrap_or(usize::MAX), after: after.transpose()? })
    }

    /// This page of `all`, which is in the order of its keys, and the token of the next one if there is more.
    pub(crate) fn cut<T>(&self, twin: &Shared, all: Vec<T>, key: impl Fn(&T) -> String) -> (Vec<T>, Option<String>) {
        let mut page: Vec<T> =
            all.into_iter().filter(|one| self.after.as_ref().is_none_or(|after| key(one) > *after)).collect();
        let more = page.len() > self.count;
        page.truncate(self.count);
        let next = page.last().filter(|_| more).map(|last| {
            let payload = URL_SAFE_NO_PAD.encode(key(last));
            let signature = twin.signer.sign("page", &format!("{}\n{payload}", self.list));
            format!("{payload}.{signature}")
        });
        (page, next)
    }
}
