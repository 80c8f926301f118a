//! `lambark.check/v1`. Fields are only ever added; a change of meaning is a new version.

use std::io::{self, Write};

use super::v1::{
    Bytes, Child, Config, Finding, Fix, Gate, GateVerdict, Gates, Image, Layer, Manifest, Problem, Report, Role,
    Safety, Severity, Skipped, Verdict, Where,
};
use crate::operations::advice;
use crate::operations::check::{Checked, Looked, Outcome};
use lambark_oci::{ChildRole, Document};
use lambark_rules as rules;
use lambark_rules::facts::{Actual, ConfigFacts, Evidence, ImageFacts, LayerFacts, Sample};

/// The name of this format.
pub const SCHEMA: &str = "lambark.check/v1";

/// Writes the whole report.
///
/// # Errors
/// When `out` fails.
pub fn check(out: &mut dyn Write, outcome: &Outcome) -> io::Result<()> {
    let images = outcome.images.iter().map(Image::of).collect();
    super::document(out, &Report { schema: SCHEMA, images })
}

/// The JSON Schema of the report.
#[must_use]
pub fn schema() -> schemars::Schema {
    schemars::schema_for!(Report)
}

impl Image {
    fn of(checked: &Checked) -> Image {
        match &checked.result {
            Ok(looked) => Image::looked(&checked.image, looked),
            Err(failure) => Image {
                error: Some(Problem { kind: failure.kind(), message: failure.to_string(), hint: failure.hint() }),
                ..Image::unseen(&checked.image)
            },
        }
    }

    fn unseen(name: &str) -> Image {
        Image {
            image: name.to_owned(),
            digest: None,
            verdict: None,
            gates: None,
            manifest: None,
            children: Vec::new(),
            judged: None,
            config: None,
            layers: Vec::new(),
            findings: Vec::new(),
            skipped: Vec::new(),
            passed: Vec::new(),
            error: None,
        }
    }

    fn looked(name: &str, looked: &Looked) -> Image {
        let Looked { facts, judgement, .. } = looked;
        let top = facts.top.known().ok();
        Image {
            digest: top.map(|top| top.digest().to_string()),
            verdict: Some(judgement.verdict.into()),
            gates: Some(Gates::of(&judgement.gates)),
            manifest: top.map(|top| Manifest {
                media_type: top.media_type().to_string(),
                size: top.size(),
                artifact_type: artifact_type(top.document()),
            }),
            children: children(facts),
            judged: facts.image.known().ok().map(|image| image.digest().to_string()),
            config: Config::of(facts),
            layers: facts.layers.iter().map(Layer::of).collect(),
            findings: judgement.findings.iter().map(|finding| Finding::of(looked, finding)).collect(),
            skipped: judgement.skipped.iter().map(Skipped::of).collect(),
            passed: judgement.passed.clone(),
            ..Image::unseen(name)
        }
    }
}

fn artifact_type(document: &Document) -> Option<String> {
    match document {
        Document::Manifest(manifest) => manifest.artifact_type.clone(),
        Document::Index(index) => index.artifact_type.clone(),
        Document::Schema1 | Document::OldArtifact => None,
    }
}

fn children(facts: &ImageFacts) -> Vec<Child> {
    let Ok(Document::Index(index)) = facts.document() else { return Vec::new() };
    let child = |child: &lambark_oci::Descriptor| Child {
        digest: child.digest.to_string(),
        platform: child.platform.as_ref().map(ToString::to_string),
        role: ChildRole::of(child).into(),
    };
    index.manifests.iter().map(child).collect()
}

impl Config {
    fn of(facts: &ImageFacts) -> Option<Config> {
        let Evidence::Known(ConfigFacts::Read { descriptor, config }) = &facts.config else { return None };
        Some(Config {
            digest: descriptor.as_ref().map(|descriptor| descriptor.digest.to_string()),
            media_type: descriptor.as_ref().map(|descriptor| descriptor.media_type.to_string()),
            architecture: config.architecture.clone(),
            os: config.os.clone(),
            variant: config.variant.clone(),
            entrypoint: config.config.entrypoint.clone(),
            cmd: config.config.cmd.clone(),
            working_dir: config.config.working_dir.clone(),
            user: config.config.user.clone(),
        })
    }
}

