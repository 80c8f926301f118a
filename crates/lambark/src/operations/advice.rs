//! What to run next, once an image was judged.

use lambark_oci::{Architecture, Document, ImageName, Reference};
use lambark_rules::facts::{Evidence, ImageFacts, LayerFacts};
use lambark_rules::{Finding, Gate, GateVerdict, Judgement, Safety, Severity, judge};

use crate::operations::check::Looked;
use crate::words::shell;

/// One thing that helps: what it does, and the command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Advice {
    /// What it does, in one line without a full stop.
    pub text: &'static str,
    /// The command, one line of a shell after the other.
    pub command: Vec<String>,
}

/// Everything that helps with this image, the cheapest first: a cure that writes nothing comes before one that does.
#[must_use]
pub fn advise(looked: &Looked) -> Vec<Advice> {
    let mut advice = Vec::new();
    let choices = choices(&looked.facts);
    if !choices.is_empty() {
        let image = shell(&looked.name.to_string());
        let command = |arch: &Architecture| format!("lambark resolve {image} --arch {arch}");
        advice.push(Advice {
            text: "find the image of the function's architecture and deploy it by its digest; nothing is written",
            command: choices.iter().map(command).collect(),
        });
    } else if let Some(reference) = deployable(looked) {
        advice.push(Advice {
            text: "deploy the image inside by its digest; it is accepted as it is, and nothing is written",
            command: update_command(&reference),
        });
    }
    if let Some((safety, command)) = fix_command(looked) {
        let text = match safety {
            _ if beyond_repair(&looked.judgement) => "mend what can be mended here; the rest needs a rebuild",
            Safety::Safe => "mend it for good, without a rebuild",
            _ => "mend it for good; this changes files or the command of the image",
        };
        advice.push(Advice { text, command });
    }
    advice
}

/// Whether an error is among the findings that no repair of ours removes.
fn beyond_repair(judgement: &Judgement) -> bool {
    judgement.findings.iter().any(|finding| {
        let mendable = finding.fix.as_ref().is_some_and(|fix| fix.safety != Safety::Manual);
        finding.severity == Severity::Error && !mendable
    })
}

/// The command that gives a function another image.
#[must_use]
pub fn update_command(image: &Reference) -> Vec<String> {
    vec![
        "aws lambda update-function-code --function-name FUNCTION \\".to_owned(),
        format!("    --image-uri {}", shell(&image.to_string())),
    ]
}

/// The command that mends the image, and how safe it is; `None` if no finding has a remedy of ours.
fn fix_command(looked: &Looked) -> Option<(Safety, Vec<String>)> {
    let safest = looked.judgement.findings.iter().filter_map(|finding| Some(finding.fix.as_ref()?.safety)).min()?;
    let choices = choices(&looked.facts);
    match (safest, choices.as_slice()) {
        (Safety::Manual, _) => None,
        (safety, []) => Some((safety, vec![command(looked, safety, looked.facts.asked.architecture)])),
        (safety, several) => Some((safety, several.iter().map(|arch| command(looked, safety, Some(*arch))).collect())),
    }
}

/// The command that mends this finding, if lambark can. Where several images could be meant, the first stands for all.
#[must_use]
pub fn command_for(looked: &Looked, finding: &Finding) -> Option<String> {
    let fix = finding.fix.as_ref()?;
    let architecture = looked.facts.asked.architecture.or_else(|| choices(&looked.facts).first().copied());
    (fix.safety != Safety::Manual).then(|| command(looked, fix.safety, architecture))
}

fn command(looked: &Looked, safety: Safety, architecture: Option<Architecture>) -> String {
    let mut command = format!("lambark fix {}", shell(&looked.name.to_string()));
    let chosen = architecture.filter(|_| images(&looked.facts) > 1);
    if let Some(architecture) = chosen {
        command.push_str(&format!(" --arch {architecture}"));
    }
    match (looked.name.reference(), chosen) {
        // A tag that several platforms share is left alone.
        (Some(reference), Some(architecture)) => {
            let tag = reference.tag().unwrap_or(lambark_oci::reference::DEFAULT_TAG);
            command.push_str(&format!(" --to {}:{tag}-{architecture}", reference.repository_name()));
        }
        (Some(_), None) => {}
        (None, _) => command.push_str(" --to REGISTRY/REPOSITORY:TAG"),
    }
    if safety == Safety::Unsafe {
        command.push_str(" --unsafe-fixes");
    }
    command
}

