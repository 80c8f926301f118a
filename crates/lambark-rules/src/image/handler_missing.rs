//! A handler whose module is not in the image.

use super::handler::{Language, Module, handler, module};
use super::start::{Start, word_place};
use super::words;
use crate::facts::ImageFacts;
use crate::finding::{Finding, Safety};
use crate::rule::{Confidence, Gate, Needs, Rule, Severity, Skip};

/// The rule.
pub static RULE: Rule = Rule {
    name: "handler-missing",
    summary: "the module that the handler names is not in the image (Python and Node.js)",
    severity: Severity::Warning,
    confidence: Confidence::Reported(10),
    gate: Gate::Runtime,
    needs: Needs::Files,
    fix: Some(Safety::Manual),
    sources: &["aws/aws-lambda-python-runtime-interface-client#29", "aws/aws-lambda-base-images#122"],
    doc: include_str!("handler_missing.md"),
    check,
};

fn check(facts: &ImageFacts) -> Result<Vec<Finding>, Skip> {
    let start = Start::of(facts)?;
    let Some(handler) = handler(&start) else {
        return Err(Skip::NotAsked("the command names no handler of Python or Node.js".into()));
    };
    let place = word_place(start.config, handler.position);
    let name = words::quoted(handler.text);
    let (function, answer) = match handler.language {
        Language::Python => ("module.function", "Runtime.ImportModuleError: Unable to import module"),
        Language::Node => ("file.function", "Runtime.ImportModuleError: Error: Cannot find module"),
    };
    let finding = match module(&start, &handler) {
        Module::Found(_) => return Ok(Vec::new()),
        Module::Unknown => {
            return Err(Skip::NotAsked("an archive or a .pth file on Python's path may bring the module".into()));
        }
        Module::Malformed => Finding::new(&RULE, place, format!("the handler {name} is no {function}"))
            .note("the first invoke ends with Runtime.MalformedHandlerName: Bad handler")
            .fix(Safety::Manual, format!("name the handler as {function} in CMD")),
        Module::Absent(directories) => {
            let looked: Vec<String> = directories.iter().map(|directory| words::quoted(directory)).collect();
            Finding::new(&RULE, place, format!("the module of the handler {name} is not in the image"))
                .note(format!("the first invoke ends with {answer}"))
                .note(format!("it was looked for in {}", looked.join(", ")))
                .note("a function whose settings override the command may name another handler")
                .fix(Safety::Manual, "copy the module into the task root, or correct CMD")
        }
    };
    Ok(vec![finding])
}