impl Layer {
    fn of(layer: &LayerFacts) -> Layer {
        let descriptor = layer.descriptor.as_ref();
        Layer {
            digest: descriptor.map(|descriptor| descriptor.digest.to_string()),
            declared: descriptor.map(|descriptor| descriptor.media_type.to_string()),
            actual: layer.sample.known().ok().map(Bytes::of),
            size: descriptor.map(|descriptor| descriptor.size),
            remembered: layer.remembered,
        }
    }
}

impl Bytes {
    fn of(sample: &Sample) -> Bytes {
        use lambark_oci::Compression;
        match sample {
            Sample::Missing => Bytes::Missing,
            Sample::Present { actual, .. } => match actual {
                Actual::Tar(Compression::Gzip) => Bytes::Gzip,
                Actual::Tar(Compression::Zstd) => Bytes::Zstd,
                Actual::Tar(Compression::None) => Bytes::Tar,
                Actual::Empty => Bytes::Empty,
                Actual::Other(_) => Bytes::Other,
            },
        }
    }
}

impl Finding {
    fn of(looked: &Looked, finding: &rules::Finding) -> Finding {
        let reports = match finding.confidence {
            rules::Confidence::Reported(times) => Some(times),
            _ => None,
        };
        Finding {
            rule: finding.rule,
            severity: finding.severity.into(),
            confidence: finding.confidence.word(),
            reports,
            gate: finding.gate.into(),
            message: finding.message.clone(),
            notes: finding.notes.clone(),
            place: Where::of(&finding.place),
            fix: finding.fix.as_ref().map(|fix| Fix {
                safety: fix.safety.into(),
                summary: fix.summary.clone(),
                command: advice::command_for(looked, finding),
            }),
        }
    }
}

impl Where {
    fn of(place: &rules::Place) -> Where {
        let whole = Where { text: place.to_string(), ..Where::default() };
        let pointing = |document, pointer: &str| (Some(document), Some(pointer.to_owned()));
        match place {
            rules::Place::Image => whole,
            rules::Place::Manifest(at) => {
                let (document, pointer) = pointing("manifest", at);
                Where { document, pointer, ..whole }
            }
            rules::Place::Config(at) => {
                let (document, pointer) = pointing("config", at);
                Where { document, pointer, ..whole }
            }
            rules::Place::Layer { layer, digest } => {
                Where { layer: Some(*layer), digest: digest.as_ref().map(ToString::to_string), ..whole }
            }
            rules::Place::File { layer, path } => Where { layer: Some(*layer), path: Some(path.clone()), ..whole },
        }
    }
}

impl Skipped {
    fn of(skipped: &rules::Skipped) -> Skipped {
        Skipped {
            rule: skipped.rule,
            reason: skipped.skip.reason().to_owned(),
            blind: matches!(skipped.skip, rules::Skip::NotLooked(_)),
        }
    }
}

impl Gates {
    fn of(gates: &[(rules::Gate, rules::GateVerdict); 3]) -> Gates {
        let of = |wanted| {
            let found = gates.iter().find(|(gate, _)| *gate == wanted);
            found.map_or(GateVerdict::NotLooked, |(_, verdict)| (*verdict).into())
        };
        Gates {
            media_types: of(rules::Gate::MediaTypes),
            unpacking: of(rules::Gate::Unpacking),
            runtime: of(rules::Gate::Runtime),
        }
    }
}

/// The frozen words of this format for the words of the library.
macro_rules! frozen {
    ($($inner:path => $outer:ident { $($variant:ident),+ })+) => {
        $(impl From<$inner> for $outer {
            fn from(inner: $inner) -> $outer {
                use $inner as Inner;
                match inner {
                    $(Inner::$variant => $outer::$variant,)+
                }
            }
        })+
    };
}

frozen! {
    rules::Verdict => Verdict { Accepted, Rejected, Unknown, Incomplete }
    rules::GateVerdict => GateVerdict { Accepted, Rejected, Unknown, NotLooked }
    rules::Severity => Severity { Note, Warning, Error }
    rules::Gate => Gate { MediaTypes, Unpacking, Runtime }
    rules::Safety => Safety { Safe, Unsafe, Manual }
}

impl From<ChildRole> for Role {
    fn from(role: ChildRole) -> Role {
        match role {
            ChildRole::Image => Role::Image,
            ChildRole::Attestation => Role::Attestation,
            ChildRole::Soci => Role::Soci,
            ChildRole::Sbom => Role::Sbom,
            ChildRole::Index | ChildRole::Other => Role::Other,
        }
    }
}
