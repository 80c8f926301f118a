//! What the function is: what Lambda knows of it beside its image.

use std::collections::BTreeMap;
use std::time::Duration;

use lambark_oci::config::RunConfig;
use serde::{Deserialize, Serialize};

use crate::lifecycle::About;

/// How long init may take (documented: "The Init phase is limited to 10 seconds").
pub const INIT_LIMIT: Duration = Duration::from_secs(10);

/// Lambda's limits on memory, in MB (quotas page).
pub const MEMORY_MB: std::ops::RangeInclusive<u32> = 128..=10_240;

/// Lambda's limits on a function's timeout, in seconds (quotas page).
pub const TIMEOUT_SECONDS: std::ops::RangeInclusive<u64> = 1..=900;

/// Lambda's limits on `/tmp`, in MB (quotas page).
pub const TMP_MB: std::ops::RangeInclusive<u32> = 512..=10_240;

/// A function: its image's command and what Lambda is told about it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct FunctionSettings {
    /// The function's name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// The account's number.
    pub account: String,
    /// The Region.
    pub region: String,
    /// `ENTRYPOINT`, or what the function's settings put in its place.
    pub entrypoint: Vec<String>,
    /// `CMD`, or what the function's settings put in its place.
    pub cmd: Vec<String>,
    /// `WORKDIR`; `/` when empty.
    pub working_dir: String,
    /// The image's variables, then the function's; the last one of a name counts.
    pub env: Vec<(String, String)>,
    /// Memory, in MB.
    pub memory_mb: u32,
    /// How long an invocation may take.
    pub timeout: Duration,
    /// How long the first init may take.
    pub init_limit: Duration,
}

impl FunctionSettings {
    /// A function of this image, with Lambda's defaults: 128 MB and three seconds.
    #[must_use]
    pub fn of_image(config: &RunConfig) -> FunctionSettings {
        let pair = |line: &String| {
            let (name, value) = line.split_once('=')?;
            Some((name.to_owned(), value.to_owned()))
        };
        FunctionSettings {
            name: "function".to_owned(),
            version: "$LATEST".to_owned(),
            account: "123456789012".to_owned(),
            region: "us-east-1".to_owned(),
            entrypoint: config.entrypoint.clone(),
            cmd: config.cmd.clone(),
            working_dir: config.working_dir.clone(),
            env: config.env.iter().filter_map(pair).collect(),
            memory_mb: *MEMORY_MB.start(),
            timeout: Duration::from_secs(3),
            init_limit: INIT_LIMIT,
        }
    }

    /// The handler as Lambda passes it on: the last word of the command.
    #[must_use]
    pub fn handler(&self) -> &str {
        self.cmd.last().map(String::as_str).unwrap_or_default()
    }

    /// Program and arguments.
    #[must_use]
    pub fn command(&self) -> Vec<String> {
        self.entrypoint.iter().chain(&self.cmd).cloned().collect()
    }

    /// The function's ARN.
    #[must_use]
    pub fn arn(&self) -> String {
        format!("arn:aws:lambda:{}:{}:function:{}", self.region, self.account, self.name)
    }

    pub(crate) fn about(&self) -> About {
        About {
            name: self.name.clone(),
            version: self.version.clone(),
            handler: self.handler().to_owned(),
            account: self.account.clone(),
        }
    }

    /// The variables of the runtime's process. What Lambda reserves wins over the image and the function; what it
    /// only sets by default gives way to both
    /// (<https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html>).
    pub(crate) fn runtime_env(&self, api: &str, log_stream: &str) -> BTreeMap<String, String> {
        let text = |pair: (&str, &str)| (pair.0.to_owned(), pair.1.to_owned());
        let mut env: BTreeMap<String, String> = DEFAULTS.into_iter().map(text).collect();
        env.extend(self.env.iter().cloned());
        let memory = self.memory_mb.to_string();
        let log_group = format!("/aws/lambda/{}", self.name);
        let reserved = [
            ("AWS_LAMBDA_FUNCTION_NAME", self.name.as_str()),
            ("AWS_LAMBDA_FUNCTION_VERSION", &self.version),
            ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", &memory),
            ("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand"),
            ("AWS_LAMBDA_LOG_GROUP_NAME", &log_group),
            ("AWS_LAMBDA_LOG_STREAM_NAME", log_stream),
            ("AWS_LAMBDA_RUNTIME_API", api),
            ("AWS_REGION", &self.region),
            ("AWS_DEFAULT_REGION", &self.region),
            ("_HANDLER", self.handler()),
        ];
        env.extend(reserved.map(text));
        env
    }

