//! The gzip writer from outside: what it writes, read back by decoders that are not ours.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::io::{self, Read, Write};
use std::num::NonZeroUsize;
use std::process::{Command, Stdio};
use std::thread;

use lambark_layers::gzip::{BLOCK_SIZE, GzipWriter, LEVELS, Level, Summary};
use proptest::prelude::*;

fn threads(count: usize) -> NonZeroUsize {
    NonZeroUsize::new(count).unwrap()
}

fn compress(plain: &[u8], level: Level, thread_count: usize) -> (Vec<u8>, Summary) {
    let mut writer = GzipWriter::with_threads(Vec::new(), level, threads(thread_count));
    writer.write_all(plain).unwrap();
    writer.finish().unwrap()
}

/// Reads `gz` with two decoders that share no code, and makes sure that it is one member.
fn assert_decodes(gz: &[u8], plain: &[u8]) {
    let mut first = flate2::bufread::GzDecoder::new(gz);
    let mut decoded = Vec::new();
    first.read_to_end(&mut decoded).unwrap();
    assert!(decoded == plain, "zlib-rs decodes other data");
    assert_eq!(first.into_inner().len(), 0, "something follows the first member");

    decoded.clear();
    flate2::read::MultiGzDecoder::new(gz).read_to_end(&mut decoded).unwrap();
    assert!(decoded == plain, "a reader of many members decodes other data");

    let mut decoded = vec![0; plain.len()];
    let length = libdeflater::Decompressor::new().gzip_decompress(gz, &mut decoded).unwrap();
    assert_eq!(length, plain.len());
    assert!(decoded == plain, "libdeflate decodes other data");
}

fn assert_round_trip(plain: &[u8], level: Level) {
    let (gz, summary) = compress(plain, level, 2);
    assert_decodes(&gz, plain);
    assert_eq!(summary.plain_size, plain.len() as u64);
    assert_eq!(summary.gzip_size, gz.len() as u64);
    assert_eq!(summary.crc32, crc32fast::hash(plain));
}

fn noise(length: usize, seed: u64) -> Vec<u8> {
    let mut state = seed | 1;
    let mut step = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()[3]
    };
    (0..length).map(|_| step()).collect()
}

/// Text as it comes in layers: words that recur, near and far.
fn text(length: usize) -> Vec<u8> {
    let words = noise(length / 4 + 1, 7);
    let mut plain = Vec::with_capacity(length + 32);
    for (line, word) in words.iter().enumerate() {
        if plain.len() >= length {
            break;
        }
        plain.extend_from_slice(format!("def handler_{word}(event): # {}\n", line % 977).as_bytes());
    }
    plain.truncate(length);
    plain
}

#[test]
fn empty_input_is_a_valid_empty_member() {
    for &entry in &LEVELS {
        let (gz, summary) = compress(b"", entry.level, 2);
        assert_decodes(&gz, b"");
        assert_eq!(summary, Summary { plain_size: 0, gzip_size: gz.len() as u64, crc32: 0 });
    }
}

#[test]
fn the_header_says_nothing_about_when_where_or_from_what() {
    let (gz, _) = compress(b"data", Level::DEFAULT, 1);
    assert_eq!(gz[..10], [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255]);
}

#[test]
fn sizes_around_the_edge_of_a_block_come_back() {
    for size in [1, 2, BLOCK_SIZE - 1, BLOCK_SIZE, BLOCK_SIZE + 1, 2 * BLOCK_SIZE, 3 * BLOCK_SIZE + 5] {
        assert_round_trip(&text(size), Level::DEFAULT);
    }
}

#[test]
fn every_level_comes_back_and_compresses_what_it_should() {
    let plain = text(BLOCK_SIZE + 1000);
    for &entry in &LEVELS {
        assert_round_trip(&plain, entry.level);
        let size = compress(&plain, entry.level, 1).0.len();
        if entry.level == Level::STORED {
            assert!(size > plain.len(), "level 0 stores");
        } else {
            assert!(size < plain.len() / 3, "level {} made {size} bytes", entry.level);
        }
    }
}

