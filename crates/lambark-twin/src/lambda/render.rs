//! Functions as Lambda's JSON.

use lambark_oci::Architecture;
use serde_json::{Map, Value, json};

use super::date;
use super::machine::{Alias, Code, Configuration, Function, Unit, VersionRef};

/// How much of a configuration is told.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Detail {
    Full,
    /// Lists leave the states out.
    Listed,
}

/// A `FunctionConfiguration`. `arn` carries the qualifier that was asked for.
pub(super) fn configuration(
    function: &Function,
    version: VersionRef,
    unit: &Unit,
    arn: &str,
    detail: Detail,
) -> Map<String, Value> {
    let settings = &*unit.configuration;
    let mut all = Map::new();
    let mut put = |name: &str, value: Value| {
        all.insert(name.to_owned(), value);
    };
    put("FunctionName", function.name().into());
    put("FunctionArn", arn.into());
    put("Role", settings.role.as_ref().into());
    put("CodeSize", code_size(&settings.code).into());
    put("Description", settings.description.as_ref().into());
    put("Timeout", settings.timeout.into());
    put("MemorySize", settings.memory.into());
    put("LastModified", date::written(unit.modified).into());
    put("CodeSha256", settings.code_sha256().into());
    put("Version", version.to_string().into());
    put("RevisionId", unit.revision.to_string().into());
    put("PackageType", package_type(&settings.code).into());
    put("Architectures", json!([architecture(settings.architecture)]));
    put("EphemeralStorage", json!({ "Size": settings.storage }));
    if let Some(variables) = &settings.environment {
        put("Environment", json!({ "Variables": variables }));
    }
    if let Some(config) = settings.image().and_then(|image| image.config.as_ref()) {
        put("ImageConfigResponse", json!({ "ImageConfig": config }));
    }
    others(&mut all, settings, function.name());
    if detail == Detail::Full {
        states(&mut all, unit);
    }
    all
}

/// Settings that are only given back, with what Lambda fills in.
fn others(all: &mut Map<String, Value>, settings: &Configuration, name: &str) {
    all.insert("TracingConfig".to_owned(), json!({ "Mode": "PassThrough" }));
    all.insert("SnapStart".to_owned(), json!({ "ApplyOn": "None", "OptimizationStatus": "Off" }));
    let log_group = format!("/aws/lambda/{name}");
    all.insert("LoggingConfig".to_owned(), json!({ "LogFormat": "Text", "LogGroup": log_group }));
    for (key, value) in &settings.others {
        match (all.get_mut(key), value) {
            (Some(Value::Object(default)), Value::Object(given)) => default.extend(given.clone()),
            _ => {
                all.insert(key.clone(), value.clone());
            }
        }
    }
}

fn states(all: &mut Map<String, Value>, unit: &Unit) {
    let mut put = |name: &str, value: &str| {
        all.insert(name.to_owned(), value.into());
    };
    put("State", unit.state.name());
    if let Some(why) = unit.state.why() {
        put("StateReason", &why.text);
        put("StateReasonCode", &why.code);
    }
    if let Some(update) = &unit.update {
        put("LastUpdateStatus", update.name());
        if let Some(why) = update.why() {
            put("LastUpdateStatusReason", &why.text);
            put("LastUpdateStatusReasonCode", &why.code);
        }
    }
}

/// `Code` of a GetFunction.
pub(super) fn code(unit: &Unit) -> Value {
    match &unit.configuration.code {
        Code::Image(image) => {
            let repository = repository_uri(&image.uri);
            let resolved = format!("{repository}@{}", image.digest);
            json!({ "RepositoryType": "ECR", "ImageUri": image.uri, "ResolvedImageUri": resolved })
        }
        Code::Zip { .. } => json!({ "RepositoryType": "S3" }),
    }
}

/// An image URI without its tag and digest.
fn repository_uri(uri: &str) -> &str {
    let name = uri.split_once('@').map_or(uri, |(name, _)| name);
    match name.rsplit_once(':') {
        // A colon before the last slash is a port's.
        Some((repository, tag)) if !tag.contains('/') => repository,
        _ => name,
    }
}

fn code_size(code: &Code) -> u64 {
    match code {
        Code::Image(_) => 0,
        Code::Zip { size, .. } => *size,
    }
}

fn package_type(code: &Code) -> &'static str {
    match code {
        Code::Image(_) => "Image",
        Code::Zip { .. } => "Zip",
    }
}

/// Lambda's name of an architecture.
pub(super) fn architecture(architecture: Architecture) -> &'static str {
    match architecture {
        Architecture::X86_64 => "x86_64",
        Architecture::Arm64 => "arm64",
    }
}

/// An `AliasConfiguration`.
pub(super) fn alias(arn: &str, name: &str, alias: &Alias) -> Value {
    let mut all = json!({
        "AliasArn": arn,
        "Name": name,
        "FunctionVersion": alias.version.to_string(),
        "Description": alias.description,
        "RevisionId": alias.revision.to_string(),
    });
    if let Some((version, weight)) = alias.weight {
        all["RoutingConfig"] = json!({ "AdditionalVersionWeights": { version.to_string(): weight } });
    }
    all
}

#[cfg(test)]
mod tests {
    use super::repository_uri;

    #[test]
    fn a_repository_is_an_image_without_tag_and_digest() {
        for (uri, repository) in [
            ("1.dkr.ecr.r.amazonaws.com/a/b:t", "1.dkr.ecr.r.amazonaws.com/a/b"),
            ("1.dkr.ecr.r.amazonaws.com/a@sha256:00", "1.dkr.ecr.r.amazonaws.com/a"),
            ("127.0.0.1:4510/a:t@sha256:00", "127.0.0.1:4510/a"),
            ("127.0.0.1:4510/a", "127.0.0.1:4510/a"),
        ] {
            assert_eq!(repository_uri(uri), repository);
        }
    }
}
