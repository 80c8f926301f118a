//! ECR over the SDK.

use std::time::SystemTime;

use aws_config::SdkConfig;
use aws_sdk_ecr::types::{ImageIdentifier, ImageScanningConfiguration, ImageTagMutability};
use aws_smithy_types::DateTime;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use lambark_oci::{Digest, Hasher, Secret, Target, media_type};

use super::Caller;
use super::failure::failure;
use super::retry::RetryAfter;
use crate::ecr::{
    Authorization, Ecr, Image, ManifestFailure, Manifests, NewRepository, Repository, RepositoryName, StoredManifest,
};
use crate::error::Error;
use crate::operation::Operation;

pub(crate) struct EcrClient {
    client: aws_sdk_ecr::Client,
    caller: Caller,
}

impl EcrClient {
    pub(super) fn new(config: &SdkConfig, caller: Caller) -> EcrClient {
        let config = aws_sdk_ecr::config::Builder::from(config).retry_classifier(RetryAfter).build();
        EcrClient { client: aws_sdk_ecr::Client::from_conf(config), caller }
    }
}

impl Ecr for EcrClient {
    fn authorization(&self) -> Result<Authorization, Error> {
        let operation = Operation::GetAuthorizationToken;
        self.caller.wait(operation, async {
            let answer = self.client.get_authorization_token().send().await;
            let answer = answer.map_err(|error| failure(operation, &error))?;
            authorization(answer).ok_or_else(|| protocol(operation, "it holds no usable token"))
        })
    }

    fn repository(&self, repository: &RepositoryName) -> Result<Repository, Error> {
        let operation = Operation::DescribeRepositories;
        self.caller.wait(operation, async {
            let call = self.client.describe_repositories().set_registry_id(repository.account.clone());
            let answer = call.repository_names(&repository.name).send().await;
            let answer = answer.map_err(|error| failure(operation, &error))?;
            let found = answer.repositories.unwrap_or_default().into_iter().next();
            found.map(repository_of).ok_or_else(|| protocol(operation, "it names no repository"))
        })
    }

    fn create_repository(&self, new: &NewRepository) -> Result<Repository, Error> {
        let operation = Operation::CreateRepository;
        let mutability = if new.immutable_tags { ImageTagMutability::Immutable } else { ImageTagMutability::Mutable };
        let scanning = ImageScanningConfiguration::builder().scan_on_push(new.scan_on_push).build();
        self.caller.wait(operation, async {
            let call = self.client.create_repository().repository_name(&new.name).image_tag_mutability(mutability);
            let answer = call.image_scanning_configuration(scanning).send().await;
            let answer = answer.map_err(|error| failure(operation, &error))?;
            answer.repository.map(repository_of).ok_or_else(|| protocol(operation, "it names no repository"))
        })
    }

    fn images(&self, repository: &RepositoryName, ids: &[Target]) -> Result<Vec<Image>, Error> {
        let operation = Operation::DescribeImages;
        self.caller.wait(operation, async {
            let call = self.client.describe_images().set_registry_id(repository.account.clone());
            let call = call.repository_name(&repository.name).set_image_ids(Some(ids.iter().map(identifier).collect()));
            let answer = call.send().await.map_err(|error| failure(operation, &error))?;
            answer.image_details.unwrap_or_default().into_iter().map(|image| image_of(operation, image)).collect()
        })
    }

    fn manifests(&self, repository: &RepositoryName, ids: &[Target]) -> Result<Manifests, Error> {
        let operation = Operation::BatchGetImage;
        self.caller.wait(operation, async {
            let call = self.client.batch_get_image().set_registry_id(repository.account.clone());
            let call = call.repository_name(&repository.name).set_image_ids(Some(ids.iter().map(identifier).collect()));
            // Without all four, ECR may hand out one platform's manifest in place of an index.
            let accepted = media_type::ACCEPT.map(str::to_owned).to_vec();
            let answer = call.set_accepted_media_types(Some(accepted)).send().await;
            let answer = answer.map_err(|error| failure(operation, &error))?;
            let images = answer.images.unwrap_or_default().into_iter();
            let failures = answer.failures.unwrap_or_default().into_iter();
            Ok(Manifests {
                found: images.map(|image| manifest_of(operation, image)).collect::<Result<_, _>>()?,
                failed: failures.map(failure_of).collect(),
            })
        })
    }

