//! The `lambark` command.

use std::process::ExitCode;

fn main() -> ExitCode {
    // A sandbox is this program, started anew; nothing may come before.
    #[cfg(target_os = "linux")]
    lambark_sandbox::child_main_if_asked();
    lambark::cli::guard_against_bugs();
    ExitCode::from(lambark::cli::main(std::env::args_os()))
}
