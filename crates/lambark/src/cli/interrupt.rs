//! Ctrl-C.

use crate::exit;

/// Ends the process with the exit code of an interruption. Nothing has to be tidied up: what becomes visible does so
/// in one step, and temporary files lie beside their target under names of their own.
pub(super) fn exit_on_ctrl_c() {
    // Without the handler the shell reports the same code, so a machine that has no signals loses nothing.
    let _ = ctrlc::set_handler(|| std::process::exit(i32::from(exit::INTERRUPTED)));
}
