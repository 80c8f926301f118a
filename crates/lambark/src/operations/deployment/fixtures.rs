//! Functions and versions, made up for tests of what is pure.

use std::collections::BTreeMap;

use lambark_aws::lambda::{Alias, Code, Configuration, Function, LastUpdateStatus, PackageType, Processor, State};
use lambark_oci::Digest;

use super::live::{LATEST, Live, Version};
use super::note::Note;

const REPOSITORY: &str = "123456789012.dkr.ecr.eu-central-1.amazonaws.com/app";

/// The digest of an image that has only a name.
pub(crate) fn digest(image: &str) -> Digest {
    Digest::of(image.as_bytes())
}

/// A function, or one of its versions, that is well and runs an image.
pub(crate) fn function(version: &str, image: &str) -> Function {
    let configuration = Configuration {
        name: "app".to_owned(),
        arn: "arn:aws:lambda:eu-central-1:123456789012:function:app".to_owned(),
        version: version.to_owned(),
        package_type: Some(PackageType::Image),
        role: None,
        description: None,
        architectures: vec![Processor::X86_64],
        memory: None,
        timeout: None,
        ephemeral_storage: None,
        code_sha256: Some(digest(image).hex().to_owned()),
        revision_id: Some("r1".to_owned()),
        last_modified: None,
        state: Some(State::Active),
        state_reason: None,
        state_reason_code: None,
        last_update_status: Some(LastUpdateStatus::Successful),
        last_update_status_reason: None,
        last_update_status_reason_code: None,
        image_config: None,
        environment: BTreeMap::new(),
    };
    let uri = format!("{REPOSITORY}@{}", digest(image));
    let code = Code { image_uri: Some(uri.clone()), resolved_image_uri: Some(uri), ..Code::default() };
    Function { configuration, code, tags: BTreeMap::new(), reserved_concurrency: None }
}

/// Where an alias points, what runs there, and who has a share of it.
pub(crate) type Pointed<'a> = (&'a str, &'a str, Option<(&'a str, f64)>);

/// A function whose `$LATEST` runs `latest`, and its alias `live` if it has one.
pub(crate) fn live(latest: &str, alias: Option<Pointed<'_>>) -> Live {
    let carrier = alias.filter(|(version, ..)| *version != LATEST).map(|(version, image, _)| function(version, image));
    let alias = alias.map(|(version, _, share)| Alias {
        name: "live".to_owned(),
        arn: String::new(),
        version: version.to_owned(),
        weights: share.into_iter().map(|(version, share)| (version.to_owned(), share)).collect(),
        description: None,
        revision_id: Some("a1".to_owned()),
    });
    Live { latest: function(LATEST, latest), alias, carrier }
}

/// A version as a list tells it. `from`: the image, and perhaps the version, that it replaced for `live`.
pub(crate) fn version(number: u64, image: &str, from: Option<(&str, Option<&str>)>) -> Version {
    let note = from.map(|(image, version)| Note {
        alias: Some("live".to_owned()),
        from: Some(digest(image)),
        from_version: version.map(str::to_owned),
        by: Some("ci".to_owned()),
        ..Note::default()
    });
    Version { number, digest: Some(digest(image)), note, made: None }
}
