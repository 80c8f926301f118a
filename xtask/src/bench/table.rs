//! Tables for a terminal that are Markdown as well.

use std::fmt;
use std::time::Duration;

use super::measure::{Contestant, Sample};

/// Rows of a table, and below it what was hoped for and what came of it.
#[derive(Debug, Default)]
pub(super) struct Table {
    head: Vec<String>,
    rows: Vec<Vec<String>>,
    notes: Vec<String>,
}

impl Table {
    pub(super) fn new(head: &[&str]) -> Table {
        Table { head: head.iter().map(|&text| text.to_owned()).collect(), ..Table::default() }
    }

    /// Contestants in pairs, ours before its peer: a row each, with its wall time in parts of the peer's.
    pub(super) fn duels(contestants: &[Contestant<'_>], samples: &[Sample]) -> Table {
        let mut table = Table::new(&["command", COLUMNS[0], COLUMNS[1], COLUMNS[2], "wall ratio"]);
        for (number, (contestant, sample)) in contestants.iter().zip(samples).enumerate() {
            let peer = samples.get(number | 1).copied().unwrap_or_default();
            let mut row = vec![contestant.name.to_owned()];
            row.extend(cells(sample));
            row.push(format!("{:.2}", ratio(sample.wall, peer.wall)));
            table.row(row);
        }
        table
    }

    pub(super) fn row(&mut self, cells: Vec<String>) {
        self.rows.push(cells);
    }

    pub(super) fn note(&mut self, text: impl Into<String>) {
        self.notes.push(text.into());
    }

    /// A target, and whether it was met.
    pub(super) fn target(&mut self, text: &str, met: bool) {
        self.note(format!("{} {text}", if met { "met:" } else { "MISSED:" }));
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rows = || std::iter::once(&self.head).chain(&self.rows);
        let width = |column: usize| rows().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max();
        let widths: Vec<usize> = (0..self.head.len()).map(|column| width(column).unwrap_or_default()).collect();
        let line = |f: &mut fmt::Formatter<'_>, row: &[String]| {
            for (column, (cell, &width)) in row.iter().zip(&widths).enumerate() {
                // Names to the left, figures to the right.
                if column == 0 {
                    write!(f, "| {cell:<width$} ")?;
                } else {
                    write!(f, "| {cell:>width$} ")?;
                }
            }
            writeln!(f, "|")
        };
        line(f, &self.head)?;
        for (column, &width) in widths.iter().enumerate() {
            let dashes = "-".repeat(width + 1);
            let end = if column == 0 { "-" } else { ":" };
            write!(f, "|{dashes}{end}")?;
        }
        writeln!(f, "|")?;
        for row in &self.rows {
            line(f, row)?;
        }
        for note in &self.notes {
            write!(f, "\n- {note}")?;
        }
        writeln!(f)
    }
}

/// Cells for a sample: wall, processor time, peak memory.
pub(super) fn cells(sample: &Sample) -> [String; 3] {
    [time(sample.wall), time(sample.cpu), mebibytes(sample.peak_kib)]
}

/// Names of the columns that [`cells`] fills.
pub(super) const COLUMNS: [&str; 3] = ["wall", "cpu", "peak memory"];

pub(super) fn time(time: Duration) -> String {
    let seconds = time.as_secs_f64();
    if seconds < 1.0 { format!("{:.1} ms", seconds * 1000.0) } else { format!("{seconds:.2} s") }
}

pub(super) fn mebibytes(kib: u64) -> String {
    format!("{}.{} MiB", kib / 1024, kib % 1024 * 10 / 1024)
}

/// `part` of `whole`, 0 where there is no whole.
pub(super) fn ratio(part: Duration, whole: Duration) -> f64 {
    if whole.is_zero() { 0.0 } else { part.as_secs_f64() / whole.as_secs_f64() }
}

/// What the figures were taken on. SHA instructions and cores decide half of them.
pub(super) fn machine() -> String {
    let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
    let processor = read("/proc/cpuinfo");
    let field = |name: &str| {
        let line = processor.lines().find(|line| line.starts_with(name));
        line.and_then(|line| line.split_once(':')).map_or("unknown", |(_, value)| value.trim()).to_owned()
    };
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let flags = field("flags");
    let has = |flag: &str| if flags.split(' ').any(|word| word == flag) { "yes" } else { "no" };
    let (model, release, load) = (field("model name"), read("/proc/sys/kernel/osrelease"), read("/proc/loadavg"));
    let kernel: Vec<&str> = release.trim().split('.').take(2).collect();
    format!(
        "# Measured\n\n`cargo xtask bench` on {model}, {cores} cores, Linux {}, SHA instructions: {}, AVX-512: {}, load \
         before: {}. Medians of a race in turns; compare ratios, not seconds.\n",
        kernel.join("."),
        has("sha_ni"),
        has("avx512f"),
        load.split(' ').next().unwrap_or_default(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_markdown_with_aligned_columns() {
        let mut table = Table::new(&["what", "wall"]);
        table.row(vec!["lambark".to_owned(), time(Duration::from_millis(1234))]);
        table.row(vec!["peer".to_owned(), time(Duration::from_micros(900))]);
        table.target("below peer", false);
        let expected = "\
| what    |   wall |
|---------|-------:|
| lambark | 1.23 s |
| peer    | 0.9 ms |

- MISSED: below peer
";
        assert_eq!(table.to_string(), expected);
    }

    #[test]
    fn figures() {
        assert_eq!(mebibytes(1024 * 10 + 512), "10.5 MiB");
        assert!(ratio(Duration::from_secs(1), Duration::ZERO).abs() < f64::EPSILON);
    }
}
