//! What the controls have set, and what was counted.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError, RwLock};

use serde::{Deserialize, Serialize};

use super::NoteSink;
use super::fault::{Fault, FaultError, Faults};
use super::notes::Notes;
use super::operation::changes;
use super::rates::Rates;
use super::script::Script;
use crate::gates::Wording;
use crate::limits::MAX_OPERATIONS;

/// Where the twin can behave in more ways than one.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct Behaviour {
    /// How the media-type gate refuses.
    pub wording: Wording,
    /// `DryRun` asks the media-type gate too. Whether Lambda does so is not known; the twin does not unless told.
    pub dry_run_checks_media_types: bool,
}

/// How many requests came.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize)]
pub struct Counts {
    /// All, by operation.
    pub requests: BTreeMap<String, u64>,
    /// Those of the kind that changes something, whether or not they were refused.
    pub changes: BTreeMap<String, u64>,
}

/// The controls' state.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) notes: Notes,
    pub(crate) script: Script,
    pub(crate) rates: Rates,
    faults: Faults,
    counted: Mutex<BTreeMap<String, u64>>,
    behaviour: RwLock<Behaviour>,
    seed: u64,
    rolls: AtomicU64,
}

impl State {
    pub(crate) fn new(seed: u64, sink: Option<NoteSink>) -> State {
        State {
            notes: Notes::new(sink),
            script: Script::default(),
            rates: Rates::default(),
            faults: Faults::default(),
            counted: Mutex::default(),
            behaviour: RwLock::default(),
            seed,
            rolls: AtomicU64::new(0),
        }
    }

    pub(super) fn add_fault(&self, fault: Fault) -> Result<(), FaultError> {
        self.faults.add(fault)
    }

    pub(super) fn waiting_faults(&self) -> Vec<Fault> {
        self.faults.all()
    }

    pub(super) fn clear_faults(&self) {
        self.faults.clear();
    }

    /// Counts a request, and finds what it is to meet.
    pub(crate) fn meet(&self, operation: &str, method: &str, path: &str) -> Option<Fault> {
        let mut counted = self.counted.lock().unwrap_or_else(PoisonError::into_inner);
        match counted.get_mut(operation) {
            Some(count) => *count += 1,
            None => {
                let name = if counted.len() < MAX_OPERATIONS { operation } else { "other" };
                *counted.entry(name.to_owned()).or_default() += 1;
            }
        }
        drop(counted);
        self.faults.meet(operation, method, path)
    }

    pub(super) fn counts(&self) -> Counts {
        let requests = self.counted.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let changed = requests.iter().filter(|(name, _)| changes(name));
        Counts { changes: changed.map(|(name, count)| (name.clone(), *count)).collect(), requests }
    }

    pub(crate) fn behaviour(&self) -> Behaviour {
        *self.behaviour.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn set_behaviour(&self, new: Behaviour) {
        *self.behaviour.write().unwrap_or_else(PoisonError::into_inner) = new;
    }

    /// The next number in 0.0 to 1.0, which decides between the versions of a weighted alias. The same seed gives the
    /// same sequence.
    #[expect(clippy::cast_precision_loss, reason = "53 bits are exact in an f64")]
    pub(crate) fn roll(&self) -> f64 {
        let number = self.rolls.fetch_add(1, Ordering::Relaxed);
        (mix(mix(self.seed) ^ number) >> 11) as f64 / (1_u64 << 53) as f64
    }

    pub(super) fn reset(&self) {
        self.notes.clear();
        self.script.clear();
        self.faults.clear();
        self.rates.switch(false, 0);
        self.counted.lock().unwrap_or_else(PoisonError::into_inner).clear();
        self.set_behaviour(Behaviour::default());
        self.rolls.store(0, Ordering::Relaxed);
    }
}

/// The mixing step of splitmix64: each bit of the input moves half of the output's.
fn mix(number: u64) -> u64 {
    let mut bits = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_sequence_and_an_even_one() {
        let rolls = |seed: u64| -> Vec<f64> {
            let state = State::new(seed, None);
            (0..1000).map(|_| state.roll()).collect()
        };
        assert_eq!(rolls(7), rolls(7));
        assert_ne!(rolls(7), rolls(8));
        let low = rolls(7).into_iter().filter(|roll| *roll < 0.25).count();
        assert!((200..300).contains(&low), "{low}");
        assert!(rolls(7).into_iter().all(|roll| (0.0..1.0).contains(&roll)));
    }
}
