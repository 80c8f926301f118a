//! What a client says of a function's settings, and whether Lambda lets it.

use std::collections::BTreeMap;

use lambark_oci::Architecture;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::check::Constraints;
use super::error::{ApiError, Code};
use super::machine::{Configuration, ImageConfig};

/// Bytes of all environment variables together, as JSON.
const MAX_ENVIRONMENT_BYTES: usize = 4096;
/// Entries of `EntryPoint` and of `Command`.
const MAX_STRINGS: usize = 1500;
/// Characters of `WorkingDirectory`.
const MAX_WORKING_DIRECTORY: usize = 1000;

/// Settings that the twin keeps and gives back, but does nothing with.
const KEPT: [&str; 7] =
    ["VpcConfig", "DeadLetterConfig", "KMSKeyArn", "TracingConfig", "FileSystemConfigs", "LoggingConfig", "SnapStart"];
/// Settings that would change what the twin does, and that it does not know how to obey.
const NOT_DONE: [&str; 4] = ["CapacityProviderConfig", "DurableConfig", "TenancyConfig", "PublishTo"];

/// The settings that CreateFunction and UpdateFunctionConfiguration share.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Settings {
    pub(super) role: Option<String>,
    pub(super) description: Option<String>,
    timeout: Option<i64>,
    memory_size: Option<i64>,
    environment: Option<Environment>,
    ephemeral_storage: Option<EphemeralStorage>,
    pub(super) image_config: Option<ImageConfig>,
    pub(super) runtime: Option<String>,
    pub(super) handler: Option<String>,
    pub(super) layers: Option<Vec<String>>,
    #[serde(flatten)]
    others: Map<String, Value>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Environment {
    variables: Option<BTreeMap<String, String>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct EphemeralStorage {
    size: Option<i64>,
}

/// Reads a JSON body; an empty one says nothing.
pub(super) fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, ApiError> {
    let body = if body.is_empty() { b"{}" } else { body };
    serde_json::from_slice(body).map_err(|error| ApiError::new(Code::Serialization, error.to_string()))
}

/// The one architecture of a request.
pub(super) fn architecture(given: Option<&[String]>, constraints: &mut Constraints) -> Option<Architecture> {
    let given = given?;
    let shown = || format!("[{}]", given.join(", "));
    match given {
        [] => constraints.broken(shown(), "architectures", "Member must have length greater than or equal to 1"),
        [one] => match one.as_str() {
            "x86_64" => return Some(Architecture::X86_64),
            "arm64" => return Some(Architecture::Arm64),
            _ => constraints.broken(
                shown(),
                "architectures",
                "Member must satisfy constraint: [Member must satisfy enum value set: [x86_64, arm64], Member must not be null]",
            ),
        },
        _ => constraints.broken(shown(), "architectures", "Member must have length less than or equal to 1"),
    }
    None
}

impl Settings {
    /// Constraints on single members.
    pub(super) fn check(&self, constraints: &mut Constraints) {
        if let Some(role) = self.role.as_deref().filter(|role| !is_role(role)) {
            constraints.pattern(role, "role", r"arn:(aws[a-zA-Z-]*)?:iam::\d{12}:role/?[a-zA-Z_0-9+=,.@\-_/]+");
        }
        constraints.length(self.description.as_deref(), "description", 256);
        constraints.range(self.timeout, "timeout", 1, 900);
        constraints.range(self.memory_size, "memorySize", 128, 10_240);
        constraints.range(self.storage(), "ephemeralStorage.size", 512, 10_240);
        let Some(config) = &self.image_config else { return };
        for (strings, at) in [(&config.entry_point, "entryPoint"), (&config.command, "command")] {
            if let Some(strings) = strings.as_ref().filter(|strings| strings.len() > MAX_STRINGS) {
                let at = format!("imageConfig.{at}");
                let text = format!("Member must have length less than or equal to {MAX_STRINGS}");
                constraints.broken(format!("[{}, ...]", strings[0]), &at, &text);
            }
        }
        let directory = config.working_directory.as_deref();
        constraints.length(directory, "imageConfig.workingDirectory", MAX_WORKING_DIRECTORY);
    }

    /// What goes beyond single members.
    pub(super) fn check_together(&self) -> Result<(), ApiError> {
        if let Some(name) =
            NOT_DONE.into_iter().find(|name| self.others.get(*name).is_some_and(|value| !value.is_null()))
        {
            return Err(ApiError::not_in_the_twin(name));
        }
        if let Some(variables) = self.environment.as_ref().and_then(|environment| environment.variables.as_ref()) {
            let measured = serde_json::to_string(variables).unwrap_or_default();
            if measured.len() > MAX_ENVIRONMENT_BYTES {
                return Err(ApiError::invalid(format!(
                    "Lambda was unable to configure your environment variables because the environment variables you \
                     have provided exceeded the 4KB limit. String measured: {measured}"
                )));
            }
        }
        Ok(())
    }

    /// What a function of an image cannot have.
    pub(super) fn check_image(&self) -> Result<(), ApiError> {
        if self.layers.as_ref().is_some_and(|layers| !layers.is_empty())
            || self.runtime.is_some()
            || self.handler.is_some()
        {
            return Err(ApiError::invalid(
                "Please don't provide Handler or Runtime or Layer when the intended function PackageType is Image.",
            ));
        }
        if self.others.get("CodeSigningConfigArn").is_some_and(Value::is_string) {
            return Err(ApiError::invalid(
                "Code signing is not supported for functions created with container images.",
            ));
        }
        Ok(())
    }

    /// What an update cannot give a function of an image.
    pub(super) fn check_image_update(&self) -> Result<(), ApiError> {
        if self.layers.as_ref().is_some_and(|layers| !layers.is_empty()) {
            return Err(ApiError::invalid(
                "Lambda layers are not supported for functions created with container images.",
            ));
        }
        self.check_image()
    }

    fn storage(&self) -> Option<i64> {
        self.ephemeral_storage.as_ref().and_then(|storage| storage.size)
    }

    /// Puts what was said into a configuration; what was not said stays.
    pub(super) fn apply(self, configuration: &mut Configuration) {
        // Checked against far smaller bounds.
        let number = |value: i64| u32::try_from(value).unwrap_or_default();
        let storage = self.storage();
        if let Some(role) = self.role {
            configuration.role = role.into();
        }
        if let Some(description) = self.description {
            configuration.description = description.into();
        }
        configuration.timeout = self.timeout.map_or(configuration.timeout, number);
        configuration.memory = self.memory_size.map_or(configuration.memory, number);
        configuration.storage = storage.map_or(configuration.storage, number);
        if let Some(environment) = self.environment {
            configuration.environment = environment.variables.filter(|variables| !variables.is_empty());
        }
        for (name, value) in self.others {
            if KEPT.contains(&name.as_str()) && !value.is_null() {
                configuration.others.insert(name, value);
            }
        }
        for (name, value) in [("Runtime", self.runtime), ("Handler", self.handler)] {
            if let Some(value) = value {
                configuration.others.insert(name.to_owned(), value.into());
            }
        }
        if let (super::machine::Code::Image(image), Some(config)) = (&mut configuration.code, self.image_config) {
            image.config = (config != ImageConfig::default()).then_some(config);
        }
    }
}

fn is_role(text: &str) -> bool {
    let Some(rest) = text.strip_prefix("arn:aws") else { return false };
    let Some((partition, rest)) = rest.split_once(":iam::") else { return false };
    let Some((account, role)) = rest.split_once(":role") else { return false };
    let partition_is_fine = partition.is_empty() || super::arn::is_word(partition, b"");
    partition_is_fine && crate::scope::is_account(account) && super::arn::is_word(role, b"+=,.@/")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn constraints_are_told_together() {
        let settings: Settings = read(br#"{"Role": "x", "Timeout": 901, "MemorySize": 64}"#).unwrap();
        let mut constraints = Constraints::default();
        settings.check(&mut constraints);
        architecture(Some(&["riscv".to_owned()]), &mut constraints);
        let error = format!("{:?}", constraints.finish().unwrap_err());
        for part in [
            "4 validation errors detected: Value 'x' at 'role'",
            "Value '901' at 'timeout' failed to satisfy constraint: Member must have value less than or equal to 900",
            "Value '64' at 'memorySize' failed to satisfy constraint: Member must have value greater than or equal to 128",
            "Value '[riscv]' at 'architectures'",
        ] {
            assert!(error.contains(part), "{error}");
        }
    }

    #[test]
    fn roles_are_arns() {
        assert!(is_role("arn:aws:iam::123456789012:role/r") && is_role("arn:aws-cn:iam::123456789012:role/a/b"));
        assert!(!is_role("arn:aws:iam::1:role/r") && !is_role("r") && !is_role("arn:aws:iam::123456789012:role/a b"));
    }
}
