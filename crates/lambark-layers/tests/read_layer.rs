//! A layer in one pass: digests, endings, damage of every kind.
#![allow(clippy::unwrap_used, reason = "tests")]

mod support;

use std::io::{self, Read, Write};

use lambark_layers::{Flaw, ReadOptions, SNIFF_BYTES, decode, read_layer, sniff};
use lambark_oci::{Compression, Digest};
use lambark_rules::facts::{Actual, Content, Ending};
use proptest::prelude::*;
use support::{Tar, gzip, zstd};

fn read(stored: &[u8]) -> Content {
    let one = read_layer(stored, &ReadOptions { pipeline: false }).unwrap();
    let two = read_layer(Trickle(stored), &ReadOptions { pipeline: true }).unwrap();
    assert_eq!(format!("{one:?}"), format!("{two:?}"), "one thread and two see the same");
    assert_eq!((&one.digest, one.size), (&Digest::of(stored), stored.len() as u64));
    one
}

/// Gives seven bytes at a time, as a network might.
struct Trickle<'a>(&'a [u8]);

impl Read for Trickle<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let count = out.len().min(7);
        self.0.read(&mut out[..count])
    }
}

fn plain() -> Vec<u8> {
    let mut tar = Tar::new().directory("d/");
    for index in 0..200 {
        let content: Vec<u8> = (0..=250_u8).cycle().take(index * 37).collect();
        tar = tar.file(&format!("d/{index}"), &content);
    }
    tar.end()
}

#[test]
fn the_same_archive_in_every_compression() {
    let plain = plain();
    for (stored, compression) in
        [(plain.clone(), Compression::None), (gzip(&plain), Compression::Gzip), (zstd(&plain), Compression::Zstd)]
    {
        assert_eq!(sniff(&stored[..SNIFF_BYTES]), Actual::Tar(compression));
        let content = read(&stored);
        assert_eq!(content.ending, Ending::Complete, "{compression}");
        assert_eq!((content.diff_id, content.plain_size), (Digest::of(&plain), plain.len() as u64));
        assert_eq!(content.entries.len(), 201);
    }
}

#[test]
fn several_members_and_frames_are_one_stream() {
    let plain = plain();
    let (a, b) = plain.split_at(plain.len() / 3);
    let members = [gzip(a), gzip(b""), gzip(b)].concat();
    assert_eq!(read(&members).diff_id, Digest::of(&plain));
    let mut decoded = decode(members.as_slice(), Actual::Tar(Compression::Gzip));
    io::copy(&mut decoded, &mut io::sink()).unwrap();
    assert_eq!(decoded.gzip_members(), 3);

    let skippable = [&[0x5a, 0x2a, 0x4d, 0x18, 3, 0, 0, 0][..], b"abc"].concat();
    let frames = [&skippable[..], &zstd(a), &skippable, &zstd(b), &skippable].concat();
    let content = read(&frames);
    assert_eq!((content.ending, content.diff_id), (Ending::Complete, Digest::of(&plain)));
}

#[test]
fn a_gzip_header_with_everything_in_it() {
    let plain = plain();
    let mut encoder = flate2::GzBuilder::new()
        .filename("layer.tar")
        .comment("no comment")
        .extra(vec![7; 300])
        .write(Vec::new(), flate2::Compression::fast());
    encoder.write_all(&plain).unwrap();
    let mut stored = encoder.finish().unwrap();
    assert_eq!(read(&stored).ending, Ending::Complete);
    stored[3] |= 0x20;
    assert!(matches!(read(&stored).ending, Ending::Corrupt(reason) if reason.contains("flags")));
}

#[test]
fn cut_anywhere_a_compressed_layer_is_truncated() {
    let plain = Tar::new().directory("d/").file("d/x", b"content").end();
    for (stored, first) in [(gzip(&plain), 2), (zstd(&plain), 4)] {
        for at in first..stored.len() {
            let content = read(&stored[..at]);
            assert!(matches!(content.ending, Ending::Truncated(_)), "cut at {at}: {:?}", content.ending);
        }
    }
}

#[test]
fn a_flipped_bit_never_goes_unseen() {
    let plain = Tar::new().directory("d/").file("d/x", b"content").end();
    let stored = gzip(&plain);
    for at in 0..stored.len() * 8 {
        let mut bad = stored.clone();
        bad[at / 8] ^= 1 << (at % 8);
        let content = read(&bad);
        // Nobody reads a header's time, level and system; a copy from elsewhere may be the same bytes.
        let same = content.diff_id == Digest::of(&plain);
        assert!(same || content.ending != Ending::Complete, "bit {at}: {:?}", content.ending);
        let header = at < 4 * 8 && at != 3 * 8;
        assert!(!header || content.ending != Ending::Complete, "bit {at} of the header");
    }
}

