//! Answers that come in pages.

use crate::error::Error;
use crate::operation::Operation;

/// Most pages that are read of one list: at 50 functions a page, far more than any account has, and a server that
/// never ends its list does not hold us for ever.
pub const MAX_PAGES: usize = 10_000;

/// One page of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<T> {
    /// What is on it.
    pub items: Vec<T>,
    /// Where the next one begins; `None` on the last.
    pub next: Option<String>,
}

/// Reads a list to its end; `read` gets the place where its page begins.
///
/// # Errors
/// Whatever `read` fails with; [`Error::Protocol`] when the list has no end.
pub fn all<T>(
    operation: Operation,
    mut read: impl FnMut(Option<&str>) -> Result<Page<T>, Error>,
) -> Result<Vec<T>, Error> {
    let mut items = Vec::new();
    let mut next: Option<String> = None;
    for _ in 0..MAX_PAGES {
        let page = read(next.as_deref())?;
        items.extend(page.items);
        match page.next {
            None => return Ok(items),
            Some(marker) if next.as_ref() == Some(&marker) => break,
            Some(marker) => next = Some(marker),
        }
    }
    Err(Error::Protocol { operation, reason: "the list has no end".into() })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn pages_are_joined_and_a_list_without_an_end_ends() {
        let read = |marker: Option<&str>| {
            let at: u32 = marker.map_or(0, |marker| marker.parse().unwrap());
            Ok(Page { items: vec![at], next: (at < 2).then(|| (at + 1).to_string()) })
        };
        assert_eq!(all(Operation::ListFunctions, read).unwrap(), [0, 1, 2]);
        let stuck = |_: Option<&str>| Ok(Page { items: vec![()], next: Some("same".to_owned()) });
        assert!(matches!(all(Operation::ListFunctions, stuck), Err(Error::Protocol { .. })));
    }
}
