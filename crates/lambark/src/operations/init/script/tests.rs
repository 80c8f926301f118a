#![allow(clippy::unwrap_used, reason = "tests")]

use std::fmt::Write as _;

use super::*;
use crate::operations::init::find::{Question, find};

const SCRIPT: &str = r#"#!/bin/bash
set -e
# Everything by hand.
REGION=us-east-1
HOST=123456789012.dkr.ecr.us-east-1.amazonaws.com
FUNCTION=shop
OTHER=1
TAG="${1:-latest}"
aws ecr get-login-password | docker login --username AWS --password-stdin $HOST
docker buildx create --use
docker build \
  -t shop:v1 \
  .
docker tag shop:v1 $HOST/shop:v1
docker push $HOST/shop:v1
if [ "$OTHER" = 1 ]; then
  echo yes
fi
aws lambda update-function-code --function-name $FUNCTION --image-uri $HOST/shop:v1
aws lambda wait function-updated --function-name $FUNCTION
aws lambda publish-version --function-name $FUNCTION
aws lambda update-alias --function-name $FUNCTION --name live --function-version 1
aws lambda update-function-configuration --function-name $FUNCTION --timeout 10
aws lambda invoke --function-name $FUNCTION out.json
curl -f https://api.example.com/health
./notify.sh
"#;

#[test]
fn each_line_says_what_became_of_it() {
    let dockerfile = "FROM public.ecr.aws/lambda/python:3.13\nCMD [\"app.handler\"]\n";
    let (tree, read) = crate::operations::init::find::tests::tree(&[("Dockerfile", dockerfile), ("b.sh", SCRIPT)]);
    let question =
        Question { files: &read, tree: &tree, config: None, live: &[], branch: "main".to_owned(), directory: "shop" };
    let findings = find(&question);
    let scripts = explain(&read, &tree, &findings);
    let mut shown = String::new();
    for line in &scripts[0].lines {
        let (word, what) = match &line.became {
            Became::Lambark(what) => ("+", what),
            Became::NotNeeded(what) => ("-", what),
            Became::Yours(what) => ("=", what),
        };
        writeln!(shown, "{:2} {word} {what}", line.number).unwrap();
    }
    insta::assert_snapshot!(shown);
}
