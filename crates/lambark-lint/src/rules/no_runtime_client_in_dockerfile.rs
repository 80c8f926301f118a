//! An image for Lambda on an ordinary base image, without anything that speaks to Lambda.

use lambark_rules::{Confidence, Severity};

use super::cmd_missing::last;
use crate::dockerfile::{Arguments, Dockerfile};
use crate::finding::Finding;
use crate::image_name::ImageName;
use crate::repository::Repository;
use crate::rule::Rule;
use crate::runtime::{RUNTIME_CLIENTS, text_of};
use crate::source::join;

/// The rule.
pub static RULE: Rule = Rule {
    name: "no-runtime-client-in-dockerfile",
    summary: "an image for Lambda on an ordinary base image brings no runtime interface client",
    severity: Severity::Warning,
    confidence: Confidence::Documented,
    fix: None,
    sources: &[
        "https://docs.aws.amazon.com/lambda/latest/dg/troubleshooting-images.html",
        "https://docs.aws.amazon.com/lambda/latest/dg/python-image.html",
        "rebuy-de/aws-nuke#806",
    ],
    doc: include_str!("no_runtime_client_in_dockerfile.md"),
    check,
};

/// Languages whose client is a package that a Dockerfile or a list of packages names. A compiled program may hold it
/// without a word, so those are not judged.
const PACKAGES: [(&str, &str, &[&str]); 3] = [
    (
        "python",
        "pip install awslambdaric",
        &[
            "requirements.txt",
            "requirements/base.txt",
            "requirements/prod.txt",
            "pyproject.toml",
            "Pipfile",
            "uv.lock",
            "poetry.lock",
            "setup.py",
        ],
    ),
    ("node", "npm install aws-lambda-ric", &["package.json"]),
    ("ruby", "gem install aws_lambda_ric", &["Gemfile", "Gemfile.lock"]),
];

fn check(repository: &Repository<'_>, findings: &mut Vec<Finding>) {
    for (file, lineage) in repository.lambda_dockerfiles() {
        let Some(root) = lineage.last() else { continue };
        let Some(image) = official(&root.base.text) else { continue };
        let language = PACKAGES.iter().find(|(language, _, _)| image == *language);
        let Some((_, install, lists)) = language else { continue };
        let named = file
            .stages
            .iter()
            .flat_map(|stage| &stage.instructions)
            .any(|instruction| names_client(&text_of(instruction)));
        if named || brought_otherwise(repository, file, lists) || starts_a_script(&lineage) {
            continue;
        }
        let message =
            format!("{} knows nothing of Lambda, and nothing here brings a runtime interface client", root.base.text);
        findings.push(
            Finding::new(&RULE, &root.base.span, message)
                .note("the function fails with Runtime.ExitError: the program ends, or never asks Lambda for an event")
                .help(format!("add `RUN {install}` and start it, or begin with the AWS base image for the language")),
        );
    }
}

/// The name of an official image of Docker Hub, wherever it is fetched from.
fn official(image: &str) -> Option<&str> {
    let name = ImageName::parse(image);
    let library = name.repository.rsplit_once("library/").map(|(_, image)| image);
    let plain = (name.host.is_none() || name.host == Some("docker.io")) && !name.repository.contains('/');
    library.or_else(|| plain.then_some(name.repository))
}

fn names_client(text: &str) -> bool {
    RUNTIME_CLIENTS.iter().any(|client| text.contains(client))
}

/// Whether a list of packages, or a file that is copied, names a client.
fn brought_otherwise(repository: &Repository<'_>, file: &Dockerfile, lists: &[&str]) -> bool {
    let directory = file.path.rsplit_once('/').map_or("", |(directory, _)| directory);
    let places: Vec<&str> = if directory.is_empty() { vec![""] } else { vec![directory, ""] };
    let copied = file
        .stages
        .iter()
        .flat_map(|stage| &stage.instructions)
        .filter(|it| it.keyword == "COPY" || it.keyword == "ADD");
    let words: Vec<String> = copied.flat_map(words_of).collect();
    let names = lists.iter().copied().chain(words.iter().map(String::as_str));
    let mut files = names.flat_map(|name| places.iter().filter_map(move |place| join(place, name)));
    files.any(|path| {
        let text = repository.tree.read(&path);
        text.is_some_and(|file| names_client(&file.text().to_ascii_lowercase()))
    })
}

fn words_of(instruction: &crate::dockerfile::Instruction) -> Vec<String> {
    match &instruction.arguments {
        Arguments::Exec(words) => words.iter().map(|word| word.text.clone()).collect(),
        Arguments::Text(text) => text.text.split_whitespace().map(str::to_owned).collect(),
    }
}

/// What a script or an own program starts is not known.
fn starts_a_script(lineage: &[&crate::dockerfile::Stage]) -> bool {
    let Some(entrypoint) = last(lineage, "ENTRYPOINT") else { return false };
    let text = text_of(entrypoint);
    let first = text.split_whitespace().next().unwrap_or_default();
    first.ends_with(".sh") || (first.starts_with('/') && !first.contains("python") && !first.contains("node"))
}
