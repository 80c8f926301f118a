//! Lambda's way to write a moment.

use crate::clock::Millis;

/// `2026-11-22T05:50:00.000+0000`, as in `LastModified`.
pub(super) fn written(moment: Millis) -> String {
    let (seconds, millis) = (moment.0 / 1000, moment.0 % 1000);
    let (days, second) = (seconds / 86_400, seconds % 86_400);
    let (year, month, day) = date(days);
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{millis:03}+0000")
}

/// Year, month and day, so many days after 1970-01-01. Counted in years that begin in March, so that the leap day is
/// the last one.
fn date(days: u64) -> (u64, u64, u64) {
    // 719,468 days lie between 0000-03-01 and 1970-01-01; 146,097 are four hundred years.
    let days = days.saturating_add(719_468);
    let (era, day) = (days / 146_097, days % 146_097);
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    // From March on the months' lengths repeat every 153 days.
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let (month, next_year) = if month < 10 { (month + 3, 0) } else { (month - 9, 1) };
    (era * 400 + year + next_year, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_right_across_leap_days() {
        for (millis, text) in [
            (0, "1970-01-01T00:00:00.000+0000"),
            (951_782_399_999, "2000-02-28T23:59:59.999+0000"),
            (951_782_400_000, "2000-02-29T00:00:00.000+0000"),
            (951_868_800_000, "2000-03-01T00:00:00.000+0000"),
            (1_795_326_600_007, "2026-11-22T05:50:00.007+0000"),
            (4_107_542_400_000, "2100-03-01T00:00:00.000+0000"),
        ] {
            assert_eq!(written(Millis(millis)), text);
        }
    }
}
