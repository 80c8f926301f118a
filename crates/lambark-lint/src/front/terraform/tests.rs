#![allow(clippy::unwrap_used, reason = "tests")]

use super::*;
use crate::front::shown;

#[test]
fn names_of_terraform_files() {
    assert!(recognises("infra/main.tf") && recognises("x.tofu"));
    assert!(!recognises(".terraform/modules/x/main.tf") && !recognises("main.tfvars") && !recognises("x.tf.json"));
}

#[test]
fn images_of_the_docker_provider() {
    let main = r#"
locals {
  repository = "app"
  tag        = "${local.version}-1"
}

resource "aws_ecr_repository" "app" {
  name = local.repository
}

resource "docker_image" "app" {
  name = "${aws_ecr_repository.app.repository_url}:${local.tag}"
  build {
    context    = "${path.module}/../app"
    dockerfile = "Dockerfile.lambda"
    platform   = "linux/arm64"
    provenance = "false"
    tag        = ["other:latest", var.other]
    build_args = {
      sbom = "false"
      A    = var.a
    }
  }
}

resource "docker_registry_image" "app" {
  name = docker_image.app.name
}

resource "docker_image" "pulled" {
  name = "postgres"
}

resource "aws_lambda_function" "app" {
  function_name = "app"
  package_type  = "Image"
  image_uri     = docker_registry_image.app.name
  architectures = ["arm64"]
  image_config {
    command = ["app.handler"]
  }
}

resource "aws_lambda_function" "zip" {
  filename = "x.zip"
}
"#;
    let versions = r#"
terraform {
  required_providers {
    aws = { source = "hashicorp/aws", version = ">= 6" }
    docker = {
      source  = "kreuzwerker/docker"
      version = "~> 3.0"
    }
  }
}
"#;
    let locals = "locals {\n  version = \"7\"\n}\n";
    let files = [("infra/main.tf", main), ("infra/versions.tf", versions), ("infra/locals.tf", locals)];
    insta::assert_snapshot!(shown::in_tree(&FRONT_END, "infra/main.tf", &files), @r#"
    the docker provider ~> 3.0 at resource "docker_image" "app"
      context: ~app <${path.module}/../app>
      dockerfile: ~app/Dockerfile.lambda <Dockerfile.lambda>
      --platform linux/arm64 in `platform   = "linux/arm64"`
      --provenance false in `provenance = "false"`
      --tag other:latest in `"other:latest"` (kept)
      --tag ?${var.other} <var.other> in `var.other` (kept)
      --build-arg ~sbom=false <sbom = "false"> in `sbom = "false"` (kept)
      --build-arg ?A=${var.a} <A    = var.a> in `A    = var.a` (kept)
      --tag ?${aws_ecr_repository.app.registry}/app:7-1 <${aws_ecr_repository.app.repository_url}:${local.tag}> in `name = "${aws_ecr_repository.app.repository_url}:${local.tag}"`
      insert behind `}`: "\n    " ""
    push ?${aws_ecr_repository.app.registry}/app:7-1 <docker_image.app.name> at resource "docker_registry_image" "app"
    function app at resource "aws_lambda_function" "app"
      architecture: arm64
      image: ?${aws_ecr_repository.app.registry}/app:7-1 <docker_registry_image.app.name>
      overrides the command
    "#);
}

#[test]
fn modules_for_lambda() {
    let text = r#"
module "docker_image" {
  source          = "terraform-aws-modules/lambda/aws//modules/docker-build"
  version         = "~> 8.0"
  create_ecr_repo = true
  ecr_repo        = "app"
  image_tag       = "2.0"
  source_path     = "${path.module}/context"
  docker_file_path = "Dockerfile"
  platform        = null
  build_args = {
    BUILDX_NO_DEFAULT_ATTESTATIONS = "1"
  }
}

module "function" {
  source        = "terraform-aws-modules/lambda/aws"
  package_type  = "Image"
  image_uri     = module.docker_image.image_uri
  architectures = var.architectures
}

module "other" {
  source = "./modules/docker-build"
}
"#;
    insta::assert_snapshot!(shown::all(&FRONT_END, "main.tf", text), @r#"
    the docker-build module ~> 8.0 at module "docker_image"
      context: ~context <${path.module}/context>
      dockerfile: ~context/Dockerfile <Dockerfile>
      --create_ecr_repo true in `create_ecr_repo = true`
      --build-arg ~BUILDX_NO_DEFAULT_ATTESTATIONS=1 <BUILDX_NO_DEFAULT_ATTESTATIONS = "1"> in `BUILDX_NO_DEFAULT_ATTESTATIONS = "1"` (kept)
      --push ~true <module "docker_image"> in `module "docker_image"` (kept)
      --tag ?${module.docker_image.registry}/app:2.0 <app> in `ecr_repo        = "app"`
      tied: a module for Lambda functions builds it at module "docker_image"
    function function at module "function"
      architecture: ?${var.architectures} <var.architectures>
      image: ?${module.docker_image.image_uri} <module.docker_image.image_uri>
    "#);
}

#[test]
fn names_that_name_each_other_end() {
    let text = r#"
locals {
  a = "${local.b}${local.b}"
  b = "${local.a}${local.a}"
}
resource "aws_lambda_function" "f" {
  image_uri = local.a
}
"#;
    let shown = shown::all(&FRONT_END, "main.tf", text);
    assert!(shown.starts_with("function f") && shown.len() < 2_000, "{shown}");
}

#[test]
fn scripts_of_provisioners() {
    let text = r#"
resource "aws_ecr_repository" "app" {
  name = "app"
}
resource "null_resource" "build" {
  provisioner "local-exec" {
    working_dir = "${path.module}/../app"
    environment = {
      DOCKER_BUILDKIT = "0"
      REPO            = aws_ecr_repository.app.repository_url
    }
    command = <<-EOT
      docker build -t $REPO:latest .
      docker push ${aws_ecr_repository.app.repository_url}:latest
    EOT
  }
  provisioner "local-exec" {
    interpreter = ["python3", "-c"]
    command     = "docker build ."
  }
  provisioner "local-exec" {
    command = "./build.sh ${var.tag}"
  }
}
resource "aws_lambda_function" "app" {
  image_uri = "${aws_ecr_repository.app.repository_url}:latest"
}
"#;
    let files = [("infra/main.tf", text), ("infra/build.sh", "docker build -t x:$1 .\n")];
    insta::assert_snapshot!(shown::in_tree(&FRONT_END, "infra/main.tf", &files), @r#"
    docker build at docker build -t $REPO:latest .
      context: ~app <.>
      dockerfile: ~app/Dockerfile <docker build -t $REPO:latest .>
      --tag ?${aws_ecr_repository.app.registry}/app:latest <$REPO:latest> in `-t $REPO:latest` (kept)
      insert behind `docker build`: " " ""
      $DOCKER_BUILDKIT = 0
    push ?${aws_ecr_repository.app.registry}/app:latest <${aws_ecr_repository.app.repository_url}:latest> at docker push ${aws_ecr_repository.app.repository_url}:latest
      $DOCKER_BUILDKIT = 0
    docker build at docker build -t x:$1 .
      context: ~infra <.>
      dockerfile: ~infra/Dockerfile <docker build -t x:$1 .>
      --tag ?x:${var.tag} <x:$1> in `-t x:$1` (kept)
      insert behind `docker build`: " " ""
    function app at resource "aws_lambda_function" "app"
      image: ?${aws_ecr_repository.app.registry}/app:latest <${aws_ecr_repository.app.repository_url}:latest>
    follows infra/build.sh
    "#);
}

#[test]
fn names_inside_objects_functions_and_counted_resources() {
    let text = r#"
locals {
  app = {
    platform = "linux/arm64"
    source   = abspath("${path.root}/../app")
  }
}
resource "aws_ecr_repository" "app" {
  count = 1
  name  = "${local.prefix}-app"
}
resource "docker_image" "app" {
  name = format("%v:%s", aws_ecr_repository.app[0].repository_url, "v1")
  build {
    context  = local.app.source
    platform = local.app.platform
  }
}
module "image" {
  source   = "terraform-aws-modules/lambda/aws//modules/docker-build"
  ecr_repo = aws_ecr_repository.app[0].name
}
resource "aws_lambda_function" "bad" {
  image_uri = format("%q", local.app.nothing)
}
"#;
    insta::assert_snapshot!(shown::all(&FRONT_END, "infra/main.tf", text), @r#"
    the docker provider at resource "docker_image" "app"
      context: ~app <local.app.source>
      dockerfile: ~app/Dockerfile <local.app.source>
      --platform ~linux/arm64 <local.app.platform> in `platform = local.app.platform`
      --tag ?${aws_ecr_repository.app.registry}/${local.prefix}-app:v1 <format("%v:%s", aws_ecr_repository.app[0].repository_url, "v1> in `name = format("%v:%s", aws_ecr_repository.app[0].repository_url, "v1")`
      insert behind `platform = local.app.platform`: "\n    " ""
    the docker-build module at module "image"
      context: ~infra <module "image">
      dockerfile: ~infra/Dockerfile <module "image">
      --push ~true <module "image"> in `module "image"` (kept)
      --tag ?${module.image.registry}/${local.prefix}-app:${module.image.tag} <aws_ecr_repository.app[0].name> in `ecr_repo = aws_ecr_repository.app[0].name`
      tied: a module for Lambda functions builds it at module "image"
    function bad at resource "aws_lambda_function" "bad"
      image: ? <format("%q", local.app.nothing)>
    "#);
}