#[test]
fn what_follows_the_compressed_data_is_hashed_and_told() {
    let plain = plain();
    for stored in [gzip(&plain), zstd(&plain)] {
        let content = read(&[&stored[..], b"trailing"].concat());
        assert!(matches!(content.ending, Ending::Corrupt(_)), "{:?}", content.ending);
        assert_eq!((content.diff_id, content.entries.len()), (Digest::of(&plain), 201));
    }
    // Behind a plain archive's end mark it is padding.
    assert_eq!(read(&[&plain[..], b"trailing"].concat()).ending, Ending::Complete);
}

#[test]
fn what_is_no_layer() {
    assert!(matches!(read(b"").ending, Ending::Truncated(_)));
    assert!(matches!(read(b"<html>").ending, Ending::Corrupt(reason) if reason.contains("3c 68 74 6d")));
    assert!(matches!(read(&[0x1f, 0x8b]).ending, Ending::Truncated(_)));
    assert!(matches!(read(&gzip(b"no tar at all")).ending, Ending::Truncated(_)));
    assert!(matches!(read(&gzip(&[b'x'; 512])).ending, Ending::Corrupt(_)));
    let empty = read(&gzip(&[0; 1024]));
    assert_eq!((empty.ending, empty.entries.len()), (Ending::Complete, 0));
}

#[test]
fn a_damaged_archive_is_still_unpacked_to_its_end() {
    let plain = Tar::new().file("a", b"x").raw(&[b'!'; 512]).raw(&[7; 700_000]).end();
    let content = read(&gzip(&plain));
    assert!(matches!(content.ending, Ending::Corrupt(reason) if reason.contains("byte 1024")));
    assert_eq!((content.diff_id, content.plain_size), (Digest::of(&plain), plain.len() as u64));
}

#[test]
fn a_zstd_window_above_the_limit_is_refused() {
    // A frame header that asks for a window of 256 MiB: exponent 18 above 1 KiB.
    let stored = [0x28, 0xb5, 0x2f, 0xfd, 0x00, 18 << 3, 0x01, 0, 0];
    assert!(matches!(read(&stored).ending, Ending::Stopped(reason) if reason.contains("window")));
}

/// Fails after its bytes.
struct Failing<'a>(&'a [u8]);

impl Read for Failing<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        match self.0.read(out)? {
            0 => Err(io::Error::new(io::ErrorKind::ConnectionReset, "reset by the registry")),
            count => Ok(count),
        }
    }
}

#[test]
fn the_source_s_trouble_is_no_flaw_of_the_layer() {
    let plain = plain();
    for stored in [plain.clone(), gzip(&plain), zstd(&plain)] {
        for at in [0, 1, 100, stored.len() / 2, stored.len()] {
            for pipeline in [false, true] {
                let error = read_layer(Failing(&stored[..at]), &ReadOptions { pipeline }).unwrap_err();
                assert_eq!(error.kind(), io::ErrorKind::ConnectionReset, "after {at} bytes");
                assert_eq!(Flaw::of(&error), None);
            }
        }
    }
}

#[test]
fn a_flaw_stays() {
    let stored = gzip(&plain());
    let mut decoded = decode(&stored[..stored.len() / 2], Actual::Tar(Compression::Gzip));
    let first = io::copy(&mut decoded, &mut io::sink()).unwrap_err();
    let second = decoded.read(&mut [0; 10]).unwrap_err();
    assert!(matches!(Flaw::of(&first), Some(Flaw::Truncated(_))));
    assert_eq!(Flaw::of(&first), Flaw::of(&second));
}

proptest! {
    #[test]
    fn arbitrary_bytes_behind_any_magic_do_no_harm(
        magic in prop::sample::select(vec![&b""[..], b"\x1f\x8b\x08\0\0\0\0\0\0\0", b"\x28\xb5\x2f\xfd", b"\x50\x2a\x4d\x18"]),
        bytes in prop::collection::vec(any::<u8>(), 0..2000),
    ) {
        // `read` compares the digest and both ways of reading.
        read(&[magic, &bytes].concat());
    }

    #[test]
    fn damage_in_the_middle_never_passes(at in any::<prop::sample::Index>(), with in 1..=255_u8) {
        let plain = Tar::new().directory("d/").file("d/x", &[b'x'; 3000]).end();
        let mut stored = gzip(&plain);
        let at = 10 + at.index(stored.len() - 10);
        stored[at] ^= with;
        let content = read(&stored);
        prop_assert!(content.ending != Ending::Complete || content.diff_id == Digest::of(&plain));
    }
}
