//! ECR: repositories, images by the API alone, and every page of them.

use aws_config::SdkConfig;
use aws_sdk_ecr::Client;
use aws_sdk_ecr::error::ProvideErrorMetadata;
use aws_sdk_ecr::operation::list_images::ListImagesOutput;
use aws_sdk_ecr::primitives::Blob;
use bytes::Bytes;
use lambark_oci::Family;
use lambark_testkit::images::{Image, Store};

use super::with_twin;

/// Uploads an image's blobs and manifests by ECR's API.
pub(super) async fn push(ecr: &Client, repository: &str, objects: &Store) {
    for blob in &objects.blobs {
        upload(ecr, repository, blob).await;
    }
    for (media_type, bytes) in &objects.manifests {
        let text = String::from_utf8(bytes.to_vec()).unwrap();
        let digest = lambark_oci::Digest::of(bytes);
        let tag = objects.tags.iter().find(|(_, object)| object.digest == digest).map(|(tag, _)| tag.clone());
        let put = ecr.put_image().repository_name(repository).image_manifest(text).set_image_tag(tag);
        // The same image is in two stores of a test.
        known(put.image_manifest_media_type(media_type).send().await, "ImageAlreadyExistsException");
    }
}

async fn upload(ecr: &Client, repository: &str, blob: &Bytes) {
    let begun = ecr.initiate_layer_upload().repository_name(repository).send().await.unwrap();
    let id = begun.upload_id().unwrap();
    let last = i64::try_from(blob.len() - 1).unwrap();
    let part = ecr.upload_layer_part().repository_name(repository).upload_id(id);
    let part = part.part_first_byte(0).part_last_byte(last).layer_part_blob(Blob::new(blob.to_vec()));
    part.send().await.unwrap();
    let digest = lambark_oci::Digest::of(blob).to_string();
    let complete = ecr.complete_layer_upload().repository_name(repository).upload_id(id).layer_digests(digest);
    known(complete.send().await, "LayerAlreadyExistsException");
}

/// A call that succeeds, or says that it has been made already.
fn known<T, E: ProvideErrorMetadata + std::fmt::Debug>(answer: Result<T, E>, code: &str) {
    if let Err(error) = answer {
        assert_eq!(error.code(), Some(code), "{error:?}");
    }
}

async fn pages(config: SdkConfig) {
    let ecr = Client::new(&config);
    for name in ["aa", "bb", "cc", "dd", "ee"] {
        ecr.create_repository().repository_name(name).send().await.unwrap();
    }
    let mut names = Vec::new();
    let mut pages = ecr.describe_repositories().into_paginator().page_size(2).send();
    let mut count = 0;
    while let Some(page) = pages.next().await {
        let page = page.unwrap();
        assert!(page.repositories().len() <= 2);
        names.extend(page.repositories().iter().map(|one| one.repository_name().unwrap().to_owned()));
        count += 1;
    }
    assert_eq!((count, names), (3, ["aa", "bb", "cc", "dd", "ee"].map(String::from).to_vec()));

    for (tag, family) in [("v1", Family::Docker), ("v2", Family::Oci)] {
        push(&ecr, "aa", &Image::good(family).store(tag)).await;
    }
    push(&ecr, "aa", &Image::good(Family::Oci).attested("v3")).await;
    let listed = ecr.list_images().repository_name("aa").into_paginator().page_size(1).send();
    let listed = listed.collect::<Result<Vec<_>, _>>().await.unwrap();
    let mut tags: Vec<&str> =
        listed.iter().flat_map(ListImagesOutput::image_ids).filter_map(|id| id.image_tag()).collect();
    tags.sort_unstable();
    assert_eq!(tags, ["v1", "v2", "v3"]);
    let described = ecr.describe_images().repository_name("aa").into_paginator().page_size(2).items().send();
    let described = described.collect::<Result<Vec<_>, _>>().await.unwrap();
    assert!(described.len() >= 4, "two images, an index and its attestation: {}", described.len());
    assert!(described.iter().all(|image| image.image_digest().is_some() && image.image_pushed_at().is_some()));
    let missing = ecr.describe_images().repository_name("none").send().await.unwrap_err();
    assert!(missing.into_service_error().is_repository_not_found_exception());
}

#[test]
fn repositories_and_images_come_page_by_page() {
    with_twin(pages);
}
