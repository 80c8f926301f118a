//! Archives made by hand, also such as no writer would make.
#![allow(dead_code, unreachable_pub, reason = "each test binary uses a part")]

use std::io::Write;

use lambark_layers::tar::{Scan, scan};

/// One header with a right checksum.
pub fn header(path: &str, flag: u8, size: u64) -> [u8; 512] {
    let mut block = [0; 512];
    block[..path.len()].copy_from_slice(path.as_bytes());
    put(&mut block, 100, "0000644\0");
    put(&mut block, 108, "0001750\0");
    put(&mut block, 116, "0000144\0");
    put(&mut block, 124, &format!("{size:011o}\0"));
    put(&mut block, 136, "14717000000\0");
    block[156] = flag;
    put(&mut block, 257, "ustar\x0000");
    signed(block)
}

/// Writes `text` into a header at `at`.
pub fn put(block: &mut [u8; 512], at: usize, text: &str) {
    block[at..at + text.len()].copy_from_slice(text.as_bytes());
}

/// The same header with the right checksum.
pub fn signed(mut block: [u8; 512]) -> [u8; 512] {
    block[148..156].fill(b' ');
    let sum: u32 = block.iter().map(|byte| u32::from(*byte)).sum();
    put(&mut block, 148, &format!("{sum:06o}\0 "));
    block
}

/// An archive in the making.
#[derive(Clone, Default)]
pub struct Tar(pub Vec<u8>);

impl Tar {
    pub fn new() -> Tar {
        Tar::default()
    }

    pub fn raw(mut self, bytes: &[u8]) -> Tar {
        self.0.extend_from_slice(bytes);
        self
    }

    /// Content and its padding.
    pub fn content(mut self, content: &[u8]) -> Tar {
        self.0.extend_from_slice(content);
        let size = self.0.len().next_multiple_of(512);
        self.0.resize(size, 0);
        self
    }

    pub fn file(self, path: &str, content: &[u8]) -> Tar {
        self.raw(&header(path, b'0', content.len() as u64)).content(content)
    }

    pub fn directory(self, path: &str) -> Tar {
        let mut block = header(path, b'5', 0);
        put(&mut block, 100, "0000755\0");
        self.raw(&signed(block))
    }

    pub fn link(self, path: &str, flag: u8, target: &str) -> Tar {
        let mut block = header(path, flag, 0);
        put(&mut block, 157, target);
        self.raw(&signed(block))
    }

    /// A PAX header with these records.
    pub fn pax(self, records: &[(&str, &str)]) -> Tar {
        let content: String = records.iter().map(|(key, value)| record(key, value)).collect();
        self.raw(&header("pax", b'x', content.len() as u64)).content(content.as_bytes())
    }

    /// A GNU long name (`L`) or long link (`K`).
    pub fn gnu_long(self, flag: u8, path: &str) -> Tar {
        let content = [path.as_bytes(), b"\0"].concat();
        self.raw(&header("././@LongLink", flag, content.len() as u64)).content(&content)
    }

    /// The archive with its end mark.
    pub fn end(self) -> Vec<u8> {
        self.raw(&[0; 1024]).0
    }

    /// What a scan says of the archive with its end mark.
    pub fn scan(self) -> Scan {
        scan(self.end().as_slice()).expect("a slice has no trouble of its own")
    }
}

fn record(key: &str, value: &str) -> String {
    let rest = format!(" {key}={value}\n");
    let mut length = rest.len() + 1;
    while length.to_string().len() + rest.len() != length {
        length += 1;
    }
    format!("{length}{rest}")
}

pub fn gzip(plain: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(plain).expect("a vector takes everything");
    encoder.finish().expect("a vector takes everything")
}

pub fn zstd(plain: &[u8]) -> Vec<u8> {
    zstd::encode_all(plain, 3).expect("a vector takes everything")
}
