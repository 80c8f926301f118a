//! What in a Dockerfile says that its image is for Lambda: the base image, or a runtime client.

use crate::dockerfile::{Arguments, Instruction, Stage};
use crate::image_name::ImageName;
use crate::step::Tie;

/// A base image that AWS makes for Lambda.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LambdaBase<'a> {
    /// `python`, `nodejs`, `provided` …
    pub language: &'a str,
    /// The tag, if there is one.
    pub tag: Option<&'a str>,
}

impl LambdaBase<'_> {
    /// Whether it brings a runtime, whose entrypoint wants the handler's name; `provided` brings none.
    #[must_use]
    pub fn has_runtime(&self) -> bool {
        self.language != "provided"
    }
}

/// Understands `public.ecr.aws/lambda/python:3.13` and `amazon/aws-lambda-python:3.13`, and copies of the former in
/// a private registry (`…/lambda/python:3.13` through a pull-through cache).
#[must_use]
pub fn lambda_base(image: &str) -> Option<LambdaBase<'_>> {
    const LANGUAGES: [&str; 7] = ["python", "nodejs", "java", "dotnet", "ruby", "go", "provided"];
    let name = ImageName::parse(image);
    let repository = name.repository.strip_prefix("docker.io/").unwrap_or(name.repository);
    let from_hub = repository.strip_prefix("amazon/aws-lambda-");
    let from_gallery = || {
        let (before, language) = repository.rsplit_once('/')?;
        (before == "lambda" || before.ends_with("/lambda")).then_some(language)
    };
    let language = from_hub.or_else(from_gallery)?;
    LANGUAGES.contains(&language).then_some(LambdaBase { language, tag: name.tag })
}

/// Words that only a runtime client, or what starts one, brings into a Dockerfile. Each is the name of a package, a
/// program or an image of AWS or of the runtime's community.
pub const RUNTIME_CLIENTS: [&str; 20] = [
    "awslambdaric",
    "aws-lambda-ric",
    "aws_lambda_ric",
    "aws-lambda-java-runtime-interface-client",
    "aws-lambda-runtime-interface-client",
    "amazon.lambda.runtimesupport",
    "aws-lambda-go",
    "aws-lambda-adapter",
    "lambda-adapter",
    "aws-lambda-web-adapter",
    "aws-lambda-rie",
    "lambda_runtime",
    "cargo lambda",
    "cargo-lambda",
    "lambda-entrypoint",
    "/var/runtime",
    "bootstrap",
    "lambda.norpc",
    "bref/",
    "lambda_handler",
];

/// What says that an image of these stages is for Lambda, and where.
#[must_use]
pub fn is_for_lambda(lineage: &[&Stage]) -> Option<Tie> {
    let base = lineage.iter().find(|stage| lambda_base(&stage.base.text).is_some());
    let by_base = base.map(|stage| Tie {
        span: stage.base.span.clone(),
        why: "its Dockerfile begins with a base image for Lambda".to_owned(),
    });
    by_base.or_else(|| {
        let instructions = lineage.iter().flat_map(|stage| &stage.instructions);
        let named = instructions.into_iter().find(|instruction| names_lambda(instruction))?;
        Some(Tie { span: named.span.clone(), why: "its Dockerfile prepares the image for Lambda".to_owned() })
    })
}

/// Whether an instruction names something that is there for Lambda alone.
fn names_lambda(instruction: &Instruction) -> bool {
    const FOR_LAMBDA_ALONE: [&str; 12] = [
        "awslambdaric",
        "aws-lambda-ric",
        "aws_lambda_ric",
        "aws-lambda-java-runtime-interface-client",
        "aws-lambda-rie",
        "aws-lambda-adapter",
        "lambda-adapter",
        "aws-lambda-web-adapter",
        "lambda_task_root",
        "lambda_runtime_dir",
        "lambda-entrypoint",
        "lambda.norpc",
    ];
    let text = text_of(instruction);
    FOR_LAMBDA_ALONE.iter().any(|word| text.contains(word))
}

/// All words of an instruction in lower case.
#[must_use]
pub fn text_of(instruction: &Instruction) -> String {
    let mut text = String::new();
    for (_, value) in &instruction.flags {
        text.push_str(&value.text);
        text.push(' ');
    }
    match &instruction.arguments {
        Arguments::Exec(words) => {
            for word in words {
                text.push_str(&word.text);
                text.push(' ');
            }
        }
        Arguments::Text(value) => text.push_str(&value.text),
    }
    text.make_ascii_lowercase();
    text
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn bases_for_lambda_are_known_however_they_are_fetched() {
        for image in [
            "public.ecr.aws/lambda/python:3.13",
            "amazon/aws-lambda-python:3.13",
            "docker.io/amazon/aws-lambda-python",
            "123456789012.dkr.ecr.us-east-1.amazonaws.com/ecr-public/lambda/python:3.13",
            "public.ecr.aws/lambda/python:${VERSION}",
        ] {
            assert_eq!(lambda_base(image).unwrap().language, "python", "{image}");
        }
        for image in ["python:3.13", "lambda/other:1", "public.ecr.aws/docker/library/python:3.13", "mylambda/python"] {
            assert_eq!(lambda_base(image), None, "{image}");
        }
        assert!(!lambda_base("public.ecr.aws/lambda/provided:al2023").unwrap().has_runtime());
    }
}
