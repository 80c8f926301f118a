//! The lines that Lambda itself writes into a function's log.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::fault::Failure;
use crate::function::FunctionSettings;

/// `START RequestId: …`
pub(crate) fn start(request_id: &str, version: &str) -> String {
    format!("START RequestId: {request_id} Version: {version}")
}

/// `INIT_REPORT …`, which Lambda writes for inits that fail and for those that are repeated.
pub(crate) fn init(duration: Duration, phase: &str, failure: Option<&Failure>) -> String {
    format!("INIT_REPORT Init Duration: {:.2} ms\tPhase: {phase}{}", milliseconds(duration), status(failure))
}

/// What an invocation took.
pub(crate) struct Report<'a> {
    pub(crate) request_id: &'a str,
    pub(crate) duration: Duration,
    pub(crate) billed_ms: u64,
    pub(crate) memory_mb: u32,
    pub(crate) max_memory_used_mb: Option<u64>,
    pub(crate) init_duration: Option<Duration>,
    /// Lambda's own finding; what a handler raises is no status of the invocation.
    pub(crate) failure: Option<&'a Failure>,
}

impl Report<'_> {
    /// `END` and `REPORT`.
    pub(crate) fn lines(&self) -> [String; 2] {
        let id = self.request_id;
        let mut line = format!(
            "REPORT RequestId: {id}\tDuration: {:.2} ms\tBilled Duration: {} ms\tMemory Size: {} MB\t",
            milliseconds(self.duration),
            self.billed_ms,
            self.memory_mb,
        );
        if let Some(used) = self.max_memory_used_mb {
            line += &format!("Max Memory Used: {used} MB\t");
        }
        if let Some(init) = self.init_duration {
            line += &format!("Init Duration: {:.2} ms\t", milliseconds(init));
        }
        line += status(self.failure).trim_start();
        [format!("END RequestId: {id}"), line]
    }
}

fn status(failure: Option<&Failure>) -> String {
    match failure {
        None => String::new(),
        Some(failure) if failure.is_timeout() => "\tStatus: timeout".to_owned(),
        Some(failure) => format!("\tStatus: error\tError Type: {}", failure.error_type()),
    }
}

/// What Lambda says of its own findings before END.
pub(crate) fn fault(request_id: &str, failure: &Failure) -> Option<String> {
    match failure {
        Failure::Reported { .. } => None,
        fault if fault.is_timeout() => Some(format!("{} {request_id} {}\n", now(), fault.message())),
        fault => Some(format!("RequestId: {request_id} Error: {}\n{}", fault.message(), fault.error_type())),
    }
}

/// `IMAGE Launch error: …`: what Lambda writes when the image's command cannot be started.
pub(crate) fn launch_error(cause: &str, settings: &FunctionSettings) -> String {
    format!(
        "IMAGE\tLaunch error: {cause}\tEntrypoint: [{}]\tCmd: [{}]\tWorkingDir: [{}]",
        settings.entrypoint.join(","),
        settings.cmd.join(","),
        settings.working_dir,
    )
}

/// Milliseconds with their fraction.
#[must_use]
pub fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}

/// What Lambda charges for: rounded up to the millisecond.
pub(crate) fn billed(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos().div_ceil(1_000_000)).unwrap_or(u64::MAX)
}

/// Milliseconds since 1970.
pub(crate) fn epoch_ms(time: SystemTime) -> u64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

/// Now, as `2026-11-22T05:50:00.123Z`.
fn now() -> String {
    let ms = epoch_ms(SystemTime::now());
    let (year, month, day) = date(ms);
    let (seconds, ms) = (ms / 1000 % 86_400, ms % 1000);
    let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{ms:03}Z")
}

/// The name of a log stream that begins now.
pub(crate) fn log_stream(version: &str, id: u128) -> String {
    let (year, month, day) = date(epoch_ms(SystemTime::now()));
    format!("{year:04}/{month:02}/{day:02}/[{version}]{id:032x}")
}

/// Year, month and day of a moment, by the proleptic Gregorian calendar (Howard Hinnant, "chrono-Compatible Low-Level
/// Date Algorithms", `civil_from_days`).
fn date(epoch_ms: u64) -> (u64, u64, u64) {
    let days = epoch_ms / 86_400_000 + 719_468;
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    (era * 400 + year_of_era + u64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates() {
        assert_eq!(date(0), (1970, 1, 1));
        assert_eq!(date(951_782_400_000), (2000, 2, 29));
        assert_eq!(date(1_795_326_600_123), (2026, 11, 22));
        assert_eq!(date(4_107_542_400_000), (2100, 3, 1));
    }

    #[test]
    fn lines_have_lambdas_form() {
        let timeout = Failure::timed_out(Duration::from_secs(3));
        let mut report = Report {
            request_id: "id",
            duration: Duration::from_micros(1_234),
            billed_ms: 102,
            memory_mb: 128,
            max_memory_used_mb: Some(31),
            init_duration: Some(Duration::from_millis(100)),
            failure: None,
        };
        let [end, line] = report.lines();
        assert_eq!(end, "END RequestId: id");
        assert_eq!(
            line,
            "REPORT RequestId: id\tDuration: 1.23 ms\tBilled Duration: 102 ms\tMemory Size: 128 MB\t\
             Max Memory Used: 31 MB\tInit Duration: 100.00 ms\t"
        );
        (report.init_duration, report.max_memory_used_mb, report.failure) = (None, None, Some(&timeout));
        let [_, line] = report.lines();
        assert!(line.ends_with("Memory Size: 128 MB\tStatus: timeout"), "{line}");
        assert_eq!(
            init(Duration::from_secs(10), "init", Some(&timeout)),
            "INIT_REPORT Init Duration: 10000.00 ms\tPhase: init\tStatus: timeout"
        );
    }
}
