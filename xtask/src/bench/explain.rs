//! What `explain` recognises, and how long it takes over a log that is as long as logs get.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::Value;

use super::measure::{Contestant, race};
use super::table::{COLUMNS, Table, cells};
use super::{Context, workspace};
use crate::Error;

/// Size of the log.
const LOG_BYTES: usize = 50_000_000;

/// The most memory that a log of any length may take, in KiB.
const MEMORY_LIMIT_KIB: u64 = 64 * 1024;

/// Exit codes that mean something, or nothing, was recognised.
const FINE: &[i64] = &[0, 1];

/// The corpus that the matcher's own tests use.
const CORPUS: &str = "crates/lambark-knowledge/tests/corpus.txt";

pub(super) fn run(context: &Context) -> Result<Table, Error> {
    let home = context.fresh("explain")?;
    let logs = [("50 MB log, `explain -`", 1), ("half of it", 2), ("50 MB of nothing but errors", 0)];
    let paths: Vec<PathBuf> = logs.iter().map(|(_, part)| log(&home, *part)).collect::<Result<_, Error>>()?;
    let mut contestants: Vec<Contestant<'_>> = Vec::new();
    for ((name, _), path) in logs.iter().zip(&paths) {
        // The measured process gets no standard input of ours: a shell hands the file over.
        let home = home.as_path();
        let next = Box::new(move |_| {
            let lambark = context.lambark(home);
            let mut command = std::process::Command::new("sh");
            command.args(["-c", "exec \"$0\" explain - < \"$1\""]).arg(lambark.get_program()).arg(path);
            command.envs(lambark.get_envs().filter_map(|(name, value)| Some((name, value?))));
            Ok(command)
        });
        contestants.push(Contestant { name, fine: FINE, next });
    }
    let samples = race(context.runs, &mut contestants)?;
    let mut table = Table::new(&["log", COLUMNS[0], COLUMNS[1], COLUMNS[2]]);
    for ((name, _), sample) in logs.iter().zip(&samples) {
        let [wall, cpu, peak] = cells(sample);
        table.row(vec![(*name).to_owned(), wall, cpu, peak]);
    }
    if let [whole, half, flood] = samples.as_slice() {
        table.target("50 MB within 0.5 s", whole.wall <= Duration::from_millis(500));
        table.target("memory within 64 MiB", whole.peak_kib.max(flood.peak_kib) <= MEMORY_LIMIT_KIB);
        table.target("memory independent of the length", whole.peak_kib * 10 <= half.peak_kib * 11);
    }
    recognition(context, &home, &mut table)?;
    Ok(table)
}

/// Precision and recall over the corpus of wrapped messages.
fn recognition(context: &Context, home: &Path, table: &mut Table) -> Result<(), Error> {
    let text = std::fs::read_to_string(workspace::root().join(CORPUS)).map_err(Error::io(CORPUS))?;
    let (mut right, mut reported, mut expected, mut texts) = (0, 0, 0, 0);
    for block in text.split("\n== ").skip(1) {
        let (ids, message) = block.split_once('\n').unwrap_or((block, ""));
        let wanted: BTreeSet<&str> = ids.split(' ').filter(|id| *id != "nothing").collect();
        let output = context.lambark(home).args(["explain", "--format", "json", "--", message.trim_end()]).output();
        let output = output.map_err(Error::io("lambark explain"))?;
        let json: Value = serde_json::from_slice(&output.stdout)
            .map_err(|_| Error::Failed(format!("no JSON: {}", String::from_utf8_lossy(&output.stderr))))?;
        let found = found(&json);
        right += found.iter().filter(|id| wanted.contains(id.as_str())).count();
        reported += found.len();
        expected += wanted.len();
        texts += 1;
    }
    let percent = |part: usize, whole: usize| part * 1000 / whole.max(1);
    let (precision, recall) = (percent(right, reported), percent(right, expected));
    let mut told = String::new();
    for (name, value) in [("precision", precision), ("recall", recall)] {
        let _ = write!(told, "{name} {}.{} %, ", value / 10, value % 10);
    }
    table.note(format!("{told}over {texts} texts with {expected} expected entries"));
    table.target("precision and recall of at least 95 %", precision >= 950 && recall >= 950);
    Ok(())
}

/// Every entry of an answer, those told under another included.
fn found(json: &Value) -> Vec<String> {
    let matches = json["matches"].as_array().map(Vec::as_slice).unwrap_or_default();
    let of = |found: &Value| {
        let also = found["also"].as_array().map(Vec::as_slice).unwrap_or_default().iter();
        let entries = std::iter::once(found).chain(also).filter_map(|entry| Some(entry["entry"].as_str()?.to_owned()));
        entries.collect::<Vec<String>>()
    };
    matches.iter().flat_map(of).collect()
}

/// A log of a build and a deployment that went wrong: the whole, a part of it, or for 0 nothing but errors.
fn log(home: &Path, part: usize) -> Result<PathBuf, Error> {
    const ERROR: &str = "An error occurred (InvalidParameterValueException) when calling the UpdateFunctionCode \
                         operation: The image manifest, config or layer media type for the source image \
                         123456789012.dkr.ecr.us-east-1.amazonaws.com/app:v1 is not supported.";
    const LINES: [&str; 8] = [
        "#9 exporting layers 1.2s done",
        "   Compiling serde v1.0.229 (/home/runner/work/app/app)",
        "Collecting requests>=2.31 (from -r requirements.txt (line 14))",
        "tests/test_items.py::test_permission_denied PASSED [ 42%]",
        "INFO app.views GET /api/v1/items 200: no such file or directory was asked for by user 17",
        "npm warn deprecated inflight@1.0.6: This module is not supported, and leaks memory",
        "module.app.aws_iam_role.lambda: Refreshing state... [id=app-lambda]",
        "{\"level\":\"debug\",\"msg\":\"request\",\"path\":\"/login\",\"status\":200,\"took\":\"3.2ms\"}",
    ];
    let mut text = String::with_capacity(LOG_BYTES + 1024);
    let size = LOG_BYTES / part.max(1);
    let mut number = 0_usize;
    while text.len() < size {
        let line = if part == 0 { ERROR } else { LINES[number % LINES.len()] };
        let _ = writeln!(text, "2026-02-17T05:{:02}:{:02}.1234567Z {line}", number / 60 % 60, number % 60);
        number += 1;
    }
    let _ = writeln!(text, "2026-02-17T05:33:58.1234567Z {ERROR}");
    let path = home.join(format!("log-{part}"));
    std::fs::write(&path, text).map_err(Error::io("a log"))?;
    Ok(path)
}
