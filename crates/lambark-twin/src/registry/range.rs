//! `Range` of a request: the first one, of bytes.

use std::ops::Range;

/// What a request asks for of something `total` bytes long.
#[derive(Debug, Eq, PartialEq)]
pub(super) enum Asked {
    Whole,
    Part(Range<u64>),
    /// Nothing that there is.
    Outside,
}

impl Asked {
    /// Reads the header. What is malformed, or several ranges, asks for the whole, as RFC 9110 allows.
    pub(super) fn of(header: Option<&str>, total: u64) -> Asked {
        let Some((first, last)) = header.and_then(|text| text.strip_prefix("bytes=")?.split_once('-')) else {
            return Asked::Whole;
        };
        let range = match (first.parse::<u64>(), last.parse::<u64>()) {
            (Ok(first), Ok(last)) if first <= last => first..last.saturating_add(1).min(total),
            (Ok(first), Err(_)) if last.is_empty() => first..total,
            (Err(_), Ok(suffix)) if first.is_empty() => total.saturating_sub(suffix)..total,
            _ => return Asked::Whole,
        };
        if range.start >= range.end { Asked::Outside } else { Asked::Part(range) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_of_ten_bytes() {
        for (header, asked) in [
            ("bytes=0-", Asked::Part(0..10)),
            ("bytes=3-5", Asked::Part(3..6)),
            ("bytes=3-500", Asked::Part(3..10)),
            ("bytes=-4", Asked::Part(6..10)),
            ("bytes=-400", Asked::Part(0..10)),
            ("bytes=9-18446744073709551615", Asked::Part(9..10)),
            ("bytes=10-", Asked::Outside),
            ("bytes=-0", Asked::Outside),
            ("bytes=5-3", Asked::Whole),
            ("bytes=0-1,3-4", Asked::Whole),
            ("lines=0-1", Asked::Whole),
        ] {
            assert_eq!(Asked::of(Some(header), 10), asked, "{header}");
        }
        assert_eq!(Asked::of(None, 10), Asked::Whole);
        assert_eq!(Asked::of(Some("bytes=0-"), 0), Asked::Outside);
    }
}