    fn policy(&self, repository: &RepositoryName) -> Result<Option<String>, Error> {
        let operation = Operation::GetRepositoryPolicy;
        self.caller.wait(operation, async {
            let call = self.client.get_repository_policy().set_registry_id(repository.account.clone());
            match call.repository_name(&repository.name).send().await {
                Ok(answer) => Ok(answer.policy_text),
                Err(error) => match failure(operation, &error) {
                    error if error.code() == Some("RepositoryPolicyNotFoundException") => Ok(None),
                    error => Err(error),
                },
            }
        })
    }

    fn set_policy(&self, repository: &RepositoryName, policy: &str) -> Result<(), Error> {
        let operation = Operation::SetRepositoryPolicy;
        self.caller.wait(operation, async {
            let call = self.client.set_repository_policy().set_registry_id(repository.account.clone());
            let answer = call.repository_name(&repository.name).policy_text(policy).send().await;
            answer.map(drop).map_err(|error| failure(operation, &error))
        })
    }
}

fn protocol(operation: Operation, reason: &str) -> Error {
    Error::Protocol { operation, reason: reason.into() }
}

/// The token is the base64 of `AWS:<password>`.
fn authorization(
    answer: aws_sdk_ecr::operation::get_authorization_token::GetAuthorizationTokenOutput,
) -> Option<Authorization> {
    let data = answer.authorization_data?.into_iter().next()?;
    let token = STANDARD.decode(data.authorization_token?).ok()?;
    let token = String::from_utf8(token).ok()?;
    let (username, password) = token.split_once(':')?;
    Some(Authorization {
        username: username.to_owned(),
        password: Secret::new(password),
        proxy_endpoint: data.proxy_endpoint?,
        expires_at: data.expires_at.and_then(time),
    })
}

fn time(time: DateTime) -> Option<SystemTime> {
    SystemTime::try_from(time).ok()
}

fn repository_of(repository: aws_sdk_ecr::types::Repository) -> Repository {
    let exclusions = repository.image_tag_mutability_exclusion_filters.unwrap_or_default();
    Repository {
        arn: repository.repository_arn.unwrap_or_default(),
        account: repository.registry_id.unwrap_or_default(),
        name: repository.repository_name.unwrap_or_default(),
        uri: repository.repository_uri.unwrap_or_default(),
        mutability: repository.image_tag_mutability.map(|word| word.as_str().into()),
        exclusions: exclusions.into_iter().map(|filter| filter.filter).collect(),
        scan_on_push: repository.image_scanning_configuration.is_some_and(|scanning| scanning.scan_on_push),
    }
}

fn identifier(id: &Target) -> ImageIdentifier {
    let builder = ImageIdentifier::builder();
    match id {
        Target::Tag(tag) => builder.image_tag(tag).build(),
        Target::Digest(digest) => builder.image_digest(digest.to_string()).build(),
    }
}

fn image_of(operation: Operation, image: aws_sdk_ecr::types::ImageDetail) -> Result<Image, Error> {
    let digest = image.image_digest.and_then(|digest| digest.parse().ok());
    Ok(Image {
        digest: digest.ok_or_else(|| protocol(operation, "an image has no digest"))?,
        tags: image.image_tags.unwrap_or_default(),
        media_type: image.image_manifest_media_type,
        artifact_type: image.artifact_media_type,
        status: image.image_status.map(|word| word.as_str().into()),
        size: image.image_size_in_bytes.and_then(|size| size.try_into().ok()),
        pushed_at: image.image_pushed_at.and_then(time),
    })
}

fn manifest_of(operation: Operation, image: aws_sdk_ecr::types::Image) -> Result<StoredManifest, Error> {
    let bytes = image.image_manifest.ok_or_else(|| protocol(operation, "an image has no manifest"))?;
    let id = image.image_id;
    let named: Option<Digest> = id.as_ref().and_then(|id| id.image_digest.as_deref()).and_then(|it| it.parse().ok());
    let digest = match &named {
        Some(named) => {
            let mut hasher = Hasher::like(named);
            hasher.update(bytes.as_bytes());
            hasher.finish()
        }
        None => Digest::of(bytes.as_bytes()),
    };
    if named.as_ref().is_some_and(|named| *named != digest) {
        return Err(protocol(operation, "a manifest's bytes do not have its digest"));
    }
    let tag = id.and_then(|id| id.image_tag);
    Ok(StoredManifest { digest, tag, media_type: image.image_manifest_media_type, bytes })
}

fn failure_of(failure: aws_sdk_ecr::types::ImageFailure) -> ManifestFailure {
    let id = failure.image_id;
    let id = id.and_then(|id| id.image_digest.or(id.image_tag)).unwrap_or_default();
    ManifestFailure {
        id,
        code: failure.failure_code.map_or_else(String::new, |code| code.as_str().to_owned()),
        reason: failure.failure_reason.unwrap_or_default(),
    }
}
