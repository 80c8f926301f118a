#![allow(clippy::unwrap_used, reason = "tests")]

use lambark_oci::Architecture;

use super::*;
use crate::config::{Config, FILE_NAME};
use crate::operations::init::find::Fact;
use crate::operations::init::plan::Form;

fn fact(value: &str) -> Option<Fact> {
    Some(Fact { value: value.to_owned(), from: "b.sh:3".to_owned() })
}

/// One service of which everything is known, one of which nothing is, and one with a hostile path.
fn findings() -> Findings {
    let whole = Service {
        name: "api".to_owned(),
        dockerfile: fact("api/Dockerfile"),
        context: fact("."),
        repository: fact("team/api"),
        function: fact("shop-api"),
        architecture: Some(Fact { value: Architecture::Arm64, from: "t.yaml:1".to_owned() }),
        alias: fact("live"),
        ..Service::default()
    };
    let hostile = Service {
        name: "odd".to_owned(),
        dockerfile: Some(Fact { value: "a\"\n[x]\\/Dockerfile".to_owned(), from: "b\n[y].sh:1".to_owned() }),
        contradictions: vec!["a\nb = 1".to_owned()],
        aliases: vec!["a".to_owned(), "b".to_owned()],
        ..Service::default()
    };
    let empty = Service { name: "nothing".to_owned(), ..Service::default() };
    Findings {
        services: vec![whole, empty, hostile],
        region: fact("eu-central-1"),
        branch: "main".to_owned(),
        ..Findings::default()
    }
}

fn all(findings: &Findings) -> Vec<(String, String)> {
    let mut texts = Vec::new();
    for (ci, alarms) in [(Ci::Github, Alarms::Cloudformation), (Ci::Codebuild, Alarms::Terraform)] {
        let choices = Choices {
            ci: Some(ci),
            pre_commit: true,
            alarms: Some(alarms),
            docs: true,
            agents: true,
            replaced_scripts: vec!["b.sh".to_owned()],
        };
        texts.extend(drafts(findings, &choices, |_| None).into_iter().map(|draft| {
            let (Form::Whole(text)
            | Form::Once(text)
            | Form::Replacement(text)
            | Form::Hooks(text)
            | Form::Block(_, text)) = draft.form;
            (draft.path, text)
        }));
    }
    texts
}

fn text(findings: &Findings, path: &str) -> String {
    all(findings).into_iter().find(|(known, _)| known == path).unwrap().1
}

#[test]
fn every_place_of_every_template_is_filled() {
    for findings in [findings(), Findings::default()] {
        for (path, text) in all(&findings) {
            assert!(!text.contains("{%") && !text.contains("%}"), "{path}: {text}");
        }
    }
}

#[test]
fn lambark_reads_its_own_file() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join(FILE_NAME);
    for findings in [findings(), Findings::default()] {
        std::fs::write(&path, text(&findings, FILE_NAME)).unwrap();
        let config = Config::load(Some(&path), directory.path()).unwrap();
        assert_eq!(config.service.len(), findings.services.len());
        for service in &findings.services {
            let told = &config.service[&service.name];
            let known = |fact: &Option<Fact>| fact.as_ref().map(|fact| fact.value.clone());
            assert_eq!(
                told.dockerfile.as_ref().map(|path| path.to_string_lossy().into_owned()),
                known(&service.dockerfile)
            );
            assert_eq!((&told.repository, &told.function), (&known(&service.repository), &known(&service.function)));
            assert_eq!(told.architecture, service.architecture.as_ref().map(|fact| fact.value));
        }
    }
    insta::assert_snapshot!(text(&findings(), FILE_NAME));
}

#[test]
fn terraform_reads_as_hcl() {
    let text = text(&findings(), "alarms/lambark.tf");
    let (file, _) = lambark_lint::SourceFile::new("lambark.tf", text.into_bytes());
    let document = lambark_lint::hcl::Document::read(&file);
    let blocks: Vec<&str> = document.body().blocks().map(|block| block.ident.as_str()).collect();
    assert_eq!(blocks.iter().filter(|block| **block == "resource").count(), 10, "{blocks:?}");
    assert_eq!(document.into_notes(), []);
    assert!(file.text().contains("default     = [\"team/api\"]"), "{}", file.text());
}

/// The role's policy in the page is JSON that allows exactly what it says.
#[test]
fn the_role_s_policy_is_json_and_narrow() {
    let page = text(&findings(), "docs/lambark.md");
    let documents: Vec<serde_json::Value> = page
        .split("```json\n")
        .skip(1)
        .map(|rest| serde_json::from_str(rest.split("```").next().unwrap()).unwrap())
        .collect();
    assert_eq!(documents.len(), 2);
    let statements = documents[1]["Statement"].as_array().unwrap();
    for statement in statements {
        let wide = statement["Resource"] == "*";
        assert_eq!(wide, statement["Sid"] == "SignIn" || statement["Sid"] == "CountFailures", "{statement}");
    }
    let known: Vec<&str> = lambark_aws::Operation::ALL.iter().map(|operation| operation.action()).collect();
    let actions = statements.iter().flat_map(|statement| statement["Action"].as_array().cloned().unwrap_or_default());
    for action in actions.filter(|action| action.as_str().unwrap().starts_with("lambda:")) {
        assert!(known.contains(&action.as_str().unwrap()), "lambark never calls {action}");
    }
}

#[test]
fn a_specification_of_somebody_else_is_left_alone() {
    let choices = Choices { ci: Some(Ci::Codebuild), ..Choices::default() };
    let path = |there: Option<&str>| {
        let there = there.map(str::to_owned);
        drafts(&findings(), &choices, |path| there.clone().filter(|_| path == "buildspec.yml"))[1].path.clone()
    };
    assert_eq!(path(None), "buildspec.yml");
    assert_eq!(path(Some("version: 0.2\n")), "buildspec.lambark.yml");
    assert_eq!(path(Some(&text(&findings(), "buildspec.yml"))), "buildspec.yml");
}

/// Every command of lambark's in what is written is one that parses.
#[test]
fn commands_in_the_texts_parse() {
    let mut parsed = 0;
    for (path, text) in all(&findings()) {
        for line in text
            .split(['\n', '`', ';'])
            .filter_map(|part| part.trim().trim_start_matches("- ").strip_prefix("lambark "))
        {
            let line = line.split(" #").next().unwrap().split(" ||").next().unwrap().replace('"', "");
            let line = line.split(['<', ':']).next().unwrap().trim();
            let words: Vec<&str> = line.split(' ').filter(|word| !word.is_empty()).collect();
            if !words.first().is_some_and(|verb| verb.bytes().all(|b| b.is_ascii_lowercase())) {
                continue;
            }
            let parse =
                crate::cli::command().try_get_matches_from(std::iter::once("lambark").chain(words.iter().copied()));
            match parse {
                Ok(_) => parsed += 1,
                // A verb alone, in a sentence about it.
                Err(error) => assert!(words.len() == 1, "{path}: {line}: {error}"),
            }
        }
    }
    assert!(parsed > 15, "only {parsed}");
}
