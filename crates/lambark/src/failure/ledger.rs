//! Errors of the ledger, for people.

use lambark_ledger::Error;

use crate::exit;

pub(super) fn kind(error: &Error) -> &'static str {
    match error {
        Error::Unwritable { .. } | Error::Full { .. } | Error::Busy { .. } | Error::Unreadable { .. } => "machine",
        Error::Missing { .. } => "not-found",
        Error::Damaged { .. } => "malformed",
        Error::TooYoung { .. } | Error::Broken { .. } => "refused",
        Error::NotALedger { .. }
        | Error::Newer { .. }
        | Error::Unknown { .. }
        | Error::TooLong { .. }
        | Error::NotPrunable { .. } => "usage",
    }
}

pub(super) fn exit_code(error: &Error) -> u8 {
    match kind(error) {
        "refused" => exit::REFUSED,
        "usage" => exit::USAGE,
        _ => exit::COULD_NOT_LOOK,
    }
}

pub(super) fn hint(error: &Error) -> Option<String> {
    let hint = match error {
        Error::Unwritable { .. } | Error::Full { .. } | Error::Unreadable { .. } => {
            "what cannot be recorded is not done: give the right to write or make room, name another place with --ledger \
             PATH, or, on a runner, give `--ledger none --ledger-artifact FILE` and keep the file"
        }
        Error::Missing { .. } => "verbs that change something make it; another one is named with --ledger PATH",
        Error::Busy { .. } => "wait for the other one to end, or look at what holds the file",
        Error::Damaged { .. } | Error::Broken { .. } => "`lambark record verify` names every entry that was changed",
        Error::Unknown { .. } => "`lambark record list` lists them",
        Error::Newer { .. } => "use the newer lambark",
        Error::TooYoung { .. } => {
            "give an earlier day to --before; a shorter time than the seven years has to be said with --retention"
        }
        Error::NotALedger { .. } => "name another place with --ledger PATH, or keep none with `--ledger none`",
        Error::TooLong { .. } | Error::NotPrunable { .. } => return None,
    };
    Some(hint.to_owned())
}
