use lambark_aws::Operation;
use lambark_aws::ecr::{ImageStatus, NewRepository, RepositoryName, TagMutability};
use lambark_oci::{Digest, Target};

use crate::server::Answer;
use crate::{KEY_SECRET, serve};

fn app() -> RepositoryName {
    RepositoryName { account: Some("123456789012".to_owned()), name: "team/app".to_owned() }
}

#[test]
fn a_token_is_taken_apart_and_never_shown() {
    // base64 of `AWS:pass:word`
    let body = r#"{"authorizationData":[{"authorizationToken":"QVdTOnBhc3M6d29yZA==","expiresAt":1795000000.5,
        "proxyEndpoint":"http://127.0.0.1:4510"}]}"#;
    let (server, aws) = serve(vec![Answer::new(200, body)]);
    let authorization = aws.ecr(Some("us-west-2")).unwrap().authorization().unwrap();
    assert_eq!(authorization.username, "AWS");
    assert_eq!(authorization.password.reveal(), "pass:word");
    assert_eq!(authorization.proxy_endpoint, "http://127.0.0.1:4510");
    let expires = authorization.expires_at.unwrap().duration_since(std::time::UNIX_EPOCH).unwrap();
    assert_eq!(expires.as_secs(), 1_795_000_000);
    assert!(!format!("{authorization:?} {aws:?}").contains("pass:word"));

    let request = &server.seen()[0];
    assert_eq!(request.header("x-amz-target"), "AmazonEC2ContainerRegistry_V20150921.GetAuthorizationToken");
    // The Region that was asked for, not the one of the settings.
    assert!(request.header("authorization").contains("/us-west-2/ecr/aws4_request"), "{request:?}");
    assert!(!format!("{request:?}").contains(KEY_SECRET));
    assert_eq!(aws.calls().into_iter().collect::<Vec<_>>(), [(Operation::GetAuthorizationToken, 1)]);
}

#[test]
fn a_token_without_a_colon_is_no_token() {
    let body = r#"{"authorizationData":[{"authorizationToken":"QVdT","proxyEndpoint":"http://127.0.0.1:4510"}]}"#;
    let (_server, aws) = serve(vec![Answer::new(200, body)]);
    let error = aws.ecr(None).unwrap().authorization().unwrap_err();
    assert_eq!(error.to_string(), "ECR GetAuthorizationToken: the answer makes no sense: it holds no usable token");
}

#[test]
fn a_repository_tells_its_mutability_and_exceptions() {
    let body = r#"{"repositories":[{"repositoryArn":"arn:aws:ecr:eu-central-1:123456789012:repository/team/app",
        "registryId":"123456789012","repositoryName":"team/app",
        "repositoryUri":"123456789012.dkr.ecr.eu-central-1.amazonaws.com/team/app",
        "imageTagMutability":"IMMUTABLE_WITH_EXCLUSION",
        "imageTagMutabilityExclusionFilters":[{"filterType":"WILDCARD","filter":"latest*"}],
        "imageScanningConfiguration":{"scanOnPush":true}}]}"#;
    let (server, aws) = serve(vec![Answer::new(200, body)]);
    let repository = aws.ecr(None).unwrap().repository(&app()).unwrap();
    assert_eq!(repository.mutability, Some(TagMutability::ImmutableWithExclusion));
    assert_eq!((repository.is_immutable("v1"), repository.is_immutable("latest-1")), (Some(true), Some(false)));
    assert!(repository.scan_on_push);
    let asked = server.seen()[0].json();
    assert_eq!((&asked["registryId"], &asked["repositoryNames"][0]), (&"123456789012".into(), &"team/app".into()));
}

#[test]
fn a_repository_is_made_as_asked() {
    let body = r#"{"repository":{"repositoryName":"app","imageTagMutability":"IMMUTABLE"}}"#;
    let (server, aws) = serve(vec![Answer::new(200, body)]);
    let new = NewRepository { name: "app".to_owned(), immutable_tags: true, scan_on_push: true };
    aws.ecr(None).unwrap().create_repository(&new).unwrap();
    let asked = server.seen()[0].json();
    assert_eq!(asked["imageTagMutability"], "IMMUTABLE");
    assert_eq!(asked["imageScanningConfiguration"]["scanOnPush"], true);
}

