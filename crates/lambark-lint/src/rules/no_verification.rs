//! An image that nobody looks at between the push and the update.

use lambark_rules::{Confidence, Severity};

use crate::attestation::{Attestations, alone};
use crate::finding::Finding;
use crate::flow::{deploys, pushes_itself};
use crate::image_name::same_repository;
use crate::repository::Repository;
use crate::rule::Rule;
use crate::step::{Action, Sequence, Step, Value};

/// The rule.
pub static RULE: Rule = Rule {
    name: "no-verification",
    summary: "an image is pushed and deployed without a look at what was pushed",
    severity: Severity::Warning,
    confidence: Confidence::Inferred,
    fix: None,
    sources: &["docker/build-push-action#1459", "marchof/java-almanac#310"],
    doc: include_str!("no_verification.md"),
    check,
};

fn check(repository: &Repository<'_>, findings: &mut Vec<Finding>) {
    for sequence in &repository.sequences {
        for (index, step) in sequence.steps.iter().enumerate() {
            let Some(image) = deploys(step).and_then(|call| call.image.as_ref()) else { continue };
            let before = &sequence.steps[..index];
            let Some(pushed) = before.iter().rposition(|step| pushes(step, image)) else { continue };
            if !sequence.steps[pushed..index].iter().any(looks) {
                findings.push(told(sequence, pushed, step));
            }
        }
    }
}

fn told(sequence: &Sequence, pushed: usize, step: &Step) -> Finding {
    // Where the build leaves nothing to chance, a look is good advice; where it does not, it is what is missing.
    let builds = sequence.steps[..=pushed].iter().filter_map(|step| Some((step, step.build()?)));
    let mut builds = builds.peekable();
    let sure = builds.peek().is_some()
        && builds.all(|(step, build)| {
            let one = build.platforms().is_some_and(|platforms| platforms.len() == 1);
            alone(step, build) == Attestations::Off && one
        });
    Finding::new(&RULE, &step.span, "nothing looks at the pushed image before it is deployed")
        .severity(if sure { Severity::Note } else { Severity::Warning })
        .related(&sequence.steps[pushed].span, "pushed here")
        .help("put `lambark check IMAGE` in between, or let `lambark deploy` do both")
}

/// Whether a step pushes what may be that image.
fn pushes(step: &Step, image: &Value) -> bool {
    let may_be = |name: &Value| same_repository(name, image) != Some(false);
    match &step.action {
        Action::Push(push) => push.reference.as_ref().is_none_or(may_be),
        Action::Build(build) if pushes_itself(build) => build.tags().count() == 0 || build.tags().any(may_be),
        _ => false,
    }
}

fn looks(step: &Step) -> bool {
    match &step.action {
        Action::Verify(_) => true,
        Action::Convert(convert) => convert.gives_one_manifest != Some(false),
        _ => false,
    }
}
