//! Turns zstd layers into gzip layers as `fix` does, and does the same with `zstd -dc | pigz -p2 -6`.
//!
//! ```text
//! cargo run --release -p lambark-layers --example gzip_pipeline -- a.tar.zst b.tar.zst c.tar.zst
//! ```
//!
//! On our side the SHA-256 of the plain data (diff_id) and of the output (digest) are included;
//! the pipe does not compute them. `LEVEL` and `THREADS` in the environment change the defaults.
//! On a machine with other work to do the wall time is a matter of luck: then look at the
//! processor time. Linux only, because of `/proc`.

#![allow(clippy::unwrap_used, reason = "a tool for developers: a panic is its error message")]
#![allow(clippy::print_stdout, reason = "its purpose")]

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::num::NonZeroUsize;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use lambark_layers::gzip::{GzipWriter, Level, default_threads};
use ring::digest::{Context, SHA256};

/// Odd, so that there is a median.
const ROUNDS: usize = 5;

const CHUNK: usize = 128 << 10;

fn main() {
    let level = setting("LEVEL").map_or(Level::DEFAULT, |text| text.parse().unwrap());
    let threads = setting("THREADS").map_or_else(default_threads, |text| text.parse().unwrap());
    let layers: Vec<String> = std::env::args().skip(1).collect();
    assert!(!layers.is_empty(), "the paths of zstd files are the arguments");
    let out = std::env::temp_dir().join(format!("gzip_pipeline.{}", std::process::id()));

    let mut walls = Vec::new();
    let mut processors = Vec::new();
    for round in 0..ROUNDS {
        let ours = measured(&layers, &out, |layer| lambark(layer, &out, level, threads));
        let pipe = measured(&layers, &out, |layer| pigz(layer, &out));
        println!("round {round}: lambark -{level} {ours}; zstd -dc | pigz -p2 -6 {pipe}");
        if round == 0 {
            println!("lambark's output is {:+.2} % in size", (ours.size / pipe.size - 1.0) * 100.0);
        }
        walls.push(pipe.wall / ours.wall);
        processors.push(pipe.processor / ours.processor);
    }
    fs::remove_file(&out).unwrap();
    println!(
        "median: {:.2} times as fast in wall time, {:.2} times in processor time, on {threads} threads; peak {} KiB",
        median(walls),
        median(processors),
        peak_kib(),
    );
}

/// What one way took for all layers.
struct Cost {
    wall: f64,
    processor: f64,
    size: f64,
}

impl std::fmt::Display for Cost {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:.2} s wall, {:.2} s processor, {:.1} MB", self.wall, self.processor, self.size / 1e6)
    }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn setting(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// Runs all layers one after the other.
fn measured(layers: &[String], out: &Path, mut run: impl FnMut(&str)) -> Cost {
    let (start, processor) = (Instant::now(), processor_seconds());
    let mut size = 0.0;
    for layer in layers {
        run(layer);
        size += fs::metadata(out).unwrap().len() as f64;
    }
    Cost { wall: start.elapsed().as_secs_f64(), processor: processor_seconds() - processor, size }
}

/// A file whose bytes are hashed on their way.
struct Hashed {
    file: File,
    digest: Context,
}

impl Write for Hashed {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        let count = self.file.write(data)?;
        self.digest.update(&data[..count]);
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

fn lambark(layer: &str, out: &Path, level: Level, threads: NonZeroUsize) {
    let sink = Hashed { file: File::create(out).unwrap(), digest: Context::new(&SHA256) };
    let mut writer = GzipWriter::with_threads(sink, level, threads);
    let mut decoder = zstd::Decoder::new(File::open(layer).unwrap()).unwrap();
    let mut diff_id = Context::new(&SHA256);
    let mut chunk = vec![0; CHUNK];
    loop {
        let length = decoder.read(&mut chunk).unwrap();
        if length == 0 {
            break;
        }
        diff_id.update(&chunk[..length]);
        writer.write_all(&chunk[..length]).unwrap();
    }
    let (sink, _) = writer.finish().unwrap();
    // Used, so that nothing of it is optimised away.
    assert_ne!(diff_id.finish().as_ref(), sink.digest.finish().as_ref());
}

fn pigz(layer: &str, out: &Path) {
    let mut zstd = Command::new("zstd").args(["-dcq", layer]).stdout(Stdio::piped()).spawn().unwrap();
    let plain = zstd.stdout.take().unwrap();
    let mut pigz = Command::new("pigz");
    pigz.args(["-p2", "-6", "-n", "-c"]).stdin(plain).stdout(File::create(out).unwrap());
    assert!(pigz.status().unwrap().success(), "pigz failed");
    assert!(zstd.wait().unwrap().success(), "zstd failed");
}

/// User and system time of this process, all its threads and the children it has waited for.
fn processor_seconds() -> f64 {
    let stat = fs::read_to_string("/proc/self/stat").unwrap();
    // The second field is the program's name in parentheses; the times are fields 14 to 17.
    let (_, fields) = stat.rsplit_once(')').unwrap();
    let ticks: u32 = fields.split_whitespace().skip(11).take(4).map(|field| field.parse::<u32>().unwrap()).sum();
    // Linux promises programs ticks of 1/100 s, whatever it counts in.
    f64::from(ticks) / 100.0
}

/// The most memory that this process ever held, in KiB.
fn peak_kib() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}
