#![allow(clippy::unwrap_used, reason = "tests")]

use std::fmt::Write as _;

use lambark_lint::front;
use lambark_lint::{MemoryTree, SourceFile};

use super::*;

const DOCKERFILE: &str = "FROM public.ecr.aws/lambda/python:3.13\nCMD [\"app.handler\"]\n";
const HOST: &str = "123456789012.dkr.ecr.eu-central-1.amazonaws.com";

pub(crate) fn tree(files: &[(&str, &str)]) -> (MemoryTree, Vec<ReadFile>) {
    let mut tree = MemoryTree::default();
    for (path, text) in files {
        tree.insert(SourceFile::new(path, text.as_bytes().to_vec()).0);
    }
    let read = tree.files().filter_map(|file| front::read(file, &tree)).collect();
    (tree, read)
}

fn found(files: &[(&str, &str)], config: Option<&Config>, live: &[Live]) -> Findings {
    let (tree, read) = tree(files);
    find(&Question { files: &read, tree: &tree, config, live, branch: "main".to_owned(), directory: "shop" })
}

fn shown(found: &Findings) -> String {
    let mut text = String::new();
    for service in &found.services {
        let value = |fact: &Option<Fact>| fact.as_ref().map_or("-", |fact| fact.value.as_str()).to_owned();
        let architecture = value(&service.architecture.as_ref().map(Fact::word));
        let facts = [&service.dockerfile, &service.context, &service.repository, &service.function, &service.alias];
        let facts: Vec<String> = facts.into_iter().map(value).collect();
        writeln!(text, "{}: {} {architecture}", service.name, facts.join(" ")).unwrap();
        service.contradictions.iter().for_each(|told| writeln!(text, "  {told}").unwrap());
    }
    found.notes.iter().for_each(|note| writeln!(text, "note: {note}").unwrap());
    text
}

#[test]
fn builds_tags_calls_and_templates_become_one_service() {
    let script = format!(
        "docker build -f api/Dockerfile -t api:v1 api\ndocker tag api:v1 {HOST}/team/api:v1\ndocker push {HOST}/team/api:v1\n\
         aws lambda update-function-code --function-name shop-api --image-uri {HOST}/team/api:v1 --architectures arm64\n"
    );
    let template = "Resources:\n  Api:\n    Type: AWS::Lambda::Function\n    Properties:\n      PackageType: Image\n      \
                    FunctionName: shop-api-2\n      Code:\n        ImageUri: !Sub \"${AWS::AccountId}.dkr.ecr.eu-central-1.amazonaws.com/team/api:v1\"\n";
    let found = found(&[("api/Dockerfile", DOCKERFILE), ("b.sh", &script), ("t.yaml", template)], None, &[]);
    insta::assert_snapshot!(shown(&found), @r"
    api: api/Dockerfile api team/api shop-api - arm64
      function: b.sh:4 says `shop-api`, t.yaml:2 says `shop-api-2`
      architecture: b.sh:4 says `arm64`, the default of t.yaml:2 says `x86_64`
    note: t.yaml names the image of a function: lambark changes the image alone, and the next deployment of that template puts its own back unless it follows (Terraform: `ignore_changes = [image_uri]`)
    ");
    assert_eq!(found.region.unwrap().value, "eu-central-1");
    assert_eq!(found.account.unwrap().value, "123456789012");
    assert_eq!(found.by_hand, [Arc::from("b.sh")]);
}

#[test]
fn a_variable_means_each_dockerfile_that_it_can_name() {
    let script = "docker build -f \"docker/Dockerfile.$1\" -t \"$REGISTRY.dkr.ecr.x.amazonaws.com/app-$1:v1\" .\n\
                  aws lambda update-function-code --function-name \"app-$1\" --image-uri \"$REGISTRY.dkr.ecr.x.amazonaws.com/app-$1:v1\"\n";
    let files = [("docker/Dockerfile.one", DOCKERFILE), ("docker/Dockerfile.two", DOCKERFILE), ("b.sh", script)];
    insta::assert_snapshot!(shown(&found(&files, None, &[])), @r"
    one: docker/Dockerfile.one . app-one app-one - -
    two: docker/Dockerfile.two . app-two app-two - -
    ");
}

#[test]
fn what_nothing_ties_to_lambda_is_left_out_and_told() {
    let files = [("Dockerfile", "FROM debian\n"), ("b.sh", "docker build -t x .\n")];
    insta::assert_snapshot!(shown(&found(&files, None, &[])), @"note: b.sh:1: docker build builds an image that nothing ties to Lambda: it is left out");
    assert_eq!(shown(&found(&[], None, &[])), "");
    assert_eq!(shown(&found(&[("Dockerfile", DOCKERFILE)], None, &[])), "shop: Dockerfile - - - - -\n");
}

#[test]
fn a_live_function_adds_what_the_files_lack() {
    let live = Live {
        name: "orders".to_owned(),
        image: Some(format!("{HOST}/orders@sha256:aa")),
        architecture: Some(Architecture::Arm64),
        aliases: vec!["live".to_owned()],
    };
    let alone = found(&[("Dockerfile", DOCKERFILE)], None, std::slice::from_ref(&live));
    assert_eq!(shown(&alone), "orders: Dockerfile - orders orders live arm64\n");
    assert_eq!(alone.region.unwrap().value, "eu-central-1");
    let two = Live { name: "other".to_owned(), aliases: vec!["a".to_owned(), "b".to_owned()], ..Live::default() };
    let both = found(&[("Dockerfile", DOCKERFILE)], None, &[live, two]);
    assert_eq!(shown(&both), "orders: Dockerfile - orders orders live arm64\nother: - - - other - -\n");
    assert_eq!(both.services[1].aliases, ["a", "b"]);
}

#[test]
fn lambark_toml_counts_and_what_it_lacks_is_told() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join(FILE_NAME);
    let text = "[service.mine]\ndockerfile = \"a/Dockerfile\"\nfunction = \"f\"\n";
    std::fs::write(&path, text).unwrap();
    let config = Config::load(Some(&path), directory.path()).unwrap();
    let files = [("a/Dockerfile", DOCKERFILE), ("b/Dockerfile", DOCKERFILE)];
    let found = found(&files, Some(&config), &[]);
    insta::assert_snapshot!(shown(&found), @r"
    mine: a/Dockerfile - - f - -
    note: lambark.toml has no service for what the repository shows as `b` (b/Dockerfile)
    ");
    assert!(found.configured);
}

/// What hostile files say can break no other file: names follow the grammars of those who own them.
#[test]
fn hostile_names_are_no_facts() {
    let script = format!(
        "docker build -t '{HOST}/a\"b;$(x):v1' .\naws lambda update-function-code --function-name 'f\"; rm -rf /' \
         --image-uri '{HOST}/a\"b;$(x):v1'\n"
    );
    let found = found(&[("Dockerfile", DOCKERFILE), ("b.sh", &script)], None, &[]);
    assert_eq!(shown(&found), "shop: Dockerfile . - - - -\n");
}
