//! A handler whose file is copied to where the runtime does not look.

use lambark_rules::{Confidence, Severity};

use super::cmd_missing::{last, starts_aws_entrypoint};
use crate::dockerfile::{Arguments, Instruction, Stage};
use crate::finding::Finding;
use crate::repository::Repository;
use crate::rule::Rule;
use crate::runtime::{lambda_base, text_of};
use crate::source::name_of;

/// The rule.
pub static RULE: Rule = Rule {
    name: "handler-copied-elsewhere",
    summary: "CMD names a module that is copied outside the task root",
    severity: Severity::Warning,
    confidence: Confidence::Reported(10),
    fix: None,
    sources: &[
        "https://docs.aws.amazon.com/lambda/latest/dg/python-image.html",
        "aws/aws-lambda-python-runtime-interface-client#29",
        "aws/aws-lambda-base-images#122",
    ],
    doc: include_str!("handler_copied_elsewhere.md"),
    check,
};

/// Where the AWS base images look for the handler.
const TASK_ROOT: &str = "/var/task";

fn check(repository: &Repository<'_>, findings: &mut Vec<Finding>) {
    for (_, lineage) in repository.lambda_dockerfiles() {
        let Some(cmd) = last(&lineage, "CMD").filter(|_| starts_aws_entrypoint(&lineage)) else { continue };
        let Some(root) = lineage.last().and_then(|stage| lambda_base(&stage.base.text)) else { continue };
        let Arguments::Exec(words) = &cmd.arguments else { continue };
        let [handler] = words.as_slice() else { continue };
        let Some((module, _)) = handler.text.rsplit_once('.') else { continue };
        let files = file_names(root.language, module);
        if let Some(copy) = copied_elsewhere(&lineage, &files) {
            let message =
                format!("`{}` is looked for under {TASK_ROOT}, and its file is copied elsewhere", handler.text);
            findings.push(
                Finding::new(&RULE, &handler.span, message)
                    .related(&copy.span, "copied here")
                    .note("the first start fails: Runtime.ImportModuleError")
                    .help("copy it to ${LAMBDA_TASK_ROOT}"),
            );
        }
    }
}

/// The files that may hold a module.
fn file_names(language: &str, module: &str) -> Vec<String> {
    let last = module.rsplit(['.', '/']).next().unwrap_or(module);
    match language {
        "python" => vec![format!("{last}.py")],
        "nodejs" => ["js", "mjs", "cjs"].iter().map(|suffix| format!("{last}.{suffix}")).collect(),
        "ruby" => vec![format!("{last}.rb")],
        _ => Vec::new(),
    }
}

/// The `COPY` that puts the file outside the task root, if it is certain that nothing puts it there.
fn copied_elsewhere<'a>(lineage: &[&'a Stage], files: &[String]) -> Option<&'a Instruction> {
    let mut directory = TASK_ROOT.to_owned();
    let mut elsewhere = None;
    for instruction in lineage.iter().rev().flat_map(|stage| &stage.instructions) {
        match instruction.keyword.as_str() {
            // Paths set by hand, and commands that move files: where the runtime looks is not known then.
            "ENV" if names(&text_of(instruction), &PATHS) => return None,
            "RUN" if names(&text_of(instruction), &MOVES) => return None,
            "WORKDIR" => directory = resolved(&directory, &plain_text(instruction)?)?,
            "COPY" | "ADD" => {
                let words = words(instruction);
                let (target, sources) = words.split_last()?;
                let target = resolved(&directory, target)?;
                let inside = target == TASK_ROOT
                    || target.starts_with(&format!("{TASK_ROOT}/"))
                    || target == "/var"
                    || target == "/";
                let is_it = |source: &String| files.iter().any(|name| name_of(source) == name);
                if inside && !sources.iter().all(|source| is_other_file(source, files)) {
                    return None;
                }
                if !inside && sources.iter().any(is_it) && !target.starts_with("/opt") {
                    elsewhere = Some(instruction);
                }
            }
            _ => {}
        }
    }
    elsewhere
}

/// Variables that say where a runtime looks.
const PATHS: [&str; 4] = ["lambda_task_root", "pythonpath", "node_path", "rubylib"];

/// Programs that may put a file where no `COPY` puts it.
const MOVES: [&str; 11] = ["mv ", "cp ", "ln ", "unzip", "tar ", "curl", "wget", "git ", "npm run", "tsc", "esbuild"];

fn names(text: &str, words: &[&str]) -> bool {
    words.iter().any(|word| text.contains(word))
}

/// Whether a source is certainly one file, and another one.
fn is_other_file(source: &str, names: &[String]) -> bool {
    let name = name_of(source.trim_end_matches('/'));
    let one = !source.contains(['*', '?', '$', '['])
        && name.contains('.')
        && !name.starts_with('.')
        && !source.ends_with('/');
    one && !names.iter().any(|known| known == name)
}

fn words(instruction: &Instruction) -> Vec<String> {
    match &instruction.arguments {
        Arguments::Exec(words) => words.iter().map(|word| word.text.clone()).collect(),
        Arguments::Text(text) => text.text.split_whitespace().map(|word| word.trim_matches('"').to_owned()).collect(),
    }
}

fn plain_text(instruction: &Instruction) -> Option<String> {
    match &instruction.arguments {
        Arguments::Text(text) => Some(text.text.clone()),
        Arguments::Exec(_) => None,
    }
}

/// A path in the image, absolute; `None` if it holds a variable that is not known.
fn resolved(directory: &str, path: &str) -> Option<String> {
    let path = path.replace("${LAMBDA_TASK_ROOT}", TASK_ROOT).replace("$LAMBDA_TASK_ROOT", TASK_ROOT);
    if path.contains('$') {
        return None;
    }
    let whole = if path.starts_with('/') { path } else { format!("{directory}/{path}") };
    Some(format!("/{}", crate::source::join("", whole.trim_start_matches('/'))?))
}
