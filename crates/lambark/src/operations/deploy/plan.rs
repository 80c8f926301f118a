//! The calls that a deployment would make. Pure.

use super::prepare::Prepared;
use super::{Settings, Until};
use crate::operations::deployment::{Call, LATEST, Unfinished};

/// What stands for a digest that a repair will make.
const MADE: &str = "NEW-DIGEST";

/// Every call that would change something, in order.
pub(super) fn calls(prepared: &Prepared, settings: &Settings) -> Vec<Call> {
    let mut calls = Vec::new();
    let function = prepared.live.settings().name.clone();
    let (image, digest) = match prepared.digest() {
        Some(digest) => (prepared.chosen.image.to_string(), digest.hex().to_owned()),
        None => (format!("{}@{MADE}", prepared.chosen.image.repository_name()), MADE.to_owned()),
    };
    let mut call = |service, operation, mut arguments: Vec<(&'static str, String)>, why| {
        if service == "Lambda" {
            arguments.insert(0, ("FunctionName", function.clone()));
        }
        calls.push(Call { service, operation, arguments, why });
    };
    if !prepared.chosen.to_mend.is_empty() {
        let why = "what Lambda would refuse is mended as told above";
        let tag = prepared.chosen.tag.clone().unwrap_or_default();
        call("registry", "PUT manifest", vec![("image", image.clone()), ("tag", tag)], why);
    }
    if let Some(tag) = &prepared.chosen.needs_tag {
        let why = "no lifecycle rule for untagged images takes what runs";
        call("registry", "PUT manifest", vec![("image", image.clone()), ("tag", tag.clone())], why);
    }
    if let Some((Unfinished::Partial { version, .. }, false)) = &prepared.unfinished {
        let alias = settings.alias.clone().unwrap_or_default();
        let why = "the share of a deployment that broke off is taken back";
        call("Lambda", "UpdateAlias", vec![("Name", alias), ("RoutingConfig", format!("without {version}"))], why);
    }
    if prepared.needs_version {
        call("Lambda", "PublishVersion", vec![], "what runs now gets a number to go back to");
    }
    if !prepared.is_updated() {
        call("Lambda", "UpdateFunctionCode", vec![("ImageUri", image)], "if the function is still as it was read");
    }
    call("Lambda", "PublishVersion", vec![("CodeSha256", digest)], "if $LATEST still has this image");
    let events = settings.probes.iter().filter(|probe| probe.is_event()).count();
    if settings.until >= Until::Tested {
        for _ in 0..events {
            call("Lambda", "Invoke", vec![("Qualifier", "the new version".to_owned())], "an event test");
        }
    }
    if let (Some(alias), Until::Traffic, false) = (&settings.alias, settings.until, prepared.is_in_place()) {
        for percent in &settings.shift.percents {
            let share = ("RoutingConfig", format!("{percent} % to the new version"));
            call("Lambda", "UpdateAlias", vec![("Name", alias.clone()), share], "a share of the traffic");
        }
        let operation = if prepared.live.alias.is_some() { "UpdateAlias" } else { "CreateAlias" };
        let version = ("FunctionVersion", "the new version".to_owned());
        let from = prepared.live.alias.as_ref().map_or(LATEST, |alias| alias.version.as_str());
        let why = if from == LATEST { "the traffic leaves $LATEST" } else { "all of the traffic" };
        call("Lambda", operation, vec![("Name", alias.clone()), version], why);
    }
    calls
}
