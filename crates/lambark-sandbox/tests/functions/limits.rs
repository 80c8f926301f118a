//! The limits that the documentation sets, and that the emulator sets otherwise or not at all: alike in every language.

use std::time::Duration;

use lambark_sandbox::{FunctionSettings, Settings};

use crate::bench::{Bench, Case, told};

/// Seconds that an invocation may take here.
const LIMIT: u64 = 2;

/// `slow` never answers, `hangs` never asks for an event, `hungry` answers how many bytes it took: 300,000,000.
pub(crate) fn hold(bench: &Bench, slow: Case, hangs: Case, hungry: &Case) {
    let (slow, hangs) = (Case { timeout: LIMIT, ..slow }, Case { timeout: LIMIT, ..hangs });

    // Documented: an invocation has a time limit. The emulator answers with plain text; of Lambda a document is reported.
    let words = "Task timed out after 2.00 seconds";
    let late = ("Sandbox.Timedout".to_owned(), format!("RequestId: ID Error: {words}"));
    assert_eq!(told(&bench.invoke(&slow).unwrap().payload), late);
    // Documented: init is limited to ten seconds (to one here), then comes again under the function's time limit. The
    // emulator counts both as one.
    let limit = |function: &mut FunctionSettings, _: &mut Settings| function.init_limit = Duration::from_secs(1);
    let running = bench.start(&hangs, limit).unwrap();
    assert!(running.function.init().failure.is_some(), "{}", running.log());
    assert_eq!(told(&running.invoke(&hangs.event).payload), late);
    for case in [&slow, &hangs] {
        if let Some(rie) = bench.invoke_rie(case) {
            assert_eq!(rie.body, words.as_bytes(), "{}", rie.log);
        }
    }

    // Documented: memory is limited. The emulator limits none.
    let memory = |_: &mut FunctionSettings, sandbox: &mut Settings| sandbox.memory_bytes = Some(128 * 1024 * 1024);
    let outcome = bench.start(hungry, memory).unwrap().invoke(&hungry.event);
    let killed = "RequestId: ID Error: Runtime exited with error: signal: killed";
    assert_eq!(told(&outcome.payload), ("Runtime.ExitError".to_owned(), killed.to_owned()));
    if let Some(rie) = bench.invoke_rie(hungry) {
        assert_eq!(rie.body, b"300000000");
    }
}
