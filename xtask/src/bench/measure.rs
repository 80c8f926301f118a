//! Wall time, processor time and peak memory of a command.
//!
//! Each run has a process of its own between us and the command: what the kernel tells of "all children so far" is then
//! told of this one command and its children alone.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike;
use serde_json::{Value, json};

use crate::Error;

/// Arguments of the hidden verb that is that process.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    result: PathBuf,
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, required = true)]
    command: Vec<OsString>,
}

/// The hidden verb: runs the command and writes down what it took.
pub(crate) fn child(arguments: &Arguments) -> Result<(), Error> {
    let [program, rest @ ..] = arguments.command.as_slice() else {
        return Err(Error::Failed("nothing to measure".to_owned()));
    };
    let start = Instant::now();
    let status = Command::new(program).args(rest).status();
    let wall = start.elapsed();
    let status = status.map_err(Error::io(program.to_string_lossy()))?;
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN).map_err(|error| Error::Failed(error.to_string()))?;
    let result = json!({
        "status": status.code(),
        "wall_us": u64::try_from(wall.as_micros()).unwrap_or(u64::MAX),
        "cpu_us": usage.user_time().num_microseconds() + usage.system_time().num_microseconds(),
        "peak_kib": usage.max_rss(),
    });
    std::fs::write(&arguments.result, result.to_string()).map_err(Error::io("the measurement"))
}

/// One run of one command.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Sample {
    pub(super) wall: Duration,
    /// User and system time of all its processes.
    pub(super) cpu: Duration,
    /// Peak resident memory of its largest process, in KiB.
    pub(super) peak_kib: u64,
}

/// What runs in a race: each time it is asked for its next command, after whatever has to be laid out for it.
pub(super) struct Contestant<'a> {
    pub(super) name: &'a str,
    /// Exit codes that mean it did its work.
    pub(super) fine: &'a [i64],
    pub(super) next: Box<dyn FnMut(usize) -> Result<Command, Error> + 'a>,
}

/// Runs the contestants in turn, `runs` times, and gives the median of each.
pub(super) fn race(runs: usize, contestants: &mut [Contestant<'_>]) -> Result<Vec<Sample>, Error> {
    let mut samples: Vec<Vec<Sample>> = vec![Vec::new(); contestants.len()];
    for run in 0..runs {
        for (contestant, samples) in contestants.iter_mut().zip(&mut samples) {
            let command = (contestant.next)(run)?;
            samples.push(once(&command, contestant.fine)?);
            eprint!(".");
        }
    }
    eprintln!();
    Ok(samples.iter().map(|samples| median(samples)).collect())
}

/// Measures one command, whose output goes nowhere.
pub(super) fn once(command: &Command, fine: &[i64]) -> Result<Sample, Error> {
    let directory = tempfile::tempdir().map_err(Error::io("a temporary directory"))?;
    let result = directory.path().join("result");
    let mut wrapped = Command::new(std::env::current_exe().map_err(Error::io("xtask"))?);
    wrapped.arg("measure").arg(&result).arg("--").arg(command.get_program()).args(command.get_args());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => wrapped.env(name, value),
            None => wrapped.env_remove(name),
        };
    }
    if let Some(directory) = command.get_current_dir() {
        wrapped.current_dir(directory);
    }
    let output = wrapped.stdin(Stdio::null()).stdout(Stdio::null()).output().map_err(Error::io("xtask measure"))?;
    let text = std::fs::read_to_string(&result).unwrap_or_default();
    let words = || String::from_utf8_lossy(&output.stderr).trim().to_owned();
    let value: Value =
        serde_json::from_str(&text).map_err(|_| Error::Failed(format!("{command:?} did not run: {}", words())))?;
    let number = |name: &str| value[name].as_u64().unwrap_or_default();
    match value["status"].as_i64() {
        Some(status) if fine.contains(&status) => {}
        status => return Err(Error::Failed(format!("{command:?} ended with {status:?}: {}", words()))),
    }
    Ok(Sample {
        wall: Duration::from_micros(number("wall_us")),
        cpu: Duration::from_micros(number("cpu_us")),
        peak_kib: number("peak_kib"),
    })
}

/// The median of each figure; of memory the worst, since a limit is a limit.
fn median(samples: &[Sample]) -> Sample {
    let middle = |mut values: Vec<Duration>| {
        values.sort();
        values.get(values.len() / 2).copied().unwrap_or_default()
    };
    Sample {
        wall: middle(samples.iter().map(|sample| sample.wall).collect()),
        cpu: middle(samples.iter().map(|sample| sample.cpu).collect()),
        peak_kib: samples.iter().map(|sample| sample.peak_kib).max().unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_no_outlier_and_memory_is_the_worst() {
        let sample = |wall, peak_kib| Sample { wall: Duration::from_millis(wall), cpu: Duration::ZERO, peak_kib };
        let middle = median(&[sample(9, 1), sample(5000, 3), sample(10, 2)]);
        assert_eq!((middle.wall, middle.peak_kib), (Duration::from_millis(10), 3));
    }
}
