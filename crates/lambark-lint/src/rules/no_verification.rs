//! An image that nobody looks at between the push and the update.

use lambark_rules::{Confidence, Severity};

use crate::attestation::{Attestations, alone};
use crate::finding::Finding;
use crate::flow::{deploys, pushes_itself};
use crate::repository::Repository;
use crate::rule::Rule;
use crate::step::{Action, Sequence, Step};

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
            if deploys(step).is_none() {
                continue;
            }
            let Some(pushed) = sequence.steps[..index].iter().rposition(pushes) else { continue };
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

fn pushes(step: &Step) -> bool {
    match &step.action {
        Action::Push(_) => true,
        Action::Build(build) => pushes_itself(build),
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
