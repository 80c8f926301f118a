//! CodeBuild's build specifications.

use super::{FrontEnd, FrontResult};
use crate::shell::{self, Scope};
use crate::source::{SourceFile, Tree, name_of};
use crate::step::{Sequence, Step, Value};
use crate::yaml::{Document, Node};

/// Build specifications.
pub static FRONT_END: FrontEnd = FrontEnd { name: "build specification", recognises, words: &["phases"], read };

/// The phases, in the order in which CodeBuild goes through them.
const PHASES: [&str; 4] = ["install", "pre_build", "build", "post_build"];

fn recognises(path: &str) -> bool {
    let name = name_of(path).to_ascii_lowercase();
    (name.ends_with(".yml") || name.ends_with(".yaml")) && (name.contains("buildspec") || name.contains("build-spec"))
}

fn read(file: &SourceFile, tree: &dyn Tree) -> FrontResult {
    let document = Document::yaml(file);
    let mut result = FrontResult { notes: document.stopped().into_iter().collect(), ..FrontResult::default() };
    let Some(root) = document.root() else { return result };
    // Commands begin at the root of the sources, wherever the specification itself stands.
    let scope = environment(&root);
    // Version 0.1 runs each command in a shell of its own.
    let apart = root.get("version").is_some_and(|version| version.as_str() == Some("0.1"));
    let mut shared = scope.clone();
    let mut steps: Vec<Step> = Vec::new();
    for phase in PHASES.iter().filter_map(|phase| root.at(&["phases", phase])) {
        for commands in ["commands", "finally"].iter().filter_map(|key| phase.get(key)) {
            let lines = commands.as_str().map(|_| commands);
            for command in lines.into_iter().chain(commands.items()) {
                let Some(fragment) = command.fragment() else { continue };
                if apart {
                    shared = scope.clone();
                }
                steps.extend(shell::run(&fragment, &mut shared, tree, &mut result));
            }
        }
    }
    result.sequences.extend((!steps.is_empty()).then_some(Sequence { name: String::new(), steps }));
    result
}

fn environment(root: &Node<'_>) -> Scope {
    let mut scope = Scope::new("");
    for (kind, known) in [("variables", true), ("parameter-store", false), ("secrets-manager", false)] {
        for entry in root.at(&["env", kind]).iter().flat_map(Node::merged_entries) {
            if let (Some(name), Some(value)) = (entry.key.as_str(), entry.value.value()) {
                let unknown = || Value::unknown(format!("${{{name}}}"), value.span.clone());
                scope.export(name, if known { value.clone() } else { unknown() });
            }
        }
    }
    scope
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::front::shown;

    #[test]
    fn names_of_specifications() {
        assert!(
            recognises("buildspec.yml") && recognises("ci/deploy-buildspec.yaml") && recognises("buildspec-prod.yml")
        );
        assert!(!recognises("build.yml") && !recognises("buildspec.json"));
    }

    #[test]
    fn commands_share_a_shell_and_the_environment() {
        let text = r#"
version: 0.2
env:
  variables:
    DOCKER_BUILDKIT: "0"
    REPOSITORY: 123456789012.dkr.ecr.us-east-1.amazonaws.com/app
  parameter-store:
    TOKEN: /app/token
phases:
  pre_build:
    commands:
      - TAG=$(echo $CODEBUILD_RESOLVED_SOURCE_VERSION | cut -c 1-7)
      - export BUILDX_NO_DEFAULT_ATTESTATIONS=1
  build:
    commands:
      - cd app
      - |
        docker build \
          -t $REPOSITORY:$TAG .
      - 'docker push "$REPOSITORY:$TAG"'
    finally:
      - >-
        aws lambda update-function-code
        --function-name app --image-uri $REPOSITORY:$TAG
"#;
        insta::assert_snapshot!(shown::all(&FRONT_END, "buildspec.yml", text), @r#"
        docker build at docker build \⏎          -t $REPOSITORY:$TAG .
          context: ~app <.>
          dockerfile: ~app/Dockerfile <docker build \⏎          -t $REPOSITORY:$TAG .>
          --tag ?123456789012.dkr.ecr.us-east-1.amazonaws.com/app:${TAG} <$REPOSITORY:$TAG> in `-t $REPOSITORY:$TAG` (kept)
          insert behind `docker build`: " " ""
          $BUILDX_NO_DEFAULT_ATTESTATIONS = 1
          $DOCKER_BUILDKIT = 0
        push ?123456789012.dkr.ecr.us-east-1.amazonaws.com/app:${TAG} <"$REPOSITORY:$TAG"> at docker push "$REPOSITORY:$TAG"
          $BUILDX_NO_DEFAULT_ATTESTATIONS = 1
          $DOCKER_BUILDKIT = 0
        lambda UpdateCode ?123456789012.dkr.ecr.us-east-1.amazonaws.com/app:${TAG} <$REPOSITORY:$TAG> waits=false at aws lambda update-function-code⏎        --function-name app --image-uri $REPOSITORY:$TAG
          $BUILDX_NO_DEFAULT_ATTESTATIONS = 1
          $DOCKER_BUILDKIT = 0
        "#);
    }

    #[test]
    fn in_the_old_version_each_command_stands_alone() {
        let text = r#"
version: 0.1
phases:
  build:
    commands:
      - export DOCKER_BUILDKIT=0
      - docker build .
      - docker build "unclosed
"#;
        insta::assert_snapshot!(shown::all(&FRONT_END, "buildspec.yml", text), @r#"
        docker build at docker build .
          context: ~ <.>
          dockerfile: ~Dockerfile <docker build .>
          insert behind `- docker build`: " " ""
        docker build at docker build "unclosed
          context: unclosed
          dockerfile: ~unclosed/Dockerfile <docker build "unclosed>
          insert behind `- docker build`: " " ""
        note at 8:22: a quote that is not closed
        "#);
    }
}
