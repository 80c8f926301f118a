//! Compose files: each service with a `build` is a build step.

use super::options::{build_arguments, context_and_dockerfile, entry_span, scalar_without, several, single};
use super::{Followed, FrontEnd, FrontResult};
use crate::source::{SourceFile, Tree, join, name_of};
use crate::step::{Action, Build, Dialect, Opt, Sequence, Step, Tool, Value};
use crate::yaml::{Document, Entry, Node, SHARED, insertion};

/// Compose files.
pub static FRONT_END: FrontEnd = FrontEnd { name: "compose file", recognises, words: &["build"], read };

/// Files that Compose takes if it is given none; the first one that there is counts.
const DEFAULT_FILES: [&str; 4] = ["compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml"];

fn recognises(path: &str) -> bool {
    let name = name_of(path);
    let stem = name.strip_suffix(".yml").or_else(|| name.strip_suffix(".yaml"));
    stem.is_some_and(|stem| {
        let rest = stem.strip_prefix("docker-compose").or_else(|| stem.strip_prefix("compose"));
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '-', '_']))
    })
}

fn read(file: &SourceFile, _: &dyn Tree) -> FrontResult {
    let document = Document::yaml(file);
    let steps = services(&document).into_iter().map(|(_, step)| step).collect();
    let sequences = vec![Sequence { name: String::new(), steps }];
    FrontResult { sequences, notes: document.stopped().into_iter().collect(), ..FrontResult::default() }
}

/// The builds of `docker compose build` in `directory`, each where its service is written and without environment;
/// `None` if a file cannot be read. Of the command's options `file` and `targets` say what is built.
pub(crate) fn run(run: &Build, directory: &str, tree: &dyn Tree, result: &mut FrontResult) -> Option<Vec<Step>> {
    let read = |path: &str| tree.read(&join(directory, path)?);
    let file = match run.all("file").collect::<Vec<_>>().as_slice() {
        [] => DEFAULT_FILES.iter().find_map(|path| read(path))?,
        [only] => read(only.value.known()?)?,
        // How several files merge is not followed.
        _ => return None,
    };
    result.followed.push(Followed { path: file.path().to_string(), name: String::new() });
    let document = Document::yaml(&file);
    let mut services = services(&document);
    let names: Option<Vec<&str>> = run.all("targets").map(|option| option.value.known()).collect();
    if let Some(names) = names.filter(|names| !names.is_empty()) {
        services.retain(|(name, _)| names.contains(&name.as_str()));
    }
    for (_, step) in &mut services {
        if let Action::Build(build) = &mut step.action {
            build.more_options = run.more_options;
            let told = run.options.iter().filter(|option| !matches!(option.name.as_str(), "file" | "targets"));
            build.options.extend(told.cloned());
        }
    }
    Some(services.into_iter().map(|(_, step)| step).collect())
}

/// Each service that is built, by name.
fn services(document: &Document<'_>) -> Vec<(String, Step)> {
    let services = document.root().and_then(|root| root.get("services"));
    let services = services.map(|services| services.merged_entries()).unwrap_or_default();
    let named = services.iter().filter_map(|entry| {
        let step = service(document.file(), entry)?;
        Some((entry.key.as_str()?.to_owned(), step))
    });
    named.collect()
}

/// A scalar; Compose puts variables in where a `$` stands.
fn scalar(node: &Node<'_>) -> Option<Value> {
    scalar_without(node, &["$"])
}

fn service(file: &SourceFile, service: &Entry<'_>) -> Option<Step> {
    let entry = service.value.entry("build")?;
    let build = entry.value;
    let mut options = Vec::new();
    let (context, dockerfile) = if build.as_str().is_some() {
        context_and_dockerfile(file.directory(), &scalar(&build)?, None)
    } else {
        options = build_options(&build);
        let here = Value::derived(".", entry.key.span());
        let context = build.get("context").and_then(|node| scalar(&node)).unwrap_or(here);
        let dockerfile = build.get("dockerfile").and_then(|node| scalar(&node));
        let (context, dockerfile) = context_and_dockerfile(file.directory(), &context, dockerfile.as_ref());
        (context, dockerfile.filter(|_| build.get("dockerfile_inline").is_none()))
    };
    let single_of = |name, key| service.value.entry(key).and_then(|entry| single(name, &entry, &scalar));
    options.extend(single_of("tag", "image"));
    if !options.iter().any(|option| option.name == "platform") {
        options.extend(single_of("platform", "platform"));
    }
    let action = Action::Build(Build {
        tool: Tool::Compose,
        version: None,
        options,
        more_options: false,
        context,
        dockerfile,
        insertion: insertion(&build, Dialect::Compose),
    });
    let mut step = Step::new(action, service.key.span());
    step.unsound = build.is_shared().then_some(SHARED);
    Some(step)
}

fn build_options(build: &Node<'_>) -> Vec<Opt> {
    let mut options: Vec<Opt> = build.merged_entries().iter().flat_map(options_of).collect();
    // What bake reads from a compose file stands in an extension of its own, and counts there in place of the rest.
    let extension = build.get("x-bake").map(|node| node.merged_entries()).unwrap_or_default();
    for entry in &extension {
        let instead = options_of(entry);
        options.retain(|option| instead.iter().all(|new| new.name != option.name));
        options.extend(instead);
    }
    options
}

