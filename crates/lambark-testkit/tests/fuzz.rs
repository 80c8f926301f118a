//! Every fuzz target, fed with its corpus and with mutations of it.
//!
//! `LAMBARK_FUZZ_SECONDS` and `LAMBARK_FUZZ_TARGET` turn the mutations into a longer hunt (`cargo xtask fuzz`).
#![allow(clippy::unwrap_used, reason = "tests")]

use std::path::Path;
use std::time::{Duration, Instant};

use lambark_testkit::fuzz::{TARGETS, Target, corpus};
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestError, TestRng, TestRunner};

/// Cases a target in an ordinary run: a second or so in all.
const CASES: u32 = 256;

/// The most bytes that a mutation puts in at once.
const MAX_INSERT: usize = 24;

fn seeds(target: &str) -> Vec<Vec<u8>> {
    let mut paths: Vec<_> = std::fs::read_dir(corpus(target)).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths.iter().map(|path| std::fs::read(path).unwrap()).collect()
}

/// One change of an input. Positions are taken modulo its length.
#[derive(Debug, Clone)]
enum Mutation {
    Flip(prop::sample::Index, u8),
    Cut(prop::sample::Index, prop::sample::Index),
    Insert(prop::sample::Index, Vec<u8>),
    Repeat(prop::sample::Index, prop::sample::Index),
    Splice(prop::sample::Index, prop::sample::Index),
    Truncate(prop::sample::Index),
}

fn mutation() -> impl Strategy<Value = Mutation> {
    let at = any::<prop::sample::Index>;
    prop_oneof![
        4 => (at(), any::<u8>()).prop_map(|(at, byte)| Mutation::Flip(at, byte)),
        2 => (at(), prop::collection::vec(any::<u8>(), 1..MAX_INSERT)).prop_map(|(at, bytes)| Mutation::Insert(at, bytes)),
        2 => (at(), "[\"{}:,@/=\\[\\]0-9a-z \\-]{1,8}").prop_map(|(at, text)| Mutation::Insert(at, text.into_bytes())),
        2 => (at(), at()).prop_map(|(from, to)| Mutation::Cut(from, to)),
        1 => (at(), at()).prop_map(|(from, to)| Mutation::Repeat(from, to)),
        1 => (at(), at()).prop_map(|(seed, at)| Mutation::Splice(seed, at)),
        1 => at().prop_map(Mutation::Truncate),
    ]
}

fn mutate(mut data: Vec<u8>, mutations: Vec<Mutation>, seeds: &[Vec<u8>]) -> Vec<u8> {
    let range = |a: prop::sample::Index, b: prop::sample::Index, length: usize| {
        let (a, b) = (a.index(length + 1), b.index(length + 1));
        a.min(b)..a.max(b)
    };
    for mutation in mutations {
        let length = data.len();
        match mutation {
            Mutation::Flip(at, byte) if length > 0 => data[at.index(length)] ^= byte,
            Mutation::Flip(..) => {}
            Mutation::Cut(from, to) => drop(data.drain(range(from, to, length))),
            Mutation::Insert(at, bytes) => drop(data.splice(at.index(length + 1)..at.index(length + 1), bytes)),
            Mutation::Repeat(from, to) => data.extend_from_within(range(from, to, length)),
            Mutation::Splice(seed, at) => {
                data.truncate(at.index(length + 1));
                let other = &seeds[seed.index(seeds.len())];
                data.extend_from_slice(&other[at.index(other.len() + 1)..]);
            }
            Mutation::Truncate(at) => data.truncate(at.index(length + 1)),
        }
    }
    data
}

/// Inputs of a target: mostly mutated seeds, now and then noise.
fn inputs(seeds: Vec<Vec<u8>>) -> impl Strategy<Value = Vec<u8>> {
    let mutated =
        (any::<prop::sample::Index>(), prop::collection::vec(mutation(), 0..8)).prop_map(move |(seed, mutations)| {
            let data = seeds[seed.index(seeds.len())].clone();
            mutate(data, mutations, &seeds)
        });
    prop_oneof![9 => mutated, 1 => prop::collection::vec(any::<u8>(), 0..512)]
}

/// Runs `cases` cases; gives the smallest input found that breaks a law.
fn hunt(target: &Target, cases: u32, rng: TestRng) -> Result<(), (String, Vec<u8>)> {
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, rng);
    let outcome = runner.run(&inputs(seeds(target.name)), |data| {
        (target.run)(&data);
        Ok(())
    });
    match outcome {
        Ok(()) => Ok(()),
        Err(TestError::Fail(reason, data)) => Err((reason.to_string(), data)),
        Err(TestError::Abort(reason)) => panic!("{}: {reason}", target.name),
    }
}

#[test]
fn corpora_hold() {
    for target in TARGETS {
        let seeds = seeds(target.name);
        assert!(!seeds.is_empty(), "no seed for {}", target.name);
        seeds.iter().for_each(|seed| (target.run)(seed));
    }
}

#[test]
fn mutations_hold() {
    let only = std::env::var("LAMBARK_FUZZ_TARGET").ok();
    let seconds = std::env::var("LAMBARK_FUZZ_SECONDS").ok().map(|text| text.parse::<u64>().unwrap());
    for target in TARGETS.iter().filter(|target| only.as_deref().is_none_or(|only| only == target.name)) {
        let found = match seconds {
            // The same cases each time: a test that fails fails again.
            None => hunt(target, CASES, TestRng::deterministic_rng(RngAlgorithm::ChaCha)),
            Some(seconds) => hunt_for(target, Duration::from_secs(seconds)),
        };
        let Err((reason, data)) = found else { continue };
        // From a hunt the input goes to the corpus, where it stays as a test.
        let kept =
            seconds.map(|_| corpus(target.name).join(format!("found-{}", lambark_oci::Digest::of(&data).short())));
        if let Some(path) = &kept {
            std::fs::write(path, &data).unwrap();
        }
        panic!("{}: {reason}\ninput {kept:?}: {:?}", target.name, String::from_utf8_lossy(&data));
    }
}

fn hunt_for(target: &Target, time: Duration) -> Result<(), (String, Vec<u8>)> {
    let start = Instant::now();
    while start.elapsed() < time {
        hunt(target, 4 * CASES, TestRng::from_seed(RngAlgorithm::ChaCha, &entropy()))?;
    }
    Ok(())
}

/// 32 bytes that differ from run to run: the standard library's hash keys are random.
fn entropy() -> [u8; 32] {
    use std::hash::{BuildHasher, RandomState};
    let mut seed = [0; 32];
    for chunk in seed.chunks_mut(8) {
        chunk.copy_from_slice(&RandomState::new().hash_one(chunk.len()).to_le_bytes());
    }
    seed
}

#[test]
fn every_target_has_its_file_for_libfuzzer() {
    let fuzz = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz");
    let manifest = std::fs::read_to_string(fuzz.join("Cargo.toml")).unwrap();
    for Target { name, .. } in TARGETS {
        let file = std::fs::read_to_string(fuzz.join(format!("fuzz_targets/{name}.rs"))).unwrap();
        assert!(file.contains(&format!("fuzz::{name}(data)")), "{name}.rs runs another target");
        assert!(manifest.contains(&format!("path = \"fuzz_targets/{name}.rs\"")), "{name} is not in fuzz/Cargo.toml");
    }
}
