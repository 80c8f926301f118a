//! The levels that a user can choose from.

use std::fmt;
use std::str::FromStr;

/// How hard the writer tries, 0 to 9, in the sense that users know from gzip.
///
/// The same number does not give the same bytes or size as another gzip program's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Level(u8);

/// A level that does not exist.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("gzip level `{0}` is not a number from 0 to {max}", max = Level::MAX)]
pub struct LevelError(String);

/// One line of [`LEVELS`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LevelNote {
    /// The level.
    pub level: Level,
    /// What it is good for, as a lower-case fragment for a help text.
    pub note: &'static str,
}

/// Every level with a word on what it is good for, in ascending order.
///
/// The figures are those of `docs/gzip-writer.md`: a mixed layer, against the default.
pub const LEVELS: [LevelNote; 10] = [
    note(0, "stored, not compressed"),
    note(1, "1.7 times as fast as the default, 9 % larger"),
    note(2, "1.4 times as fast, 4.5 % larger"),
    note(3, "1.3 times as fast, 3 % larger"),
    note(4, "1.15 times as fast, 2.5 % larger"),
    note(5, "the default: the size that pigz -6 makes, in less than half of its time"),
    note(6, "0.9 times as fast as the default, 0.5 % smaller"),
    note(7, "0.65 times as fast, 1 % smaller"),
    note(8, "0.4 times as fast, 1.5 % smaller"),
    note(9, "0.3 times as fast, 1.5 % smaller"),
];

const fn note(level: u8, note: &'static str) -> LevelNote {
    LevelNote { level: Level(level), note }
}

impl Level {
    /// Stores the data as it is.
    pub const STORED: Self = Self(0);
    /// The level used unless another one is asked for: the fastest that makes nothing larger than
    /// `gzip -6` does, which is what users are used to.
    pub const DEFAULT: Self = Self(5);
    /// The highest level.
    pub const MAX: Self = Self(9);

    /// The level as a number from 0 to 9.
    #[must_use]
    pub const fn get(self) -> u8 {
        self.0
    }
}

impl Default for Level {
    fn default() -> Self {
        Self::DEFAULT
    }
}

impl TryFrom<u8> for Level {
    type Error = LevelError;

    fn try_from(number: u8) -> Result<Self, LevelError> {
        if number <= Self::MAX.0 { Ok(Self(number)) } else { Err(LevelError(number.to_string())) }
    }
}

impl FromStr for Level {
    type Err = LevelError;

    fn from_str(text: &str) -> Result<Self, LevelError> {
        let number: u8 = text.parse().map_err(|_| LevelError(text.to_owned()))?;
        Self::try_from(number)
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