#[test]
fn incompressible_data_grows_by_less_than_a_thousandth() {
    let plain = noise(2 * BLOCK_SIZE + 77, 3);
    for &entry in &LEVELS {
        assert_round_trip(&plain, entry.level);
        let size = compress(&plain, entry.level, 1).0.len();
        assert!(size < plain.len() + plain.len() / 1000, "level {}: {size}", entry.level);
    }
}

#[test]
fn highly_repetitive_data_comes_back() {
    for plain in [vec![0; 3 * BLOCK_SIZE], b"ab".repeat(BLOCK_SIZE), vec![255; 70_000]] {
        for &entry in &LEVELS {
            assert_round_trip(&plain, entry.level);
        }
    }
}

#[test]
fn the_bytes_do_not_depend_on_threads_or_on_calls() {
    let mut plain = text(5 * BLOCK_SIZE + 12_345);
    plain.extend(noise(BLOCK_SIZE, 9));
    let (one, _) = compress(&plain, Level::DEFAULT, 1);
    assert_decodes(&one, &plain);
    for thread_count in [2, 3, 8] {
        let (other, _) = compress(&plain, Level::DEFAULT, thread_count);
        assert!(one == other, "{thread_count} threads write other bytes than one");
    }

    let mut writer = GzipWriter::with_threads(Vec::new(), Level::DEFAULT, threads(3));
    for (index, piece) in plain.chunks(100_003).enumerate() {
        writer.write_all(piece).unwrap();
        if index % 5 == 0 {
            writer.flush().unwrap();
        }
    }
    assert!(one == writer.finish().unwrap().0, "cutting and flushing changed the bytes");
}

/// Takes `room` bytes and then fails.
struct Failing {
    room: usize,
}

