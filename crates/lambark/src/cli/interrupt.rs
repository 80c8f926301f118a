//! Ctrl-C.

use std::sync::{Condvar, Mutex, PoisonError};

use crate::exit;

/// What an interruption means.
enum Interrupt {
    /// The work is broken off.
    Ends,
    /// Somebody waits for it: it is the ordinary end.
    Awaited,
    /// It has come.
    Came,
}

static INTERRUPT: Mutex<Interrupt> = Mutex::new(Interrupt::Ends);
static CHANGED: Condvar = Condvar::new();

/// Ends the process with the exit code of an interruption, unless somebody [waits](wait) for it. Nothing has to be
/// tidied up: what becomes visible does so in one step, and temporary files lie beside their target under names of
/// their own.
pub(super) fn exit_on_ctrl_c() {
    // Without the handler the shell reports the same code, so a machine that has no signals loses nothing.
    let _ = ctrlc::set_handler(|| {
        let mut interrupt = INTERRUPT.lock().unwrap_or_else(PoisonError::into_inner);
        match *interrupt {
            Interrupt::Awaited => {
                *interrupt = Interrupt::Came;
                CHANGED.notify_all();
            }
            // Whoever asks twice does not want to wait.
            Interrupt::Ends | Interrupt::Came => std::process::exit(i32::from(exit::INTERRUPTED)),
        }
    });
}

/// Waits until the process is interrupted.
pub(super) fn wait() {
    let mut interrupt = INTERRUPT.lock().unwrap_or_else(PoisonError::into_inner);
    *interrupt = Interrupt::Awaited;
    while !matches!(*interrupt, Interrupt::Came) {
        interrupt = CHANGED.wait(interrupt).unwrap_or_else(PoisonError::into_inner);
    }
}
