//! What an invocation of a warm function costs.

use std::process::{Command, Output};
use std::time::{Duration, Instant};

use lambark_parts::{Part, Rie, rie};
use serde_json::Value;

use super::super::Context;
use super::super::layout::{self, Packing};
use super::super::table::{Table, time};
use super::function::{self, PROGRAM, Place};
use crate::Error;

/// Invocations of each.
const INVOCATIONS: usize = 1000;

/// What one side's warm invocations took.
struct Warm {
    median: Duration,
    p99: Duration,
    /// From end to end, the client's part included.
    wall: Duration,
}

pub(in super::super) fn run(context: &Context) -> Result<Table, Error> {
    let place = Place::new()?;
    let layer = function::make(place.path())?;
    layout::image(&place.path().join("image"), &[layer], Packing::Gzip)?;
    let ours = lambark(context, &place)?;
    let theirs = Part::Rie.find().and_then(|_| emulator(&place));
    let mut table = Table::new(&["invocations", "median", "p99", "wall each"]);
    let row =
        |name: &str, warm: &Warm| vec![name.to_owned(), precise(warm.median), precise(warm.p99), precise(warm.wall)];
    table.row(row("lambark run --count", &ours));
    match &theirs {
        Ok(theirs) => {
            table.row(row("aws-lambda-rie", theirs));
            table.target("faster at the median", ours.median < theirs.median);
            table.target("faster at the 99th percentile", ours.p99 < theirs.p99);
        }
        Err(reason) => table.note(format!("without the emulator: {reason}")),
    }
    table.note(format!(
        "{INVOCATIONS} invocations one after another, the first one left out; median and p99 are of the durations in \
         each side's own REPORT lines; `wall each` is the time of the whole divided by their number: of the emulator \
         with its client's connection, of lambark without its start",
    ));
    Ok(table)
}

/// Milliseconds with the hundredths that REPORT lines have.
fn precise(duration: Duration) -> String {
    if duration.as_secs() > 0 { time(duration) } else { format!("{:.2} ms", duration.as_secs_f64() * 1000.0) }
}

fn lambark(context: &Context, place: &Place) -> Result<Warm, Error> {
    let home = context.fresh("warm-home")?;
    let timed = |count: usize| -> Result<(Duration, Output), Error> {
        let mut command: Command = super::run(context.lambark(&home), &place.path().join("image"));
        command.args(["--format", "json", "--count", &count.to_string()]);
        let begun = Instant::now();
        let output = command.output().map_err(Error::io("lambark run"))?;
        let took = begun.elapsed();
        if output.status.success() {
            return Ok((took, output));
        }
        Err(Error::Failed(format!("lambark run: {}", String::from_utf8_lossy(&output.stderr).trim())))
    };
    // Into the cache; then what a start takes.
    timed(1)?;
    let (start, _) = timed(1)?;
    let (whole, output) = timed(INVOCATIONS + 1)?;
    let report: Value = serde_json::from_slice(&output.stdout)
        .map_err(|error| Error::Failed(format!("lambark run --format json: {error}")))?;
    let invocations = report["invocations"].as_array().map(Vec::as_slice).unwrap_or_default();
    let durations = invocations.iter().filter_map(|invocation| invocation["durationMs"].as_f64());
    warm(durations.collect(), whole.saturating_sub(start))
}

fn emulator(place: &Place) -> Result<Warm, String> {
    let function = rie::Function {
        root: vec![place.path().join("rootfs")],
        command: vec![format!("/{PROGRAM}")],
        working_directory: "/usr".to_owned(),
        env: Vec::new(),
        timeout: 10,
    };
    let rie = Rie::start(&function).ok_or("the emulator does not start")?;
    let invoke = || match rie.invoke(b"{}") {
        (200, body) if body.starts_with(b"\"aboard") => Ok(()),
        (status, body) => Err(format!("it answers {status}: {}", String::from_utf8_lossy(&body))),
    };
    invoke()?;
    let begun = Instant::now();
    for _ in 0..INVOCATIONS {
        invoke()?;
    }
    let whole = begun.elapsed();
    let log = rie.log();
    let reports = log.lines().filter(|line| line.contains("REPORT RequestId: "));
    warm(reports.filter_map(reported).collect(), whole).map_err(|error| error.to_string())
}

/// The duration in a REPORT line, in milliseconds.
fn reported(line: &str) -> Option<f64> {
    line.split('\t').find_map(|part| part.strip_prefix("Duration: ")?.split(' ').next()?.parse().ok())
}

/// Of the milliseconds of all invocations, the cold one first, and the time that the warm ones took in all.
fn warm(durations: Vec<f64>, whole: Duration) -> Result<Warm, Error> {
    let mut warm: Vec<f64> = durations.into_iter().skip(1).collect();
    if warm.len() != INVOCATIONS {
        return Err(Error::Failed(format!("{} of {INVOCATIONS} invocations were reported", warm.len())));
    }
    warm.sort_by(f64::total_cmp);
    let at = |percent: usize| {
        let milliseconds = warm.get(warm.len() * percent / 100).copied().unwrap_or_default();
        Duration::try_from_secs_f64(milliseconds / 1000.0).unwrap_or_default()
    };
    Ok(Warm { median: at(50), p99: at(99), wall: whole.div_f64(INVOCATIONS as f64) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_line_tells_its_duration() {
        let line = "REPORT RequestId: 1\tInit Duration: 0.05 ms\tDuration: 1.25 ms\tBilled Duration: 2 ms\t";
        assert_eq!(reported(line), Some(1.25));
        assert_eq!(reported("REPORT RequestId: 1\tInit Duration: 0.05 ms"), None);
    }
}
