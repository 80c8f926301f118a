//! A log comes in pieces of any size, is as long as it likes and holds anything.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::sync::LazyLock;

use lambark_knowledge::{Knowledge, Scan, Scanner, diagnose};
use proptest::prelude::*;

const MESSAGE: &str = "The image manifest, config or layer media type for the source image \
                       123456789012.dkr.ecr.us-east-1.amazonaws.com/app:v1 is not supported.";

/// Made once: thousands of cases use it.
static KNOWLEDGE: LazyLock<Knowledge> = LazyLock::new(|| Knowledge::built_in().unwrap());

fn fed(knowledge: &Knowledge, log: &[u8], piece: usize) -> Scan {
    let mut scanner = Scanner::new(knowledge);
    log.chunks(piece).for_each(|piece| scanner.feed(piece));
    scanner.finish()
}

/// What was found, as lines that can be compared.
fn told(knowledge: &Knowledge, scan: &Scan) -> Vec<String> {
    let diagnosis = diagnose(knowledge, scan);
    let mut told: Vec<String> =
        diagnosis.matches.iter().map(|found| format!("{} {} {}", found.entry.id, found.line, found.count)).collect();
    told.extend(diagnosis.images.iter().map(|place| format!("{} {} {}", place.name, place.line, place.last_line)));
    told.push(format!("{} lines", diagnosis.lines));
    told
}

/// A log of some 3 MB with messages here and there, one of them broken in two.
fn long_log() -> String {
    let mut log = String::new();
    for line in 1..=40_000 {
        match line {
            7 | 20_000 | 39_999 => log.push_str(MESSAGE),
            30_000 => log.push_str(&MESSAGE.replace("layer media", "lay\ner media")),
            _ => log.push_str("2026-02-17T05:33:58Z #12 copying files of no importance to the image's root"),
        }
        log.push('\n');
    }
    log
}

#[test]
fn pieces_do_not_matter() {
    let knowledge = Knowledge::built_in().unwrap();
    let log = long_log();
    let whole = told(&knowledge, &fed(&knowledge, log.as_bytes(), log.len()));
    assert_eq!(whole[0], "manifest-media-type 7 4");
    assert_eq!(whole[1], "123456789012.dkr.ecr.us-east-1.amazonaws.com/app:v1 7 40000");
    assert_eq!(whole[2], "40001 lines");
    for piece in [1_000, 4_096, 65_537, 1 << 20] {
        assert_eq!(told(&knowledge, &fed(&knowledge, log.as_bytes(), piece)), whole, "pieces of {piece}");
    }
}

#[test]
fn a_single_line_may_be_as_long_as_it_likes() {
    let knowledge = Knowledge::built_in().unwrap();
    let filler = "x y z ".repeat(100_000);
    let log = format!("{{\"log\": \"{filler}{MESSAGE}\\n{filler}\"}}");
    let told = told(&knowledge, &fed(&knowledge, log.as_bytes(), 8_192));
    assert_eq!(told[0], "manifest-media-type 1 1");
    assert_eq!(told.last().unwrap(), "1 lines");
}

#[test]
fn lines_are_counted_with_and_without_a_last_end() {
    let knowledge = Knowledge::built_in().unwrap();
    for (log, lines) in [("", 0), ("a", 1), ("a\n", 1), ("a\nb", 2), ("\n\n", 2)] {
        assert_eq!(fed(&knowledge, log.as_bytes(), 1).lines, lines, "{log:?}");
    }
}

#[test]
fn a_message_without_end_is_counted_up_to_a_limit() {
    let knowledge = Knowledge::built_in().unwrap();
    let log = format!("{MESSAGE}\n").repeat(5_000);
    let scan = fed(&knowledge, log.as_bytes(), 65_536);
    let found = &diagnose(&knowledge, &scan).matches[0];
    assert!(found.at_least && found.count >= 100, "{} times", found.count);
}

/// Lines that nearly are the message cost little however many there are, and hide neither it nor its halves.
#[test]
fn near_misses_without_end_hide_nothing() {
    let knowledge = Knowledge::built_in().unwrap();
    let near = MESSAGE.replace("is not supported", "was looked at");
    let mut log = String::new();
    for number in 0..5_000 {
        log.push_str(&format!("2026-02-17T05:{:02}:{:02}Z {near} request {number}\n", number / 60 % 60, number % 60));
    }
    assert!(diagnose(&knowledge, &fed(&knowledge, log.as_bytes(), 65_536)).matches.is_empty());
    for message in [MESSAGE.to_owned(), MESSAGE.replace("layer media", "layer\nmedia")] {
        let log = format!("{log}{message}\n");
        let told = told(&knowledge, &fed(&knowledge, log.as_bytes(), 65_536));
        assert!(told.iter().any(|line| line.starts_with("manifest-media-type 500")), "{told:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn anything_is_read_without_a_panic(log in prop::collection::vec(any::<u8>(), 0..4_000), piece in 1_usize..500) {
        let scan = fed(&KNOWLEDGE, &log, piece);
        prop_assert_eq!(scan.bytes, log.len() as u64);
        prop_assert!(diagnose(&KNOWLEDGE, &scan).lines <= log.len() as u64 + 1);
    }

    /// Scraps of real messages in any order, with anything between them.
    #[test]
    fn scraps_are_read_without_a_panic(scraps in prop::collection::vec((0_usize..200, 0_usize..80, "\\PC{0,12}"), 0..40)) {
        let texts: Vec<&String> = KNOWLEDGE.entries().iter().flat_map(|entry| &entry.matches).collect();
        let mut log = String::new();
        for (text, cut, between) in scraps {
            log.extend(texts[text % texts.len()].chars().skip(cut / 2).take(cut));
            log.push_str(&between);
        }
        let scan = fed(&KNOWLEDGE, log.as_bytes(), 97);
        prop_assert!(diagnose(&KNOWLEDGE, &scan).matches.len() <= KNOWLEDGE.entries().len());
    }
}
