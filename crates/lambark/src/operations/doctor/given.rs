//! What `doctor` was given: an image, a function, or text in which both are looked for.

use std::sync::Arc;

use lambark_aws::Aws;
use lambark_aws::lambda::{LastUpdateStatus, Processor, ReasonCode, State};
use lambark_oci::Architecture;
use lambark_rules::rule;

use crate::operations::knowledge::Shelf;

/// Longest name of a function, and longest ARN with some room.
const MAX_NAME_BYTES: usize = 64;
const MAX_ARN_BYTES: usize = 256;

/// What a text is by itself.
#[derive(Clone, Debug, Default)]
pub(super) struct Given {
    pub(super) image: Option<String>,
    pub(super) function: Option<String>,
}

impl Given {
    /// A single word is an image if it reads like one, and else a function unless it is a known message.
    pub(super) fn of(text: &str, shelf: &Shelf) -> Given {
        let text = text.trim();
        if text.is_empty() || text.contains(char::is_whitespace) {
            return Given::default();
        }
        if is_arn(text) {
            return Given { function: Some(text.to_owned()), image: None };
        }
        if crate::operations::name(text).is_ok() {
            return Given { image: Some(text.to_owned()), function: None };
        }
        let known = rule(text).is_some() || !lambark_knowledge::scan(&shelf.knowledge, text).is_empty();
        let function = (is_function_name(text) && !known).then(|| text.to_owned());
        Given { image: None, function }
    }
}

fn is_arn(text: &str) -> bool {
    text.len() <= MAX_ARN_BYTES && text.starts_with("arn:") && text.contains(":lambda:") && text.contains(":function:")
}

fn is_function_name(text: &str) -> bool {
    let name = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
    text.len() <= MAX_NAME_BYTES && text.bytes().all(name)
}

/// What AWS tells of a function.
pub(super) struct Looked {
    /// State and reasons, as AWS's own JSON has them, so that the entries recognise them.
    pub(super) state: String,
    /// The image by digest, or else as it was written.
    pub(super) image: Option<String>,
    /// Its processor.
    pub(super) architecture: Option<Architecture>,
}

/// Asks AWS for a function; the error is the reason why it was not looked at.
pub(super) fn function(name: &str, online: bool, aws: &Arc<Aws>) -> Result<Looked, String> {
    if !online {
        return Err("--offline was given".to_owned());
    }
    let region = name.strip_prefix("arn:").and_then(|arn| arn.split(':').nth(2)).filter(|region| !region.is_empty());
    let told = aws.lambda(region).and_then(|lambda| lambda.function(name, None)).map_err(|error| error.to_string())?;
    let settings = &told.configuration;
    let fields = [
        ("State", settings.state.as_ref().map(State::as_str)),
        ("StateReason", settings.state_reason.as_deref()),
        ("StateReasonCode", settings.state_reason_code.as_ref().map(ReasonCode::as_str)),
        ("LastUpdateStatus", settings.last_update_status.as_ref().map(LastUpdateStatus::as_str)),
        ("LastUpdateStatusReason", settings.last_update_status_reason.as_deref()),
        ("LastUpdateStatusReasonCode", settings.last_update_status_reason_code.as_ref().map(ReasonCode::as_str)),
    ];
    let lines = fields.iter().filter_map(|(field, value)| Some(format!("\"{field}\": \"{}\"", (*value)?)));
    Ok(Looked {
        state: lines.collect::<Vec<String>>().join("\n"),
        image: told.code.resolved_image_uri.clone().or_else(|| told.code.image_uri.clone()),
        architecture: settings.architectures.first().and_then(Processor::architecture),
    })
}
