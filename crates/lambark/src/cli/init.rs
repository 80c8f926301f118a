//! `lambark init`

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::context::{Context, Format};
use super::output;
use crate::failure::Failure;
use crate::operations::init::{self, Alarms, Choices, Ci, Settings};
use crate::render::{init as render, json};

/// Set a repository up: lambark.toml, a workflow, alarms, pages, from what is there
///
/// Looks at Dockerfiles, scripts, workflows and templates, and at live functions if named; says what each line of a
/// hand-written build script becomes; shows every change as a diff. Nothing is written without --write, a file that is
/// there with other content stops everything unless --overwrite names it, and a second run changes nothing.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  lambark init
  lambark init --ci github --pre-commit --write
  lambark init --from-function app --alarms cloudformation --docs --agents
  lambark init --replace-script scripts/build-and-push.sh --write")]
pub(super) struct Arguments {
    /// Look at this live function too: its name or ARN; may be given several times
    #[arg(long, value_name = "FUNCTION")]
    from_function: Vec<String>,
    /// Write a workflow that lints every change and ships the deployed branch
    #[arg(long, value_name = "SERVICE")]
    ci: Option<CiWord>,
    /// Add an entry to .pre-commit-config.yaml
    #[arg(long)]
    pre_commit: bool,
    /// Write alarms on wrong pushes and failed deployments
    #[arg(long, value_name = "LANGUAGE")]
    alarms: Option<AlarmsWord>,
    /// Write a deployment checklist and an onboarding page
    #[arg(long)]
    docs: bool,
    /// Write what coding agents have to know: a marked block in AGENTS.md (and CLAUDE.md if there is one), and a skill
    #[arg(long)]
    agents: bool,
    /// Replace this hand-written build script by a call of `lambark ship`; may be given several times
    #[arg(long, value_name = "FILE")]
    replace_script: Vec<PathBuf>,
    /// Overwrite this file although it is there with other content; may be given several times
    #[arg(long, value_name = "FILE")]
    overwrite: Vec<PathBuf>,
    /// Write the files
    #[arg(long, conflicts_with = "plan")]
    write: bool,
    /// Only show what would be written, which is what happens without --write
    #[arg(long)]
    plan: bool,
    /// How to report
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,
}

/// `--ci`.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum CiWord {
    /// GitHub Actions: .github/workflows/lambark.yml
    Github,
    /// AWS CodeBuild: buildspec.yml, or buildspec.lambark.yml beside another
    Codebuild,
}

/// `--alarms`.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum AlarmsWord {
    /// alarms/lambark.cfn.yaml
    Cloudformation,
    /// alarms/lambark.tf
    Terraform,
}

pub(super) fn run(arguments: Arguments, context: &Context) -> Result<u8, Failure> {
    let settings = Settings {
        directory: std::env::current_dir().unwrap_or_else(|_| PathBuf::from(".")),
        // Only a function needs a Region, and a broken lambark.toml may be what --overwrite is for.
        region: if arguments.from_function.is_empty() { None } else { context.region(&context.config()?) },
        functions: arguments.from_function,
        choices: Choices {
            ci: arguments.ci.map(|ci| match ci {
                CiWord::Github => Ci::Github,
                CiWord::Codebuild => Ci::Codebuild,
            }),
            pre_commit: arguments.pre_commit,
            alarms: arguments.alarms.map(|alarms| match alarms {
                AlarmsWord::Cloudformation => Alarms::Cloudformation,
                AlarmsWord::Terraform => Alarms::Terraform,
            }),
            docs: arguments.docs,
            agents: arguments.agents,
            replaced_scripts: arguments.replace_script.iter().map(|path| path.to_string_lossy().into_owned()).collect(),
        },
        overwrite: arguments.overwrite,
        write: arguments.write,
    };
    let outcome = init::run(&settings, &context.aws)?;
    output::print(|out| match arguments.format {
        Format::Text => render::init(out, &outcome, context.page()),
        Format::Json => json::init(out, &outcome),
    })?;
    Ok(outcome.exit_code())
}
