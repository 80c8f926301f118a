//! A call that comes while the update before it is still running.

use lambark_rules::{Confidence, Severity};

use crate::finding::Finding;
use crate::repository::Repository;
use crate::rule::Rule;
use crate::step::{Action, Call, CallKind, Sequence, Step};

/// The rule.
pub static RULE: Rule = Rule {
    name: "update-without-wait",
    summary: "a function is changed again, or left, while Lambda is still unpacking its new image",
    severity: Severity::Warning,
    confidence: Confidence::Reported(6),
    fix: None,
    sources: &[
        "https://docs.aws.amazon.com/lambda/latest/dg/functions-states.html",
        "hashicorp/terraform#29604",
        "nelhage/llama#64",
        "appleboy/lambda-action#46",
    ],
    doc: include_str!("update_without_wait.md"),
    check,
};

fn check(repository: &Repository<'_>, findings: &mut Vec<Finding>) {
    for sequence in &repository.sequences {
        for (index, step) in sequence.steps.iter().enumerate() {
            if let Some(call) = call(step).filter(|call| is_update(call) && !call.waits) {
                judge(sequence, index, step, call, findings);
            }
        }
    }
}

fn judge(sequence: &Sequence, index: usize, step: &Step, update: &Call, findings: &mut Vec<Finding>) {
    for later in sequence.steps.iter().skip(index + 1) {
        let Some(next) = call(later).filter(|next| may_be_same(update, next)) else { continue };
        match next.kind {
            CallKind::Wait | CallKind::Deploy => return,
            CallKind::Create | CallKind::Alias => {}
            _ => {
                let message = "the function is used again while its update may still be running";
                findings.push(
                    Finding::new(&RULE, &later.span, message)
                        .related(&step.span, "the update, which Lambda finishes after the call")
                        .note("Lambda answers 409 ResourceConflictException (an update is in progress), or runs the old code")
                        .help("wait in between: aws lambda wait function-updated-v2 --function-name …"),
                );
                return;
            }
        }
    }
    // Nothing waits at all: the script ends well, and the update may still fail.
    if is_code(update) {
        findings.push(
            Finding::new(
                &RULE,
                &step.span,
                "nothing waits until the update is done: it can fail behind a green script",
            )
            .severity(Severity::Note)
            .confidence(Confidence::Documented)
            .help("wait, then look at LastUpdateStatus: aws lambda wait function-updated-v2 --function-name …"),
        );
    }
}

fn call(step: &Step) -> Option<&Call> {
    match &step.action {
        Action::Lambda(call) => Some(call),
        _ => None,
    }
}

/// An update of an image function. What else updates code is not ours to judge.
fn is_update(call: &Call) -> bool {
    is_code(call)
}

fn is_code(call: &Call) -> bool {
    call.kind == CallKind::UpdateCode && call.image.is_some()
}

fn may_be_same(one: &Call, other: &Call) -> bool {
    match (&one.function, &other.function) {
        (Some(one), Some(other)) => one.text == other.text || !one.known || !other.known,
        _ => true,
    }
}
