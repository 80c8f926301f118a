//! Devices in a layer.

use super::layers::each;
use super::start::{about, shown};
use super::words;
use crate::facts::{EntryKind, ImageFacts};
use crate::finding::{Finding, Safety};
use crate::rule::{Confidence, Gate, Needs, Rule, Severity, Skip};

/// The rule.
pub static RULE: Rule = Rule {
    name: "device-node",
    summary: "a layer holds device nodes",
    severity: Severity::Warning,
    confidence: Confidence::Inferred,
    gate: Gate::Unpacking,
    needs: Needs::Files,
    fix: Some(Safety::Manual),
    sources: &["https://docs.aws.amazon.com/lambda/latest/dg/images-create.html"],
    doc: include_str!("device_node.md"),
    check,
};

fn check(facts: &ImageFacts) -> Result<Vec<Finding>, Skip> {
    each(facts, |layer| {
        let content = layer.facts.content.known()?;
        let mut devices = content.entries.iter().filter(|entry| entry.kind == EntryKind::Device);
        let Some(first) = devices.next() else { return Ok(None) };
        let rest = devices.count();
        let others = if rest > 0 { format!(" and {} more", words::count(rest, "device")) } else { String::new() };
        let message = format!("{} holds the device {}{others}", layer.name(), shown(&first.path));
        Ok(Some(finding(layer.index, &first.path, message)))
    })
}

fn finding(layer: usize, path: &str, message: String) -> Finding {
    about(&RULE, layer, path, message)
        .note("an unpacker without privileges cannot make a device; what Lambda's does is not confirmed by AWS")
        .note(
            "a character device 0/0 is overlayfs' own mark for a deleted file, packed without being translated to .wh.",
        )
        .fix(Safety::Manual, "leave /dev out of the layer (tar --exclude=./dev/*); Lambda brings its own")
}
