//! Skips that are counted.
//!
//! libtest knows no run-time skip: a test that returns early counts as passed. So a skipping test says so in a file, and
//! `cargo xtask test` takes it off the passed ones.

use std::fs::OpenOptions;
use std::io::Write;

/// Environment variable that names the file to which skips are appended.
pub const LOG_VARIABLE: &str = "LAMBARK_SKIP_LOG";

/// Records that the running test is skipped, and why. The test has to return right after.
///
/// Appends `program <TAB> test <TAB> reason` to the file that `LAMBARK_SKIP_LOG` names, if it names one, and prints the
/// same for whoever runs the test by hand.
///
/// # Panics
///
/// If the file cannot be written: a skip that nobody counts would be a silent pass.
#[expect(clippy::print_stderr, reason = "a skip is told to whoever runs the test by hand")]
pub fn skip(reason: &str) {
    let test = test_name();
    eprintln!("skipped: {test}: {reason}");
    let Some(log) = std::env::var_os(LOG_VARIABLE) else {
        return;
    };
    let line = format!("{}\t{test}\t{}\n", program(), reason.replace(['\t', '\n'], " "));
    let mut file = OpenOptions::new()
        .create(true)
        .append(true)
        .open(&log)
        .unwrap_or_else(|error| panic!("cannot open the skip log {}: {error}", log.display()));
    // One write a line, in append mode: tests of one program run side by side.
    file.write_all(line.as_bytes())
        .unwrap_or_else(|error| panic!("cannot write the skip log {}: {error}", log.display()));
}

/// The running test's name. libtest names the thread after it, except when it runs tests one by one.
fn test_name() -> String {
    if let Ok(name) = std::env::var("NEXTEST_TEST_NAME") {
        return name;
    }
    let thread = std::thread::current();
    match thread.name() {
        Some(name) => name.to_owned(),
        None => format!("{:?}", thread.id()),
    }
}

/// File name of the test program, without the directory.
fn program() -> String {
    let path = std::env::current_exe().unwrap_or_default();
    let name = path.file_name().unwrap_or_default();
    name.to_string_lossy().into_owned()
}