    /// The variables of an extension's process: the runtime's without those that AWS's page leaves out
    /// (<https://docs.aws.amazon.com/lambda/latest/dg/runtimes-extensions-api.html>).
    pub(crate) fn extension_env(&self, api: &str, log_stream: &str) -> BTreeMap<String, String> {
        let mut env = self.runtime_env(api, log_stream);
        env.retain(|name, _| !name.starts_with('_') && !NOT_FOR_EXTENSIONS.contains(&name.as_str()));
        env
    }
}

/// What Lambda sets unless the image or the function does.
const DEFAULTS: [(&str, &str); 6] = [
    ("LAMBDA_RUNTIME_DIR", "/var/runtime"),
    ("LAMBDA_TASK_ROOT", "/var/task"),
    ("LANG", "en_US.UTF-8"),
    (
        "LD_LIBRARY_PATH",
        "/var/lang/lib:/lib64:/usr/lib64:/var/runtime:/var/runtime/lib:/var/task:/var/task/lib:/opt/lib",
    ),
    ("PATH", "/usr/local/bin:/usr/bin:/bin:/opt/bin"),
    ("TZ", ":UTC"),
];

const NOT_FOR_EXTENSIONS: [&str; 7] = [
    "AWS_EXECUTION_ENV",
    "AWS_LAMBDA_LOG_GROUP_NAME",
    "AWS_LAMBDA_LOG_STREAM_NAME",
    "AWS_XRAY_CONTEXT_MISSING",
    "AWS_XRAY_DAEMON_ADDRESS",
    "LAMBDA_RUNTIME_DIR",
    "LAMBDA_TASK_ROOT",
];

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn settings(env: &[&str]) -> FunctionSettings {
        let config = RunConfig {
            entrypoint: vec!["/usr/bin/python3".to_owned(), "-m".to_owned(), "awslambdaric".to_owned()],
            cmd: vec!["app.handler".to_owned()],
            env: env.iter().map(|line| (*line).to_owned()).collect(),
            ..RunConfig::default()
        };
        FunctionSettings::of_image(&config)
    }

    #[test]
    fn reserved_variables_win_and_defaults_give_way() {
        let settings = settings(&["AWS_REGION=mars", "PATH=/image", "LANG=C", "LANG=C.UTF-8", "no-variable"]);
        let env = settings.runtime_env("127.0.0.1:9001", "stream");
        assert_eq!(env["AWS_REGION"], "us-east-1");
        assert_eq!(env["PATH"], "/image");
        assert_eq!(env["LANG"], "C.UTF-8");
        assert_eq!(env["_HANDLER"], "app.handler");
        assert_eq!(env["LAMBDA_TASK_ROOT"], "/var/task");
        // Documented: not defined for functions from images.
        assert!(!env.contains_key("AWS_EXECUTION_ENV"));
    }

    #[test]
    fn extensions_see_less() {
        let env = settings(&["SECRET=1"]).extension_env("127.0.0.1:9001", "stream");
        assert_eq!(env["SECRET"], "1");
        assert_eq!(env["AWS_LAMBDA_RUNTIME_API"], "127.0.0.1:9001");
        for absent in ["_HANDLER", "LAMBDA_TASK_ROOT", "AWS_LAMBDA_LOG_GROUP_NAME"] {
            assert!(!env.contains_key(absent), "{absent}");
        }
    }
}
