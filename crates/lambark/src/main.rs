//! The `lambark` command.

use std::process::ExitCode;

fn main() -> ExitCode {
    lambark::cli::guard_against_bugs();
    ExitCode::from(lambark::cli::main(std::env::args_os()))
}
