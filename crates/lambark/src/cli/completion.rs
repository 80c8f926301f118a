//! `lambark completion`

use clap::Args;
use clap_complete::Shell;

use super::output;
use crate::exit;
use crate::failure::Failure;

/// Print the completion script of a shell
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  lambark completion bash > ~/.local/share/bash-completion/completions/lambark")]
pub(super) struct Arguments {
    /// The shell
    #[arg(value_name = "SHELL")]
    shell: Shell,
}

pub(super) fn run(arguments: &Arguments) -> Result<u8, Failure> {
    // The generator wants a stream that cannot fail; ours may be a closed pipe.
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut super::command(), "lambark", &mut script);
    output::print(|out| out.write_all(&script))?;
    Ok(exit::FINE)
}
