//! Lambda: waiters, paginators, errors, retries.

use std::time::Duration;

use aws_config::SdkConfig;
use aws_sdk_lambda::Client;
use aws_sdk_lambda::client::Waiters;
use aws_sdk_lambda::error::ProvideErrorMetadata;
use aws_sdk_lambda::operation::create_function::CreateFunctionOutput;
use aws_sdk_lambda::types::{FunctionCode, LastUpdateStatus, PackageType, State};
use lambark_oci::Family;
use lambark_testkit::images::Image;

use super::repositories::push;
use super::with_twin;

const REGISTRY: &str = "123456789012.dkr.ecr.eu-central-1.amazonaws.com";
const PATIENCE: Duration = Duration::from_secs(60);

fn uri(tag: &str) -> String {
    format!("{REGISTRY}/app:{tag}")
}

/// `app` with two images and an index.
async fn images(config: &SdkConfig) {
    let ecr = aws_sdk_ecr::Client::new(config);
    ecr.create_repository().repository_name("app").send().await.unwrap();
    push(&ecr, "app", &Image::good(Family::Docker).store("v1")).await;
    push(&ecr, "app", &Image::good(Family::Oci).store("v2")).await;
    push(&ecr, "app", &Image::good(Family::Oci).attested("index")).await;
}

async fn create(lambda: &Client, name: &str, tag: &str) -> Result<CreateFunctionOutput, aws_sdk_lambda::Error> {
    let code = FunctionCode::builder().image_uri(uri(tag)).build();
    let call = lambda.create_function().function_name(name).package_type(PackageType::Image).code(code);
    Ok(call.role("arn:aws:iam::123456789012:role/r").send().await?)
}

async fn deploy(config: SdkConfig) {
    images(&config).await;
    let lambda = Client::new(&config);
    let created = create(&lambda, "f", "v1").await.unwrap();
    assert_eq!((created.state(), created.last_update_status()), (Some(&State::Pending), None));
    lambda.wait_until_function_exists().function_name("f").wait(PATIENCE).await.unwrap();
    let active = lambda.wait_until_function_active_v2().function_name("f").wait(PATIENCE).await.unwrap();
    let active = active.into_result().unwrap();
    let resolved = active.code().unwrap().resolved_image_uri().unwrap().to_owned();
    let revision = active.configuration().unwrap().revision_id().unwrap().to_owned();
    assert!(resolved.starts_with(&format!("{REGISTRY}/app@sha256:")), "{resolved}");

    let update = || lambda.update_function_code().function_name("f").image_uri(uri("v2")).revision_id(&revision);
    let updated = update().send().await.unwrap();
    assert_eq!(updated.last_update_status(), Some(&LastUpdateStatus::InProgress));
    let conflict = update().send().await.unwrap_err().into_service_error();
    assert!(conflict.is_resource_conflict_exception(), "{conflict:?}");
    assert!(
        conflict.message().unwrap().contains("An update is in progress for resource: arn:aws:lambda"),
        "{conflict:?}"
    );
    lambda.wait_until_function_updated_v2().function_name("f").wait(PATIENCE).await.unwrap();
    let stale = update().send().await.unwrap_err().into_service_error();
    assert!(stale.is_precondition_failed_exception(), "{stale:?}");

    let published = lambda.publish_version().function_name("f").send().await.unwrap();
    assert_eq!((published.version(), published.state()), (Some("1"), Some(&State::Pending)));
    let wait = lambda.wait_until_published_version_active().function_name("f").qualifier("1");
    wait.wait(PATIENCE).await.unwrap();
    let sha = updated.code_sha256().unwrap();
    assert_eq!(published.code_sha256(), Some(sha));
    assert!(resolved.rsplit_once(':').unwrap().1 != sha, "another image");
}

#[test]
fn a_deployment_goes_through_with_the_sdks_waiters() {
    with_twin(deploy);
}

async fn lists(config: SdkConfig) {
    images(&config).await;
    let lambda = Client::new(&config);
    for number in 0..60 {
        create(&lambda, &format!("f{number:02}"), "v1").await.unwrap();
    }
    let pages = lambda.list_functions().into_paginator().send().collect::<Result<Vec<_>, _>>().await.unwrap();
    assert_eq!(pages.iter().map(|page| page.functions().len()).collect::<Vec<_>>(), [50, 10]);
    let functions = lambda.list_functions().into_paginator().page_size(7).items().send();
    let functions = functions.collect::<Result<Vec<_>, _>>().await.unwrap();
    assert_eq!(functions.len(), 60);
    assert!(functions.iter().all(|function| function.state().is_none() && function.code_sha256().is_some()));
    lambda.wait_until_function_active_v2().function_name("f00").wait(PATIENCE).await.unwrap();
    lambda.publish_version().function_name("f00").send().await.unwrap();
    for name in ["x", "y", "z"] {
        let made = lambda.create_alias().function_name("f00").name(name).function_version("1").send().await.unwrap();
        assert!(made.alias_arn().unwrap().ends_with(&format!(":f00:{name}")));
    }
    let aliases = lambda.list_aliases().function_name("f00").into_paginator().page_size(2).items().send();
    assert_eq!(aliases.collect::<Result<Vec<_>, _>>().await.unwrap().len(), 3);
    let versions = lambda.list_versions_by_function().function_name("f00").into_paginator().page_size(1).items().send();
    assert_eq!(versions.collect::<Result<Vec<_>, _>>().await.unwrap().len(), 2);
}

#[test]
fn lists_come_page_by_page() {
    with_twin(lists);
}

async fn refusals(config: SdkConfig) {
    images(&config).await;
    let lambda = Client::new(&config);
    let refused = create(&lambda, "f", "index").await.unwrap_err();
    let text = format!(
        "The image manifest, config or layer media type for the source image {} is not supported.",
        uri("index")
    );
    assert_eq!((refused.code(), refused.message()), (Some("InvalidParameterValueException"), Some(text.as_str())));
    let missing = lambda.get_function().function_name("none").send().await.unwrap_err();
    assert_eq!(missing.message(), Some("Function not found: arn:aws:lambda:eu-central-1:123456789012:function:none"));
    assert!(missing.into_service_error().is_resource_not_found_exception());
    let identity = aws_sdk_sts::Client::new(&config).get_caller_identity().send().await.unwrap();
    assert_eq!(identity.account(), Some("123456789012"));
}

#[test]
fn refusals_arrive_with_code_and_text() {
    with_twin(refusals);
}
