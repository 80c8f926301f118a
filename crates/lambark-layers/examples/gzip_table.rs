//! Prints how fast and how small each way to write gzip makes a file, as a Markdown table.
//!
//! ```text
//! cargo run --release -p lambark-layers --example gzip_table -- layer.tar
//! ```
//!
//! Speed is plain megabytes per second of processor time, of one core: what a machine with other
//! work to do can still measure. Processor time comes from `/proc`, so this runs on Linux only.

#![allow(clippy::unwrap_used, reason = "a tool for developers: a panic is its error message")]
#![allow(clippy::print_stdout, reason = "its purpose")]

use std::fs::{self, File};
use std::num::NonZeroUsize;
use std::process::{Command, Stdio};

use flate2::{Compress, Compression, FlushCompress, Status};
use lambark_layers::gzip::{BLOCK_SIZE, GzipWriter, LEVELS};
use libdeflater::{CompressionLvl, Compressor};

const KIB: usize = 1 << 10;
const MIB: usize = 1 << 20;

/// What a deflate match can reach back.
const WINDOW: usize = 32 * KIB;

/// What it takes to join a block to the next one, at most.
const JOIN: usize = 5;

/// How often each is run; the fastest counts, since nothing makes a program faster than it is.
const RUNS: usize = 3;

/// Processor seconds in ticks of 1/100 s, which is what Linux promises to programs.
const TICKS_PER_SECOND: f64 = 100.0;

struct Row<'a> {
    plain: &'a [u8],
    reference: usize,
}

impl Row<'_> {
    fn print(&self, library: &str, level: &str, block: &str, mut run: impl FnMut() -> usize) {
        let mut fastest = f64::INFINITY;
        let mut size = 0;
        for _ in 0..RUNS {
            let before = processor_seconds();
            size = run();
            fastest = fastest.min(processor_seconds() - before);
        }
        println!(
            "| {library} | {level} | {block} | {:.0} | {:.4} | {:+.2} % |",
            self.plain.len() as f64 / 1e6 / fastest,
            size as f64 / self.plain.len() as f64,
            (size as f64 / self.reference as f64 - 1.0) * 100.0,
        );
    }
}

fn main() {
    let path = std::env::args().nth(1).expect("the path of a tar file is the only argument");
    let plain = fs::read(&path).unwrap();
    println!("{:.1} MB of plain data, {}\n", plain.len() as f64 / 1e6, processor());
    println!("| writer | level | block | MB/s per core | ratio | against pigz -6 |");
    println!("|---|---|---|---|---|---|");
    let reference = external("pigz", &["-p1", "-6", "-n", "-c"], &path);
    let row = Row { plain: &plain, reference: reference.unwrap_or(plain.len()) };

    row.print("pigz", "6", "128 KiB", || external("pigz", &["-p1", "-6", "-n", "-c"], &path).unwrap_or(0));
    row.print("gzip", "6", "-", || external("gzip", &["-6", "-n", "-c"], &path).unwrap_or(0));
    for level in [1, 2, 3, 4, 5, 6, 9] {
        row.print("zlib-rs", &level.to_string(), "1 MiB", || zlib_rs(&plain, level, MIB));
    }
    row.print("zlib-rs", "6", "128 KiB", || zlib_rs(&plain, 6, 128 * KIB));
    for level in 1..=9 {
        row.print("libdeflate", &level.to_string(), "1 MiB", || libdeflate(&plain, level, MIB));
    }
    for (block, name) in
        [(128 * KIB, "128 KiB"), (256 * KIB, "256 KiB"), (512 * KIB, "512 KiB"), (2 * MIB, "2 MiB"), (4 * MIB, "4 MiB")]
    {
        row.print("libdeflate", "5", name, || libdeflate(&plain, 5, block));
    }
    row.print("libdeflate", "5", "whole", || libdeflate(&plain, 5, plain.len()));
    let block = format!("{} MiB", BLOCK_SIZE / MIB);
    for entry in &LEVELS[1..] {
        row.print("**lambark**", &entry.level.to_string(), &block, || {
            lambark(&plain, GzipWriter::with_threads(std::io::sink(), entry.level, NonZeroUsize::MIN))
        });
    }
}

/// Blocks of zlib-rs, each primed with the 32 KiB before it and ended by a sync flush.
fn zlib_rs(plain: &[u8], level: u32, block: usize) -> usize {
    let mut compress = Compress::new(Compression::new(level), false);
    let mut out = Vec::with_capacity(block + block / 8 + KIB);
    let mut size = 0;
    for start in (0..plain.len()).step_by(block) {
        let end = plain.len().min(start + block);
        compress.reset();
        if start > 0 {
            compress.set_dictionary(&plain[start.saturating_sub(WINDOW)..start]).unwrap();
        }
        out.clear();
        let status = compress.compress_vec(&plain[start..end], &mut out, FlushCompress::Sync).unwrap();
        assert_eq!((status, compress.total_in()), (Status::Ok, (end - start) as u64));
        size += out.len();
    }
    size
}

/// Blocks of libdeflate as they are: joining them is counted in bytes, not in time.
fn libdeflate(plain: &[u8], level: i32, block: usize) -> usize {
    let mut compressor = Compressor::new(CompressionLvl::new(level).unwrap());
    let mut out = vec![0; compressor.deflate_compress_bound(block)];
    plain.chunks(block).map(|block| compressor.deflate_compress(block, &mut out).unwrap() + JOIN).sum()
}

fn lambark(plain: &[u8], mut writer: GzipWriter<std::io::Sink>) -> usize {
    std::io::Write::write_all(&mut writer, plain).unwrap();
    usize::try_from(writer.finish().unwrap().1.gzip_size).unwrap()
}

/// The size that a program on this machine makes of the file; `None` if there is no such program.
fn external(program: &str, arguments: &[&str], path: &str) -> Option<usize> {
    let mut child =
        Command::new(program).args(arguments).stdin(File::open(path).unwrap()).stdout(Stdio::piped()).spawn().ok()?;
    let size = std::io::copy(child.stdout.as_mut().unwrap(), &mut std::io::sink()).unwrap();
    assert!(child.wait().unwrap().success(), "{program} failed");
    usize::try_from(size).ok()
}

/// User and system time of this process, all its threads and the children it has waited for.
fn processor_seconds() -> f64 {
    let stat = fs::read_to_string("/proc/self/stat").unwrap();
    // The second field is the program's name in parentheses; the times are fields 14 to 17.
    let (_, fields) = stat.rsplit_once(')').unwrap();
    let ticks: u32 = fields.split_whitespace().skip(11).take(4).map(|field| field.parse::<u32>().unwrap()).sum();
    f64::from(ticks) / TICKS_PER_SECOND
}

/// The processor, with the features that decide such figures.
fn processor() -> String {
    let info = fs::read_to_string("/proc/cpuinfo").unwrap();
    let field = |name: &str| {
        let line = info.lines().find(|line| line.starts_with(name)).unwrap_or_default();
        line.split_once(':').map_or("", |(_, value)| value.trim()).to_owned()
    };
    let flags = field("flags");
    let features: Vec<&str> = ["avx2", "avx512bw", "bmi2", "pclmulqdq", "vpclmulqdq", "sha_ni"]
        .into_iter()
        .filter(|feature| flags.split_whitespace().any(|flag| flag == *feature))
        .collect();
    format!("{} ({})", field("model name"), features.join(", "))
}
