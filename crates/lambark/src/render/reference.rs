//! The reference of the command line, from what clap knows.

use std::io::{self, Write};

use clap::{Arg, Command};

use crate::exit;

/// Writes the page in Markdown.
///
/// # Errors
/// When `out` fails.
pub fn page(out: &mut dyn Write, mut command: Command) -> io::Result<()> {
    command.build();
    writeln!(out, "# lambark\n\n<!-- Made by `cargo xtask generate` from crates/lambark/src/cli. -->\n")?;
    writeln!(out, "{}.\n", command.get_about().map(ToString::to_string).unwrap_or_default())?;
    for verb in command.get_subcommands().filter(|verb| !verb.is_hide_set()) {
        self::verb(out, "", verb)?;
    }
    writeln!(out, "## Options of every verb\n")?;
    table(out, command.get_arguments().filter(|arg| arg.is_global_set()))?;
    writeln!(out, "## Exit codes\n\n| code | meaning |\n|---|---|")?;
    for (code, meaning) in exit::ALL {
        writeln!(out, "| {code} | {meaning} |")?;
    }
    Ok(())
}

/// A verb, and those below it.
fn verb(out: &mut dyn Write, parent: &str, verb: &Command) -> io::Result<()> {
    let name = format!("{parent}{}", verb.get_name());
    let about = verb.get_long_about().or_else(|| verb.get_about()).map(ToString::to_string).unwrap_or_default();
    writeln!(out, "## `lambark {name}`\n\n{about}\n")?;
    let shown = |arg: &&Arg| !arg.is_global_set() && !matches!(arg.get_id().as_str(), "help" | "version");
    if verb.get_arguments().any(|arg| shown(&arg)) {
        table(out, verb.get_arguments().filter(|arg| !arg.is_global_set()))?;
    }
    let help = verb.get_after_help().map(ToString::to_string).unwrap_or_default();
    let examples: Vec<&str> = help.lines().filter_map(|line| line.strip_prefix("  ")).collect();
    if !examples.is_empty() {
        writeln!(out, "```sh\n{}\n```\n", examples.join("\n"))?;
    }
    verb.get_subcommands()
        .filter(|below| below.get_name() != "help")
        .try_for_each(|below| self::verb(out, &format!("{name} "), below))
}

fn table<'a>(out: &mut dyn Write, args: impl Iterator<Item = &'a Arg>) -> io::Result<()> {
    writeln!(out, "| argument | meaning | environment |\n|---|---|---|")?;
    for arg in args.filter(|arg| !matches!(arg.get_id().as_str(), "help" | "version") && !arg.is_hide_set()) {
        let variable = arg.get_env().map(|name| format!("`{}`", name.to_string_lossy())).unwrap_or_default();
        writeln!(out, "| {} | {} | {variable} |", usage(arg), meaning(arg))?;
    }
    writeln!(out)
}

fn usage(arg: &Arg) -> String {
    let takes_value = arg.get_action().takes_values();
    let value = arg.get_value_names().and_then(|names| names.first()).map(ToString::to_string).unwrap_or_default();
    let flag = match (arg.get_short(), arg.get_long()) {
        (Some(short), Some(long)) => format!("-{short}, --{long}"),
        (None, Some(long)) => format!("--{long}"),
        _ => return format!("`{value}`"),
    };
    if takes_value { format!("`{flag} {value}`") } else { format!("`{flag}`") }
}

fn meaning(arg: &Arg) -> String {
    let mut text = arg.get_help().map(ToString::to_string).unwrap_or_default();
    let values: Vec<String> = arg.get_possible_values().iter().map(|value| format!("`{}`", value.get_name())).collect();
    if arg.get_action().takes_values() && !values.is_empty() {
        text.push_str(&format!(" ({})", values.join(", ")));
    }
    text.replace('|', "\\|")
}
