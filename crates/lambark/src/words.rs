//! Small matters of wording: plurals, sizes, the nearest known word, times.

use std::time::{Duration, UNIX_EPOCH};

/// `1 layer`, `3 layers`: every plural goes through here.
pub(crate) fn count(number: usize, one: &str) -> String {
    match (number, one.strip_suffix('y')) {
        (1, _) => format!("1 {one}"),
        // `entry` becomes `entries`, but `key` stays regular.
        (_, Some(stem)) if !stem.ends_with(['a', 'e', 'o', 'u']) => format!("{number} {stem}ies"),
        (_, _) if one.ends_with('x') => format!("{number} {one}es"),
        _ => format!("{number} {one}s"),
    }
}

/// `512 B`, `41.2 MB`: decimal units, as registries count.
pub(crate) fn bytes(size: u64) -> String {
    const UNITS: [(&str, u64); 3] = [("kB", 1_000), ("MB", 1_000_000), ("GB", 1_000_000_000)];
    if size < 1_000 {
        return format!("{size} B");
    }
    // Rounded to tenths first, so that just under 1 MB is not told as 1000.0 kB.
    let tenths = |worth: u64| (u128::from(size) * 10 + u128::from(worth) / 2) / u128::from(worth);
    let fits = |(_, worth): &&(&str, u64)| tenths(*worth) < 10_000;
    let (unit, worth) = UNITS.iter().find(fits).unwrap_or(&UNITS[2]);
    format!("{}.{} {unit}", tenths(*worth) / 10, tenths(*worth) % 10)
}

/// `500MB`, `2 GB`, `0`: the way back from [`bytes()`].
pub(crate) fn parse_bytes(text: &str) -> Option<u64> {
    const UNITS: [(&str, u64); 5] = [("B", 1), ("kB", 1_000), ("KB", 1_000), ("MB", 1_000_000), ("GB", 1_000_000_000)];
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let unit = match unit.trim_start() {
        "" => 1,
        unit => UNITS.iter().find(|(known, _)| *known == unit)?.1,
    };
    number.parse::<u64>().ok()?.checked_mul(unit)
}

/// The known word that `wrong` was probably meant to be.
pub(crate) fn nearest<'a>(wrong: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let wrong = wrong.to_lowercase();
    known
        .into_iter()
        .map(|word| (strsim::damerau_levenshtein(&wrong, word), word))
        .filter(|(distance, word)| *distance <= word.len().max(wrong.len()) / 2)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, word)| word)
}

/// `text` as one word of a POSIX shell.
pub(crate) fn shell(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-./:@%+,=".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

/// The last millisecond of the year 9999, beyond which no form of date goes.
const LAST_TIME: u64 = 253_402_300_799_999;

/// `2026-11-29T05:50:00.000Z`: a time in milliseconds since 1970.
pub(crate) fn moment(time: u64) -> String {
    let time = UNIX_EPOCH + Duration::from_millis(time.min(LAST_TIME));
    humantime::format_rfc3339_millis(time).to_string()
}

/// `2026-11-29` or `2026-11-29T05:50:00Z`: the way back from [`moment()`]. A day is its beginning; all in UTC.
pub(crate) fn parse_moment(text: &str) -> Option<u64> {
    let whole = if text.contains(['T', ' ']) { text.to_owned() } else { format!("{text}T00:00:00Z") };
    let time = humantime::parse_rfc3339_weak(&whole).ok()?.duration_since(UNIX_EPOCH).ok()?;
    u64::try_from(time.as_millis()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plurals() {
        assert_eq!(count(1, "index"), "1 index");
        assert_eq!(count(2, "index"), "2 indexes");
        assert_eq!(count(0, "layer"), "0 layers");
        assert_eq!(count(2, "other entry"), "2 other entries");
        assert_eq!(count(2, "key"), "2 keys");
    }

    #[test]
    fn sizes_are_rounded_to_the_unit_that_reads_best() {
        for (size, text) in [
            (0, "0 B"),
            (999, "999 B"),
            (1_000, "1.0 kB"),
            (999_960, "1.0 MB"),
            (41_249_999, "41.2 MB"),
            (10_000_000_000, "10.0 GB"),
            (u64::MAX, "18446744073.7 GB"),
        ] {
            assert_eq!(bytes(size), text);
        }
    }

    #[test]
    fn sizes_are_read_back() {
        let known = [("0", 0), ("512 B", 512), ("500MB", 500_000_000), ("2 GB", 2_000_000_000), ("1kB", 1000)];
        for (text, size) in known {
            assert_eq!(parse_bytes(text), Some(size), "{text}");
        }
        for wrong in ["", "GB", "2TB", "-1", "1.5GB", "99999999999GB", "2 gigabytes"] {
            assert_eq!(parse_bytes(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn moments_are_written_and_read_back() {
        for (text, time) in [
            ("1970-01-01T00:00:00.000Z", 0),
            ("2026-11-29T05:50:00.123Z", 1_795_931_400_123),
            ("9999-12-31T23:59:59.999Z", LAST_TIME),
        ] {
            assert_eq!(moment(time), text);
            assert_eq!(parse_moment(text), Some(time));
        }
        assert_eq!(moment(u64::MAX), "9999-12-31T23:59:59.999Z");
        assert_eq!(parse_moment("2026-11-29"), Some(1_795_910_400_000));
        assert_eq!(parse_moment("2026-11-29 05:50:00"), Some(1_795_931_400_000));
        for wrong in ["", "7d", "2026", "2026-13-01", "29.11.2026", "1960-01-01", "2026-11-29T"] {
            assert_eq!(parse_moment(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn the_nearest_word_is_named_only_if_it_is_near() {
        let rules = ["image-index", "zstd-layer", "wrong-os"];
        assert_eq!(nearest("imageindex", rules), Some("image-index"));
        assert_eq!(nearest("ZSTD-layers", rules), Some("zstd-layer"));
        assert_eq!(nearest("kubernetes", rules), None);
    }

    #[test]
    fn shell_words_survive_a_shell() {
        assert_eq!(shell("oci:dir/a.b:v1"), "oci:dir/a.b:v1");
        assert_eq!(shell("a b"), "'a b'");
        assert_eq!(shell("it's"), r"'it'\''s'");
        assert_eq!(shell(""), "''");
        assert_eq!(shell("$(x)"), "'$(x)'");
    }
}
