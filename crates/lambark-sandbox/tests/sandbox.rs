//! What runs in a sandbox sees what it would see on Lambda.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "tests")]

mod common;

use common::{Place, act, base, everybody, layer};
use lambark_testkit::images::File;
use serde_json::json;

#[test]
fn a_program_runs_and_its_end_is_told() {
    for who in everybody() {
        let place = Place::new(who);
        let outcome = place.image(vec![layer(&base())]).run(&[
            act(&["echo", "hello", "world"]),
            act(&["exit", "3"]),
            act(&["abort"]),
            act(&["nothing"]),
        ]);
        let ran = &outcome["ran"];
        assert_eq!(
            ran[0],
            json!({ "exit": "exit status 0", "stdout": "hello world", "stderr": "" }),
            "{who:?} {outcome}"
        );
        assert_eq!(ran[1]["exit"], "exit status 3", "{who:?}");
        assert_eq!(ran[2]["exit"], "signal: aborted", "{who:?}");
        assert_eq!(ran[3]["stderr"], "no act nothing\n", "{who:?}");
        assert_eq!(outcome["address"], "127.0.0.1:9001", "{who:?}");
        let _ = File::new("x", "");
    }
}