#[test]
fn images_keep_words_that_nobody_knows() {
    let digest = Digest::of(b"x");
    let body = format!(
        r#"{{"imageDetails":[{{"imageDigest":"{digest}","imageTags":["v1"],"imageStatus":"ARCHIVED",
        "imageManifestMediaType":"application/vnd.oci.image.index.v1+json","imageSizeInBytes":7}},
        {{"imageDigest":"{digest}","imageStatus":"FROZEN"}}]}}"#
    );
    let (server, aws) = serve(vec![Answer::new(200, &body)]);
    let ids = [Target::Tag("v1".to_owned()), Target::Digest(digest.clone())];
    let images = aws.ecr(None).unwrap().images(&app(), &ids).unwrap();
    assert_eq!(images[0].status, Some(ImageStatus::Archived));
    assert_eq!(images[1].status, Some(ImageStatus::Other("FROZEN".into())));
    assert_eq!((images[0].tags.as_slice(), images[0].size), (&["v1".to_owned()][..], Some(7)));
    assert!(images[1].tags.is_empty());
    let asked = server.seen()[0].json();
    assert_eq!(
        (&asked["imageIds"][0]["imageTag"], &asked["imageIds"][1]["imageDigest"]),
        (&"v1".into(), &digest.to_string().into())
    );
}

#[test]
fn manifests_are_hashed_and_every_type_is_accepted() {
    let manifest = r#"{"schemaVersion":2}"#;
    let digest = Digest::of(manifest.as_bytes());
    let image = |digest: &Digest| {
        let manifest = serde_json::to_string(manifest).unwrap();
        format!(
            r#"{{"images":[{{"imageId":{{"imageDigest":"{digest}","imageTag":"v1"}},"imageManifest":{manifest}}}],
            "failures":[{{"imageId":{{"imageTag":"v2"}},"failureCode":"ImageNotFound","failureReason":"not there"}}]}}"#
        )
    };
    let (server, aws) = serve(vec![Answer::new(200, &image(&digest)), Answer::new(200, &image(&Digest::of(b"")))]);
    let ecr = aws.ecr(None).unwrap();
    let ids = [Target::Tag("v1".to_owned()), Target::Tag("v2".to_owned())];
    let manifests = ecr.manifests(&app(), &ids).unwrap();
    assert_eq!((&manifests.found[0].digest, manifests.found[0].bytes.as_str()), (&digest, manifest));
    assert_eq!((manifests.failed[0].id.as_str(), manifests.failed[0].code.as_str()), ("v2", "ImageNotFound"));
    assert_eq!(server.seen()[0].json()["acceptedMediaTypes"].as_array().unwrap().len(), 4);
    let error = ecr.manifests(&app(), &ids).unwrap_err();
    assert!(error.to_string().ends_with("a manifest's bytes do not have its digest"), "{error}");
}

#[test]
fn a_repository_without_a_policy_is_no_error() {
    let missing = r#"{"__type":"RepositoryPolicyNotFoundException","message":"Repository policy does not exist"}"#;
    let denied = r#"{"__type":"AccessDeniedException","Message":"User: arn:aws:iam::123456789012:user/ci is not authorized to perform: ecr:GetRepositoryPolicy on resource: x"}"#;
    let (_server, aws) =
        serve(vec![Answer::new(400, missing), Answer::new(200, r#"{"policyText":"{}"}"#), Answer::new(400, denied)]);
    let ecr = aws.ecr(None).unwrap();
    assert_eq!(ecr.policy(&app()).unwrap(), None);
    assert_eq!(ecr.policy(&app()).unwrap().as_deref(), Some("{}"));
    assert_eq!(ecr.policy(&app()).unwrap_err().missing_action(), Some("ecr:GetRepositoryPolicy"));
}
