//! Exit codes: public, stable, the same in every output format.

/// Nothing to complain about.
pub const FINE: u8 = 0;
/// Findings at or above `--fail-on`.
pub const FINDINGS: u8 = 1;
/// The command line or `lambark.toml` is wrong.
pub const USAGE: u8 = 2;
/// The image could not be looked at (network, authentication, not found), or with `--strict` not completely.
pub const COULD_NOT_LOOK: u8 = 3;
/// A change was refused, because it needs consent or because the tag is immutable or was moved meanwhile.
pub const REFUSED: u8 = 4;
/// A deployment failed, and everything is as it was before.
pub const ROLLED_BACK: u8 = 5;
/// A deployment failed, and not everything could be brought back.
pub const NOT_ROLLED_BACK: u8 = 6;
/// A bug in lambark.
pub const BUG: u8 = 70;
/// Interrupted by Ctrl-C.
pub const INTERRUPTED: u8 = 130;

/// Every code with its meaning, for the reference page.
pub const ALL: [(u8, &str); 9] = [
    (FINE, "nothing to complain about"),
    (FINDINGS, "findings at or above `--fail-on` (default: error)"),
    (USAGE, "the command line or `lambark.toml` is wrong"),
    (
        COULD_NOT_LOOK,
        "could not look: network, authentication, not found; with `--strict` also an image that was not looked at completely",
    ),
    (REFUSED, "refused to change something without consent"),
    (ROLLED_BACK, "a deployment failed, and was taken back"),
    (NOT_ROLLED_BACK, "a deployment failed, and was **not** taken back; the commands that do it were printed"),
    (BUG, "a bug in lambark"),
    (INTERRUPTED, "interrupted"),
];
