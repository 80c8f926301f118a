//! Reads a layer as `check` does and says how long it took.
//!
//! ```text
//! cargo run --release -p lambark-layers --example read_layer -- layer.tar.gz
//! ```
//!
//! `PIPELINE=1` in the environment uses two threads.

#![allow(clippy::unwrap_used, reason = "a tool for developers: a panic is its error message")]
#![allow(clippy::print_stdout, reason = "its purpose")]

use std::fs::File;
use std::time::Instant;

use lambark_layers::{ReadOptions, read_layer};

fn main() {
    let options = ReadOptions { pipeline: std::env::var_os("PIPELINE").is_some() };
    for path in std::env::args().skip(1) {
        let start = Instant::now();
        let content = read_layer(File::open(&path).unwrap(), &options).unwrap();
        let seconds = start.elapsed().as_secs_f64();
        let noted = content.entries.iter().filter_map(|entry| entry.notes.as_deref());
        let (elf, incomplete) = noted
            .filter_map(|notes| notes.elf.as_ref())
            .fold((0, 0), |(all, incomplete), elf| (all + 1, incomplete + usize::from(!elf.complete)));
        println!("{path}: {} bytes, {}", content.size, content.digest);
        println!("  plain {} bytes, {}, {:?}", content.plain_size, content.diff_id, content.ending);
        println!("  {} entries, {elf} ELF files ({incomplete} not read in full)", content.entries.len());
        println!("  {seconds:.3} s, {:.0} MB/s of plain data", content.plain_size as f64 / seconds / 1e6);
    }
}