impl Write for Failing {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        if self.room == 0 {
            return Err(io::Error::new(io::ErrorKind::StorageFull, "no space"));
        }
        let taken = data.len().min(self.room);
        self.room -= taken;
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn an_error_of_the_sink_is_handed_on_wherever_it_happens() {
    let plain = noise(12 * BLOCK_SIZE, 5);
    let (whole, _) = compress(&plain, Level::STORED, 2);
    for room in [0, 5, 10, 11, BLOCK_SIZE, 6 * BLOCK_SIZE, whole.len() - 9, whole.len() - 1] {
        let mut writer = GzipWriter::with_threads(Failing { room }, Level::STORED, threads(2));
        let outcome = writer.write_all(&plain);
        let Err(error) = outcome.and_then(|()| writer.finish().map(drop)) else {
            panic!("{room} bytes of room sufficed for {}", whole.len());
        };
        assert_eq!(error.kind(), io::ErrorKind::StorageFull, "{room} bytes of room");
    }
}

#[test]
fn after_an_error_the_stream_cannot_be_finished_as_if_it_were_whole() {
    let mut writer = GzipWriter::with_threads(Failing { room: 0 }, Level::STORED, threads(1));
    writer.write_all(&noise(8 * BLOCK_SIZE, 5)).unwrap_err();
    assert_eq!(writer.write(b"x").unwrap_err().to_string(), BROKEN);
    assert_eq!(writer.flush().unwrap_err().to_string(), BROKEN);
    assert_eq!(writer.finish().map(drop).unwrap_err().to_string(), BROKEN);
}

const BROKEN: &str = "the gzip stream is broken by an earlier error";

/// Takes few bytes at a time and is interrupted all the time.
#[derive(Default)]
struct Reluctant {
    taken: Vec<u8>,
    calls: usize,
}

impl Write for Reluctant {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        self.calls += 1;
        if self.calls.is_multiple_of(3) {
            return Err(io::ErrorKind::Interrupted.into());
        }
        let count = data.len().min(self.calls % 200 + 1);
        self.taken.extend_from_slice(&data[..count]);
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_sink_that_takes_little_at_a_time_gets_everything() {
    let plain = text(2 * BLOCK_SIZE);
    let sink = Reluctant::default();
    let mut writer = GzipWriter::with_threads(sink, Level::DEFAULT, threads(2));
    writer.write_all(&plain).unwrap();
    let (sink, _) = writer.finish().unwrap();
    assert!(sink.taken == compress(&plain, Level::DEFAULT, 1).0, "bytes were lost or doubled");
}

#[test]
fn gnu_gzip_reads_what_was_written() {
    let mut plain = text(2 * BLOCK_SIZE + 321);
    plain.extend(noise(300_000, 11));
    for &entry in &LEVELS {
        let (gz, _) = compress(&plain, entry.level, 2);
        let mut gzip = Command::new("gzip");
        let child = gzip.args(["-dc"]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
        let Ok(mut child) = child else {
            lambark_parts::skip("there is no gzip on this machine");
            return;
        };
        let mut stdin = child.stdin.take().unwrap();
        let feeder = thread::spawn(move || stdin.write_all(&gz));
        let output = child.wait_with_output().unwrap();
        feeder.join().unwrap().unwrap();
        // Not a word either: gzip warns of what follows a member that it does not understand.
        assert!(output.status.success() && output.stderr.is_empty(), "level {}: {}", entry.level, output.status);
        assert!(output.stdout == plain, "level {}: gzip decodes other data", entry.level);
    }
}

#[test]
fn a_dropped_writer_ends_its_threads() {
    for size in [0, 10, BLOCK_SIZE + 1, 6 * BLOCK_SIZE] {
        let mut writer = GzipWriter::with_threads(Vec::new(), Level::MAX, threads(3));
        writer.write_all(&text(size)).unwrap();
        drop(writer);
    }
}

#[test]
fn a_piece_of_data_in_flight_is_delivered_by_flush() {
    let plain = text(2 * BLOCK_SIZE + 50);
    let mut sink = Vec::new();
    let mut writer = GzipWriter::with_threads(&mut sink, Level::DEFAULT, threads(2));
    writer.write_all(&plain).unwrap();
    writer.flush().unwrap();
    drop(writer);
    let mut decoded = Vec::new();
    let error = flate2::read::GzDecoder::new(&sink[..]).read_to_end(&mut decoded).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof, "the stream was not finished");
    assert!(decoded == plain[..2 * BLOCK_SIZE], "both whole blocks are there");
}

#[test]
fn levels_are_what_the_list_says() {
    for (number, entry) in (0_u8..).zip(&LEVELS) {
        assert_eq!(entry.level.get(), number);
        assert_eq!(entry.level.to_string().parse(), Ok(entry.level));
    }
    for bad in ["10", "-1", "", "six", "256", "5.0"] {
        let error = bad.parse::<Level>().unwrap_err();
        assert_eq!(error.to_string(), format!("gzip level `{bad}` is not a number from 0 to 9"));
    }
}

/// Pieces of noise, of repetition and of text, in any order.
fn layer(longest_piece: usize) -> impl Strategy<Value = Vec<u8>> {
    let piece = (0_u8..3, 0..longest_piece, any::<u64>()).prop_map(|(kind, length, seed)| match kind {
        0 => noise(length, seed),
        1 => noise(usize::from(seed.to_le_bytes()[0]) + 1, seed).repeat(length / 100),
        _ => text(length),
    });
    prop::collection::vec(piece, 0..6).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_small_input_comes_back(plain in prop::collection::vec(any::<u8>(), 0..3000), level in 0_u8..=9) {
        assert_round_trip(&plain, Level::try_from(level).unwrap());
    }

    #[test]
    fn any_mixture_comes_back(plain in layer(200_000), level in 0_u8..=9) {
        assert_round_trip(&plain, Level::try_from(level).unwrap());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(8))]

    #[test]
    fn any_mixture_of_several_blocks_is_the_same_on_any_number_of_threads(
        plain in layer(2 * BLOCK_SIZE),
        level in 1_u8..=7,
        cut in 1_usize..200_000,
    ) {
        let level = Level::try_from(level).unwrap();
        let (one, _) = compress(&plain, level, 1);
        assert_decodes(&one, &plain);
        for thread_count in [2, 3, 8] {
            let mut writer = GzipWriter::with_threads(Vec::new(), level, threads(thread_count));
            for piece in plain.chunks(cut) {
                writer.write_all(piece).unwrap();
            }
            prop_assert!(writer.finish().unwrap().0 == one, "{} threads", thread_count);
        }
    }
}
