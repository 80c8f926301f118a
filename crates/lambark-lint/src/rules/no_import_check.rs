//! Nothing tries whether the handler can be loaded before Lambda does.

use lambark_rules::{Confidence, Severity};

use super::cmd_missing::{last, starts_aws_entrypoint};
use crate::dockerfile::Arguments;
use crate::finding::Finding;
use crate::flow::deploys;
use crate::repository::Repository;
use crate::rule::Rule;
use crate::runtime::{lambda_base, text_of};
use crate::step::{Action, CallKind, Verifier};

/// The rule.
pub static RULE: Rule = Rule {
    name: "no-import-check",
    summary: "an image is deployed, and nothing tries before whether its handler can be loaded",
    severity: Severity::Note,
    confidence: Confidence::Inferred,
    fix: None,
    sources: &["https://docs.aws.amazon.com/lambda/latest/dg/python-image.html"],
    doc: include_str!("no_import_check.md"),
    check,
};

fn check(repository: &Repository<'_>, findings: &mut Vec<Finding>) {
    // Only where the whole way to the function is seen can it be said that nothing tries.
    let deployed =
        repository.sequences.iter().any(|sequence| sequence.steps.iter().any(|step| deploys(step).is_some()));
    let tried = repository.sequences.iter().flat_map(|sequence| &sequence.steps).any(|step| match &step.action {
        Action::Lambda(call) => matches!(call.kind, CallKind::Invoke | CallKind::Deploy),
        Action::Verify(verify) => verify.tool == Verifier::Lambark,
        _ => false,
    });
    if !deployed || tried {
        return;
    }
    for (file, lineage) in repository.lambda_dockerfiles() {
        let language = lineage.last().and_then(|stage| lambda_base(&stage.base.text)).map(|base| base.language);
        let Some(cmd) = last(&lineage, "CMD").filter(|_| starts_aws_entrypoint(&lineage) && language == Some("python"))
        else {
            continue;
        };
        let Arguments::Exec(words) = &cmd.arguments else { continue };
        let all = file.stages.iter().flat_map(|stage| &stage.instructions);
        let imports = all.filter(|it| it.keyword == "RUN").any(|it| text_of(it).contains("import "));
        if let ([handler], false) = (words.as_slice(), imports) {
            let module = handler.text.rsplit_once('.').map_or(handler.text.as_str(), |(module, _)| module);
            findings.push(
                Finding::new(
                    &RULE,
                    &handler.span,
                    "nothing tries whether this module can be loaded before Lambda does",
                )
                .help(format!(
                    "add `RUN python -c \"import {}\"`, or try the image with `lambark check --depth files`",
                    module.replace('/', ".")
                )),
            );
        }
    }
}
