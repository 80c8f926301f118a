#![allow(clippy::unwrap_used, reason = "tests")]

use super::*;
use crate::front::shown;

#[test]
fn names_of_templates() {
    for name in ["template.yaml", "infra/lambda.yml", "a/app.template", "app.template.json", "stack.json"] {
        assert!(recognises(name), "{name}");
    }
    for name in ["package.json", "cdk.out/app.template.json", ".aws-sam/build/template.yaml", "template.md"] {
        assert!(!recognises(name), "{name}");
    }
}

#[test]
fn functions_of_sam_and_what_it_builds() {
    let text = r#"
Transform: AWS::Serverless-2016-10-31
Globals:
  Function:
    Architectures: [arm64]
Parameters:
  Arch: {Type: String, Default: x86_64}
  Only: {Type: String, AllowedValues: [x86_64]}
Resources:
  Api:
    Type: AWS::Serverless::Function
    Properties:
      PackageType: Image
      ImageConfig: {Command: [app.handler]}
    Metadata:
      DockerTag: v1
      DockerContext: ./api
      Dockerfile: Dockerfile.lambda
      DockerBuildTarget: final
      DockerBuildArgs:
        provenance: "false"
        STAGE: !Ref Arch
  Zip:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: python3.13
  Elsewhere:
    Type: AWS::Serverless::Function
    Properties:
      PackageType: Image
      Architectures: [!Ref Arch]
      ImageUri: !Sub "${AWS::AccountId}.dkr.ecr.${AWS::Region}.amazonaws.com/app:${Tag}"
  Chosen:
    Type: AWS::Serverless::Function
    Properties:
      PackageType: Image
      Architectures:
        - !Ref Only
    Metadata:
      Dockerfile: Dockerfile
  Table:
    Type: AWS::DynamoDB::Table
"#;
    insta::assert_snapshot!(shown::all(&FRONT_END, "infra/template.yaml", text), @r#"
    sam build at Api
      context: ~infra/api <./api>
      dockerfile: ~infra/api/Dockerfile.lambda <Dockerfile.lambda>
      --tag v1 in `DockerTag: v1`
      --target final in `DockerBuildTarget: final`
      --build-arg ~provenance=false <provenance: "false"> in `provenance: "false"`
      --build-arg ?STAGE=${Arch} <STAGE: !Ref Arch> in `STAGE: !Ref Arch`
      --platform ~linux/arm64 <arm64> in `arm64` (kept)
      tied: it is the image of the function `Api` at Api
    sam build at Chosen
      context: ~infra <Dockerfile: Dockerfile>
      dockerfile: ~infra/Dockerfile <Dockerfile>
      --platform ~linux/amd64 <Only> in `Only` (kept)
      tied: it is the image of the function `Chosen` at Chosen
    function Api at Api
      architecture: arm64
      dockerfile: ~infra/api/Dockerfile.lambda <Dockerfile.lambda>
      overrides the command
    function Elsewhere at Elsewhere
      architecture: ?${Arch} <Arch>
      image: ?${AWS::AccountId}.dkr.ecr.${AWS::Region}.amazonaws.com/app:${Tag} <"${AWS::AccountId}.dkr.ecr.${AWS::Region}.amazonaws.com/app:${Tag}">
    function Chosen at Chosen
      architecture: ~x86_64 <Only>
      dockerfile: ~infra/Dockerfile <Dockerfile>
    "#);
}

#[test]
fn functions_of_plain_templates_in_both_languages() {
    let yaml = r#"
Resources:
  Short:
    Type: AWS::Lambda::Function
    Properties:
      PackageType: Image
      Code:
        ImageUri: !Join [":", [!GetAtt Repository.RepositoryUri, latest]]
      Architectures: [x86_64]
  Long:
    Type: AWS::Lambda::Function
    Properties:
      Code:
        ImageUri:
          Fn::Sub:
            - 123456789012.dkr.ecr.us-east-1.amazonaws.com/app@${Digest}
            - Digest: !ImportValue Digest
  Plain:
    Type: AWS::Lambda::Function
    Properties:
      Code: {ImageUri: 123456789012.dkr.ecr.us-east-1.amazonaws.com/app:latest}
  If:
    Type: AWS::Lambda::Function
    Properties:
      Code: {ImageUri: !If [A, b, c]}
  Zip:
    Type: AWS::Lambda::Function
    Properties:
      Code: {S3Bucket: x}
"#;
    insta::assert_snapshot!(shown::all(&FRONT_END, "stack.yml", yaml), @r#"
    function Short at Short
      architecture: x86_64
      image: ?${Repository.RepositoryUri}:latest <[":", [!GetAtt Repository.RepositoryUri, latest]]>
    function Long at Long
      image: ?123456789012.dkr.ecr.us-east-1.amazonaws.com/app@${Digest} <Fn::Sub:⏎            - 123456789012.dkr.ecr.us-east-1.amazonaws.com/app@${Digest}⏎            - Digest: !ImportValue Digest>
    function Plain at Plain
      image: 123456789012.dkr.ecr.us-east-1.amazonaws.com/app:latest
    function If at If
      image: ?${Fn::If} <[A, b, c]>
    "#);
    let json = r#"{"Resources": {"F": {"Type": "AWS::Lambda::Function", "Properties": {
        "Code": {"ImageUri": {"Fn::Join": ["", [{"Ref": "Repo"}, ":v1"]]}}, "Architectures": ["arm64"]}}}, "#;
    insta::assert_snapshot!(shown::all(&FRONT_END, "stack.template", json), @r#"
    function F at "F"
      architecture: arm64
      image: ?${Repo}:v1 <{"Fn::Join": ["", [{"Ref": "Repo"}, ":v1"]]}>
    note at 2:108: the file ends inside an object
    "#);
}

#[test]
fn repositories_of_the_template_are_known_by_name() {
    let text = r#"
Resources:
  Repo: {Type: "AWS::ECR::Repository", Properties: {RepositoryName: app}}
  Unnamed: {Type: "AWS::ECR::Repository"}
  A: {Type: "AWS::Lambda::Function", Properties: {Code: {ImageUri: !Sub "${Repo.RepositoryUri}:${Tag}"}}}
  B: {Type: "AWS::Lambda::Function", Properties: {Code: {ImageUri: !Join [":", [!GetAtt Repo.RepositoryUri, v1]]}}}
  C: {Type: "AWS::Lambda::Function", Properties: {Code: {ImageUri: !Sub "${Unnamed.RepositoryUri}:${"}}}
"#;
    insta::assert_snapshot!(shown::all(&FRONT_END, "a.yaml", text), @r#"
    function A at A
      image: ?${AWS::AccountId}.dkr.ecr.${AWS::Region}.amazonaws.com/app:${Tag} <"${Repo.RepositoryUri}:${Tag}">
    function B at B
      image: ?${AWS::AccountId}.dkr.ecr.${AWS::Region}.amazonaws.com/app:v1 <[":", [!GetAtt Repo.RepositoryUri, v1]]>
    function C at C
      image: ?${Unnamed.RepositoryUri}:${ <"${Unnamed.RepositoryUri}:${">
    "#);
}