fn options_of(entry: &Entry<'_>) -> Vec<Opt> {
    match entry.key.as_str() {
        Some("args") => build_arguments(&entry.value, &scalar),
        Some("platforms") => several("platform", entry, &scalar),
        Some("tags") => several("tag", entry, &scalar),
        Some("context" | "dockerfile" | "dockerfile_inline" | "x-bake") | None => Vec::new(),
        Some(name) if entry.value.is_mapping() => vec![mentioned(name, entry)],
        Some(name) => several(name, entry, &scalar),
    }
}

/// An option of which only the name matters here.
fn mentioned(name: &str, entry: &Entry<'_>) -> Opt {
    let span = entry_span(entry);
    Opt { name: name.to_owned(), value: Value::unknown("", span.clone()), span, literal: false }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::front::shown;

    fn shown(text: &str) -> String {
        shown::all(&FRONT_END, "deploy/compose.yaml", text)
    }

    #[test]
    fn names_of_compose_files() {
        for name in ["compose.yml", "a/docker-compose.yaml", "docker-compose.prod.yml", "compose.override.yaml"] {
            assert!(recognises(name), "{name}");
        }
        for name in ["compose.json", "composer.yml", "decompose.yml", "compose"] {
            assert!(!recognises(name), "{name}");
        }
    }

    #[test]
    fn a_service_with_everything() {
        let text = "
services:
  api:
    image: 123456789012.dkr.ecr.us-east-1.amazonaws.com/api:v1
    platform: linux/arm64
    build:
      context: ../api
      dockerfile: docker/Dockerfile.lambda
      target: final
      provenance: false
      sbom: true
      platforms:
        - linux/amd64
        - \"linux/arm64\"
      args:
        A: 1
        provenance: \"false\"
      tags: [\"${REPO}:x\"]
  db:
    image: postgres
";
        insta::assert_snapshot!(shown(text), @r#"
        docker compose build at api
          context: ~api <../api>
          dockerfile: ~api/docker/Dockerfile.lambda <docker/Dockerfile.lambda>
          --target final in `target: final`
          --provenance false in `provenance: false`
          --sbom true in `sbom: true`
          --platform linux/amd64 in `linux/amd64` (kept)
          --platform linux/arm64 in `"linux/arm64"` (kept)
          --build-arg ~A=1 <A: 1> in `A: 1`
          --build-arg ~provenance=false <provenance: "false"> in `provenance: "false"`
          --tag ?${REPO}:x in `"${REPO}:x"` (kept)
          --tag 123456789012.dkr.ecr.us-east-1.amazonaws.com/api:v1 in `image: 123456789012.dkr.ecr.us-east-1.amazonaws.com/api:v1`
          insert behind `tags: ["${REPO}:x"]`: "\n      " ""
        "#);
    }

    #[test]
    fn short_forms_lists_and_fragments() {
        let text = "
x-build: &build
  context: .
  provenance: false
services:
  short:
    build: ./short
  merged:
    platform: linux/amd64
    build:
      <<: *build
      dockerfile: Dockerfile.m
      args:
        - BUILDX_NO_DEFAULT_ATTESTATIONS=1
        - X=${Y}
  whole:
    build: *build
  inline:
    build:
      dockerfile_inline: |
        FROM scratch
  remote:
    build: https://example.com/repo.git#main
  extended:
    build:
      context: .
      platforms: [linux/amd64, linux/arm64]
      x-bake:
        platforms: linux/arm64
        output: type=registry
";
        insta::assert_snapshot!(shown(text), @r#"
        docker compose build at short
          context: ~deploy/short <./short>
          dockerfile: ~deploy/short/Dockerfile <./short>
        docker compose build at merged
          context: ~deploy <.>
          dockerfile: ~deploy/Dockerfile.m <Dockerfile.m>
          --build-arg BUILDX_NO_DEFAULT_ATTESTATIONS=1 in `BUILDX_NO_DEFAULT_ATTESTATIONS=1` (kept)
          --build-arg ?X=${Y} in `X=${Y}` (kept)
          --provenance ~false in `provenance: false` (kept)
          --platform linux/amd64 in `platform: linux/amd64`
          insert behind `- X=${Y}`: "\n      " ""
        docker compose build at whole
          context: ~deploy <.>
          dockerfile: ~deploy/Dockerfile <.>
          --provenance ~false in `provenance: false` (kept)
          no edits: a YAML anchor lets other places share it
        docker compose build at inline
          context: ~deploy <build>
          insert behind `FROM scratch`: "\n      " ""
        docker compose build at remote
        docker compose build at extended
          context: ~deploy <.>
          dockerfile: ~deploy/Dockerfile <.>
          --platform linux/arm64 in `platforms: linux/arm64`
          --output type=registry in `output: type=registry`
          insert behind `output: type=registry`: "\n      " ""
        "#);
    }

    #[test]
    fn half_a_file_is_half_an_answer() {
        let text = "services:\n  a:\n    build: .\n  b:\n    build: {context: [\n";
        insta::assert_snapshot!(shown(text), @r#"
        docker compose build at a
          context: ~deploy <.>
          dockerfile: ~deploy/Dockerfile <.>
        docker compose build at b
          context: ~deploy <build>
          dockerfile: ~deploy/Dockerfile <build>
        note at 6:1: while parsing a node, did not find expected node content
        "#);
    }
}
