//! `lambark policy`

use clap::{Args, ValueEnum};

use super::aws::account;
use super::context::{Context, Format};
use super::output;
use crate::exit;
use crate::failure::Failure;
use crate::operations::policy::{self, Settings, Subject};
use crate::render::json;

/// Print the least IAM policy that a verb needs
///
/// Prints JSON that IAM takes as it is. The statement OptionalQuestions may be left out: without it lambark skips what it
/// is for. With `repository`, prints the policy that an ECR repository needs so that Lambda may read its images, also
/// for functions of another account.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  lambark policy check
  lambark policy push --repository 123456789012.dkr.ecr.us-east-1.amazonaws.com/app
  lambark policy ship --repository 123456789012.dkr.ecr.us-east-1.amazonaws.com/app --function app
  lambark policy repository --function-account 210987654321 --region us-east-1")]
pub(super) struct Arguments {
    /// The verb, or `repository`
    #[arg(value_name = "VERB")]
    subject: Word,
    /// Narrow it to this repository: its name, or HOST/NAME, which also tells account and Region
    #[arg(long, value_name = "REPOSITORY")]
    repository: Option<String>,
    /// Narrow it to this function, with its versions and aliases
    #[arg(long, value_name = "FUNCTION")]
    function: Option<String>,
    /// For `repository`: the account of the functions, if it is not the repository's own
    #[arg(long, value_name = "ACCOUNT", value_parser = account)]
    function_account: Option<String>,
    /// How to print it
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Word {
    /// What `lambark check` needs
    Check,
    /// What `lambark fix` needs
    Fix,
    /// What `lambark push` needs
    Push,
    /// What `lambark resolve` needs
    Resolve,
    /// What `lambark build` needs to write to ECR
    Build,
    /// What `lambark deploy` needs
    Deploy,
    /// What `lambark rollback` needs
    Rollback,
    /// What `lambark status` needs
    Status,
    /// What `lambark ship` needs
    Ship,
    /// What a repository needs, so that Lambda may read its images
    Repository,
}

impl From<Word> for Subject {
    fn from(word: Word) -> Subject {
        match word {
            Word::Check => Subject::Check,
            Word::Fix => Subject::Fix,
            Word::Push => Subject::Push,
            Word::Resolve => Subject::Resolve,
            Word::Build => Subject::Build,
            Word::Deploy => Subject::Deploy,
            Word::Rollback => Subject::Rollback,
            Word::Status => Subject::Status,
            Word::Ship => Subject::Ship,
            Word::Repository => Subject::Repository,
        }
    }
}

pub(super) fn run(arguments: Arguments, context: &Context) -> Result<u8, Failure> {
    let subject = Subject::from(arguments.subject);
    if arguments.function_account.is_some() && subject != Subject::Repository {
        let reason =
            "--function-account belongs to `lambark policy repository`: a caller's own policy names no function";
        return Err(Failure::Arguments(reason.to_owned()));
    }
    let settings = Settings {
        repository: arguments.repository,
        function: arguments.function,
        region: context.region(&context.config()?),
        function_account: arguments.function_account,
    };
    let outcome = policy::run(subject, &settings)?;
    output::print(|out| match arguments.format {
        Format::Text => json::document(out, &outcome.document),
        Format::Json => json::policy(out, &outcome),
    })?;
    Ok(exit::FINE)
}
