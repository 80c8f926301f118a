//! The AWS command line: what is asked of Lambda, and what is looked at in ECR.

use super::options::{Grammar, parse, value};
use super::{Command, verify};
use crate::shell::Arg;
use crate::step::{Action, Call, CallKind, Value};

/// Every option of the AWS command line takes a value but these.
const FLAGS: [&str; 14] = [
    "no-publish",
    "publish",
    "dry-run",
    "no-dry-run",
    "no-cli-pager",
    "no-paginate",
    "debug",
    "no-verify-ssl",
    "no-sign-request",
    "only-show-errors",
    "cli-auto-prompt",
    "no-cli-auto-prompt",
    "include-email",
    "no-include-email",
];

pub(super) fn actions(command: &Command<'_>) -> Vec<Action> {
    let at = service(command.args);
    let rest = command.args.get(at + 2..).unwrap_or_default();
    match command.word(at) {
        "lambda" => lambda(command.word(at + 1), rest),
        "ecr" => verify::ecr(command.word(at + 1), rest, command).into_iter().collect(),
        _ => Vec::new(),
    }
}

/// Where the service's name stands: `aws --region x lambda …`.
fn service(args: &[Arg]) -> usize {
    let mut at = 1;
    while let Some(option) = args.get(at).map(Arg::text).filter(|text| text.starts_with("--")) {
        let name = option.trim_start_matches('-');
        at += if FLAGS.contains(&name) || name.contains('=') { 1 } else { 2 };
    }
    at
}

/// Options as the AWS command line reads them: all take a value but the flags, and a value may be several words.
pub(super) fn options(args: &[Arg]) -> Vec<crate::step::Opt> {
    const GRAMMAR: Grammar = Grammar { valued: &[], short: &[] };
    let mut all: Vec<crate::step::Opt> = Vec::new();
    let mut current: Option<usize> = None;
    for arg in args {
        let name = arg.text().strip_prefix("--");
        match (name, current) {
            (Some(_), _) => {
                let mut parsed = parse(std::slice::from_ref(arg), &GRAMMAR, 0).options;
                let takes_value = parsed.last().is_some_and(|option| !FLAGS.contains(&option.name.as_str()));
                all.append(&mut parsed);
                current = (takes_value && !arg.text().contains('=')).then(|| all.len() - 1);
                if let Some(option) = current.and_then(|at| all.get_mut(at)) {
                    option.value.text.clear();
                }
            }
            (None, Some(at)) => {
                let option = &mut all[at];
                option.value = if option.value.text.is_empty() {
                    arg.value.clone()
                } else {
                    let text = format!("{} {}", option.value.text, arg.text());
                    Value { known: option.value.known && arg.value.known, text, literal: false, ..option.value.clone() }
                };
                option.span = option.span.to(&arg.whole);
            }
            (None, None) => {}
        }
    }
    all
}

fn lambda(verb: &str, rest: &[Arg]) -> Vec<Action> {
    let options = options(rest);
    let kind = match verb {
        "create-function" => CallKind::Create,
        "update-function-code" => CallKind::UpdateCode,
        "update-function-configuration" => CallKind::UpdateConfiguration,
        "publish-version" => CallKind::Publish,
        "update-alias" | "create-alias" => CallKind::Alias,
        "invoke" => CallKind::Invoke,
        // A look at the state: mostly in a loop that waits.
        "get-function" | "get-function-configuration" => CallKind::Wait,
        "wait" => CallKind::Wait,
        _ => return Vec::new(),
    };
    if options.iter().any(|option| option.name == "dry-run") {
        return Vec::new();
    }
    // `aws lambda wait function-updated-v2 --function-name …`: the first word is the state, not an option's value.
    let function = value(&options, "function-name");
    let waited = rest.first().filter(|_| verb == "wait").map(|arg| arg.text().to_owned());
    if waited.is_some_and(|state| !state.starts_with("function-") && !state.starts_with("published-")) {
        return Vec::new();
    }
    let image = value(&options, "image-uri").or_else(|| image_of_code(&options));
    let architecture = value(&options, "architectures");
    let overrides_command = value(&options, "image-config").is_some_and(|config| config.text.contains("Command"));
    vec![Action::Lambda(Call { kind, function, image, architecture, waits: false, overrides_command })]
}

/// `--code ImageUri=…`.
fn image_of_code(options: &[crate::step::Opt]) -> Option<Value> {
    let code = value(options, "code")?;
    let image = code.text.split(',').find_map(|part| part.trim().strip_prefix("ImageUri="))?.to_owned();
    Some(Value { text: image, literal: false, ..code })
}