fn images(facts: &ImageFacts) -> usize {
    match facts.document() {
        Ok(Document::Index(index)) => index.images().count(),
        _ => 0,
    }
}

/// The architectures to choose from, where an index holds several images and none was asked for.
fn choices(facts: &ImageFacts) -> Vec<Architecture> {
    let Ok(Document::Index(index)) = facts.document() else { return Vec::new() };
    if facts.asked.architecture.is_some() || index.images().count() < 2 {
        return Vec::new();
    }
    let mut choices: Vec<Architecture> =
        index.images().filter_map(|child| child.platform.as_ref()?.lambda_architecture()).collect();
    choices.sort();
    choices.dedup();
    choices
}

/// The image inside an index, by digest, if Lambda would take that at the update call.
fn deployable(looked: &Looked) -> Option<Reference> {
    let Ok(Document::Index(_)) = looked.facts.document() else { return None };
    let (ImageName::Registry(reference), Evidence::Known(image)) = (&looked.name, &looked.facts.image) else {
        return None;
    };
    let elsewhere = looked
        .judgement
        .gates
        .iter()
        .any(|(gate, verdict)| *gate != Gate::MediaTypes && *verdict == GateVerdict::Rejected);
    let refused = elsewhere || refused_at_the_call(&judge_inside(&looked.facts));
    (!refused).then(|| reference.at(image.digest().clone()))
}

/// The judgement on the image inside an index, as if the name pointed at it. Files are left out: they are the same
/// either way, and copying them costs more than all other rules together.
#[must_use]
pub fn judge_inside(facts: &ImageFacts) -> Judgement {
    let without_files = |layer: &LayerFacts| LayerFacts {
        descriptor: layer.descriptor.clone(),
        diff_id: layer.diff_id.clone(),
        sample: layer.sample.clone(),
        content: Evidence::NotLooked("judged with the index".into()),
        remembered: false,
    };
    judge(&ImageFacts {
        top: facts.image.clone(),
        image: facts.image.clone(),
        config: facts.config.clone(),
        layers: facts.layers.iter().map(without_files).collect(),
        files: Evidence::NotLooked("judged with the index".into()),
        init: facts.init.clone(),
        asked: facts.asked,
        location: None,
    })
}

/// Whether the update call would refuse what was judged.
#[must_use]
pub fn refused_at_the_call(judgement: &Judgement) -> bool {
    judgement.gates.contains(&(Gate::MediaTypes, GateVerdict::Rejected))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::render::samples;

    #[test]
    fn the_cure_without_a_write_comes_first() {
        let looked = samples::attested().result.unwrap();
        let image = looked.facts.image.known().unwrap().digest();
        let advice = advise(&looked);
        assert_eq!(advice.len(), 2);
        assert_eq!(advice[0].command[1], format!("    --image-uri registry.example.com/app@{image}"));
        assert_eq!(advice[1].command, ["lambark fix registry.example.com/app:v1"]);
    }

    #[test]
    fn a_good_image_needs_no_advice() {
        assert_eq!(advise(&samples::plain().result.unwrap()), []);
    }

    #[test]
    fn several_platforms_are_a_choice() {
        let looked = samples::multi_platform(None).result.unwrap();
        let advice = advise(&looked);
        assert_eq!(
            advice[0].command,
            [
                "lambark resolve registry.example.com/app:v1 --arch x86_64",
                "lambark resolve registry.example.com/app:v1 --arch arm64"
            ]
        );
        assert_eq!(
            advice[1].command[1],
            "lambark fix registry.example.com/app:v1 --arch arm64 --to registry.example.com/app:v1-arm64"
        );
        let looked = samples::multi_platform(Some(Architecture::Arm64)).result.unwrap();
        assert!(advise(&looked)[0].command[0].starts_with("aws lambda"), "{:?}", advise(&looked));
    }

    #[test]
    fn an_image_that_is_refused_too_is_not_recommended() {
        let mut looked = samples::attested().result.unwrap();
        looked.judgement.gates[2].1 = GateVerdict::Rejected;
        assert!(advise(&looked).iter().all(|advice| !advice.command[0].starts_with("aws")));
    }
}
